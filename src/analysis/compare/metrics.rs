//! What is compared: how each quantity is read from a run, and how a difference in it is put into words.

use super::{
    Row,
    quantity::{Pair, Unit},
};
use crate::{
    analysis::{Distribution, LocksReport, report::throughput},
    event::{Outcome, Status},
    spec::Backend,
    store::{Phase, RunStore},
};

/// Values that differ by no more than this share of the larger one are about the same.
const SAME: f64 = 0.02;
const NOT_MEASURED: &str = "not measured";

pub(super) struct Metric {
    name: &'static str,
    unit: Unit,
    /// It sums over the whole work: of a run that did a part of it, it tells nothing about who is faster.
    of_whole_work: bool,
    /// `None` where it was not measured.
    value: fn(&RunStore) -> Option<f64>,
    words: fn(&Pair<'_>) -> String,
}

pub(super) const METRICS: [Metric; 8] = [
    Metric {
        name: "wall time",
        unit: Unit::Ns,
        of_whole_work: true,
        value: |store| positive(store.last_end_ns),
        words: |pair| format!("{} finished {} sooner", pair.low_name, pair.times()),
    },
    Metric {
        name: "time until ready",
        unit: Unit::Ns,
        of_whole_work: false,
        value: |store| store.ready_ns.map(|ns| ns as f64),
        words: |pair| format!("{} took {} longer to start", pair.high_name, pair.more()),
    },
    Metric {
        name: "CPU time",
        unit: Unit::Ns,
        of_whole_work: true,
        value: |store| positive(sum(store.workers.iter().map(|row| row.cpu_ns))),
        words: |pair| format!("{} used {} the CPU time", pair.high_name, pair.times()),
    },
    Metric {
        name: "peak memory",
        unit: Unit::Bytes,
        of_whole_work: false,
        value: peak_memory_bytes,
        words: |pair| format!("{} used {} more memory", pair.high_name, pair.more()),
    },
    Metric {
        name: "throughput",
        unit: Unit::TasksPerSecond,
        of_whole_work: true,
        value: throughput,
        words: |pair| format!("{} did {} as many tasks a second", pair.high_name, pair.times()),
    },
    Metric {
        name: "median task",
        unit: Unit::Ns,
        of_whole_work: true,
        value: |store| task_ns(store).map(|spread| spread.median as f64),
        words: |pair| format!("a typical task took {} as long with {}", pair.times(), pair.high_name),
    },
    Metric {
        name: "p95 task",
        unit: Unit::Ns,
        of_whole_work: true,
        value: |store| task_ns(store).map(|spread| spread.p95 as f64),
        words: |pair| format!("slow tasks took {} as long with {}", pair.times(), pair.high_name),
    },
    Metric {
        name: "context switches",
        unit: Unit::Count,
        of_whole_work: true,
        value: context_switches,
        words: |pair| format!("{} switched {} as often", pair.high_name, pair.times()),
    },
];

/// The first of [`METRICS`] say where the time went.
pub(super) const TIMES: usize = 3;
/// Told after them, where at least one of the runs used a lock.
pub(super) const LOCKS: Metric = Metric {
    name: "waiting for locks",
    unit: Unit::Ns,
    of_whole_work: true,
    value: |store| Some(LocksReport::new(store).map_or(0.0, |locks| locks.waited_ns() as f64)),
    words: |pair| format!("{} waited {} more for locks", pair.high_name, pair.more()),
};

impl Metric {
    pub(super) fn row(&self, a: &RunStore, b: &RunStore, names: &[String; 2]) -> Row {
        let (value_a, value_b) = ((self.value)(a), (self.value)(b));
        let human =
            |value: Option<f64>| value.map_or(NOT_MEASURED.to_owned(), |value| self.unit.human(value));
        let exact =
            |value: Option<f64>| value.map_or(NOT_MEASURED.to_owned(), |value| self.unit.exact(value));
        Row {
            name: self.name,
            a: human(value_a),
            b: human(value_b),
            exact_a: exact(value_a),
            exact_b: exact(value_b),
            difference: match unfinished(a, b, names) {
                Some(words) if self.of_whole_work && value_a.is_some() && value_b.is_some() => words,
                _ => self.difference(value_a, value_b, names),
            },
        }
    }

    fn difference(&self, a: Option<f64>, b: Option<f64>, names: &[String; 2]) -> String {
        let (Some(a), Some(b)) = (a, b) else { return NOT_MEASURED.to_owned() };
        let (low, high, low_name, high_name) =
            if a <= b { (a, b, &names[0], &names[1]) } else { (b, a, &names[1], &names[0]) };
        if high - low <= high * SAME {
            return "about the same".to_owned();
        }
        if low == 0.0 {
            return format!("none with {low_name}");
        }
        (self.words)(&Pair { unit: self.unit, low, high, low_name, high_name })
    }
}

fn positive(value: u64) -> Option<f64> {
    (value > 0).then_some(value as f64)
}

fn sum(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(0, u64::saturating_add)
}

fn task_ns(store: &RunStore) -> Option<Distribution> {
    let ok = store.spans().map(|(_, span)| span).filter(|span| span.outcome == Outcome::Ok);
    Distribution::of(ok.map(|span| span.run_ns()))
}

/// The memory that the run needed. For serial runs and threads, the most resident memory of the engine, which holds
/// everything. For processes, the engine's plus each worker's own largest: of its proportional share (PSS) where that
/// was read, else of its resident memory (RSS), which counts pages that workers share once for each. The largest values
/// need not have been at the same moment, so that this is an upper bound.
pub(in crate::analysis) fn peak_memory_bytes(store: &RunStore) -> Option<f64> {
    let info = store.info.as_ref()?;
    let engine = positive(store.engine_max_rss_bytes)?;
    if info.spec.backend != Backend::Processes {
        return Some(engine);
    }
    let of_workers = store.workers.iter().map(|row| row.max_pss_bytes.unwrap_or(row.max_rss_bytes));
    positive(sum(of_workers)).map(|workers| engine + workers)
}

/// Voluntary and involuntary ones in all attempts that counted them.
fn context_switches(store: &RunStore) -> Option<f64> {
    let counted = store.spans().filter_map(|(_, span)| {
        let (voluntary, involuntary) = (span.usage.voluntary_switches, span.usage.involuntary_switches);
        voluntary.or(involuntary)?;
        Some(u64::from(voluntary.unwrap_or(0)) + u64::from(involuntary.unwrap_or(0)))
    });
    counted.fold(None, |total: Option<u64>, n| Some(total.unwrap_or(0) + n)).map(|total| total as f64)
}

/// Who did not do all of its work, if anybody.
fn unfinished(a: &RunStore, b: &RunStore, names: &[String; 2]) -> Option<String> {
    let finished = |store: &RunStore| store.phase == Phase::Ended(Status::Finished);
    match (finished(a), finished(b)) {
        (true, true) => None,
        (false, true) => Some(format!("{} did not finish", names[0])),
        (true, false) => Some(format!("{} did not finish", names[1])),
        (false, false) => Some("neither finished".to_owned()),
    }
}
