//! Workers: who fills a place, from when to when, and at what cost.

use super::super::{Life, RunStore, WorkerState};
use crate::{
    event::{Exit, Outcome, WorkerSample},
    ids::{TaskId, WorkerId},
};

impl RunStore {
    pub(super) fn worker_spawned(&mut self, t_ns: u64, worker: WorkerId, pid: u32, tid: u32, restart: u32) {
        let Some(at) = self.place(t_ns, worker) else { return };
        let present = self.lanes[at].lives.last().filter(|life| life.exited_ns.is_none());
        if present.is_some_and(|life| (life.pid, life.tid) == (pid, tid)) {
            return; // Told twice.
        }
        let unreported = self.unreported(at);
        self.close_running(at, t_ns, unreported, false);
        self.end_life(at, t_ns, None);
        let after_ns = self.lanes[at].lives.last().and_then(|life| life.exited_ns).unwrap_or(0);
        // Somebody who was let go, and is wanted again, replaces nobody.
        let replaces = restart > self.workers[at].restarts;
        self.lanes[at].lives.push(Life { replaces, ..newborn(pid, tid, t_ns.max(after_ns)) });
        let row = &mut self.workers[at];
        row.pid = pid;
        row.tid = tid;
        row.restarts = row.restarts.max(restart);
        row.exit = None;
        row.state = WorkerState::Starting;
        self.note_spawned(t_ns, worker, pid, restart, replaces);
    }

    pub(super) fn worker_ready(&mut self, t_ns: u64, worker: WorkerId) {
        let Some(at) = self.place(t_ns, worker) else { return };
        let life = self.present_life(at, t_ns);
        if life.ready_ns.is_some() || life.exited_ns.is_some() {
            return;
        }
        life.ready_ns = Some(t_ns.max(life.spawned_ns));
        if self.workers[at].state == WorkerState::Starting {
            self.workers[at].state = WorkerState::Idle;
        }
    }

    pub(super) fn worker_exited(&mut self, t_ns: u64, worker: WorkerId, exit: Exit, expected: bool) {
        let Some(at) = self.place(t_ns, worker) else { return };
        let life = self.present_life(at, t_ns);
        if life.exit.is_some() {
            return; // Told twice.
        }
        life.expected = expected;
        self.end_life(at, t_ns, Some(exit));
        let under = self.task_under_death(at);
        self.note_exited(t_ns, worker, exit, expected, under);
    }

    pub(super) fn worker_sampled(&mut self, t_ns: u64, worker: WorkerId, sample: WorkerSample) {
        let Some(at) = self.place(t_ns, worker) else { return };
        let life = self.lanes[at].lives.last();
        if life.is_some_and(|life| life.exited_ns.is_some()) {
            return; // Taken before the death, told after it.
        }
        self.process_sampled(t_ns, Some(worker), sample);
        let life = self.lanes[at].lives.last();
        let ready = life.is_some_and(|life| life.ready_ns.is_some());
        let busy = self.lanes[at].running.is_some();
        let row = &mut self.workers[at];
        row.state = match (sample.state, row.state) {
            ('T', _) => WorkerState::Stopped,
            (_, WorkerState::Stopped) if busy => WorkerState::Busy,
            (_, WorkerState::Stopped) if ready => WorkerState::Idle,
            (_, WorkerState::Stopped) => WorkerState::Starting,
            (_, unchanged) => unchanged,
        };
        row.max_rss_bytes = row.max_rss_bytes.max(sample.rss_bytes);
        row.max_pss_bytes = row.max_pss_bytes.max(sample.pss_bytes);
        row.last = sample;
        let book = &mut self.books.cpu[at];
        book.life = book.life.max(sample.cpu_ns);
        self.refresh_cpu(at);
    }

    /// Samples come a few times a second, so that the measures around attempts can be ahead of them; and attempts can
    /// go unmeasured. Each is a lower bound, the larger one is told.
    pub(super) fn refresh_cpu(&mut self, at: usize) {
        let book = self.books.cpu[at];
        self.workers[at].cpu_ns = book.past_lives.saturating_add(book.life).max(book.attempts);
    }

    /// Ends the present life, if there is one, and fills in its exit once that is known.
    pub(super) fn end_life(&mut self, at: usize, t_ns: u64, exit: Option<Exit>) {
        let gone = self.gone(at);
        let Some(life) = self.lanes[at].lives.last_mut() else {
            self.workers[at].state = gone;
            return;
        };
        life.exited_ns.get_or_insert(t_ns.max(life.ready_ns.unwrap_or(life.spawned_ns)));
        life.exit = life.exit.or(exit);
        let row = &mut self.workers[at];
        row.exit = life.exit;
        row.state = gone;
        let book = &mut self.books.cpu[at];
        book.past_lives = book.past_lives.saturating_add(std::mem::take(&mut book.life));
    }

    /// The pool was resized: a place that nobody fills is awaiting somebody, or no longer.
    pub(super) fn reconsider(&mut self, at: usize) {
        let lane = &self.lanes[at];
        let filled = lane.running.is_some() || lane.lives.last().is_some_and(|life| life.exited_ns.is_none());
        if filled {
            return;
        }
        let gone = self.gone(at);
        let state = &mut self.workers[at].state;
        if gone == WorkerState::Retired {
            *state = gone;
        } else if *state == WorkerState::Retired {
            *state = WorkerState::Starting;
        }
    }

    /// What to say of a worker who is not there.
    fn gone(&self, at: usize) -> WorkerState {
        if self.is_wanted(WorkerId(at as u32)) { WorkerState::Exited } else { WorkerState::Retired }
    }

    /// The last life on a lane; one without a known process where its spawn was never told.
    fn present_life(&mut self, at: usize, t_ns: u64) -> &mut Life {
        let lives = &mut self.lanes[at].lives;
        if lives.is_empty() {
            lives.push(newborn(0, 0, t_ns));
        }
        let last = lives.len() - 1;
        &mut lives[last]
    }

    /// What the worker ran when it died, whether its end has been told already or not.
    fn task_under_death(&self, at: usize) -> Option<TaskId> {
        let lane = &self.lanes[at];
        let spawned_ns = lane.lives.last().map_or(0, |life| life.spawned_ns);
        lane.running.map(|open| open.task).or_else(|| {
            let last = lane.spans.last()?;
            (matches!(last.outcome, Outcome::Crashed(_)) && last.end_ns >= spawned_ns).then_some(last.task)
        })
    }
}

fn newborn(pid: u32, tid: u32, spawned_ns: u64) -> Life {
    Life {
        pid,
        tid,
        replaces: false,
        spawned_ns,
        ready_ns: None,
        exited_ns: None,
        exit: None,
        expected: true,
    }
}
