//! The worker's side: takes chunks, runs tasks, tells of each start and end. The same loop serves threads and processes;
//! what differs is the [`Link`].

use std::{
    any::Any,
    cell::RefCell,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{
    sampler::TaskMeter,
    wire::{Down, Job, TaskEnd, Up},
};
use crate::{
    event::Level,
    ids::TaskId,
    workload::{self, Cancelled, TaskContext, Value},
};

/// The engine cannot be reached any more: there is nobody to work for.
#[derive(Debug)]
pub(super) struct Gone;

/// A worker's connection to its engine.
pub(super) trait Link {
    /// The next message. With `wait`, blocks until there is one; without, gives `None` when there is none.
    fn next(&mut self, wait: bool) -> Result<Option<Down>, Gone>;

    /// Queues a message. It is on its way only after [`Link::flush`].
    fn queue(&mut self, message: Up) -> Result<(), Gone>;

    fn flush(&mut self) -> Result<(), Gone>;
}

/// How a worker's tasks hear of cancellation, and wait.
pub(super) trait Halt {
    fn checkpoint(&self, task: TaskId) -> Result<(), Cancelled>;
    fn sleep(&self, task: TaskId, time: Duration) -> Result<(), Cancelled>;
}

/// Works until told to quit or until the engine has gone.
pub(super) fn work(link: &mut dyn Link, halt: &dyn Halt, job: &Job) -> Result<(), Gone> {
    let mut meter = TaskMeter::new(job.telemetry, job.witness, job.clock);
    let mut tasks: VecDeque<std::ops::Range<u32>> = VecDeque::new();
    let mut held = false;
    let mut quitting = false;
    link.queue(Up::Ready { t_ns: job.clock.now_ns(), build: super::BUILD.to_owned() })?;
    loop {
        let idle = held || tasks.is_empty();
        if idle {
            link.flush()?;
            if quitting {
                return Ok(());
            }
        }
        let mut wait = idle;
        while let Some(message) = link.next(wait)? {
            wait = false;
            match message {
                Down::Chunk { first, count } => tasks.push_back(first..first.saturating_add(count)),
                Down::Hold | Down::Go => {
                    held = message == Down::Hold;
                    link.queue(Up::Heard)?;
                }
                Down::Quit => {
                    quitting = true;
                    tasks.clear();
                }
                Down::Job(_) => {}
            }
        }
        if held {
            continue;
        }
        let Some(chunk) = tasks.front_mut() else { continue };
        let Some(index) = chunk.next() else {
            tasks.pop_front();
            continue;
        };
        if chunk.start >= chunk.end {
            tasks.pop_front();
        }
        run_task(link, halt, job, &mut meter, TaskId(index))?;
    }
}

/// START leaves before the task runs, so that the engine knows what was in flight should this worker die here.
/// The run time begins before the meter's first reading, and the meter says when it ends.
fn run_task(
    link: &mut dyn Link,
    halt: &dyn Halt,
    job: &Job,
    meter: &mut TaskMeter,
    task: TaskId,
) -> Result<(), Gone> {
    let start_ns = job.clock.now_ns();
    meter.begin(start_ns);
    link.queue(Up::Started { t_ns: start_ns, task })?;
    link.flush()?;
    let context = Context { link: RefCell::new(link), halt, job, task };
    let result = catch_unwind(AssertUnwindSafe(|| workload::run(&job.spec, task, &context)));
    let (t_ns, usage) = meter.end(start_ns);
    let (end, value) = match result {
        Ok(Ok(value)) => (TaskEnd::Ok, value),
        Ok(Err(Cancelled)) => (TaskEnd::Cancelled, Value::Unit),
        Err(panic) => (TaskEnd::Failed(panic_message(panic.as_ref())), Value::Unit),
    };
    // The end waits for the next start, or for idleness: one write a task instead of two.
    context.link.into_inner().queue(Up::Ended { t_ns, task, end, usage, value })
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
        let mut connection = self.link.borrow_mut();
        // If the engine has gone, the next message of this task ends the worker; a log line need not.
        if connection.queue(message).is_ok() {
            let _gone_is_noticed_later = connection.flush();
        }
    }
}
