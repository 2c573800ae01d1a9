//! How often the window may repaint, so that watching a run does not disturb it.
//!
//! A frame is charged with all CPU time that this process used since the frame before, the threads of a software
//! renderer included. From that cost follows the interval that keeps the window below [`BUDGET`] of one core. The
//! ingest thread asks for frames through a [`FrameRequester`], which never asks for one earlier than that.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use eframe::egui::{Context, ViewportId};

use crate::time::{NS_PER_MS, NS_PER_S, monotonic_ns};

/// Share of one core that live painting may use.
const BUDGET: f64 = 0.20;
const SHORTEST_INTERVAL_NS: u64 = 33 * NS_PER_MS;
/// However dear a frame is, the window still moves twice a second.
const LONGEST_INTERVAL_NS: u64 = 500 * NS_PER_MS;
/// A single sample counts at most this much: the first frame compiles shaders and loads fonts.
const DEAREST_SAMPLE_NS: f64 = 300.0 * NS_PER_MS as f64;
/// Weight of the newest sample in the smoothed cost.
const WEIGHT: f64 = 0.2;
const RISING_WEIGHT: f64 = 0.6;
/// How often the figures that people read change.
const FIGURES_EVERY_NS: u64 = NS_PER_S / 2;
/// A window that shall be quiet paints so often, and one that nobody sees looks so often whether a run has ended.
const QUIET_INTERVAL_NS: u64 = NS_PER_S;
/// A live run repaints at least this often, so that running tasks grow even while no event comes.
const HEARTBEAT_NS: u64 = 100 * NS_PER_MS;

/// How much of its budget the window may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pace {
    #[default]
    Full,
    /// Once a second.
    Quiet,
    /// Nobody sees the window: it is minimised or covered, and nothing is painted.
    Hidden,
}

impl Pace {
    /// `visible` is what the window system tells: false for a window that is minimised or covered, and often nothing.
    pub(crate) fn of(visible: Option<bool>, quiet: bool) -> Self {
        match quiet {
            _ if visible == Some(false) => Self::Hidden,
            true => Self::Quiet,
            false => Self::Full,
        }
    }
}

/// Whether the window is to be quiet: as somebody chose, and while runs are timed to be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quiet {
    chosen: bool,
    /// Somebody wants to look, although runs are timed.
    overruled: bool,
    timed: bool,
}

impl Quiet {
    pub(crate) fn new(chosen: bool) -> Self {
        Self { chosen, ..Self::default() }
    }

    /// Runs are timed to be compared, or no longer.
    pub(crate) fn set_timed(&mut self, timed: bool) {
        self.overruled &= timed;
        self.timed = timed;
    }

    pub(crate) fn is_on(self) -> bool {
        self.chosen || self.is_automatic()
    }

    /// On, though nobody chose it.
    pub(crate) fn is_automatic(self) -> bool {
        self.timed && !self.chosen && !self.overruled
    }

    pub(crate) fn toggle(&mut self) {
        let on = !self.is_on();
        (self.chosen, self.overruled) = (on, !on && self.timed);
    }
}

/// What the status bar shows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    pub(crate) cost_ns: u64,
    pub(crate) frames_per_second: f64,
    /// CPU use of this process, in cores.
    pub(crate) cores: f64,
}

#[derive(Debug)]
struct Shared {
    interval_ns: AtomicU64,
    last_frame_ns: AtomicU64,
    asked: AtomicBool,
}

/// Measures frames and derives the interval between them.
#[derive(Debug)]
pub(crate) struct Pacer {
    shared: Arc<Shared>,
    pace: Pace,
    first_frame_ns: Option<u64>,
    cost_ns: f64,
    /// Wall and CPU time at the start of the frame before.
    last: Option<(u64, u64)>,
    /// Wall time, CPU time and frames since the figures were last made.
    since: (u64, u64, u32),
    figures: Option<Figures>,
}

