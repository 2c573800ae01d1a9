//! One lock for all threads of a pool: a simulation of `CPython`'s global interpreter lock.
//!
//! As there, a thread holds the lock while it computes and lets go of it where it waits for something outside. One that
//! has waited for the switch interval asks for the lock: the holder gives way at its next checkpoint, and does not get
//! the lock back before the other has had it. Until then a thread that let go by itself may take the free lock again,
//! although others wait, so that short waits outside cost no switch.
//!
//! Two things differ. Waiters stand in line, where `CPython` leaves the choice among them to the system. And none of
//! them wakes up in order to ask: when the first in line would ask is written down, and the holder looks at it.
//!
//! A thread that never comes to a checkpoint keeps the lock, as C code does there that does not release it. When the
//! engine leaves such a thread behind, [`Gil::abandon`] takes the lock from it.

mod turns;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::Thread,
    time::Duration,
};

pub(super) use turns::Turns;

use crate::{
    time::{NS_PER_MS, RunClock},
    workload::Cancelled,
};

/// How long a thread waits before it asks for the lock: `CPython`'s default, `sys.getswitchinterval()`.
const SWITCH_INTERVAL_NS: u64 = 5 * NS_PER_MS;
/// How often a waiter looks whether its task was cancelled, should nobody have called [`Gil::nudge`].
const LOOK_UP: Duration = Duration::from_millis(50);
/// Stands for the time at which somebody would ask.
const NOBODY_WAITS: u64 = u64::MAX;

/// Names one thread at the lock. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SeatId(u64);

struct Waiter {
    seat: SeatId,
    asked_ns: u64,
    thread: Thread,
}

#[derive(Default)]
struct State {
    holder: Option<SeatId>,
    line: VecDeque<Waiter>,
    /// When somebody in line last got the lock, awake and on a core.
    served_ns: u64,
    /// When somebody last let go of it. Nobody can have got it before, whatever he read from the clock.
    released_ns: u64,
    abandoned: BTreeSet<SeatId>,
    seats: u64,
}

impl State {
    /// Leaves the lock to whoever comes first; whom to wake up for it.
    fn free(&mut self) -> Option<Thread> {
        self.holder = None;
        self.line.front().map(|first| first.thread.clone())
    }
}

/// The lock. Times are nanoseconds of the run's clock.
pub(super) struct Gil {
    clock: RunClock,
    interval_ns: u64,
    /// From when on the first in line asks for the lock; [`NOBODY_WAITS`]. Written under the mutex, read without.
    due_ns: AtomicU64,
    state: Mutex<State>,
}

impl Gil {
    pub(super) fn new(clock: RunClock) -> Arc<Self> {
        Self::with_interval(clock, SWITCH_INTERVAL_NS)
    }

    fn with_interval(clock: RunClock, interval_ns: u64) -> Arc<Self> {
        let (due_ns, state) = (AtomicU64::new(NOBODY_WAITS), Mutex::default());
        Arc::new(Self { clock, interval_ns, due_ns, state })
    }

    /// A place for one more thread.
    pub(super) fn seat(self: &Arc<Self>) -> Seat {
        let mut state = self.state();
        state.seats += 1;
        Seat { gil: Arc::clone(self), id: SeatId(state.seats) }
    }

    /// Goes on as if this thread did not exist: it loses the lock if it holds it, and gets it never again.
    pub(super) fn abandon(&self, seat: SeatId) {
        let mut state = self.state();
        state.abandoned.insert(seat);
        let waiting = self.leave(&mut state, seat);
        let next = if state.holder == Some(seat) { state.free() } else { None };
        drop(state);
        for thread in waiting.into_iter().chain(next) {
            thread.unpark();
        }
    }

