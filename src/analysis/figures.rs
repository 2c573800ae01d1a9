//! What one run comes to, in the few figures that experiments compare and keep.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap};

use super::{
    Background, Distribution, LocksReport, PARTS, Part, WorkerTime, compare::peak_memory_bytes, report,
};
use crate::{
    event::{Outcome, Status},
    store::{Phase, RunStore, Tally},
};

/// All attempts of a run together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptTotals {
    pub count: u64,
    pub run_ns: u64,
    pub longest_ns: u64,
    pub first_start_ns: u64,
    /// Whether any attempt's CPU time was measured, and any one's time without a core.
    pub cpu_known: bool,
    pub core_wait_known: bool,
}

/// One run that has ended, in figures. Those that were not measured are `None`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub status: Status,
    /// Why the run did not finish.
    pub reason: Option<String>,
    pub tasks: Tally,
    /// From the pool's start to the last task's end.
    pub wall_ns: u64,
    /// From the pool's start until every worker was ready.
    pub ready_ns: Option<u64>,
    /// From the first task's start to the last task's end: the wall time without the time to start the pool.
    pub work_ns: Option<u64>,
    /// Tasks that ended ok per second of wall time.
    pub throughput: Option<f64>,
    /// Run time of attempts that ended ok, and the CPU time of their threads.
    pub task_ns: Option<Distribution>,
    pub task_cpu_ns: Option<Distribution>,
    /// Where the workers' time went, in nanoseconds of all workers together.
    pub worker_time_ns: PartsTotal,
    /// CPU time of all workers.
    pub cpu_ns: u64,
    pub peak_memory_bytes: Option<u64>,
    /// Bytes that were moved to workers and back for tasks to work on.
    pub bytes_moved: u64,
    /// Time that all workers together waited for locks.
    pub lock_wait_ns: u64,
    pub background: Option<Background>,
    /// 16 hexadecimal digits, see [`super::ResultReport`].
    pub checksum: String,
    pub attempts: AttemptTotals,
}

impl Figures {
    /// `None` for a run that is live. `observer_cpu_ns` is what the session's process used meanwhile: it is no load of
    /// somebody else.
    pub fn new(store: &RunStore, observer_cpu_ns: u64) -> Option<Self> {
        Self::with_time(store, observer_cpu_ns, WorkerTime::new(store).as_ref())
    }

    /// The same where the workers' time was counted before.
    pub(super) fn with_time(
        store: &RunStore,
        observer_cpu_ns: u64,
        time: Option<&WorkerTime>,
    ) -> Option<Self> {
        let Phase::Ended(status) = store.phase else { return None };
        let (mut task_ns, mut task_cpu_ns) = (Vec::new(), Vec::new());
        let mut attempts = AttemptTotals { first_start_ns: u64::MAX, ..AttemptTotals::default() };
        let mut bytes_moved = 0u64;
        for span in store.lanes.iter().flat_map(|lane| lane.spans.iter()) {
            attempts.count += 1;
            attempts.run_ns = attempts.run_ns.saturating_add(span.run_ns());
            attempts.longest_ns = attempts.longest_ns.max(span.run_ns());
            attempts.first_start_ns = attempts.first_start_ns.min(span.start_ns);
            attempts.cpu_known |= span.usage.cpu_ns.is_some();
            attempts.core_wait_known |= span.usage.core_wait_ns.is_some();
            bytes_moved += u64::from(span.usage.bytes_in) + u64::from(span.usage.bytes_out);
            if span.outcome == Outcome::Ok {
                task_ns.push(span.run_ns());
                task_cpu_ns.extend(span.usage.cpu_ns);
            }
        }
        let wall_ns = store.last_end_ns;
        Some(Self {
            status,
            reason: store.reason.as_deref().map(str::to_owned),
            tasks: store.tally,
            wall_ns,
            ready_ns: store.ready_ns,
            work_ns: wall_ns.checked_sub(attempts.first_start_ns),
            throughput: report::throughput(store),
            task_ns: Distribution::of(task_ns),
            task_cpu_ns: Distribution::of(task_cpu_ns),
            worker_time_ns: time.map_or_else(PartsTotal::default, WorkerTime::total),
            cpu_ns: store.workers.iter().fold(0, |sum, row| sum.saturating_add(row.cpu_ns)),
            peak_memory_bytes: peak_memory_bytes(store).map(|bytes| bytes as u64),
            bytes_moved,
            lock_wait_ns: LocksReport::new(store).map_or(0, |locks| locks.waited_ns()),
            background: Background::of(store, observer_cpu_ns),
            checksum: format!("{:016x}", store.checksum),
            attempts,
        })
    }

