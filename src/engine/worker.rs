//! The worker's side: takes tasks, runs them, tells of each start and end. The same loop serves threads and processes,
//! with a ring and without; what differs is the [`Link`].

use std::{
    any::Any,
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{
    list::TaskList,
    ring::claim::Begin,
    sampler::TaskMeter,
    wire::{Down, Job, TaskEnd, Up},
};
use crate::{
    event::{Level, Usage},
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

/// Works until told to quit or until the engine has gone.
pub(super) fn work(link: &mut dyn Link, halt: &dyn Halt, job: &Job) -> Result<(), Gone> {
    let mut meter = TaskMeter::new(job.telemetry, job.witness, job.clock);
    let mut list = TaskList::default();
    link.say(Up::Ready { t_ns: job.clock.now_ns(), build: super::BUILD.to_owned() })?;
    loop {
        // A list that is empty though tasks are granted means that their frame is still under way.
        let begin = if list.is_empty() { Begin::Nothing } else { link.begin(list.generation())? };
        if begin == Begin::Yes
            && let Some((task, input)) = list.pop()
        {
            run_task(link, halt, job, &mut meter, task, input.as_deref())?;
            continue;
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

/// The run time begins before the meter's first reading, and the meter says when it ends.
fn run_task(
    link: &mut dyn Link,
    halt: &dyn Halt,
    job: &Job,
    meter: &mut TaskMeter,
    task: TaskId,
    input: Option<&[u8]>,
) -> Result<(), Gone> {
    let start_ns = job.clock.now_ns();
    meter.begin(start_ns);
    link.started(start_ns, task)?;
    let context = Context { link: RefCell::new(link), halt, job, task };
    let result = catch_unwind(AssertUnwindSafe(|| workload::run(&job.spec, task, input, &context)));
    let (t_ns, usage) = meter.end(start_ns);
    let (end, value) = match result {
        Ok(Ok(value)) => (TaskEnd::Ok, value),
        Ok(Err(TaskError::Cancelled)) => (TaskEnd::Cancelled, Value::Unit),
        Ok(Err(TaskError::Failed(why))) => (TaskEnd::Failed(why), Value::Unit),
        Err(panic) => (TaskEnd::Failed(panic_message(panic.as_ref())), Value::Unit),
    };
    context.link.into_inner().ended(Ending { t_ns, task, end, usage, value })
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panicked with a value that is no text".to_owned())
}

struct Context<'a> {
    link: RefCell<&'a mut dyn Link>,
    halt: &'a dyn Halt,
    job: &'a Job,
    task: TaskId,
}

impl TaskContext for Context<'_> {
    fn checkpoint(&self) -> Result<(), Cancelled> {
        self.halt.checkpoint(self.task)
    }

    fn sleep(&self, time: Duration) -> Result<(), Cancelled> {
        self.halt.sleep(self.task, time)
    }

    fn blocking(&self, wait: &mut dyn FnMut()) {
        wait();
    }

    fn locked(&self, critical: &mut dyn FnMut(u64) -> Result<u64, Cancelled>) -> Result<(), Cancelled> {
        static COUNTER: Mutex<u64> = Mutex::new(0);
        let mut counter = COUNTER.lock().unwrap_or_else(PoisonError::into_inner);
        *counter = critical(*counter)?;
        Ok(())
    }

    fn log(&self, line: &str) {
        let message = Up::Log { t_ns: self.job.clock.now_ns(), level: Level::Info, text: line.to_owned() };
        // If the engine has gone, the next message of this task ends the worker; a log line need not.
        let _gone_is_noticed_later = self.link.borrow_mut().say(message);
    }
}
