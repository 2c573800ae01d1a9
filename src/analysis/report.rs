//! The summary of one run: the object that `run --json` prints, and the few lines that a terminal shows.

mod summary;
#[cfg(test)]
mod tests;

use serde::Serialize;
pub use summary::label_lines;

use super::{Distribution, Figures, Finding, LocksReport, PartsTotal, WorkerTime, verdict};
use crate::{
    event::{Exit, Host, Outcome},
    spec::{Spec, Telemetry},
    store::{AttemptState, Lane, RunStore, Tally, WorkerRow},
    time::NS_PER_S,
    workload::Value,
};

/// Numbers are listed one by one up to this many tasks; beyond it the checksum has to do.
const MAX_LISTED_VALUES: u32 = 1000;

/// What the session's own process cost while it watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observer {
    pub cpu_ns: u64,
    pub wall_ns: u64,
}

/// One run in numbers. Fields that could not be known are null.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunReport {
    /// Null for a run that could not start.
    pub spec: Option<Spec>,
    pub host: Option<Host>,
    /// `finished`, `interrupted`, `failed` or `lost`; for a live run where it stands.
    pub status: &'static str,
    /// Why the run did not finish.
    pub reason: Option<String>,
    /// From the pool's start to the last task's end.
    pub wall_ns: u64,
    pub ready_ns: Option<u64>,
    pub tasks: Tally,
    /// The attempt that failed, crashed or timed out first, and how; null where none did.
    pub first_failure: Option<String>,
    pub workers: Vec<WorkerReport>,
    /// Tasks that ended, in any way, per second of wall time.
    pub throughput: Option<f64>,
    /// Run time of attempts that ended ok, as the two below.
    pub task_ns: Option<Distribution>,
    /// Time in the queue.
    pub wait_ns: Option<Distribution>,
    /// From entering the queue to the result's arrival.
    pub round_trip_ns: Option<Distribution>,
    pub worker_time: Option<WorkerTime>,
    /// Null where tasks used no lock.
    pub locks: Option<LocksReport>,
    /// What stands out, the most important first; empty where nothing does, and of a live run.
    pub verdict: Vec<Finding>,
    /// Changes of the number of workers while the run went, in order of time; empty for a pool that kept its size.
    pub resized: Vec<ResizeReport>,
    pub result: ResultReport,
    pub telemetry: Option<TelemetryReport>,
    pub engine: EngineReport,
    #[serde(rename = "self")]
    pub observer: SelfReport,
}

/// One worker's place in the pool, over all its lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkerReport {
    pub id: u32,
    /// What this process is called in its lesson; left out in any other run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub pid: u32,
    pub tid: u32,
    /// Tasks that ended ok here.
    pub tasks: u32,
    pub restarts: u32,
    pub cpu_ns: u64,
    pub max_rss_bytes: u64,
    pub pss_bytes: Option<u64>,
    pub exit: Option<Exit>,
    /// Where its time went, in nanoseconds by part; null where none has passed.
    pub worker_time_ns: Option<PartsTotal>,
}

