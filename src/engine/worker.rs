//! The worker's side: takes tasks, runs them, tells of each start and end. The same loop serves threads and processes,
//! with a ring and without; what differs is the [`Link`].

use std::{
    any::Any,
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use super::{
    gil::Turns,
    list::TaskList,
    lock_log::{LockLog, LockRecord},
    ring::{LockMemory, claim::Begin},
    sampler::TaskMeter,
    shared_lock::Owner,
    wire::{Down, Job, TaskEnd, Up},
};
use crate::{
    event::{Level, LockKind, Usage},
    ids::TaskId,
    workload::{self, Cancelled, TaskContext, TaskError, Value},
};

/// The engine cannot be reached any more: there is nobody to work for.
#[derive(Debug)]
pub(super) struct Gone;

/// How a task ended.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) t_ns: u64,
    pub(super) task: TaskId,
    pub(super) end: TaskEnd,
    pub(super) usage: Usage,
    pub(super) value: Value,
}

/// A worker's connection to its engine.
pub(super) trait Link {
    /// The next message; blocks until there is one.
    fn next(&mut self) -> Result<Down, Gone>;

    /// Asks whether the next task of a list of this generation may be begun. After [`Begin::Yes`] it must be.
    fn begin(&mut self, generation: u16) -> Result<Begin, Gone>;

    /// Leaves before the task runs, so that the engine knows what was in flight should this worker die in it.
    fn started(&mut self, t_ns: u64, task: TaskId) -> Result<(), Gone>;

    fn ended(&mut self, ending: Ending) -> Result<(), Gone>;

    /// It may leave only with what follows.
    fn lock(&mut self, record: LockRecord) -> Result<(), Gone>;

    /// Any other message; it leaves at once.
    fn say(&mut self, message: Up) -> Result<(), Gone>;

    /// To be called before the worker waits.
    fn rest(&mut self) -> Result<(), Gone>;
}

/// How a worker's tasks hear of cancellation, and wait.
pub(super) trait Halt {
    fn checkpoint(&self, task: TaskId) -> Result<(), Cancelled>;
    fn sleep(&self, task: TaskId, time: Duration) -> Result<(), Cancelled>;
}

/// What tasks of several workers may have to wait for.
pub(super) struct Locks {
    /// The worker's turns at the interpreter lock, where there is one.
    pub(super) turns: Option<Turns>,
    pub(super) shared: LockMemory,
}

/// Works until told to quit or until the engine has gone.
pub(super) fn work(link: &mut dyn Link, halt: &dyn Halt, job: &Job, locks: &Locks) -> Result<(), Gone> {
    let mut meter = TaskMeter::new(job.telemetry, job.witness, job.clock);
    let mut list = TaskList::default();
    let mut log = LockLog::default();
    link.say(Up::Ready { t_ns: job.clock.now_ns(), build: super::BUILD.to_owned() })?;
    loop {
        // A list that is empty though tasks are granted means that their frame is still under way.
        let begin = if list.is_empty() { Begin::Nothing } else { link.begin(list.generation())? };
        if begin == Begin::Yes
            && let Some((task, input)) = list.pop()
        {
            let surroundings = Surroundings { link, log: &mut log, halt, job, locks };
            run_task(surroundings, &mut meter, task, input.as_deref())?;
            continue;
        }
        for record in log.finish() {
            link.lock(record)?;
        }
        link.rest()?;
        match link.next()? {
            Down::Chunk { first, count } => list.append(first, count),
            Down::Input { task, bytes } => list.append_input(task, bytes),
            Down::Cut { generation, end } => list.cut(generation, end),
            Down::Recall => link.say(Up::Returned { count: list.give_back() })?,
            Down::Quit => return Ok(()),
            Down::Job(_) => {}
        }
    }
}

/// What one task needs of its worker.
struct Surroundings<'a> {
    link: &'a mut dyn Link,
    log: &'a mut LockLog,
    halt: &'a dyn Halt,
    job: &'a Job,
    locks: &'a Locks,
}