    /// Every task ended well.
    pub fn is_whole(&self) -> bool {
        self.status == Status::Finished && self.tasks.all_ok()
    }

    /// In a few words, for a run that is not whole.
    pub(super) fn how_it_ended(&self) -> String {
        match self.status {
            Status::Finished => self.tasks.words(),
            Status::Interrupted => "stopped".to_owned(),
            Status::Failed => "could not start".to_owned(),
            Status::Lost => "its engine died".to_owned(),
        }
    }
}

/// All workers' time in nanoseconds, by what it went into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartsTotal([u64; PARTS]);

impl PartsTotal {
    pub(super) fn new(per_part_ns: [u64; PARTS]) -> Self {
        Self(per_part_ns)
    }

    pub fn of(&self, part: Part) -> u64 {
        self.0[part as usize]
    }

    /// All parts together.
    pub fn whole_ns(&self) -> u64 {
        self.0.iter().fold(0, |sum, &ns| sum.saturating_add(ns))
    }

    /// A part's share, 0 to 1; 0 of nothing.
    pub fn share(&self, part: Part) -> f64 {
        self.of(part) as f64 / self.whole_ns().max(1) as f64
    }

    /// The part that took the most, and its share; the first in the order of [`Part::ALL`] where two are alike.
    pub fn largest(&self) -> (Part, f64) {
        let mut largest = Part::Useful;
        for part in Part::ALL {
            if self.of(part) > self.of(largest) {
                largest = part;
            }
        }
        (largest, self.share(largest))
    }
}

impl Serialize for PartsTotal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(PARTS))?;
        for part in Part::ALL {
            map.serialize_entry(part.name(), &self.of(part))?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for PartsTotal {
    /// Parts that are not named are 0; a name that there is not is an error.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named = std::collections::BTreeMap::<String, u64>::deserialize(deserializer)?;
        let mut total = Self::default();
        for (name, ns) in named {
            let part = Part::ALL.into_iter().find(|part| part.name() == name);
            let part =
                part.ok_or_else(|| D::Error::custom(format!("{name:?} is no part of workers' time")))?;
            total.0[part as usize] = ns;
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::Event, spec::Backend, store::testing::*};

    #[test]
    fn the_time_to_start_is_not_part_of_the_work() {
        let spec = spec(Backend::Threads, 1, 2);
        let run = store([
            run_started(spec),
            spawned(0, 0, 0),
            ready(40, 0),
            Event::PoolReady { t_ns: 40 },
            started(50, 0, 0, 0),
            ok(90, 0, 0),
            started(90, 0, 1, 0),
            ok(150, 0, 1),
            finished(160),
        ]);
        let figures = Figures::new(&run, 0).expect("it has ended");
        assert!(figures.is_whole());
        let first = run.lanes[0].spans.get(0).expect("a span").start_ns;
        assert_eq!(figures.work_ns, Some(run.last_end_ns - first));
        assert!(figures.work_ns < Some(figures.wall_ns) && figures.ready_ns == Some(40));
        assert_eq!(figures.worker_time_ns.whole_ns(), figures.wall_ns, "one worker, from start to end");
    }

    #[test]
    fn what_is_written_is_read_back() {
        for seed in 0..50 {
            let run = store(random_run(seed));
            let Some(figures) = Figures::new(&run, 5) else { continue };
            let json = serde_json::to_string(&figures).expect("JSON");
            assert_eq!(serde_json::from_str::<Figures>(&json).expect("read back"), figures);
        }
        let odd = serde_json::from_str::<PartsTotal>("{\"useful\":3,\"sleeping\":4}");
        assert!(odd.is_err_and(|error| error.to_string().contains("sleeping")));
    }

    #[test]
    fn a_live_run_has_no_figures_yet() {
        assert_eq!(Figures::new(&store([run_started(spec(Backend::Threads, 1, 2))]), 0), None);
    }
}
