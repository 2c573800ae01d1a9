//! How many workers a person wants the live run to have.
//!
//! What is shown follows what the run says. Steps, however, count from what was asked for last: whoever presses `+` three
//! times before the run has answered wants three more.

use super::{
    action::Action,
    app::App,
    runs::{Run, RunId},
};
use crate::{
    event::Command,
    spec::{Backend, MAX_WORKERS},
    store::Phase,
    time::{NS_PER_S, monotonic_ns},
};

/// A run that has not followed by then will not: it has refused, or it is about to end.
const ANSWER_LIMIT_NS: u64 = 2 * NS_PER_S;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wish {
    run: RunId,
    workers: u32,
    at_ns: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Resizer {
    wish: Option<Wish>,
    /// The number while it is being dragged. The run is asked when it is let go.
    pub(crate) dragged: Option<u32>,
}

impl Resizer {
    /// Whether the number of workers of this run can be changed now.
    pub(crate) fn offers(run: &Run) -> bool {
        let open = matches!(run.store.phase, Phase::Starting | Phase::Running | Phase::Paused);
        run.live && open && run.store.info.is_some() && run.spec().backend != Backend::Serial
    }

    /// What the run is asked for by so many steps up or down; `None` where it is there already.
    pub(crate) fn step(&mut self, run: RunId, size: u32, steps: i32, now_ns: u64) -> Option<u32> {
        let asked = self.wish.filter(|wish| {
            wish.run == run && now_ns.saturating_sub(wish.at_ns) < ANSWER_LIMIT_NS && wish.workers != size
        });
        let from = asked.map_or(size, |wish| wish.workers);
        let workers = from.saturating_add_signed(steps).clamp(1, MAX_WORKERS);
        (workers != from).then(|| self.ask(run, workers, now_ns))
    }

    /// Notes that the run is asked for so many.
    pub(crate) fn ask(&mut self, run: RunId, workers: u32, now_ns: u64) -> u32 {
        self.wish = Some(Wish { run, workers, at_ns: now_ns });
        workers
    }
}

impl App {
    pub(super) fn apply_resize(&mut self, action: &Action) {
        let Some(run) = self.runs.live().filter(|run| Resizer::offers(run)) else { return };
        let (id, size, now_ns) = (run.id, run.store.size(), monotonic_ns());
        let workers = match *action {
            Action::Resize(workers) => Some(self.resizer.ask(id, workers, now_ns)),
            Action::Step(steps) => self.resizer.step(id, size, steps, now_ns),
            _ => None,
        };
        if let Some(workers) = workers {
            self.runs.send_to_live(&Command::Resize(workers));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: RunId = RunId(1);

    #[test]
    fn steps_count_from_what_was_asked_for_until_the_run_has_answered() {
        let mut resizer = Resizer::default();
        let asked: Vec<_> = [1, 1, -1, 1].map(|steps| resizer.step(RUN, 4, steps, 10)).into();
        assert_eq!(asked, [Some(5), Some(6), Some(5), Some(6)]);
        assert_eq!(resizer.step(RUN, 5, 1, 20), Some(7), "it is on its way to 6");
        assert_eq!(resizer.step(RUN, 7, 1, 30), Some(8), "it has answered");
        assert_eq!(resizer.step(RUN, 7, 1, 40 + ANSWER_LIMIT_NS), Some(8), "it has not followed");
        assert_eq!(resizer.step(RunId(2), 2, -1, 50 + ANSWER_LIMIT_NS), Some(1), "another run");
    }

    #[test]
    fn there_is_no_step_beyond_what_a_pool_can_have() {
        let mut resizer = Resizer::default();
        assert_eq!(resizer.step(RUN, 1, -1, 0), None);
        assert_eq!(resizer.step(RUN, MAX_WORKERS, 1, 0), None);
        assert_eq!(resizer.step(RUN, 2, -9, 0), Some(1));
    }
}
