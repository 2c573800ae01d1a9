//! The pool grows and shrinks while it runs.

use super::{
    dispatcher::Dispatcher,
    eager::spares_a_core,
    slot::{Presence, Slot},
};
use crate::{
    event::{Event, Exit, Level},
    ids::WorkerId,
    spec::{Backend, MAX_WORKERS},
};

impl Dispatcher<'_> {
    /// From now on so many workers. New ones start at once; those beyond give back what they have not begun, and end
    /// after their running task.
    pub(super) fn resize(&mut self, workers: u32) {
        let allowed = if self.spec.backend == Backend::Serial { 1..=1 } else { 1..=MAX_WORKERS };
        if !allowed.contains(&workers) {
            let allowed = match allowed.end() {
                1 => "a serial run has 1".to_owned(),
                most => format!("1 to {most} are allowed"),
            };
            self.log(Level::Error, None, format!("the pool cannot have {workers} workers, {allowed}"));
            return;
        }
        if self.stopping.is_some() || workers == self.target {
            return;
        }
        self.target = workers;
        self.job.spare_core = spares_a_core(workers, self.job.usable_cores);
        self.pool.set_eager(self.job.spare_core);
        self.emitter.emit(&Event::Resized { t_ns: self.clock.now_ns(), workers });
        while self.slots.len() < workers as usize {
            self.slots.push(Slot::new());
        }
        for at in 0..self.slots.len() {
            let worker = WorkerId(at as u32);
            if worker.0 >= workers {
                self.retire(worker);
            } else if self.slots[at].retiring || self.slots[at].presence == Presence::Vacant {
                self.reinstate(worker);
            }
        }
        // Whoever was still awaited may not be any more.
        self.check_pool_ready();
        self.feed_all();
    }

    fn retire(&mut self, worker: WorkerId) {
        let slot = &mut self.slots[worker.index()];
        slot.retiring = true;
        match slot.presence {
            Presence::Ready | Presence::Starting { .. } => {
                self.recall(worker, 0);
                self.dismiss_retired(worker);
            }
            Presence::Due { .. } => slot.presence = Presence::Vacant,
            Presence::Vacant => {}
        }
    }

    /// Somebody is wanted here again: whoever is on the way out makes room first.
    fn reinstate(&mut self, worker: WorkerId) {
        let now_ns = self.clock.now_ns();
        let slot = &mut self.slots[worker.index()];
        slot.retiring = false;
        if slot.presence == Presence::Vacant {
            slot.presence = Presence::Due { at_ns: now_ns };
        }
    }

    /// A worker that is to go and has nothing left to do is told so. Looked at whenever it falls silent.
    pub(super) fn dismiss_retired(&mut self, worker: WorkerId) {
        let slot = &mut self.slots[worker.index()];
        if !slot.retiring || slot.dismissed || slot.presence != Presence::Ready || !slot.is_still() {
            return;
        }
        slot.dismissed = true;
        if let Err(error) = self.pool.quit(worker) {
            self.condemn(worker, &format!("it cannot be told to quit: {error}"));
        }
        if !self.pool.has_processes() {
            // A thread that was told to quit is not heard of again.
            self.pool.abandon(worker);
            self.sampler.forget(worker);
            self.slots[worker.index()].presence = Presence::Vacant;
            let t_ns = self.clock.now_ns();
            self.emitter.emit(&Event::WorkerExited { t_ns, worker, exit: Exit::Code(0), expected: true });
        }
    }
}
