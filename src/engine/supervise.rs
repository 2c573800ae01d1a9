//! Births, deaths and deadlines of workers. The end of a run is in [`super::ending`].

use std::io;

use super::{
    budget::StartBudget,
    dispatcher::Dispatcher,
    sampler::Target,
    shared_lock::Owner,
    slot::{Ending, Presence, Slot, Why},
};
use crate::{
    event::{Event, Exit, Level, Outcome, Usage},
    ids::WorkerId,
    time::{NS_PER_MS, NS_PER_S},
    workload::Value,
};

/// A worker that is not ready after this long is taken for dead.
const START_LIMIT_NS: u64 = 5 * NS_PER_S;
/// Between asking a task to end and ending it by force.
const FORCE_AFTER_NS: u64 = 500 * NS_PER_MS;
/// Where tasks have a timeout, a worker that says nothing of the tasks it holds is taken for dead after that time, or after
/// this one if it is longer: what may pass before a start is told is not the task's doing.
const SILENCE_LIMIT_NS: u64 = 5 * NS_PER_S;
/// Workers spawned before messages are looked at again.
const SPAWNS_A_TURN: usize = 8;
pub(super) const SIGKILL: i32 = 9;

impl Dispatcher<'_> {
    /// Spawns a few of the workers that are due. True when more are: messages are taken in between, so that a stop need
    /// not wait for a thousand spawns.
    pub(super) fn spawn_due(&mut self) -> bool {
        if self.stopping.is_some() {
            return false;
        }
        let now_ns = self.clock.now_ns();
        self.fill_vacancies(now_ns);
        let due = |slot: &Slot| matches!(slot.presence, Presence::Due { at_ns } if at_ns <= now_ns);
        for _ in 0..SPAWNS_A_TURN {
            let Some(worker) = self.slots.iter().position(due) else { return false };
            self.spawn(WorkerId(worker as u32));
        }
        self.slots.iter().any(due)
    }

    /// While tasks wait, no place stays vacant: they may have come back long after a death that left nothing to do.
    fn fill_vacancies(&mut self, now_ns: u64) {
        if self.queue.is_exhausted() {
            return;
        }
        for worker in (0..self.slots.len() as u32).map(WorkerId) {
            let slot = &self.slots[worker.index()];
            if slot.presence != Presence::Vacant || slot.retiring {
                continue;
            }
            let slots = &self.slots;
            let is_there = |other: WorkerId| {
                slots.get(other.index()).is_some_and(|slot| slot.presence != Presence::Vacant)
            };
            if self.budget.allows(worker, now_ns, is_there) {
                self.slots[worker.index()].presence = Presence::Due { at_ns: now_ns };
            }
        }
    }

    pub(super) fn spawn(&mut self, worker: WorkerId) {
        let Slot { life, losses, logged, .. } = self.slots[worker.index()];
        let life = life + 1;
        self.slots[worker.index()] = Slot { life, losses, logged, ..Slot::new() };
        (self.job.worker, self.job.life) = (worker, life);
        // Taken before the call: what the spawn costs is part of starting up, and no worker is ready before it exists.
        let t_ns = self.clock.now_ns();
        match self.pool.spawn(worker, &self.job) {
            Ok(spawned) => {
                self.slots[worker.index()].presence =
                    Presence::Starting { deadline_ns: t_ns + START_LIMIT_NS };
                self.sampler.watch(Target { worker, pid: spawned.pid, tid: spawned.tid });
                self.emitter.emit(&Event::WorkerSpawned {
                    t_ns,
                    worker,
                    pid: spawned.pid,
                    tid: spawned.tid,
                    restart: losses,
                });
            }
            Err(error) => {
                let text = format!("{worker} could not be started: {error}");
                self.last_problem = Some(text.clone());
                self.log(Level::Error, Some(worker), text);
                self.slots[worker.index()].losses += 1;
                self.start_failed(worker);
            }
        }
    }

    /// A start that came to nothing: tries again a little later, unless that has failed too often.
    fn start_failed(&mut self, worker: WorkerId) {
        let now_ns = self.clock.now_ns();
        if self.budget.charge(now_ns) {
            let text = format!(
                "workers died or failed at start-up, more than {} within {} s: no more are started for {} s",
                StartBudget::DEATHS,
                StartBudget::WINDOW_NS / NS_PER_S,
                self.budget.rest_secs()
            );
            self.log(Level::Error, None, text);
        }
        self.slots[worker.index()].presence = if self.budget.is_spent() {
            Presence::Vacant
        } else {
            Presence::Due { at_ns: now_ns + StartBudget::PAUSE_NS }
        };
    }

    /// A worker process is gone: its running task is charged with it, those not started go to others free of charge.
    pub(super) fn bury(&mut self, worker: WorkerId, exit: Exit, fault: Option<String>) {
        let now_ns = self.clock.now_ns();
        let slot = &mut self.slots[worker.index()];
        // One that never worked, or broke the rules, would do so again: that is what the start budget is for.
        let broke_rules = fault.is_some();
        let was_useless = matches!(slot.presence, Presence::Starting { .. }) || slot.condemned || broke_rules;
        let (retiring, dismissed) = (slot.retiring, slot.dismissed);
        slot.losses += u32::from(!dismissed);
        let (silent, ending) = (slot.silent, slot.ending.take());
        let running = slot.running.take();
        let fruitless = running.is_none() && !retiring && !dismissed && !was_useless;
        slot.presence = Presence::Vacant;
        while let Some(assigned) = slot.assigned.pop_back() {
            self.queue.put_back(assigned.batch);
        }
        self.sampler.forget(worker);
        self.free_lock_of_nobody();
        self.emitter.emit(&Event::WorkerExited {
            t_ns: now_ns,
            worker,
            exit,
            expected: ending.is_some() || dismissed || silent,
        });
        let problem = fault.map_or_else(
            || format!("{worker} died before it was of use: {exit}"),
            |fault| format!("{worker} broke the protocol and was killed: {fault}"),
        );
        if broke_rules {
            self.log(Level::Error, Some(worker), problem.clone());
        }
        if let Some(running) = running {
            let outcome = match ending {
                None => (!silent).then_some(Outcome::Crashed(exit)),
                Some(ending) if ending.task == running.task => Some(outcome_of(ending.why)),
                // The signal was meant for the task before, which ended just in time.
                Some(_) => None,
            };
            match outcome {
                Some(outcome) => {
                    let times = (now_ns, now_ns);
                    self.finish(worker, running, outcome, times, Usage::default(), Value::Unit);
                }
                None => self.repeat(worker, running),
            }
        }
        if retiring {
            // Its place is not filled again.
        } else if was_useless {
            self.last_problem = Some(problem);
            self.start_failed(worker);
        } else if fruitless && self.budget.charge_fruitless(self.target, now_ns) {
            self.last_problem = Some(format!("{worker} died before it began a task: {exit}"));
            let text = format!(
                "workers die again and again and none begins a task: no more are started for {} s",
                self.budget.rest_secs()
            );
            self.log(Level::Error, None, text);
        } else if self.budget.is_spent() && fruitless {
            // As above, for the last of them.
        } else if self.stopping.is_none() && !self.queue.is_exhausted() {
            self.spawn(worker);
        }
        self.feed_all();
    }

    /// Ends a worker whose word cannot be trusted.
    pub(super) fn condemn(&mut self, worker: WorkerId, fault: &str) {
        if std::mem::replace(&mut self.slots[worker.index()].condemned, true) {
            return;
        }
        self.log(Level::Error, Some(worker), format!("{worker} is ended: {fault}"));
        // Its death is told like any other, and then it is buried.
        let _already_gone = self.pool.kill(worker, SIGKILL);
    }

    /// A worker cannot be sent anything. If it has closed its stream it is dying of something else, of which its death will
    /// tell; otherwise it has broken a rule.
    pub(super) fn lose_touch(&mut self, worker: WorkerId, error: &io::Error) {
        use io::ErrorKind::{BrokenPipe, ConnectionReset};
        if self.pool.has_processes() && matches!(error.kind(), BrokenPipe | ConnectionReset) {
            self.slots[worker.index()].leaving = true;
        } else {
            self.condemn(worker, &format!("it cannot be reached: {error}"));
        }
    }

    pub(super) fn kill_on_request(&mut self, worker: WorkerId, signal: i32) {
        let name = crate::event::signal_name(signal);
        let result = if worker.index() < self.slots.len() {
            self.pool.kill(worker, signal).map_err(|error| error.to_string())
        } else {
            Err(format!("there are only {} workers", self.slots.len()))
        };
        match result {
            Ok(()) => self.log(Level::Warning, Some(worker), format!("{name} sent to {worker} on request")),
            Err(error) => {
                self.log(Level::Error, Some(worker), format!("{name} not sent to {worker}: {error}"));
            }
        }
    }

    pub(super) fn has_deadlines(&self) -> bool {
        self.stopping.is_some()
            || self.session_gone
            || self.slots.iter().any(|slot| {
                slot.ending.is_some()
                    || matches!(slot.presence, Presence::Starting { .. } | Presence::Due { .. })
                    || (self.spec.timeout.is_some() && slot.running.is_some())
            })
    }

    /// A lock that a dead worker held, or that nonsense was written over, is free again.
    fn free_lock_of_nobody(&self) {
        self.shared_lock.sweep(|owner| {
            (0..)
                .zip(&self.slots)
                .any(|(worker, slot)| slot.is_alive() && Owner::new(WorkerId(worker), slot.life) == owner)
        });
    }

    /// Looks at every deadline.
    pub(super) fn supervise(&mut self, now_ns: u64) {
        self.supervise_stop(now_ns);
        self.free_lock_of_nobody();
        for worker in (0..self.slots.len()).map(|worker| WorkerId(worker as u32)) {
            let slot = &self.slots[worker.index()];
            match slot.presence {
                // A thread has begun before it counts as starting. It cannot be ended alone, and may only be slow.
                Presence::Starting { deadline_ns } if now_ns >= deadline_ns && self.pool.has_processes() => {
                    self.condemn(worker, &format!("not ready after {} s", START_LIMIT_NS / NS_PER_S));
                }
                _ => {
                    self.supervise_task(worker, now_ns);
                    self.supervise_silence(worker, now_ns);
                }
            }
        }
    }

    /// A process that was halted between taking a task and telling of its start, or before it gave tasks back, is seen by no
    /// other deadline.
    fn supervise_silence(&mut self, worker: WorkerId, now_ns: u64) {
        let Some(timeout_ns) = self.spec.timeout_ns().filter(|_| self.pool.has_processes()) else { return };
        let limit_ns = timeout_ns.max(SILENCE_LIMIT_NS);
        let slot = &mut self.slots[worker.index()];
        if slot.owes_word_since_ns().is_none_or(|since_ns| now_ns.saturating_sub(since_ns) < limit_ns) {
            return;
        }
        slot.silent = true;
        let secs = limit_ns as f64 / NS_PER_S as f64;
        let text =
            format!("{worker} holds tasks and has begun none for {secs} s: it is killed, others get them");
        self.log(Level::Warning, Some(worker), text);
        let _already_gone = self.pool.kill(worker, SIGKILL);
    }

    fn supervise_task(&mut self, worker: WorkerId, now_ns: u64) {
        let has_processes = self.pool.has_processes();
        let slot = &mut self.slots[worker.index()];
        match (&mut slot.ending, slot.running) {
            (None, Some(running)) => {
                let timeout_ns = self.spec.timeout_ns().unwrap_or(u64::MAX);
                if now_ns.saturating_sub(running.start_ns) >= timeout_ns {
                    let force_at_ns = now_ns + FORCE_AFTER_NS;
                    slot.ending = Some(Ending { task: running.task, why: Why::TimedOut, force_at_ns });
                    self.pool.cancel(worker, running.task);
                }
            }
            // A process was sent a signal that it must die of, even if its task ended just in time.
            (Some(ending), running) if now_ns >= ending.force_at_ns => {
                ending.force_at_ns = u64::MAX;
                if has_processes {
                    let _already_gone = self.pool.kill(worker, SIGKILL);
                } else if running.is_some() {
                    self.abandon_thread(worker);
                }
            }
            _ => {}
        }
    }

    /// A thread that does not end its task cannot be ended alone. The run goes on without it.
    fn abandon_thread(&mut self, worker: WorkerId) {
        // It may come back one day, and must find nothing that others have done meanwhile.
        self.recall(worker, 0);
        let now_ns = self.clock.now_ns();
        let slot = &mut self.slots[worker.index()];
        if slot.unstarted() > 0 {
            // It has begun another task at this very moment: then it has ended this one, and says so.
            return;
        }
        let (Some(running), Some(ending)) = (slot.running.take(), slot.ending.take()) else { return };
        while let Some(assigned) = slot.assigned.pop_back() {
            self.queue.put_back(assigned.batch);
        }
        slot.presence = Presence::Vacant;
        slot.losses += 1;
        self.pool.abandon(worker);
        self.sampler.forget(worker);
        self.free_lock_of_nobody();
        let text = format!(
            "{worker} does not end {}: a thread cannot be killed alone, so it is left behind and keeps its core until the engine ends",
            running.task
        );
        self.log(Level::Warning, Some(worker), text);
        let times = (now_ns, now_ns);
        self.finish(worker, running, outcome_of(ending.why), times, Usage::default(), Value::Unit);
        if self.stopping.is_none() && !self.queue.is_exhausted() && !self.slots[worker.index()].retiring {
            self.spawn(worker);
        }
    }
}

fn outcome_of(why: Why) -> Outcome {
    match why {
        Why::TimedOut => Outcome::TimedOut,
        Why::Cancelled => Outcome::Cancelled,
    }
}
