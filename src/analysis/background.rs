//! What others did on the machine while a run went.

use serde::{Deserialize, Serialize};

use crate::{spec::Backend, store::RunStore, time::NS_PER_S};

/// The kernel counts a core's time in steps of 10 ms; over less than this, the difference of two such sums says little.
const SHORTEST_NS: u64 = NS_PER_S / 4;
/// Others that take more than this share of the usable cores are told of.
pub(super) const MOST_TAKEN: f64 = 0.15;

/// CPU time that went neither into the pool nor into its session, on average over the run, in cores: 0.5 is half a core.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Background {
    /// Other programs of this machine.
    pub cores: f64,
    /// Taken by the hypervisor for other machines.
    pub steal_cores: f64,
}

impl Background {
    /// From the samples of all cores, less the CPU time of the engine, of worker processes and of the observer's own.
    /// `None` for a run that was too short, or whose cores were not sampled.
    pub(super) fn of(store: &RunStore, observer_cpu_ns: u64) -> Option<Self> {
        let (mut before_ns, mut busy_ns, mut steal_ns) = (0, 0.0, 0.0);
        for sample in store.cores.iter() {
            let interval_ns = sample.t_ns.saturating_sub(before_ns) as f64;
            busy_ns += interval_ns * sample.loads.iter().map(|load| f64::from(load.busy())).sum::<f64>();
            steal_ns += interval_ns * sample.loads.iter().map(|load| f64::from(load.steal)).sum::<f64>();
            before_ns = before_ns.max(sample.t_ns);
        }
        if before_ns < SHORTEST_NS {
            return None;
        }
        // Threads are part of their engine.
        let processes = store.info.as_ref().is_some_and(|info| info.spec.backend == Backend::Processes);
        let workers = store.workers.iter().filter(|_| processes).map(|row| row.cpu_ns);
        let own_ns = workers.chain([store.engine.cpu_ns, observer_cpu_ns]).fold(0, u64::saturating_add);
        let over = before_ns as f64;
        Some(Self { cores: ((busy_ns - own_ns as f64) / over).max(0.0), steal_cores: steal_ns / over })
    }

    /// Everything that took cores away from the pool.
    pub fn taken(self) -> f64 {
        self.cores + self.steal_cores
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{CoreLoad, Event, WorkerSample},
        store::testing::*,
    };

    fn run(backend: Backend, [engine_ns, worker_ns]: [u64; 2]) -> RunStore {
        let mut run = store([run_started(spec(backend, 1, 1)), spawned(0, 0, 0), ready(1, 0)]);
        for at in 1..=10 {
            let t_ns = at * NS_PER_S / 10;
            let load = CoreLoad { user: 0.5, system: 0.25, iowait: 0.0, steal: 0.125 };
            run.apply(Event::Cores { t_ns, loads: vec![load; 2] });
            let of = |cpu_ns: u64| WorkerSample { cpu_ns: cpu_ns * at / 10, ..WorkerSample::default() };
            run.apply(Event::Engine { t_ns, sample: of(engine_ns) });
            run.apply(Event::Worker { t_ns, worker: crate::ids::WorkerId(0), sample: of(worker_ns) });
        }
        run
    }

    #[test]
    fn it_is_what_neither_the_pool_nor_its_observer_used() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
        // 1.5 cores were busy for a second.
        let processes = Background::of(&run(Backend::Processes, [200_000_000, 500_000_000]), 300_000_000);
        assert!(processes.is_some_and(|load| close(load.cores, 0.5) && close(load.steal_cores, 0.25)));
        let threads = Background::of(&run(Backend::Threads, [700_000_000, 500_000_000]), 300_000_000);
        assert!(threads.is_some_and(|load| close(load.cores, 0.5)), "a thread's time is its engine's");
        let all_own = Background::of(&run(Backend::Threads, [3_000_000_000, 0]), 0);
        assert!(all_own.is_some_and(|load| close(load.cores, 0.0) && close(load.taken(), 0.25)));
    }

    #[test]
    fn a_moment_is_too_short_to_tell() {
        let mut run = store([run_started(spec(Backend::Threads, 1, 1))]);
        assert_eq!(Background::of(&run, 0), None);
        run.apply(Event::Cores { t_ns: NS_PER_S / 10, loads: vec![CoreLoad::default()] });
        assert_eq!(Background::of(&run, 0), None);
    }
}