    /// Lets everybody in line look at once whether they were cancelled.
    pub(super) fn nudge(&self) {
        for waiter in &self.state().line {
            waiter.thread.unpark();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody in line has waited long enough to be next.
    fn is_due(&self, now_ns: u64) -> bool {
        let due_ns = self.due_ns.load(Ordering::Relaxed);
        due_ns != NOBODY_WAITS && now_ns >= due_ns
    }

    /// To be called after every change of the line. Whoever was served last has the interval for itself.
    fn set_due(&self, state: &State) {
        let due_ns = state.line.front().map_or(NOBODY_WAITS, |first| {
            first.asked_ns.max(state.served_ns).saturating_add(self.interval_ns).min(NOBODY_WAITS - 1)
        });
        self.due_ns.store(due_ns, Ordering::Relaxed);
    }

    /// Makes the first in line the holder; whom to wake up for it.
    fn serve(&self, state: &mut State, now_ns: u64) -> Option<Thread> {
        let first = state.line.pop_front()?;
        state.holder = Some(first.seat);
        state.served_ns = now_ns;
        self.set_due(state);
        Some(first.thread)
    }

    /// Takes somebody out of the line who will not wait any longer.
    fn leave(&self, state: &mut State, seat: SeatId) -> Option<Thread> {
        let at = state.line.iter().position(|waiter| waiter.seat == seat)?;
        let waiter = state.line.remove(at)?;
        self.set_due(state);
        Some(waiter.thread)
    }
}

/// One thread's place at the lock. Letting go of it lets go of the lock.
pub(super) struct Seat {
    gil: Arc<Gil>,
    id: SeatId,
}

impl Seat {
    pub(super) fn id(&self) -> SeatId {
        self.id
    }

    /// Takes the lock and gives back when that was: `asked_ns`, the present moment as the caller has read it, where the
    /// lock was free.
    ///
    /// # Errors
    /// When `cancelled` says so while it waits, or the thread was abandoned.
    fn acquire(&self, asked_ns: u64, cancelled: &dyn Fn() -> bool) -> Result<u64, Cancelled> {
        let mut state = self.gil.state();
        if state.abandoned.contains(&self.id) {
            return Err(Cancelled);
        }
        if state.holder.is_none() && !self.gil.is_due(asked_ns) {
            state.holder = Some(self.id);
            return Ok(asked_ns.max(state.released_ns));
        }
        state.line.push_back(Waiter { seat: self.id, asked_ns, thread: std::thread::current() });
        self.gil.set_due(&state);
        drop(state);
        self.wait(cancelled)
    }

    fn wait(&self, cancelled: &dyn Fn() -> bool) -> Result<u64, Cancelled> {
        loop {
            let tired = cancelled();
            if !tired {
                std::thread::park_timeout(LOOK_UP);
            }
            let mut state = self.gil.state();
            let first = state.line.front().is_some_and(|first| first.seat == self.id);
            if state.holder.is_none() && first && !tired {
                let now_ns = self.gil.clock.now_ns();
                let _this_thread = self.gil.serve(&mut state, now_ns);
                return Ok(now_ns);
            }
            if state.holder == Some(self.id) {
                // However long it took until it woke up: its interval begins now.
                state.served_ns = self.gil.clock.now_ns();
                self.gil.set_due(&state);
                return Ok(state.served_ns);
            }
            if tired || state.abandoned.contains(&self.id) {
                let _this_thread = self.gil.leave(&mut state, self.id);
                // It may have been woken up to take the lock: then that is for the next one to do.
                let next = if state.holder.is_none() { state.free() } else { None };
                drop(state);
                if let Some(thread) = next {
                    thread.unpark();
                }
                return Err(Cancelled);
            }
        }
    }

    /// Lets go of the lock, if this thread has it. Whoever is due gets it for certain, else whoever is there first.
    fn release(&self, now_ns: u64) {
        let mut state = self.gil.state();
        if state.holder != Some(self.id) {
            return;
        }
        state.released_ns = state.released_ns.max(now_ns);
        let next = if self.gil.is_due(now_ns) { self.gil.serve(&mut state, now_ns) } else { state.free() };
        drop(state);
        if let Some(thread) = next {
            thread.unpark();
        }
    }

    /// At a checkpoint: hands the lock over if somebody asks for it, and says when that was. Costs next to nothing while
    /// nobody waits.
    fn give_way(&self) -> Option<u64> {
        if self.gil.due_ns.load(Ordering::Relaxed) == NOBODY_WAITS {
            return None;
        }
        let now_ns = self.gil.clock.now_ns();
        if !self.gil.is_due(now_ns) {
            return None;
        }
        let mut state = self.gil.state();
        if state.holder != Some(self.id) || !self.gil.is_due(now_ns) {
            return None;
        }
        state.released_ns = state.released_ns.max(now_ns);
        let next = self.gil.serve(&mut state, now_ns)?;
        drop(state);
        next.unpark();
        Some(now_ns)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.release(self.gil.clock.now_ns());
        self.gil.state().abandoned.remove(&self.id);
    }
}

#[cfg(test)]
mod tests;
