//! A run as the rules look at it: what several of them need, worked out once.

use super::{Cause, Evidence, Finding};
use crate::{
    analysis::{AttemptTotals, Background, Figures, Part},
    event::{Host, Status},
    spec::{Backend, MAX_WORKERS, Spec},
    store::RunStore,
    time::NS_PER_MS,
    units,
};

/// Of a shorter run, chance and the scheduler's slices tell more than the pool.
const SHORTEST_NS: u64 = 50 * NS_PER_MS;
/// Samples of workers' states from which on they say how many wanted a core.
const LEAST_SAMPLES: usize = 40;

pub(super) struct Scene<'a> {
    pub(super) store: &'a RunStore,
    pub(super) figures: &'a Figures,
    pub(super) spec: &'a Spec,
    pub(super) usable_cores: f64,
    /// The largest that the pool was.
    pub(super) most_workers: u32,
    /// Workers at a time, on average over the run.
    pub(super) mean_workers: f64,
    /// Attempts that ended.
    pub(super) attempts: u64,
    /// All their run time, and the longest.
    pub(super) run_ns: u64,
    pub(super) longest_ns: u64,
    pub(super) first_start_ns: u64,
    /// Shares of the workers' time in tasks: ready without a core, and waiting for anything but a core or a lock. Where
    /// they come from samples, each is as little as the samples allow. `None` where that cannot be told.
    pub(super) waiting: Option<f64>,
    pub(super) blocked: Option<f64>,
    /// They are as little as samples allow, and no part of the workers' time shows them.
    pub(super) is_sampled: bool,
}

impl<'a> Scene<'a> {
    /// `None` for runs that no rule may speak about: those that broke off, or had no tasks.
    pub(super) fn new(store: &'a RunStore, figures: &'a Figures) -> Option<Self> {
        let info = store.info.as_deref()?;
        let broke_off = !matches!(figures.status, Status::Finished | Status::Interrupted);
        if broke_off || figures.wall_ns == 0 || figures.worker_time_ns.whole_ns() == 0 {
            return None;
        }
        let AttemptTotals { count: attempts, run_ns, longest_ns, first_start_ns, cpu_known, core_wait_known } =
            figures.attempts;
        if attempts == 0 {
            return None;
        }
        let time = &figures.worker_time_ns;
        let (waiting, blocked) = match (cpu_known, core_wait_known) {
            (false, _) => (None, None),
            (true, true) => (Some(time.share(Part::WaitingForCore)), Some(time.share(Part::Blocked))),
            (true, false) => by_samples(store, figures),
        };
        let sizes = store.sizes.iter().map(|size| size.1);
        Some(Self {
            store,
            figures,
            spec: &info.spec,
            usable_cores: usable_cores(&info.host),
            most_workers: sizes.max().unwrap_or(info.spec.workers).clamp(1, MAX_WORKERS),
            mean_workers: time.whole_ns() as f64 / figures.wall_ns as f64,
            attempts,
            run_ns,
            longest_ns,
            first_start_ns,
            waiting,
            blocked,
            is_sampled: cpu_known && !core_wait_known,
        })
    }

    pub(super) fn part(&self, part: Part) -> f64 {
        self.figures.worker_time_ns.share(part)
    }

    pub(super) fn is_long(&self) -> bool {
        self.figures.wall_ns >= SHORTEST_NS
    }

    /// Cores that went neither to the pool nor to its session; 0 where that was not measured.
    pub(super) fn taken_cores(&self) -> f64 {
        self.figures.background.map_or(0.0, Background::taken)
    }

    /// The share of the usable cores' time in which the pool did not compute, nor wait for what others had: a run cannot
    /// become shorter by more, whatever is done about a cause. All of it where CPU time was not measured.
    pub(super) fn room(&self) -> f64 {
        self.room_of(if self.spec.backend == Backend::Gil { 1.0 } else { self.usable_cores })
    }

    /// The same of so many cores.
    pub(super) fn room_of(&self, cores: f64) -> f64 {
        if !self.figures.attempts.cpu_known {
            return 1.0;
        }
        let used = self.part(Part::Useful) * self.mean_workers;
        let missed = (self.waiting.unwrap_or(0.0) * self.mean_workers).min(self.taken_cores());
        (1.0 - (used + missed) / cores).clamp(0.0, 1.0)
    }

