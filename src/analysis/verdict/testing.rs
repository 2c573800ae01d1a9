//! Made-up runs for the rules' tests: who ran which task when, and what was measured of it.

use super::{Cause, Finding, verdict};
use crate::{
    analysis::{Background, Figures},
    event::{Ended, Event, Outcome, RunInfo, Usage},
    ids::{TaskId, WorkerId},
    spec::{Backend, Spec},
    store::{RunStore, testing::*},
    time::NS_PER_MS,
};

/// One attempt. Times are milliseconds of the run.
#[derive(Clone, Copy)]
pub(super) struct Attempt {
    pub(super) worker: u32,
    pub(super) given: f64,
    pub(super) from: f64,
    pub(super) to: f64,
    /// Shares of its time: computing, and waiting for a core.
    pub(super) cpu: f64,
    pub(super) core_wait: f64,
    pub(super) bytes: u32,
}

impl Attempt {
    /// Given to its worker when it began, and computing throughout.
    pub(super) fn new(worker: u32, from: f64, to: f64) -> Self {
        Self { worker, given: from, from, to, cpu: 1.0, core_wait: 0.0, bytes: 0 }
    }
}

/// A run to be made up.
pub(super) struct Made {
    pub(super) spec: Spec,
    pub(super) cores: f64,
    /// When the first worker was ready, in milliseconds, and how much later each was than the one before. Who would be
    /// ready after the last attempt was not.
    pub(super) ready: f64,
    pub(super) pace: f64,
    pub(super) attempts: Vec<Attempt>,
    /// Length of the queue from a moment on.
    pub(super) queue: Vec<(f64, u32)>,
    /// Anything else, by its own time.
    pub(super) events: Vec<Event>,
    /// Cores that others used, and that the hypervisor took.
    pub(super) taken: Option<(f64, f64)>,
    /// Waiting for a core was measured, and CPU time.
    pub(super) measured: (bool, bool),
}

impl Made {
    pub(super) fn new(backend: Backend, workers: u32) -> Self {
        Self {
            spec: spec(backend, workers, 0),
            cores: 2.0,
            ready: 0.0,
            pace: 0.0,
            attempts: Vec::new(),
            queue: Vec::new(),
            events: Vec::new(),
            taken: None,
            measured: (true, true),
        }
    }

    /// Every worker runs `count` tasks one after the other from `ready` on, each `ms` long, shaped by `shape`.
    pub(super) fn even(mut self, count: u32, ms: f64, shape: impl Fn(Attempt) -> Attempt) -> Self {
        for worker in 0..self.spec.workers {
            for at in 0..count {
                let from = self.ready + f64::from(at) * ms;
                self.attempts.push(shape(Attempt::new(worker, from, from + ms)));
            }
        }
        self
    }

    pub(super) fn store(&self) -> RunStore {
        let spec = Spec { tasks: self.spec.tasks.max(self.attempts.len() as u32), ..self.spec.clone() };
        let Event::RunStarted(info) = run_started(spec) else { panic!("another event") };
        let host = crate::event::Host { usable_cores: self.cores, ..info.host.clone() };
        let mut store = store([Event::RunStarted(Box::new(RunInfo { host, ..*info }))]);
        let last = self.attempts.iter().map(|attempt| attempt.to).fold(0.0, f64::max);
        for worker in 0..self.spec.workers {
            store.apply(spawned(0, worker, 0));
            let at = self.ready + self.pace * f64::from(worker);
            if at <= last || self.pace <= 0.0 {
                store.apply(ready(ns(at), worker));
            }
        }
        let all = self.ready + self.pace * f64::from(self.spec.workers - 1);
        if all <= last || self.pace <= 0.0 {
            store.apply(Event::PoolReady { t_ns: ns(all) });
        }
        let queue = self.queue.iter().map(|&(ms, queued)| {
            let t_ns = ns(ms);
            Event::Queue { t_ns, queued, in_flight: 0, done: 0 }
        });
        let mut events: Vec<Event> = queue.chain(self.events.iter().cloned()).collect();
        events.extend((0..).zip(&self.attempts).map(|(task, attempt)| attempt.event(task, self.measured)));
        // Whoever ends one task and begins the next at the same moment ends first.
        events.extend((0..).zip(&self.attempts).map(|(task, attempt)| attempt.start(task)));
        events.sort_by_key(Event::t_ns);
        let end_ns = events.iter().filter_map(Event::t_ns).max().unwrap_or(0);
        for event in events {
            store.apply(event);
        }
        store.apply(finished(end_ns));
        store
    }

    pub(super) fn figures(&self, store: &RunStore) -> Figures {
        let mut figures = Figures::new(store, 0).expect("it has ended");
        figures.background = self.taken.map(|(cores, steal_cores)| Background { cores, steal_cores });
        figures
    }

    pub(super) fn verdict(&self) -> Vec<Finding> {
        let store = self.store();
        verdict(&store, &self.figures(&store))
    }

    pub(super) fn causes(&self) -> Vec<Cause> {
        self.verdict().iter().map(|finding| finding.cause).collect()
    }

    /// The one thing that the verdict says.
    pub(super) fn only(&self) -> Finding {
        let mut findings = self.verdict();
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings.remove(0)
    }
}

impl Attempt {
    fn start(&self, task: u32) -> Event {
        let (task, worker) = (TaskId(task), WorkerId(self.worker));
        let (dispatched_ns, t_ns) = (ns(self.given), ns(self.from));
        Event::Started { t_ns, worker, task, attempt: 0, enqueued_ns: 0, dispatched_ns }
    }

    fn event(&self, task: u32, (core_wait, cpu): (bool, bool)) -> Event {
        let run_ns = ns(self.to) - ns(self.from);
        let share = |part: f64| Some((run_ns as f64 * part).round() as u64);
        let usage = Usage {
            cpu_ns: share(self.cpu).filter(|_| cpu),
            core_wait_ns: share(self.core_wait).filter(|_| core_wait),
            bytes_in: self.bytes,
            bytes_out: self.bytes,
            ..Usage::default()
        };
        let end = ended(ns(self.to), self.worker, task, Outcome::Ok);
        let (dispatched_ns, start_ns) = (ns(self.given), ns(self.from));
        done(Ended { enqueued_ns: 0, dispatched_ns, start_ns, usage, ..end })
    }
}

fn ns(ms: f64) -> u64 {
    (ms * NS_PER_MS as f64).round() as u64
}

/// A lock's use, in milliseconds.
pub(super) fn lock_use(worker: u32, lock: crate::event::LockKind, times: [f64; 3]) -> Event {
    locked(worker, 0, lock, times.map(ns))
}
