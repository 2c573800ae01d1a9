//! How far a run is, how fast it goes, and when it will be done.

use crate::{
    store::{Phase, RunStore},
    time::NS_PER_S,
    units,
};

/// The rate is taken over the last seconds of a run, so that it follows what happens now.
const WINDOW_NS: u64 = 2 * NS_PER_S;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Progress {
    pub(crate) done: u32,
    pub(crate) total: u32,
    /// Tasks a second; `None` while too little is known.
    pub(crate) per_second: Option<f64>,
    /// Until the last task ends, at that rate; `None` when it is not known or nothing is left.
    pub(crate) eta_ns: Option<u64>,
}

impl Progress {
    pub(crate) fn of(store: &RunStore, now_ns: u64) -> Self {
        let (done, total) = (store.tally.done(), store.tally.total);
        let live = store.phase.is_live();
        let per_second = if live { live_rate(store, now_ns, done) } else { whole_rate(store, done) };
        let left = f64::from(total.saturating_sub(done));
        let eta_ns = per_second
            .filter(|rate| live && *rate > 0.0 && left > 0.0 && store.phase != Phase::Paused)
            .map(|rate| (left / rate * NS_PER_S as f64) as u64);
        Self { done, total, per_second, eta_ns }
    }

    /// `64 / 64`, as the progress bar says it.
    pub(crate) fn count_text(self) -> String {
        format!("{} / {}", units::count(u64::from(self.done)), units::count(u64::from(self.total)))
    }

    /// `52.0 k/s · 3.20 s left`.
    pub(crate) fn rate_text(self) -> String {
        let rate = self.short_rate_text();
        match self.eta_ns {
            Some(eta) if !rate.is_empty() => format!("{rate} · {} left", units::duration(eta)),
            _ => rate,
        }
    }

    /// The same without the forecast.
    pub(crate) fn short_rate_text(self) -> String {
        match self.per_second {
            Some(rate) if rate < 0.01 => "0 /s".to_owned(),
            Some(rate) => units::rate(rate),
            None => String::new(),
        }
    }

    /// The same to the last digit; a forecast is not more exact than its rate.
    pub(crate) fn exact_text(self) -> String {
        match (self.per_second, self.eta_ns) {
            (Some(rate), Some(eta)) => format!(
                "{} over the last seconds\n{} left at that rate",
                units::exact_rate_of(rate, "tasks"),
                units::duration(eta)
            ),
            (Some(rate), None) => format!("{} over the whole run", units::exact_rate_of(rate, "tasks")),
            (None, _) => "Not enough tasks have ended to tell a rate".to_owned(),
        }
    }
}

/// Tasks a second between the queue sample that is [`WINDOW_NS`] old and now.
fn live_rate(store: &RunStore, now_ns: u64, done: u32) -> Option<f64> {
    let from_ns = now_ns.saturating_sub(WINDOW_NS);
    let at = store.queue.partition_point(|sample| sample.t_ns < from_ns);
    let (t_ns, before) = match store.queue.get(at) {
        Some(sample) if at > 0 => (sample.t_ns, sample.done),
        // The run is younger than the window: count from the moment the pool could work.
        _ => (store.ready_ns.unwrap_or(0), 0),
    };
    let elapsed_ns = now_ns.checked_sub(t_ns).filter(|ns| *ns >= NS_PER_S / 20)?;
    (done > 0).then(|| f64::from(done.saturating_sub(before)) / (elapsed_ns as f64 / NS_PER_S as f64))
}

fn whole_rate(store: &RunStore, done: u32) -> Option<f64> {
    (store.last_end_ns > 0 && done > 0)
        .then(|| f64::from(done) / (store.last_end_ns as f64 / NS_PER_S as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::Status,
        store::{QueueSample, Tally},
    };

    fn store(phase: Phase, done: u32, samples: &[(u64, u32)]) -> RunStore {
        let mut store = RunStore::default();
        store.phase = phase;
        store.tally = Tally { total: 100, ok: done, not_run: 100 - done, ..Tally::default() };
        store.queue = samples
            .iter()
            .map(|&(secs, done)| QueueSample { t_ns: secs * NS_PER_S, queued: 0, in_flight: 0, done })
            .collect();
        store
    }

    #[test]
    fn the_live_rate_looks_at_the_last_two_seconds_only() {
        let store = store(Phase::Running, 60, &[(0, 0), (8, 40), (9, 50), (10, 60)]);
        let progress = Progress::of(&store, 10 * NS_PER_S);
        assert_eq!(progress.per_second, Some(10.0));
        assert_eq!(progress.eta_ns, Some(4 * NS_PER_S));
        assert_eq!(progress.count_text(), "60 / 100");
        assert_eq!(progress.rate_text(), "10.0 /s · 4.00 s left");
    }

    #[test]
    fn a_young_run_counts_from_the_moment_the_pool_was_ready() {
        let mut store = store(Phase::Running, 5, &[]);
        store.ready_ns = Some(NS_PER_S / 2);
        assert_eq!(Progress::of(&store, NS_PER_S).per_second, Some(10.0));
    }

    #[test]
    fn nothing_done_yet_gives_no_rate_and_no_forecast() {
        let progress = Progress::of(&store(Phase::Running, 0, &[(0, 0)]), NS_PER_S);
        assert_eq!((progress.per_second, progress.eta_ns), (None, None));
        assert_eq!(progress.rate_text(), "");
    }

    #[test]
    fn an_ended_run_tells_its_mean_rate_and_no_forecast() {
        let mut store = store(Phase::Ended(Status::Finished), 100, &[(1, 90)]);
        store.last_end_ns = 4 * NS_PER_S;
        let progress = Progress::of(&store, 60 * NS_PER_S);
        assert_eq!((progress.per_second, progress.eta_ns), (Some(25.0), None));
        assert_eq!(progress.exact_text(), "25.000 tasks/s over the whole run");
    }
}