    /// Bytes that an attempt was sent and sent back, on average.
    pub(super) fn bytes_each(&self) -> u64 {
        self.figures.bytes_moved / self.attempts
    }

    /// `8 workers`; of a pool that was resized, how many there were on average.
    pub(super) fn workers_words(&self) -> String {
        if self.store.resizes().is_empty() {
            let plural = if self.most_workers == 1 { "" } else { "s" };
            format!("{} worker{plural}", self.most_workers)
        } else {
            format!("{:.1} workers on average", self.mean_workers)
        }
    }

    /// `2 usable cores`
    pub(super) fn cores_words(&self) -> String {
        let plural = if (self.usable_cores - 1.0).abs() < f64::EPSILON { "" } else { "s" };
        format!("{} usable core{plural}", cores(self.usable_cores))
    }

    /// From the first task's start to the last one's end.
    pub(super) fn throughout(&self, part: Part) -> Evidence {
        let (from_ns, to_ns) = (self.first_start_ns, self.figures.wall_ns);
        Evidence { part: Some(part), from_ns, to_ns, worker: None, task: None }
    }

    /// The same work with so many workers.
    pub(super) fn with_workers(&self, workers: u32) -> Spec {
        let backend = match self.spec.backend {
            Backend::Serial if workers > 1 => Backend::Threads,
            backend => backend,
        };
        Spec { backend, workers, ..self.spec.clone() }
    }

    pub(super) fn with_backend(&self, backend: Backend) -> Spec {
        Spec { backend, ..self.spec.clone() }
    }

    pub(super) fn finding(
        &self,
        cause: Cause,
        share: f64,
        text: String,
        tried_by: Spec,
        evidence: Evidence,
    ) -> Finding {
        let to_ns = evidence.to_ns.min(self.figures.wall_ns);
        let evidence = Evidence { from_ns: evidence.from_ns.min(to_ns), to_ns, ..evidence };
        Finding { cause, text, share: share.clamp(0.0, 1.0), tried_by, evidence: Some(evidence) }
    }
}

/// `2`, `1.5`, `0.25`
pub(super) fn cores(cores: f64) -> String {
    let two = format!("{cores:.2}");
    two.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A sentence on how much of the core time was left, where that is clearly less than what a cause took.
pub(super) fn room_words(share: f64, room: f64) -> String {
    if share - room < 0.02 {
        return String::new();
    }
    format!(" Only {} of the cores' time was free for it, and no more can be won.", units::percent(room))
}

/// `62 % of the workers' time`
pub(super) fn of_workers_time(share: f64) -> String {
    format!("{} of the workers' time", units::percent(share))
}

fn usable_cores(host: &Host) -> f64 {
    let known = host.usable_cores.is_finite() && host.usable_cores > 0.0;
    if known { host.usable_cores } else { f64::from(host.cores.max(1)) }
}

/// Where CPU time was measured and waiting for a core was not, both hide in one part. The workers' states, looked at ten
/// times a second, divide it: who is running or ready and does not compute has no core. A share of `n` samples is known
/// to `1 / sqrt(n)`, two standard errors at most, and each figure is taken from the end of that range that says less.
fn by_samples(store: &RunStore, figures: &Figures) -> (Option<f64>, Option<f64>) {
    let during = store.processes.iter().filter(|sample| sample.t_ns <= figures.wall_ns);
    let states: Vec<char> =
        during.filter(|sample| sample.worker.is_some()).map(|sample| sample.sample.state).collect();
    if states.len() < LEAST_SAMPLES {
        return (None, None);
    }
    let n = states.len() as f64;
    let ready = states.iter().filter(|state| **state == 'R').count() as f64 / n;
    let useful = figures.worker_time_ns.share(Part::Useful);
    let unknown = figures.worker_time_ns.share(Part::Blocked);
    let waiting = |ready: f64| (ready - useful).clamp(0.0, unknown);
    (Some(waiting(ready - n.sqrt().recip())), Some(unknown - waiting(ready + n.sqrt().recip())))
}
