//! What other programs did on each core: its load, less what this run's attempts did there.
//!
//! An attempt's CPU time is spread evenly over its time. What the run does besides its attempts (starting, handing out,
//! measuring) is known for its processes as a whole only, and bounds what is left for others.

use crate::{
    gui::plots::TimeScale,
    ids::WorkerId,
    spec::Backend,
    store::{CoreSample, ProcessSample, RunStore},
    time::NS_PER_S,
};

/// CPU time of attempts is summed up over so long, half of a sample's interval.
const BIN_NS: u64 = NS_PER_S / 20;
/// Less than this says nothing: the kernel counts in hundredths of a second.
pub(super) const LEAST: f32 = 0.1;
/// Samples closer to each other than this are drawn as their mean.
const LEAST_WIDTH: f32 = 3.0;

/// Grows with the run. Only of moments whose attempts have all ended and were read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Others {
    /// CPU time of attempts by core and bin, in nanoseconds.
    own_ns: Vec<Vec<f32>>,
    /// By sample and core, 0 to 1.
    loads: Vec<Box<[f32]>>,
    /// The sum of all loads of a core.
    sums: Vec<f64>,
    /// Some of it is enough to be seen.
    pub(crate) seen: bool,
}

impl Others {
    /// An attempt, or a half of one, had so much CPU time on a core.
    pub(super) fn take(&mut self, core: usize, (start_ns, end_ns): (u64, u64), cpu_ns: f64) {
        if self.own_ns.len() <= core {
            self.own_ns.resize_with(core + 1, Vec::new);
        }
        let bins = &mut self.own_ns[core];
        let (first, last) = ((start_ns / BIN_NS) as usize, (end_ns / BIN_NS) as usize);
        if bins.len() <= last {
            bins.resize(last + 1, 0.0);
        }
        let share = cpu_ns / end_ns.saturating_sub(start_ns).max(1) as f64;
        if first == last {
            bins[first] += cpu_ns as f32;
            return;
        }
        for (at, bin) in bins.iter_mut().enumerate().skip(first) {
            let left_ns = at as u64 * BIN_NS;
            let within_ns = end_ns.min(left_ns + BIN_NS).saturating_sub(start_ns.max(left_ns));
            *bin += (within_ns as f64 * share) as f32;
        }
    }

    /// CPU time of attempts on a core in an interval.
    fn own_ns(&self, core: usize, (from_ns, to_ns): (u64, u64)) -> f64 {
        let Some(bins) = self.own_ns.get(core) else { return 0.0 };
        let bins = bins.iter().enumerate().skip((from_ns / BIN_NS) as usize);
        bins.map(|(at, ns)| (at as u64 * BIN_NS, f64::from(*ns)))
            .take_while(|(left_ns, _)| *left_ns < to_ns)
            .map(|(left_ns, ns)| {
                let within_ns = to_ns.min(left_ns + BIN_NS).saturating_sub(from_ns.max(left_ns));
                ns * within_ns as f64 / BIN_NS as f64
            })
            .sum()
    }

    /// Goes on with the samples that have come, as far as all of their attempts are known.
    pub(super) fn update(&mut self, store: &RunStore) {
        if self.loads.len() > store.cores.len() {
            self.loads.clear();
            self.sums.clear();
        }
        let running = store.lanes.iter().filter_map(|lane| lane.running);
        let settled_ns = running.map(|open| open.start_ns).min().unwrap_or(u64::MAX);
        // What has just ended may not have been told.
        let settled_ns = if store.phase.is_live() { settled_ns.min(store.now_ns) } else { settled_ns };
        for at in self.loads.len()..store.cores.len() {
            let Some(sample) = store.cores.get(at).filter(|sample| sample.t_ns <= settled_ns) else { return };
            let loads = self.of(store, sample, began_ns(store, at));
            self.sums.resize(self.sums.len().max(loads.len()), 0.0);
            for (sum, load) in self.sums.iter_mut().zip(&loads) {
                *sum += f64::from(*load);
            }
            self.seen |= loads.iter().any(|load| *load >= LEAST);
            self.loads.push(loads);
        }
    }