impl Default for Pacer {
    fn default() -> Self {
        Self {
            shared: Arc::new(Shared {
                interval_ns: AtomicU64::new(SHORTEST_INTERVAL_NS),
                last_frame_ns: AtomicU64::new(0),
                asked: AtomicBool::new(false),
            }),
            pace: Pace::default(),
            first_frame_ns: None,
            cost_ns: 0.0,
            last: None,
            since: (0, 0, 0),
            figures: None,
        }
    }
}

impl Pacer {
    /// A frame begins. Both clocks are passed in, so that tests need no time.
    pub(crate) fn begin_frame(&mut self, wall_ns: u64, cpu_ns: u64) {
        if let Some((_, cpu_before)) = self.last {
            let sample = (cpu_ns.saturating_sub(cpu_before) as f64).min(DEAREST_SAMPLE_NS);
            let first = self.cost_ns <= 0.0;
            // Dearer frames are believed sooner than cheaper ones: a run that starts must not be outpainted.
            let weight = if sample > self.cost_ns { RISING_WEIGHT } else { WEIGHT };
            self.cost_ns = if first { sample } else { self.cost_ns + weight * (sample - self.cost_ns) };
        }
        self.last = Some((wall_ns, cpu_ns));
        self.shared.interval_ns.store(self.spacing_ns(), Ordering::Relaxed);
        self.shared.last_frame_ns.store(wall_ns, Ordering::Relaxed);
        // From here on a new snapshot may ask again; what was published before is read in this very frame.
        self.shared.asked.store(false, Ordering::Release);
        self.count(wall_ns, cpu_ns);
    }

    fn count(&mut self, wall_ns: u64, cpu_ns: u64) {
        let (wall_before, cpu_before, frames) = self.since;
        let elapsed_ns = wall_ns.saturating_sub(wall_before);
        if wall_before == 0 {
            self.since = (wall_ns, cpu_ns, 0);
        } else if elapsed_ns >= FIGURES_EVERY_NS {
            let secs = elapsed_ns as f64 / NS_PER_S as f64;
            self.figures = Some(Figures {
                cost_ns: self.cost_ns as u64,
                frames_per_second: f64::from(frames + 1) / secs,
                cores: cpu_ns.saturating_sub(cpu_before) as f64 / elapsed_ns as f64,
            });
            self.since = (wall_ns, cpu_ns, 0);
        } else {
            self.since.2 = frames + 1;
        }
    }

    /// `None` until enough frames were seen.
    pub(crate) fn figures(&self) -> Option<Figures> {
        self.figures
    }

    /// The delay after which a live run shall be painted even if nothing new was told.
    pub(crate) fn heartbeat(&self) -> Duration {
        Duration::from_nanos(self.spacing_ns().max(HEARTBEAT_NS))
    }

    fn spacing_ns(&self) -> u64 {
        match self.pace {
            Pace::Full => interval_ns(self.cost_ns),
            Pace::Quiet | Pace::Hidden => QUIET_INTERVAL_NS,
        }
    }

    pub(crate) fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
        self.shared.interval_ns.store(self.spacing_ns(), Ordering::Relaxed);
    }

    /// A frame was drawn; the first one is timed.
    pub(crate) fn drawn(&mut self, age_ns: impl FnOnce() -> Option<u64>) {
        if self.first_frame_ns.is_none() {
            self.first_frame_ns = Some(age_ns().unwrap_or(0));
        }
    }

    /// From the start of the process to the first frame; `None` where the system does not tell.
    pub(crate) fn first_frame_ns(&self) -> Option<u64> {
        self.first_frame_ns.filter(|ns| *ns > 0)
    }

    /// Between two frames of something that moves all the time: as often as frames are worth their cost, and while nobody
    /// sees it no more often than anything else.
    pub(crate) fn interval(&self) -> Duration {
        let hidden = self.pace == Pace::Hidden;
        Duration::from_nanos(if hidden { QUIET_INTERVAL_NS } else { interval_ns(self.cost_ns) })
    }

    /// For the thread that takes in events.
    pub(crate) fn requester(&self, ctx: Context) -> FrameRequester {
        FrameRequester { ctx, shared: Arc::clone(&self.shared) }
    }
}

