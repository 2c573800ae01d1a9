//! How a run ends: stops on request, the verdict, and the dismissal of the workers.

use std::time::{Duration, Instant};

use super::{
    dispatcher::Dispatcher,
    pool::News,
    slot::{Ending, Presence, Why},
    supervise::SIGKILL,
    wire::Up,
};
use crate::{
    event::{Event, Level, Status},
    ids::WorkerId,
    time::NS_PER_MS,
};

/// After a stop, running tasks may end by themselves for this long, and then are cancelled.
const STOP_GRACE_NS: u64 = 300 * NS_PER_MS;
/// After a stop, a cancelled task is ended by force sooner: a stop takes less than a second.
const STOP_FORCE_AFTER_NS: u64 = 300 * NS_PER_MS;
/// After a second stop, a thread has this long to hear of it.
const CANCEL_GRACE_NS: u64 = 100 * NS_PER_MS;
/// Workers told to quit are killed after this long.
const QUIT_LIMIT: Duration = Duration::from_millis(500);

/// A stop is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopping {
    /// When tasks still running are cancelled; `u64::MAX` once they were.
    cancel_at_ns: u64,
    /// Workers that have not even heard of it by then are not waited for.
    give_up_at_ns: u64,
}

impl Dispatcher<'_> {
    /// Hands out nothing more. With `at_once`, or when asked a second time, running tasks end now.
    pub(super) fn stop(&mut self, at_once: bool) {
        let now_ns = self.clock.now_ns();
        let first = self.stopping.is_none();
        if first {
            self.emitter.emit(&Event::Stopping { t_ns: now_ns });
            self.queue.close();
            let cancel_at_ns = now_ns + STOP_GRACE_NS;
            let give_up_at_ns = cancel_at_ns + STOP_FORCE_AFTER_NS;
            self.stopping = Some(Stopping { cancel_at_ns, give_up_at_ns });
            self.recall_all();
        }
        if at_once || !first {
            // A thread can only be asked, and needs a moment to hear it.
            let force_at_ns = if self.pool.has_processes() { now_ns } else { now_ns + CANCEL_GRACE_NS };
            self.stopping = Some(Stopping { cancel_at_ns: u64::MAX, give_up_at_ns: force_at_ns });
            self.cancel_all(force_at_ns);
            self.supervise(now_ns);
        }
    }

    /// Tasks that did not end within the grace of a stop are cancelled.
    pub(super) fn supervise_stop(&mut self, now_ns: u64) {
        if let Some(stopping) = &mut self.stopping
            && now_ns >= stopping.cancel_at_ns
        {
            stopping.cancel_at_ns = u64::MAX;
            self.cancel_all(now_ns + STOP_FORCE_AFTER_NS);
        }
    }

    fn cancel_all(&mut self, force_at_ns: u64) {
        self.pool.cancel_everything();
        for worker in (0..self.slots.len()).map(|worker| WorkerId(worker as u32)) {
            let slot = &mut self.slots[worker.index()];
            let Some(running) = slot.running else { continue };
            let ending = Ending { task: running.task, why: Why::Cancelled, force_at_ns };
            match &mut slot.ending {
                Some(ending) => ending.force_at_ns = ending.force_at_ns.min(force_at_ns),
                none => {
                    *none = Some(ending);
                    self.pool.cancel(worker, running.task);
                }
            }
        }
    }

    /// The verdict on the run, once there is one.
    pub(super) fn end_of_run(&mut self) -> Option<(Status, Option<String>)> {
        if self.session_gone {
            return Some((Status::Interrupted, Some("the session went away".to_owned())));
        }
        if self.done == self.spec.tasks {
            // The pool counts as ready, or not, before it is dissolved: "time until ready" is one of its figures.
            let starting = self.slots.iter().any(|slot| matches!(slot.presence, Presence::Starting { .. }));
            let verdict = if self.was_cut_short {
                (Status::Interrupted, Some("stopped on request".to_owned()))
            } else {
                (Status::Finished, None)
            };
            return (self.stopping.is_some() || !starting).then_some(verdict);
        }
        if let Some(stopping) = self.stopping {
            let given_up = self.clock.now_ns() >= stopping.give_up_at_ns;
            let over = self.slots.iter().all(|slot| slot.is_still() || (given_up && slot.running.is_none()));
            return over.then(|| (Status::Interrupted, Some("stopped on request".to_owned())));
        }
        if self.slots.iter().all(|slot| slot.presence == Presence::Vacant) {
            let cause = self.last_problem.take().unwrap_or_else(|| "all workers are gone".to_owned());
            return Some((Status::Lost, Some(format!("no worker is left: {cause}"))));
        }
        None
    }

    /// What was handed out and never started counts as not run after a stop, and nothing is in flight. A worker that may
    /// have begun it and was not heard of in time would not hear that it shall quit either.
    pub(super) fn drop_the_unheard(&mut self) {
        for worker in (0..self.slots.len()).map(|worker| WorkerId(worker as u32)) {
            if self.stopping.is_some() && !self.slots[worker.index()].is_still() && self.pool.has_processes()
            {
                let _already_gone = self.pool.kill(worker, SIGKILL);
            }
            self.slots[worker.index()].assigned.clear();
        }
    }

    /// Takes the last samples, then ends every worker and waits for it.
    pub(super) fn dismiss(&mut self) {
        if self.session_gone {
            // Nobody reads the samples, and the workers die with this process.
            return;
        }
        self.sampler.finish();
        let mut waiting = 0;
        for worker in (0..self.slots.len()).map(|worker| WorkerId(worker as u32)) {
            if self.slots[worker.index()].is_alive() {
                let _dying = self.pool.quit(worker);
                waiting += usize::from(self.pool.has_processes());
            }
        }
        let mut deadline = Instant::now() + QUIT_LIMIT;
        let mut forced = false;
        while waiting > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                if forced {
                    break;
                }
                forced = true;
                deadline = Instant::now() + QUIT_LIMIT;
                self.kill_remaining();
                continue;
            }
            self.pool.wait(left);
            while let Some(news) = self.pool.next() {
                waiting -= usize::from(self.hear_last_words(news, forced));
            }
        }
        self.pool.cancel_everything();
        self.pool.join(QUIT_LIMIT);
    }

    /// Of what workers logged, once none of them says anything more.
    pub(super) fn tell_what_was_left_out(&mut self) {
        for worker in (0..self.slots.len()).map(|worker| WorkerId(worker as u32)) {
            if let Some(text) = self.slots[worker.index()].logged.left_out() {
                self.log(Level::Warning, Some(worker), text);
            }
        }
    }

    /// After the end only logs and deaths still count. True for the death of a worker that was waited for.
    fn hear_last_words(&mut self, news: News, forced: bool) -> bool {
        match news {
            News::Died { worker, exit, .. } => {
                let was_alive = self.slots[worker.index()].is_alive();
                self.slots[worker.index()].presence = Presence::Vacant;
                let t_ns = self.clock.now_ns();
                self.emitter.emit(&Event::WorkerExited { t_ns, worker, exit, expected: !forced });
                was_alive
            }
            News::Up { worker, up: up @ Up::Log { .. } } => {
                let _only_a_line = self.take_up(worker, up, self.clock.now_ns());
                false
            }
            News::Up { .. } | News::Quiet { .. } => false,
        }
    }

    fn kill_remaining(&mut self) {
        for worker in (0..self.slots.len()).map(|worker| WorkerId(worker as u32)) {
            if self.slots[worker.index()].is_alive() {
                self.log(Level::Warning, Some(worker), format!("{worker} did not quit and is killed"));
                let _already_gone = self.pool.kill(worker, SIGKILL);
            }
        }
    }
}