    fn of(&self, store: &RunStore, sample: &CoreSample, from_ns: u64) -> Box<[f32]> {
        let length_ns = sample.t_ns.saturating_sub(from_ns).max(1) as f64;
        let own = |core: usize| self.own_ns(core, (from_ns, sample.t_ns)) / length_ns;
        let busy = || sample.loads.iter().map(|load| f64::from(load.busy().clamp(0.0, 1.0)));
        let left: Vec<f64> =
            busy().enumerate().map(|(core, busy)| (busy - own(core)).clamp(0.0, 1.0)).collect();
        let all: f64 = left.iter().sum();
        let most = run_cores(store, (from_ns, sample.t_ns)).map_or(all, |own| busy().sum::<f64>() - own);
        let scale = if all > 0.0 { (most / all).clamp(0.0, 1.0) } else { 0.0 };
        left.into_iter().map(|load| (load * scale) as f32).collect()
    }

    /// The mean of a core, where it was sampled at all.
    pub(super) fn mean(&self, core: usize) -> Option<f64> {
        self.sums.get(core).map(|sum| sum / self.loads.len().max(1) as f64)
    }

    /// Left and right edge and load of what is in view, where it is enough to be seen.
    pub(super) fn levels(&self, store: &RunStore, core: usize, scale: &TimeScale) -> Vec<(f32, f32, f32)> {
        let (from_ns, to_ns) = super::super::layout::view_ns(scale);
        let first = store.cores.partition_point(|sample| sample.t_ns < from_ns);
        let last = (store.cores.partition_point(|sample| sample.t_ns < to_ns) + 1).min(self.loads.len());
        let mut levels = Vec::new();
        // What is narrow waits here for its neighbours.
        let (mut left_x, mut sum, mut weight) = (None, 0.0, 0.0);
        for at in first..last {
            let Some((sample, load)) = store.cores.get(at).zip(self.loads.get(at)) else { break };
            let began_ns = began_ns(store, at);
            let left = *left_x.get_or_insert(scale.x_from_ns(began_ns).max(scale.left));
            let length = sample.t_ns.saturating_sub(began_ns) as f32;
            sum += load.get(core).copied().unwrap_or_default() * length;
            weight += length;
            let right = scale.x_from_ns(sample.t_ns).min(scale.right);
            if right - left < LEAST_WIDTH && at + 1 < last {
                continue;
            }
            let mean = if weight > 0.0 { sum / weight } else { 0.0 };
            if mean >= LEAST && right > left {
                levels.push((left, right, mean));
            }
            (left_x, sum, weight) = (None, 0.0, 0.0);
        }
        levels
    }
}

/// A sample stands for the interval that ends with it: the first begins with the run.
fn began_ns(store: &RunStore, at: usize) -> u64 {
    at.checked_sub(1).and_then(|before| store.cores.get(before)).map_or(0, |before| before.t_ns)
}

