//! What a lesson's engine tells, as far as there is room for it.

use super::{
    super::super::log_limit::{Line, LogLimit},
    Conductor,
    limit::Limit,
};
use crate::{
    event::{Event, Level, lesson::Told},
    ids::WorkerId,
};

impl Conductor {
    pub(super) fn log(&mut self, level: Level, text: String) {
        self.emitter.emit(&Event::Log { t_ns: self.clock.now_ns(), worker: None, level, text });
    }

    /// Whether that much more is kept of what one process logs and prints.
    pub(super) fn has_room(&mut self, worker: WorkerId, bytes: usize) -> bool {
        let Some(known) = self.known.get_mut(&worker) else { return false };
        let line = known.logged.take(bytes);
        if line == Line::TooMuch {
            let (t_ns, text) = (self.clock.now_ns(), LogLimit::too_much());
            self.emitter.emit(&Event::Log { t_ns, worker: Some(worker), level: Level::Warning, text });
        }
        line == Line::Kept
    }

    pub(super) fn tell(&mut self, t_ns: u64, worker: WorkerId, told: Told) {
        if let Some((t_ns, worker, told)) = self.limit.take((t_ns, worker, told)) {
            self.emitter.emit(&Event::Lesson { t_ns, worker: Some(worker), told: Box::new(told) });
        } else if self.limit.begins() {
            self.log(Level::Warning, Limit::too_much());
        }
    }

    /// After too much was told: how everything stands.
    pub(super) fn tell_standing(&mut self) {
        for (t_ns, worker, told) in self.limit.standing() {
            self.emitter.emit(&Event::Lesson { t_ns, worker: Some(worker), told: Box::new(told) });
        }
    }

    /// What is to be said of everything that was not kept.
    pub(super) fn left_out(&self) -> Vec<(Option<WorkerId>, String)> {
        let of_workers =
            self.known.iter().filter_map(|(worker, known)| Some((Some(*worker), known.logged.left_out()?)));
        of_workers.chain(self.limit.left_out().map(|text| (None, text))).collect()
    }
}
