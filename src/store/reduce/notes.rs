//! The run's log: lines that workers wrote, and what the reducer itself has to say.

use super::super::{LogLine, RunStore};
use crate::{
    event::{Ended, Exit, Level, Outcome, Status},
    ids::{TaskId, WorkerId},
    units,
};

/// Lines that one run keeps. A task that logs in a loop must not fill the memory of whoever watches.
pub(super) const MAX_LOG_LINES: usize = 1_000_000;

impl RunStore {
    pub(super) fn note(&mut self, t_ns: u64, worker: Option<WorkerId>, level: Level, text: String) {
        let line = match self.log.len() {
            MAX_LOG_LINES.. => return,
            kept if kept == MAX_LOG_LINES - 1 => LogLine {
                t_ns,
                worker: None,
                level: Level::Warning,
                text: "the log is full: further lines are not kept".into(),
            },
            _ => LogLine { t_ns, worker, level, text: text.into() },
        };
        self.log.push(line);
    }

    pub(super) fn note_pool_ready(&mut self, t_ns: u64) {
        // The processes of a lesson come one after another.
        if !self.lesson.is_empty() {
            return;
        }
        let workers = match self.size() {
            1 => "1 worker is".to_owned(),
            n => format!("all {n} workers are"),
        };
        self.note(t_ns, None, Level::Info, format!("{workers} ready after {}", units::duration(t_ns)));
    }

    pub(super) fn note_spawned(
        &mut self,
        t_ns: u64,
        worker: WorkerId,
        pid: u32,
        restart: u32,
        replaces: bool,
    ) {
        if replaces {
            let text = format!("{worker} was replaced by pid {pid} (restart {restart})");
            self.note(t_ns, Some(worker), Level::Info, text);
        } else {
            self.note(t_ns, Some(worker), Level::Debug, format!("{worker} was started (pid {pid})"));
        }
    }

    pub(super) fn note_exited(
        &mut self,
        t_ns: u64,
        worker: WorkerId,
        exit: Exit,
        expected: bool,
        under: Option<TaskId>,
    ) {
        let pid = self.pid_at(worker, t_ns);
        let who = pid.map_or_else(|| worker.to_string(), |pid| format!("{worker} (pid {pid})"));
        if expected {
            self.note(t_ns, Some(worker), Level::Debug, format!("{who} ended: {exit}"));
            return;
        }
        let doing = under.map(|task| format!(", while running {task}")).unwrap_or_default();
        self.note(t_ns, Some(worker), Level::Warning, format!("{who} died: {exit}{doing}"));
    }

    /// A line for an attempt that went wrong: an error if its task is lost, a warning if it will be tried again.
    pub(super) fn note_ended(&mut self, ended: &Ended, last: bool) {
        if matches!(ended.outcome, Outcome::Ok | Outcome::Cancelled) {
            return;
        }
        let attempts = self.info.as_ref().map_or(1, |info| info.spec.retries.saturating_add(1));
        let attempt = ended.attempt.saturating_add(1);
        let (level, next) = if last {
            (Level::Error, "it will not be tried again")
        } else {
            (Level::Warning, "it will be tried again")
        };
        let Ended { task, worker, outcome, .. } = ended;
        let text = format!("{task} {outcome} on {worker}, attempt {attempt} of {attempts}; {next}");
        self.note(ended.received_ns, Some(*worker), level, text);
    }

    pub(super) fn note_end(&mut self, t_ns: u64, status: Status, reason: Option<&str>) {
        let level = match status {
            Status::Finished => Level::Info,
            Status::Interrupted => Level::Warning,
            Status::Failed | Status::Lost => Level::Error,
        };
        let tasks = units::count(u64::from(self.tally.total));
        let ok = units::count(u64::from(self.tally.ok));
        let because = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        let text = format!("run {status} after {}, {ok} of {tasks} tasks ok{because}", units::duration(t_ns));
        self.note(t_ns, None, level, text);
    }
}