/// Cores that all processes of the run used in an interval, as they were sampled then; `None` where they were not.
fn run_cores(store: &RunStore, (from_ns, to_ns): (u64, u64)) -> Option<f64> {
    let from = store.processes.partition_point(|sample| sample.t_ns <= from_ns);
    let to = store.processes.partition_point(|sample| sample.t_ns <= to_ns);
    let apart = store.info.as_ref().is_some_and(|info| info.spec.backend == Backend::Processes);
    let mut newest: Vec<(Option<WorkerId>, f64)> = Vec::new();
    for sample in store.processes.iter_from(from).take(to.saturating_sub(from)) {
        let ProcessSample { worker, sample, .. } = *sample;
        // Threads are in the engine's own figure.
        if worker.is_some() && !apart {
            continue;
        }
        match newest.iter_mut().find(|(of, _)| *of == worker) {
            Some(found) => found.1 = f64::from(sample.cpu),
            None => newest.push((worker, f64::from(sample.cpu))),
        }
    }
    (!newest.is_empty()).then(|| newest.iter().map(|(_, cpu)| cpu).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{CoreLoad, WorkerSample},
        ids::TaskId,
        store::{
            Lane, OpenSpan,
            testing::{run_started, spec, store},
        },
    };

    const MS: u64 = NS_PER_S / 1000;

    fn loaded(backend: Backend, busy: &[[f32; 2]]) -> RunStore {
        let mut store = store([run_started(spec(backend, 1, 1))]);
        for (at, loads) in busy.iter().enumerate() {
            let loads = loads.iter().map(|user| CoreLoad { user: *user, ..CoreLoad::default() }).collect();
            store.cores.push(CoreSample { t_ns: (at as u64 + 1) * 100 * MS, loads });
        }
        store.now_ns = NS_PER_S;
        store
    }

    fn used(store: &mut RunStore, worker: Option<u32>, t_ns: u64, cpu: f32) {
        let sample = WorkerSample { cpu, ..WorkerSample::default() };
        store.processes.push(ProcessSample { t_ns, worker: worker.map(WorkerId), sample });
    }

    fn near(loads: &[f32], expected: [f32; 2]) {
        let close = loads.iter().zip(expected).all(|(load, expected)| (load - expected).abs() < 0.01);
        assert!(close && loads.len() == 2, "{loads:?} and not {expected:?}");
    }

    #[test]
    fn others_have_what_the_attempts_had_not() {
        let store = loaded(Backend::Threads, &[[1.0, 0.5], [0.6, 0.0]]);
        let mut others = Others::default();
        // 150 ms with half of a core.
        others.take(0, (0, 150 * MS), 75.0 * MS as f64);
        others.take(1, (20 * MS, 30 * MS), 10.0 * MS as f64);
        others.update(&store);
        near(&others.loads[0], [0.5, 0.4]);
        near(&others.loads[1], [0.35, 0.0]);
        assert!(others.seen && (others.mean(0).unwrap() - 0.425).abs() < 0.01);
        let scale = TimeScale { from_secs: 0.0, to_secs: 0.2, left: 0.0, right: 200.0 };
        let levels = others.levels(&store, 1, &scale);
        assert_eq!(levels.len(), 1, "nothing is drawn of nothing: {levels:?}");
        assert!((levels[0].1 - 100.0).abs() < 0.1 && (levels[0].2 - 0.4).abs() < 0.01);
        let far = TimeScale { to_secs: 20.0, right: 200.0, ..scale };
        let levels = others.levels(&store, 0, &far);
        assert!(levels.len() == 1 && (levels[0].2 - 0.425).abs() < 0.01, "the mean of both: {levels:?}");
    }

    #[test]
    fn what_the_run_does_besides_is_not_the_others() {
        for (backend, worker, expected) in [
            (Backend::Threads, Some(0), 0.3),
            (Backend::Processes, None, 0.3),
            (Backend::Processes, Some(0), 0.0),
        ] {
            let mut store = loaded(backend, &[[0.7, 0.0]]);
            used(&mut store, None, 100 * MS, 0.4);
            used(&mut store, worker, 100 * MS, 0.4);
            let mut others = Others::default();
            others.update(&store);
            near(&others.loads[0], [expected, 0.0]);
        }
    }

    #[test]
    fn nothing_is_said_of_a_moment_in_which_something_still_runs() {
        let mut store = loaded(Backend::Threads, &[[1.0, 0.0], [1.0, 0.0]]);
        store.lanes.push(Lane::default());
        let open =
            OpenSpan { task: TaskId(0), attempt: 0, enqueued_ns: 0, dispatched_ns: 0, start_ns: 150 * MS };
        store.lanes[0].running = Some(open);
        let mut others = Others::default();
        others.update(&store);
        assert_eq!(others.loads.len(), 1);
    }
}