/// Asks for a frame at the time that pacing allows.
#[derive(Clone, Debug)]
pub(crate) struct FrameRequester {
    ctx: Context,
    shared: Arc<Shared>,
}

impl FrameRequester {
    /// Something changed. Cheap, and may be called from any thread at any rate.
    pub(crate) fn changed(&self) {
        if self.shared.asked.swap(true, Ordering::AcqRel) {
            return;
        }
        let next_ns = self
            .shared
            .last_frame_ns
            .load(Ordering::Relaxed)
            .saturating_add(self.shared.interval_ns.load(Ordering::Relaxed));
        // Never zero: that would ask for two frames at once.
        let delay_ns = next_ns.saturating_sub(monotonic_ns()).max(NS_PER_MS);
        self.ctx.request_repaint_after_for(Duration::from_nanos(delay_ns), ViewportId::ROOT);
    }
}

/// Time between the starts of two frames that cost this much each.
fn interval_ns(cost_ns: f64) -> u64 {
    ((cost_ns / BUDGET) as u64).clamp(SHORTEST_INTERVAL_NS, LONGEST_INTERVAL_NS)
}

#[cfg(test)]
mod tests {
    use eframe::egui::ViewportInfo;

    use super::*;

    #[test]
    fn cheap_frames_come_at_the_shortest_interval_and_dear_ones_keep_the_budget() {
        assert_eq!(interval_ns(0.0), SHORTEST_INTERVAL_NS);
        assert_eq!(interval_ns(2e6), SHORTEST_INTERVAL_NS);
        assert_eq!(interval_ns(20e6), 100 * NS_PER_MS);
        assert_eq!(interval_ns(1e12), LONGEST_INTERVAL_NS);
    }

    #[test]
    fn the_interval_follows_the_measured_cost() {
        let mut pacer = Pacer::default();
        let (mut wall, mut cpu) = (NS_PER_S, 0);
        for _ in 0..50 {
            pacer.begin_frame(wall, cpu);
            wall += 100 * NS_PER_MS;
            cpu += 40 * NS_PER_MS;
        }
        let interval = pacer.shared.interval_ns.load(Ordering::Relaxed);
        assert!(interval.abs_diff(200 * NS_PER_MS) < NS_PER_MS, "{interval}");
    }

    #[test]
    fn a_slow_first_frame_is_forgotten_within_a_second_of_frames() {
        let mut pacer = Pacer::default();
        let (mut wall, mut cpu) = (NS_PER_S, 0);
        pacer.begin_frame(wall, cpu);
        cpu += 10 * NS_PER_S;
        for _ in 0..25 {
            wall += 33 * NS_PER_MS;
            pacer.begin_frame(wall, cpu);
            cpu += NS_PER_MS;
        }
        assert_eq!(pacer.heartbeat(), Duration::from_nanos(HEARTBEAT_NS));
        assert!(pacer.shared.interval_ns.load(Ordering::Relaxed) < 50 * NS_PER_MS);
    }

    #[test]
    fn figures_change_at_most_twice_a_second_and_tell_rate_and_use() {
        let mut pacer = Pacer::default();
        let mut changes = Vec::new();
        for frame in 0..40_u64 {
            pacer.begin_frame(NS_PER_S + frame * 50 * NS_PER_MS, frame * 5 * NS_PER_MS);
            if changes.last() != Some(&pacer.figures()) {
                changes.push(pacer.figures());
            }
        }
        let figures = pacer.figures().unwrap();
        assert!((figures.frames_per_second - 20.0).abs() < 0.5, "{figures:?}");
        assert!((figures.cores - 0.1).abs() < 0.01, "{figures:?}");
        assert!(changes.len() <= 5, "{changes:?}");
    }

