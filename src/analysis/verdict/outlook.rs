//! What the same work would take with fewer or more workers, or more of it with as many, as far as one run tells.
//!
//! The model: workers become ready one after the other, at the times at which this run's did, and then share the work
//! evenly. It cannot be done before as many workers as were ready by then had the time for it, each for whole tasks,
//! before the cores had the time to compute it, nor before its longest task. What it leaves out (chunks, locks, memory) makes real runs longer and
//! their start a smaller part of them, so that it errs on the side of saying too little of other pools.

use super::{hand_out::MANY_BYTES, scene::Scene};
use crate::analysis::Part;

pub(super) struct Outlook {
    /// From the run's start until each worker had its first task or could have had it, in rising order.
    ready_ns: Vec<f64>,
    /// Of all workers together in tasks and between them; and how much of it was spent without a core, or while the engine
    /// was busy with this pool, which a smaller one need not.
    work_ns: f64,
    crowding_ns: f64,
    /// Of the work, what wants a core.
    cpu_ns: f64,
    longest_ns: f64,
    attempts: u64,
    cores: f64,
}

impl Outlook {
    /// `first_ns` is the time of all workers together from ready to the first task. `None` where nobody was ready.
    pub(super) fn new(scene: &Scene<'_>, first_ns: f64) -> Option<Self> {
        let time = &scene.figures.worker_time_ns;
        let of = |part: Part| time.of(part) as f64;
        let in_tasks =
            [Part::Useful, Part::WaitingForCore, Part::Lock, Part::Blocked].map(of).iter().sum::<f64>();
        let between = of(Part::Dispatch) + of(Part::Transfer);
        let crowding_ns = match scene.waiting {
            Some(share) => share * time.whole_ns() as f64,
            // With more workers than cores, what nobody measured is taken for want of a core.
            None if f64::from(scene.most_workers) > scene.usable_cores => of(Part::Blocked),
            None => 0.0,
        };
        // Who moves data has to whatever the pool is. Else, who starts workers has no time for those that are there.
        let avoidable = if scene.bytes_each() >= MANY_BYTES { 0.0 } else { between };
        let ready_ns = ready_ns(scene);
        (!ready_ns.is_empty()).then(|| {
            let each_first_ns = first_ns / ready_ns.len() as f64;
            Self {
                ready_ns: (0..scene.most_workers as usize)
                    .map(|at| at_pace(&ready_ns, at) + each_first_ns)
                    .collect(),
                work_ns: in_tasks + between,
                crowding_ns: crowding_ns.min(in_tasks) + avoidable,
                cpu_ns: of(Part::Useful).min(in_tasks),
                longest_ns: scene.longest_ns as f64,
                attempts: scene.attempts,
                cores: scene.usable_cores.max(0.01),
            }
        })
    }

    /// The same work where starting a worker takes a part of what it took, but not less than so long, each after the one
    /// before.
    pub(super) fn started_in(mut self, part: f64, least_ns: f64) -> Self {
        let step_ns = at_pace(&self.ready_ns, self.ready_ns.len()) - self.ready_ns[self.ready_ns.len() - 1];
        let each_ns = (step_ns * part).max(least_ns);
        self.ready_ns = (1..=self.ready_ns.len()).map(|at| at as f64 * each_ns).collect();
        self
    }

    /// From the start to the last task's end.
    pub(super) fn wall_ns(&self, workers: u32) -> f64 {
        let workers = workers.max(1) as usize;
        let first_ns = at_pace(&self.ready_ns, 0);
        let is_smaller = workers < self.ready_ns.len();
        let work_ns = if is_smaller { self.work_ns - self.crowding_ns } else { self.work_ns };
        // The longest task has waited for a core as much as the others, for all that is known.
        let longest_ns = self.longest_ns * work_ns / self.work_ns.max(1.0);
        let mut sum_ns = work_ns;
        let mut shared_ns = f64::INFINITY;
        for at in 0..workers {
            let ready_ns = at_pace(&self.ready_ns, at);
            // Whoever is ready only when the others have done it all changes nothing.
            if ready_ns >= shared_ns {
                break;
            }
            sum_ns += ready_ns;
            shared_ns = sum_ns / (at + 1) as f64;
        }
        // A task is not divided: somebody has to run so many of them.
        let rounds = self.attempts.div_ceil(workers as u64) as f64;
        let whole_ns = (rounds * work_ns / self.attempts as f64).max(longest_ns);
        shared_ns.max(first_ns + whole_ns).max(first_ns + self.cpu_ns / self.cores)
    }

    /// The share of the workers' time that goes into their start.
    pub(super) fn start_share(&self, workers: u32) -> f64 {
        let wall_ns = self.wall_ns(workers);
        let start_ns: f64 = (0..workers as usize).map(|at| at_pace(&self.ready_ns, at).min(wall_ns)).sum();
        start_ns / (wall_ns * f64::from(workers)).max(1.0)
    }

    /// How many times the work it takes for the start of so many workers to be this share of their time. Those that were
    /// not ready when this run was over count with the whole of theirs.
    pub(super) fn times_for(&self, workers: u32, share: f64) -> f64 {
        let start_ns: f64 = (0..workers as usize).map(|at| at_pace(&self.ready_ns, at)).sum();
        start_ns * (1.0 - share) / (share * (self.work_ns - self.crowding_ns))
    }

    /// Of the pools of up to so many workers whose start is at most this share, the one that is done first; of those that
    /// are as good within `close`, the smallest.
    pub(super) fn soonest(&self, most: u32, share: f64, close: f64) -> Option<u32> {
        let fit: Vec<(u32, f64)> = (1..=most)
            .filter(|workers| self.start_share(*workers) <= share)
            .map(|workers| (workers, self.wall_ns(workers)))
            .collect();
        let best_ns = fit.iter().map(|one| one.1).fold(f64::INFINITY, f64::min);
        fit.iter().find(|one| one.1 <= best_ns * (1.0 + close)).map(|one| one.0)
    }
}

/// How long each worker that became ready took for that, in rising order.
fn ready_ns(scene: &Scene<'_>) -> Vec<f64> {
    let lanes = (0..).map(crate::ids::WorkerId).zip(&scene.store.lanes);
    let of_lane = |(worker, lane): (crate::ids::WorkerId, &crate::store::Lane)| {
        let wanted_ns = scene.store.wanted_ns(worker).first().map_or(0, |wanted| wanted.0);
        Some(lane.lives.first()?.ready_ns?.saturating_sub(wanted_ns) as f64)
    };
    let mut ready_ns: Vec<f64> = lanes.filter_map(of_lane).collect();
    ready_ns.sort_by(f64::total_cmp);
    ready_ns
}

/// When the worker at a place is ready. Beyond those known, of whom there is at least one, they follow at their mean pace;
/// of one alone, all of its time is what each takes.
fn at_pace(ready_ns: &[f64], at: usize) -> f64 {
    let last = ready_ns.len() - 1;
    if at <= last {
        return ready_ns[at];
    }
    let first_ns = if last == 0 { 0.0 } else { ready_ns[0] };
    let step_ns = (ready_ns[last] - first_ns) / last.max(1) as f64;
    ready_ns[last] + step_ns * (at - last) as f64
}
