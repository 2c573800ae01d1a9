//! How busy the machine is with others, for those who want to wait until it is calm.

use std::time::Instant;

use super::cores::CoreMeter;
use crate::time::process_cpu_ns;

/// Differences between readings of all cores, less this process's own CPU time.
pub struct LoadMeter {
    cores: CoreMeter,
    read_at: Instant,
    own_cpu_ns: u64,
}

impl LoadMeter {
    pub fn start() -> Self {
        Self { cores: CoreMeter::new(), read_at: Instant::now(), own_cpu_ns: process_cpu_ns() }
    }

    /// Cores that others used, or a hypervisor took away, since the reading before; 0.5 is half a core. The kernel counts
    /// in steps of 10 ms, so that readings should be apart by many of those. `None` where it does not say.
    pub fn read(&mut self) -> Option<f64> {
        let (read_at, own_cpu_ns) = (Instant::now(), process_cpu_ns());
        let elapsed_ns = read_at.duration_since(self.read_at).as_nanos().max(1) as f64;
        let own = own_cpu_ns.saturating_sub(self.own_cpu_ns) as f64 / elapsed_ns;
        (self.read_at, self.own_cpu_ns) = (read_at, own_cpu_ns);
        let loads = self.cores.read()?;
        let busy: f64 = loads.iter().map(|load| f64::from(load.busy() + load.steal)).sum();
        Some((busy - own).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_s_own_work_is_no_load_of_others() {
        let mut meter = LoadMeter::start();
        let until = Instant::now() + Duration::from_millis(300);
        let before_ns = process_cpu_ns();
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        let own = (process_cpu_ns() - before_ns) as f64 / 3e8;
        let others = meter.read().expect("this kernel tells");
        let cores = f64::from(crate::engine::sampler::host().cores);
        // Bounded by what others leave of the machine: the tests beside this one count as its own.
        assert!((0.0..=(cores - own).max(0.0) + 0.5).contains(&others), "{others} beside {own}");
    }
}