/// The run time begins before the meter's first reading, and the meter says when it ends. Waiting for the interpreter lock
/// is part of it.
fn run_task(
    surroundings: Surroundings<'_>,
    meter: &mut TaskMeter,
    task: TaskId,
    input: Option<&[u8]>,
) -> Result<(), Gone> {
    let Surroundings { link, log, halt, job, locks } = surroundings;
    let start_ns = job.clock.now_ns();
    meter.begin(start_ns);
    link.started(start_ns, task)?;
    let told = RefCell::new(Told { link, log });
    let context = Context { told, halt, job, locks, task };
    let result = match &locks.turns {
        Some(turns) => {
            let tell = &mut |record| context.tell_lock(record);
            turns.begin(task, start_ns, &|| context.is_cancelled(), tell).map_err(TaskError::from)
        }
        None => Ok(()),
    };
    let result = result.map_or_else(
        |cancelled| Ok(Err(cancelled)),
        |()| catch_unwind(AssertUnwindSafe(|| workload::run(&job.spec, task, input, &context))),
    );
    let (t_ns, usage) = meter.end(start_ns);
    if let Some(turns) = &locks.turns {
        turns.end(t_ns, &mut |record| context.tell_lock(record));
    }
    let (end, value) = match result {
        Ok(Ok(value)) => (TaskEnd::Ok, value),
        Ok(Err(TaskError::Cancelled)) => (TaskEnd::Cancelled, Value::Unit),
        Ok(Err(TaskError::Failed(why))) => (TaskEnd::Failed(why), Value::Unit),
        Err(panic) => (TaskEnd::Failed(panic_message(panic.as_ref())), Value::Unit),
    };
    context.told.into_inner().link.ended(Ending { t_ns, task, end, usage, value })
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panicked with a value that is no text".to_owned())
}

struct Context<'a> {
    /// Borrowed for the moment of a message only.
    told: RefCell<Told<'a>>,
    halt: &'a dyn Halt,
    job: &'a Job,
    locks: &'a Locks,
    task: TaskId,
}

/// Where what happens in a task is told.
struct Told<'a> {
    link: &'a mut dyn Link,
    log: &'a mut LockLog,
}

impl Context<'_> {
    fn is_cancelled(&self) -> bool {
        self.halt.checkpoint(self.task).is_err()
    }

    /// If the engine has gone, the next message of this task ends the worker; the use of a lock need not.
    fn tell_lock(&self, record: LockRecord) {
        let mut told = self.told.borrow_mut();
        if let Some(finished) = told.log.released(record) {
            let _gone_is_noticed_later = told.link.lock(finished);
        }
    }

    /// Lets go of the interpreter lock, if there is one, while `wait` runs.
    fn outside<T>(&self, wait: impl FnOnce() -> T) -> T {
        match &self.locks.turns {
            Some(turns) => {
                turns.blocking(&|| self.is_cancelled(), &mut |record| self.tell_lock(record), wait)
            }
            None => wait(),
        }
    }
}

impl TaskContext for Context<'_> {
    fn checkpoint(&self) -> Result<(), Cancelled> {
        self.halt.checkpoint(self.task)?;
        match &self.locks.turns {
            Some(turns) => turns.checkpoint(&|| self.is_cancelled(), &mut |record| self.tell_lock(record)),
            None => Ok(()),
        }
    }

    fn sleep(&self, time: Duration) -> Result<(), Cancelled> {
        self.outside(|| self.halt.sleep(self.task, time))
    }

    fn blocking(&self, wait: &mut dyn FnMut()) {
        self.outside(wait);
    }

    fn locked(&self, critical: &mut dyn FnMut(u64) -> Result<u64, Cancelled>) -> Result<(), Cancelled> {
        let clock = self.job.clock;
        let owner = Owner::new(self.job.worker, self.job.life);
        let asked_ns = clock.now_ns();
        // The moment of getting it is read before the interpreter lock is waited for, which is told by itself.
        let (held, got_ns) = match self.locks.shared.try_acquire(owner) {
            Some(held) => (Ok(held), clock.now_ns()),
            None => self.outside(|| {
                let held = self.locks.shared.acquire(owner, &|| self.is_cancelled());
                (held, clock.now_ns())
            }),
        };
        let result = match &held {
            Ok(held) => critical(held.counter()).map(|counter| held.set_counter(counter)),
            Err(cancelled) => Err(*cancelled),
        };
        // And that of letting go before anybody else can have it.
        let released_ns = if held.is_ok() { clock.now_ns() } else { got_ns };
        drop(held);
        let (lock, task) = (LockKind::Shared, self.task);
        self.tell_lock(LockRecord { lock, task, asked_ns, got_ns, released_ns });
        result
    }

    fn log(&self, line: &str) {
        let message = Up::Log { t_ns: self.job.clock.now_ns(), level: Level::Info, text: line.to_owned() };
        // If the engine has gone, the next message of this task ends the worker; a log line need not.
        let _gone_is_noticed_later = self.told.borrow_mut().link.say(message);
    }
}
