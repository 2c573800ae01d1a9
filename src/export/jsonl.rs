//! A run as JSON lines: one object a line, first the run itself, then everything that happened in order of time.
//!
//! Every object has `kind` and `t_ns`, nanoseconds since the run's start. What was not measured is null.
//!
//! | `kind` | `t_ns` is | and the rest |
//! |---|---|---|
//! | `run` | 0 | `program`, `version`, `title`, `spec`, `host`, `clock` (`unix_ns` at `t_ns` 0), `engine_pid`, `telemetry`, `status`, `reason`, `wall_ns`, `tasks`; the first line |
//! | `task` | an attempt's end | the columns of the tasks' CSV |
//! | `lock` | its release | `worker`, `lock` (`gil`, `shared`), `asked_ns`, `got_ns`, `released_ns` |
//! | `core_sample` | the end of the interval | `cores`: `user`, `system`, `iowait`, `steal` of each, as fractions |
//! | `worker_sample` | when it was read | `worker` (null for the engine), `cpu` (in cores), `cpu_ns`, `rss_bytes`, `pss_bytes`, `state`, `core`, `voluntary_switches`, `involuntary_switches` |
//! | `queue_sample` | when it was read | `queued`, `in_flight`, `done` |
//! | `log` | when it was said | `worker`, `level`, `text` |
//! | `lesson` | when it was told | `worker`, `told`: an object with one of `role`, `object`, `began`, `done`, `printed`, `stuck` |
//! | `worker` | when it happened | `worker`, `pid`, `tid`, `what` (`spawned`, `ready`, `exited`), `exit`, `expected` |
//! | `pool` | when it happened | `what` (`ready`, `paused`, `resumed`, `resized`, `ended`), `workers`, `status` |
//!
//! What happened at the same moment stands in the order of this table, `worker` and `pool` first.

mod merge;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use merge::{Moment, PoolEvent, WorkerEvent, moments};
use serde::Serialize;

use super::tasks::{Rows, TaskRow};
use crate::{
    event::{CoreLoad, Exit, Host, Level, LockKind, Status, WorkerSample, lesson::Told},
    spec::{Spec, Telemetry},
    store::{RunStore, Tally},
    time::RunClock,
};

/// Writes all lines. The run need not have ended.
pub fn write_jsonl(store: &RunStore, out: &mut dyn Write) -> io::Result<()> {
    line(&Line::Run(Box::new(RunLine::new(store))), out)?;
    let rows = Rows::new(store);
    for (t_ns, moment) in moments(store) {
        line(&Line::new(t_ns, moment, &rows), out)?;
    }
    Ok(())
}

fn line(line: &Line<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line<'a> {
    Run(Box<RunLine<'a>>),
    Task(Box<TaskLine>),
    Lock {
        t_ns: u64,
        worker: u32,
        lock: LockKind,
        asked_ns: u64,
        got_ns: u64,
        released_ns: u64,
    },
    CoreSample {
        t_ns: u64,
        cores: &'a [CoreLoad],
    },
    WorkerSample(SampleLine<'a>),
    QueueSample {
        t_ns: u64,
        queued: u32,
        in_flight: u32,
        done: u32,
    },
    Log {
        t_ns: u64,
        worker: Option<u32>,
        level: Level,
        text: &'a str,
    },
    /// What a process of a lesson told; without a worker, what the engine found out about all.
    Lesson {
        t_ns: u64,
        worker: Option<u32>,
        told: &'a Told,
    },
    Worker(WorkerLine),
    Pool {
        t_ns: u64,
        what: &'static str,
        workers: Option<u32>,
        status: Option<Status>,
    },
}

#[derive(Serialize)]
struct RunLine<'a> {
    t_ns: u64,
    program: &'static str,
    version: &'static str,
    title: Option<String>,
    spec: Option<&'a Spec>,
    host: Option<&'a Host>,
    clock: Option<RunClock>,
    engine_pid: Option<u32>,
    telemetry: Option<Telemetry>,
    status: &'static str,
    reason: Option<&'a str>,
    wall_ns: u64,
    tasks: Tally,
}

#[derive(Serialize)]
struct TaskLine {
    t_ns: u64,
    #[serde(flatten)]
    row: TaskRow,
}

#[derive(Serialize)]
struct SampleLine<'a> {
    t_ns: u64,
    worker: Option<u32>,
    #[serde(flatten)]
    sample: &'a WorkerSample,
}

#[derive(Serialize)]
struct WorkerLine {
    t_ns: u64,
    worker: u32,
    what: &'static str,
    pid: u32,
    tid: u32,
    exit: Option<Exit>,
    expected: Option<bool>,
}

impl<'a> RunLine<'a> {
    fn new(store: &'a RunStore) -> Self {
        let info = store.info.as_deref();
        Self {
            t_ns: 0,
            program: "poolscope",
            version: env!("CARGO_PKG_VERSION"),
            title: store.title(),
            spec: info.map(|info| &info.spec),
            host: info.map(|info| &info.host),
            clock: info.map(|info| info.clock),
            engine_pid: info.map(|info| info.engine_pid),
            telemetry: info.map(|info| info.telemetry),
            status: store.phase.name(),
            reason: store.reason.as_deref(),
            wall_ns: store.last_end_ns,
            tasks: store.tally,
        }
    }
}

impl<'a> Line<'a> {
    fn new(t_ns: u64, moment: Moment<'a>, rows: &Rows<'_>) -> Self {
        match moment {
            Moment::Worker(worker, life, event) => {
                let exited = event == WorkerEvent::Exited;
                Self::Worker(WorkerLine {
                    t_ns,
                    worker: worker.0,
                    what: event.name(),
                    pid: life.pid,
                    tid: life.tid,
                    exit: life.exit.filter(|_| exited),
                    expected: exited.then_some(life.expected),
                })
            }
            Moment::Pool(event) => {
                let (what, workers, status) = match event {
                    PoolEvent::Ready => ("ready", None, None),
                    PoolEvent::Paused => ("paused", None, None),
                    PoolEvent::Resumed => ("resumed", None, None),
                    PoolEvent::Resized(workers) => ("resized", Some(workers), None),
                    PoolEvent::Ended(status) => ("ended", None, Some(status)),
                };
                Self::Pool { t_ns, what, workers, status }
            }
            Moment::Task(worker, span) => {
                Self::Task(Box::new(TaskLine { t_ns, row: rows.row(worker, &span) }))
            }
            Moment::Lock(worker, lock, span) => Self::Lock {
                t_ns,
                worker: worker.0,
                lock,
                asked_ns: span.asked_ns,
                got_ns: span.got_ns,
                released_ns: span.released_ns,
            },
            Moment::Cores(sample) => Self::CoreSample { t_ns, cores: &sample.loads },
            Moment::Process(point) => Self::WorkerSample(SampleLine {
                t_ns,
                worker: point.worker.map(|worker| worker.0),
                sample: &point.sample,
            }),
            Moment::Queue(sample) => Self::QueueSample {
                t_ns,
                queued: sample.queued,
                in_flight: sample.in_flight,
                done: sample.done,
            },
            Moment::Lesson(entry) => {
                Self::Lesson { t_ns, worker: entry.worker.map(|worker| worker.0), told: &entry.told }
            }
            Moment::Log(line) => Self::Log {
                t_ns,
                worker: line.worker.map(|worker| worker.0),
                level: line.level,
                text: &line.text,
            },
        }
    }
}
