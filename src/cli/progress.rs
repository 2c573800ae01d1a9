//! A progress bar on stderr, for people: done of total, rate, time left.

use std::{
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::{
    store::{Phase, RunStore},
    time::NS_PER_S,
    units,
};

/// Redraws a second, at most.
const REDRAWS: u8 = 10;

pub(super) struct Progress {
    bar: ProgressBar,
    /// The words beside the bar. They are drawn with it, never one without the other.
    line: Arc<Mutex<String>>,
    began: Instant,
}

impl Progress {
    /// A bar where stderr is a terminal; else nothing is ever drawn.
    pub(super) fn new(total: u32, wanted: bool) -> Self {
        let target =
            if wanted { ProgressDrawTarget::stderr_with_hz(REDRAWS) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(u64::from(total)), target);
        // A template that does not parse is a bug, and a plain bar is better than none.
        let line = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&line);
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {line}") {
            let words = move |_: &ProgressState, out: &mut dyn Write| {
                // A bar without words is no reason to fail.
                let _undrawn = out.write_str(&shown.lock().unwrap_or_else(PoisonError::into_inner));
            };
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ ").with_key("line", words));
        }
        Self { bar, line, began: Instant::now() }
    }

    pub(super) fn show(&self, store: &RunStore) {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = line(store, self.began.elapsed());
        self.bar.set_position(u64::from(store.tally.done()));
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// `12 / 64 tasks  31.4 /s  ETA 1.66 s`
fn line(store: &RunStore, elapsed: Duration) -> String {
    let (done, total) = (store.tally.done(), store.tally.total);
    let counts = format!("{} / {} tasks", units::count(u64::from(done)), units::count(u64::from(total)));
    match store.phase {
        Phase::Starting => return format!("{counts}  starting workers"),
        Phase::Paused => return format!("{counts}  paused"),
        Phase::Stopping => return format!("{counts}  stopping"),
        Phase::Running | Phase::Ended(_) => {}
    }
    let per_second = f64::from(done) / elapsed.as_secs_f64().max(1e-9);
    if done == 0 {
        return counts;
    }
    let left_ns = f64::from(total - done) / per_second * NS_PER_S as f64;
    format!("{counts}  {}  ETA {}", units::rate(per_second), units::duration(left_ns as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_rate_and_time_left() {
        let mut store = RunStore::default();
        store.phase = Phase::Running;
        store.tally.total = 100;
        store.tally.not_run = 75;
        assert_eq!(line(&store, Duration::from_secs(5)), "25 / 100 tasks  5.00 /s  ETA 15.0 s");
        store.tally.not_run = 100;
        assert_eq!(line(&store, Duration::from_secs(5)), "0 / 100 tasks");
    }
}