/// From then on the pool was to have so many workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ResizeReport {
    pub t_ns: u64,
    pub workers: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResultReport {
    /// 16 hexadecimal digits. Equal for all runs of the same work, whatever the pool.
    pub checksum: String,
    /// By task; null where a task has no number. Left out where tasks return none, or there are too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<Option<u64>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TelemetryReport {
    pub level: Telemetry,
    /// What measuring one task cost.
    pub cost_ns: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EngineReport {
    pub pid: Option<u32>,
    pub max_rss_bytes: u64,
    pub cpu_ns: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SelfReport {
    pub cpu_ns: u64,
    pub wall_ns: u64,
    /// In cores.
    pub cpu_share: f64,
}

impl RunReport {
    pub fn new(store: &RunStore, observer: Observer) -> Self {
        let info = store.info.as_deref();
        let [run_ns, wait_ns, round_trip_ns] = ok_times(store);
        let worker_time = WorkerTime::new(store);
        Self {
            spec: info.map(|info| info.spec.clone()),
            host: info.map(|info| info.host.clone()),
            status: store.phase.name(),
            reason: store.reason.as_deref().map(str::to_owned),
            wall_ns: store.last_end_ns,
            ready_ns: store.ready_ns,
            tasks: store.tally,
            first_failure: first_failure(store),
            workers: store
                .workers
                .iter()
                .enumerate()
                .map(|(at, row)| {
                    WorkerReport::new(store, row, worker_time.as_ref().and_then(|time| time.of_worker(at)))
                })
                .collect(),
            throughput: throughput(store),
            task_ns: Distribution::of(run_ns),
            wait_ns: Distribution::of(wait_ns),
            round_trip_ns: Distribution::of(round_trip_ns),
            locks: LocksReport::new(store),
            // Of a run that is shown again nobody knows what its session used, and both must say the same.
            verdict: Figures::with_time(store, 0, worker_time.as_ref())
                .map_or_else(Vec::new, |figures| verdict(store, &figures)),
            worker_time,
            resized: store.resizes().iter().map(|&(t_ns, workers)| ResizeReport { t_ns, workers }).collect(),
            result: ResultReport::new(store),
            telemetry: info
                .map(|info| TelemetryReport { level: info.telemetry, cost_ns: info.telemetry_cost_ns }),
            engine: EngineReport {
                pid: info.map(|info| info.engine_pid),
                max_rss_bytes: store.engine_max_rss_bytes,
                cpu_ns: store.engine.cpu_ns,
            },
            observer: SelfReport::new(observer),
        }
    }
}

impl WorkerReport {
    fn new(store: &RunStore, row: &WorkerRow, worker_time_ns: Option<PartsTotal>) -> Self {
        Self {
            id: row.worker.0,
            name: store.lesson.role(row.worker).map(|role| role.name.to_string()),
            pid: row.pid,
            tid: row.tid,
            tasks: row.tasks_ok,
            restarts: row.restarts,
            cpu_ns: row.cpu_ns,
            max_rss_bytes: row.max_rss_bytes,
            pss_bytes: row.max_pss_bytes,
            exit: row.exit,
            worker_time_ns,
        }
    }
}

impl ResultReport {
    fn new(store: &RunStore) -> Self {
        let numeric = store.values.iter().any(|(_, value)| matches!(**value, Value::Number(_)));
        let values = (numeric && store.tally.total <= MAX_LISTED_VALUES).then(|| {
            let mut values = vec![None; store.tally.total as usize];
            for (task, value) in store.values.iter() {
                if let (Some(slot), Value::Number(n)) = (values.get_mut(task.index()), &**value) {
                    *slot = Some(*n);
                }
            }
            values
        });
        Self { checksum: format!("{:016x}", store.checksum), values }
    }
}

impl SelfReport {
    fn new(observer: Observer) -> Self {
        let Observer { cpu_ns, wall_ns } = observer;
        let cpu_share = if wall_ns == 0 { 0.0 } else { cpu_ns as f64 / wall_ns as f64 };
        Self { cpu_ns, wall_ns, cpu_share }
    }
}

/// Of every attempt that ended ok: run time, wait in the queue, and way there and back, in nanoseconds.
fn ok_times(store: &RunStore) -> [Vec<u64>; 3] {
    let mut times = [const { Vec::new() }; 3];
    for (_, span) in store.spans().filter(|(_, span)| span.outcome == Outcome::Ok) {
        for (times, ns) in times.iter_mut().zip([span.run_ns(), span.wait_ns(), span.round_trip_ns()]) {
            times.push(ns);
        }
    }
    times
}

/// All failures of a run mostly have one cause, so that the first says enough.
pub fn first_failure(store: &RunStore) -> Option<String> {
    // Nearly all runs have none, and need not be looked through.
    let not_ok = |lane: &Lane| lane.spans.totals()[AttemptState::Ok as usize] as usize != lane.spans.len();
    if !store.lanes.iter().any(not_ok) {
        return None;
    }
    let failures =
        store.spans().filter(|(_, span)| !matches!(span.outcome, Outcome::Ok | Outcome::Cancelled));
    let (worker, span) = failures.min_by_key(|(_, span)| (span.end_ns, span.task))?;
    Some(match &span.outcome {
        Outcome::Failed(why) => format!("{}: {}", span.task, why.lines().next().unwrap_or_default()),
        outcome => format!("{} {outcome} on {worker}", span.task),
    })
}

/// Tasks that ended ok per second of wall time; `None` before the first has ended.
pub(super) fn throughput(store: &RunStore) -> Option<f64> {
    let wall_ns = store.last_end_ns;
    (wall_ns > 0).then(|| f64::from(store.tally.ok) * NS_PER_S as f64 / wall_ns as f64)
}
