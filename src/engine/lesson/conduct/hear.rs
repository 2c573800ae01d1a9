//! What becomes of each report of a lesson's processes.

use std::{io, os::fd::OwnedFd, time::Instant};

use super::{
    super::{
        super::{log_limit::Line, sampler::Target},
        report::{Heard, Report},
    },
    Conductor, Known, MAIN,
};
use crate::{
    event::{
        Ended, Event, Exit, Level, Outcome, Usage,
        lesson::{Told, Verb},
    },
    ids::WorkerId,
    lesson::program::MAX_PROCESSES,
    workload::Value,
};

impl Conductor {
    pub(super) fn take(&mut self, heard: io::Result<Heard>) {
        self.heard = Instant::now();
        self.known.values_mut().for_each(|known| known.asleep = None);
        // What somebody does between the death of another and his own is no part of the lesson.
        let is_late = matches!(
            heard,
            Ok((Report::Told { .. } | Report::Log { .. } | Report::Started { .. } | Report::Ended { .. }, _))
        );
        if self.cut.is_some() && is_late {
            return;
        }
        match heard {
            Err(error) => {
                let text = format!("a report could not be read: {error}");
                if self.unread.take(text.len()) == Line::Kept {
                    self.log(Level::Warning, text);
                }
            }
            Ok((report, descriptor)) => self.hear(report, descriptor),
        }
    }

    fn hear(&mut self, report: Report, descriptor: Option<OwnedFd>) {
        match report {
            // No process of ours has such a number.
            Report::Starting { worker, .. } if worker.0 >= MAX_PROCESSES => {}
            Report::Starting { t_ns, worker, name, role, parent, task } => {
                self.waits.started(worker, &name, Some(parent));
                self.known.insert(worker, Known { parent: Some(parent), ..Known::default() });
                let told = Told::Role { name, role, parent: Some(parent), task };
                self.tell(t_ns, worker, told);
            }
            Report::NotStarted { worker } => {
                self.waits.ended(worker, Exit::Code(-1));
                self.known.remove(&worker);
            }
            Report::Ready { t_ns, worker, pid } => self.ready(t_ns, worker, pid, descriptor),
            Report::Told { t_ns, worker, told, robust } => self.told(t_ns, worker, told, robust),
            Report::Log { t_ns, worker, level, text } => {
                if self.has_room(worker, text.len()) {
                    self.emitter.emit(&Event::Log { t_ns, worker: Some(worker), level, text });
                }
            }
            Report::Started { t_ns, worker, task, enqueued_ns } => {
                if let Some(known) = self.known.get_mut(&worker) {
                    known.running = Some((task, enqueued_ns, t_ns));
                    let dispatched_ns = t_ns;
                    self.emitter.emit(&Event::Started {
                        t_ns,
                        worker,
                        task,
                        attempt: 0,
                        enqueued_ns,
                        dispatched_ns,
                    });
                }
            }
            Report::Ended { t_ns, worker, outcome, usage, .. } => self.ended(t_ns, worker, outcome, *usage),
            Report::Exited { t_ns, worker, exit } => {
                self.exited(t_ns, worker, exit);
                self.orphaned(t_ns, worker);
            }
        }
    }

    fn ready(&mut self, t_ns: u64, worker: WorkerId, pid: u32, pidfd: Option<OwnedFd>) {
        let Some(known) = self.known.get_mut(&worker) else { return };
        known.pid = pid;
        known.pidfd = pidfd;
        self.emitter.emit(&Event::WorkerSpawned { t_ns, worker, pid, tid: pid, restart: 0 });
        self.emitter.emit(&Event::WorkerReady { t_ns, worker });
        if worker == MAIN {
            self.emitter.emit(&Event::PoolReady { t_ns });
        }
        self.sampler.watch(Target { worker, pid, tid: pid });
    }

    fn told(&mut self, t_ns: u64, worker: WorkerId, told: Told, robust: bool) {
        match &told {
            Told::Object { object, kind, name, capacity, .. } => {
                self.waits.made(worker, *object, *kind, name, *capacity, robust);
            }
            Told::Began(began) => self.waits.began(worker, began),
            Told::Done(done) => {
                self.waits.done(worker, done);
                if let (Verb::Put | Verb::Get, Some(object), Some(depth)) =
                    (done.verb, done.object, done.depth)
                {
                    self.depths.insert(object.0, depth);
                    if !self.limit.is_reached() {
                        self.sample_queue(t_ns);
                    }
                }
            }
            Told::Printed { text, .. } if !self.has_room(worker, text.len()) => return,
            _ => {}
        }
        self.tell(t_ns, worker, told);
    }

    pub(super) fn sample_queue(&mut self, t_ns: u64) {
        let in_flight = self.known.values().filter(|known| known.running.is_some()).count() as u32;
        let queued = self.depths.values().fold(0_u32, |sum, depth| sum.saturating_add(*depth));
        self.emitter.emit(&Event::Queue { t_ns, queued, in_flight, done: self.done });
    }

    fn ended(&mut self, t_ns: u64, worker: WorkerId, outcome: Outcome, usage: Usage) {
        let running = self.known.get_mut(&worker).and_then(|known| known.running.take());
        let Some((task, enqueued_ns, start_ns)) = running else { return };
        self.done += 1;
        self.emitter.emit(&Event::Ended(Ended {
            enqueued_ns,
            dispatched_ns: start_ns,
            start_ns,
            t_ns,
            received_ns: self.clock.now_ns().max(t_ns),
            worker,
            task,
            attempt: 0,
            outcome,
            last: true,
            usage,
            value: Value::Unit,
        }));
    }

    pub(super) fn exited(&mut self, t_ns: u64, worker: WorkerId, exit: Exit) {
        self.waits.ended(worker, exit);
        self.sampler.forget(worker);
        let Some(known) = self.known.get_mut(&worker).filter(|known| known.exit.is_none()) else { return };
        known.exit = Some(exit);
        let by_us = known.ended_by_us;
        let cpu_ns = known.cpu_ns;
        let outcome = if by_us { Outcome::Cancelled } else { Outcome::Crashed(exit) };
        self.ended(t_ns, worker, outcome, Usage { cpu_ns, ..Usage::default() });
        let expected = by_us || exit == Exit::Code(0);
        self.emitter.emit(&Event::WorkerExited { t_ns, worker, exit, expected });
    }

    /// The kernel ends the children of a process with it, and nobody is left to tell of them. Those that ended before it,
    /// it has told of.
    fn orphaned(&mut self, t_ns: u64, parent: WorkerId) {
        let is_left = |known: &Known| known.parent == Some(parent) && known.exit.is_none();
        let left: Vec<WorkerId> =
            self.known.iter().filter(|(_, known)| is_left(known)).map(|(worker, _)| *worker).collect();
        for worker in left {
            self.exited(t_ns, worker, Exit::Signal(9));
            self.orphaned(t_ns, worker);
        }
    }
}