    #[test]
    fn a_quiet_or_hidden_window_keeps_to_one_frame_a_second_however_cheap_they_are() {
        let mut pacer = Pacer::default();
        pacer.begin_frame(NS_PER_S, 0);
        for (pace, interval_ns) in [
            (Pace::Quiet, QUIET_INTERVAL_NS),
            (Pace::Hidden, QUIET_INTERVAL_NS),
            (Pace::Full, SHORTEST_INTERVAL_NS),
        ] {
            pacer.set_pace(pace);
            assert_eq!(pacer.shared.interval_ns.load(Ordering::Relaxed), interval_ns, "{pace:?}");
            assert_eq!(pacer.heartbeat(), Duration::from_nanos(interval_ns.max(HEARTBEAT_NS)), "{pace:?}");
        }
    }

    #[test]
    fn nothing_is_asked_to_be_painted_while_the_window_is_minimised_or_covered() {
        let (second, frame) = (QUIET_INTERVAL_NS, SHORTEST_INTERVAL_NS);
        for (minimized, occluded, quiet, pace, heartbeat_ns, interval_ns) in [
            (Some(true), None, false, Pace::Hidden, second, second),
            (Some(true), Some(false), false, Pace::Hidden, second, second),
            (Some(true), None, true, Pace::Hidden, second, second),
            (Some(false), Some(true), false, Pace::Hidden, second, second),
            (None, Some(true), false, Pace::Hidden, second, second),
            (Some(false), Some(false), false, Pace::Full, HEARTBEAT_NS, frame),
            (Some(false), None, false, Pace::Full, HEARTBEAT_NS, frame),
            (None, None, false, Pace::Full, HEARTBEAT_NS, frame),
            (Some(false), Some(false), true, Pace::Quiet, second, frame),
        ] {
            let viewport = ViewportInfo { minimized, occluded, ..ViewportInfo::default() };
            let found = Pace::of(viewport.visible(), quiet);
            assert_eq!(found, pace, "{minimized:?} {occluded:?} {quiet}");
            let mut pacer = Pacer::default();
            pacer.begin_frame(NS_PER_S, 0);
            pacer.set_pace(found);
            assert_eq!(pacer.heartbeat(), Duration::from_nanos(heartbeat_ns), "{found:?}");
            assert_eq!(pacer.interval(), Duration::from_nanos(interval_ns), "{found:?}");
        }
    }

    #[test]
    fn timed_runs_are_watched_quietly_unless_somebody_overrules_it() {
        let mut quiet = Quiet::default();
        quiet.set_timed(true);
        assert!(quiet.is_on() && quiet.is_automatic());
        quiet.toggle();
        assert!(!quiet.is_on(), "somebody wants to look");
        quiet.set_timed(false);
        quiet.set_timed(true);
        assert!(quiet.is_on(), "the next pair is timed quietly again");
        quiet.set_timed(false);
        assert!(!quiet.is_on());
        quiet.toggle();
        assert!(quiet.is_on() && !quiet.is_automatic());
        quiet.set_timed(true);
        quiet.set_timed(false);
        assert!(quiet.is_on(), "what was chosen stays");
        quiet.toggle();
        assert!(!quiet.is_on());
    }

    #[test]
    fn only_the_first_frame_is_timed() {
        let mut pacer = Pacer::default();
        assert_eq!(pacer.first_frame_ns(), None);
        pacer.drawn(|| Some(7));
        pacer.drawn(|| Some(9));
        assert_eq!(pacer.first_frame_ns(), Some(7));
    }

    #[test]
    fn many_changes_between_two_frames_ask_once() {
        let mut pacer = Pacer::default();
        pacer.begin_frame(monotonic_ns(), 0);
        let ctx = Context::default();
        let asked = Arc::new(AtomicU64::new(0));
        ctx.set_request_repaint_callback({
            let asked = Arc::clone(&asked);
            move |_| {
                asked.fetch_add(1, Ordering::Relaxed);
            }
        });
        let requester = pacer.requester(ctx);
        for _ in 0..100 {
            requester.changed();
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}
