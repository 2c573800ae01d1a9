//! What a task cost the thread that ran it, told by that thread itself.
//!
//! The clocks that count it are system calls, and dear: reading them all twice takes microseconds. But a thread that
//! kept its core from one moment to another used, by definition, as much CPU time as went by between them, waited for
//! no core and was not switched. So the real clocks are read now and then, at an *anchor*, and while a [`Witness`]
//! says that the thread has kept its core since, everything else follows from the one clock that costs no system call.
//! Where the thread lost its core, the real clocks are read again.

use super::{
    readings::{Counts, Schedstat, current_core, thread_counts},
    switches::SwitchProbe,
    witness::Witness,
};
use crate::{
    event::Usage,
    ids::CoreId,
    spec::{Kind, Spec, Telemetry},
    time::{NS_PER_MS, NS_PER_US, RunClock, thread_cpu_ns},
};

/// Below this expected length, full measurement would cost a noticeable part of the task.
const FULL_FROM_NS: u64 = 50 * NS_PER_US;
/// From this length on a task's CPU time is always read and never derived: it costs less than 1 % there, and a virtual
/// machine that was itself kept from its core, or a core that served interrupts, may have given less than went by.
const READ_FROM_NS: u64 = 100 * NS_PER_US;
/// For as long an anchor holds. The scheduler's clock and the run's are adjusted differently and drift apart, by less than
/// one part in a thousand: about as much as a reading takes.
const ANCHOR_NS: u64 = 2 * NS_PER_MS;

/// Resolves `auto` by how long a task of this spec can be expected to run.
pub(in crate::engine) fn resolve_level(spec: &Spec) -> Telemetry {
    if spec.telemetry != Telemetry::Auto {
        return spec.telemetry;
    }
    // Rough costs of one unit of size on a core of today; only the order of magnitude matters here.
    let expected_ns = match spec.workload {
        Kind::Noop | Kind::Square => 0,
        // Its few processes start others and wait for one another, which takes longer.
        Kind::Lesson => FULL_FROM_NS,
        Kind::Sleep | Kind::Spin | Kind::Mixed | Kind::Lock | Kind::Fault | Kind::Primes => spec.size,
        Kind::Hash => spec.size.saturating_mul(100),
        Kind::Matmul => spec.size.saturating_pow(3) / 4,
        Kind::Mandelbrot => spec.size.saturating_mul(1_000),
        // Making and hashing the buffer, and each way through it.
        Kind::Memory => (spec.size / 16).saturating_mul(2 + spec.param("passes") as u64),
        Kind::Sort => spec.size.saturating_mul(30),
        // What waits for a disk takes a millisecond at least.
        Kind::File if spec.param("fsync") > 0.0 => NS_PER_MS,
        Kind::File => spec.size / 2,
        Kind::Payload => spec.size / 10,
    };
    if expected_ns >= FULL_FROM_NS { Telemetry::Full } else { Telemetry::Basic }
}

/// How this thread asks its [`Witness`].
enum Watch {
    Probe(SwitchProbe),
    /// By comparing with the anchor's counts.
    Counts,
    Nothing,
}

/// The real clocks at one moment.
#[derive(Clone, Copy, Default)]
struct Anchor {
    /// When the CPU clock was read, by the run's clock.
    t_ns: u64,
    cpu_ns: u64,
    core_wait_ns: Option<u64>,
    /// The faults are those at the end of the last task, if that is later.
    counts: Option<Counts>,
}

/// Measures tasks of one thread; must be made on that thread.
pub(in crate::engine) struct TaskMeter {
    level: Telemetry,
    clock: RunClock,
    watch: Watch,
    schedstat: Option<Schedstat>,
    anchor: Anchor,
    first_core: Option<CoreId>,
}

impl TaskMeter {
    /// `level` is never `Auto` here; if it were, everything would be measured.
    pub(in crate::engine) fn new(level: Telemetry, witness: Witness, clock: RunClock) -> Self {
        let watch = match witness {
            Witness::Rseq => SwitchProbe::new().map_or(Watch::Nothing, Watch::Probe),
            Witness::Counts => Watch::Counts,
            Witness::None => Watch::Nothing,
        };
        let is_full = matches!(level, Telemetry::Full | Telemetry::Auto);
        let schedstat = is_full.then(Schedstat::open).flatten();
        Self { level, clock, watch, schedstat, anchor: Anchor::default(), first_core: None }
    }

    fn is_full(&self) -> bool {
        matches!(self.level, Telemetry::Full | Telemetry::Auto)
    }

    /// To be called when a task's run time has begun.
    pub(in crate::engine) fn begin(&mut self, start_ns: u64) {
        if self.level == Telemetry::Off {
            return;
        }
        self.first_core = self.is_full().then(current_core);
        let age_ns = start_ns.saturating_sub(self.anchor.t_ns);
        // Faults between two tasks go to the later one: another reading a task would cost more than they matter.
        if age_ns <= ANCHOR_NS && self.look().0 {
            return;
        }
        // The CPU clock comes last here and first at the end, so that it does not count the other readings.
        self.arm();
        self.anchor.core_wait_ns = self.core_wait_ns();
        self.anchor_cpu();
    }

    /// To be called when the task is over. Gives the end of its run time, and what it cost.
    ///
    /// What is measured lies inside the run time, which ends after the last reading that it takes: a wait for a core
    /// that fell between a reading and the end would else belong to no task, or exceed it.
    pub(in crate::engine) fn end(&mut self, start_ns: u64) -> (u64, Usage) {
        let mut end_ns = self.clock.now_ns();
        if self.level == Telemetry::Off {
            return (end_ns, Usage::default());
        }
        let (undisturbed, counts) = self.look();
        let then = self.anchor;
        let cpu_then_ns = self.derived_cpu_ns(start_ns);
        let cpu_now_ns = if undisturbed {
            // Short of a switch this is still the task's last moment, and what happens from here on comes after it.
            let is_long = end_ns.saturating_sub(start_ns) >= READ_FROM_NS;
            if is_long {
                self.anchor_cpu();
            }
            self.anchor.counts = counts.or_else(|| self.counts());
            if is_long { self.anchor.cpu_ns } else { self.derived_cpu_ns(end_ns) }
        } else {
            self.arm();
            self.anchor_cpu();
            self.anchor.core_wait_ns = self.core_wait_ns();
            end_ns = self.clock.now_ns();
            self.anchor.cpu_ns
        };
        let run_ns = end_ns.saturating_sub(start_ns);
        let cpu_ns = cpu_now_ns.saturating_sub(cpu_then_ns).min(run_ns);
        (end_ns, self.usage(&then, undisturbed, cpu_ns, run_ns - cpu_ns))
    }

    /// What has come about since `then`, of which the thread was off its core for at most `off_core_ns`.
    fn usage(&self, then: &Anchor, undisturbed: bool, cpu_ns: u64, off_core_ns: u64) -> Usage {
        if !self.is_full() {
            return Usage { cpu_ns: Some(cpu_ns), ..Usage::default() };
        }
        let waits = self.anchor.core_wait_ns.zip(then.core_wait_ns);
        let counts = self.anchor.counts.zip(then.counts);
        let since =
            |pick: fn(&Counts) -> u32| counts.map(|(now, then)| pick(&now).saturating_sub(pick(&then)));
        // The counts are read after the task has ended, and one switch more may have come in between.
        let switches = |pick| if undisturbed { counts.map(|_| 0) } else { since(pick) };
        Usage {
            cpu_ns: Some(cpu_ns),
            core_wait_ns: waits.map(|(now, then)| now.saturating_sub(then).min(off_core_ns)),
            voluntary_switches: switches(|counts| counts.voluntary),
            involuntary_switches: switches(|counts| counts.involuntary),
            minor_faults: since(|counts| counts.minor),
            major_faults: since(|counts| counts.major),
            first_core: self.first_core,
            last_core: Some(current_core()),
            ..Usage::default()
        }
    }

    /// Whether this thread has kept its core since the anchor; and the counts, where they had to be read for that.
    fn look(&self) -> (bool, Option<Counts>) {
        match &self.watch {
            Watch::Probe(probe) => (probe.undisturbed(), None),
            Watch::Counts => {
                let counts = thread_counts();
                let kept = counts.zip(self.anchor.counts).is_some_and(|(now, then)| then.kept_its_core(now));
                (kept, counts)
            }
            Watch::Nothing => (false, None),
        }
    }

    /// From here on a switch will be seen; readings that are to be an anchor come after it.
    fn arm(&mut self) {
        if let Watch::Probe(probe) = &self.watch {
            probe.arm();
        }
        self.anchor.counts = self.counts();
    }

    fn anchor_cpu(&mut self) {
        let before_ns = self.clock.now_ns();
        self.anchor.cpu_ns = thread_cpu_ns();
        self.anchor.t_ns = before_ns.midpoint(self.clock.now_ns());
    }

    /// The CPU clock at a moment since which, or up to which, the thread has kept its core from the anchor on. A moment
    /// just before the anchor, at the beginning of a task, counts as the anchor.
    fn derived_cpu_ns(&self, t_ns: u64) -> u64 {
        self.anchor.cpu_ns + t_ns.saturating_sub(self.anchor.t_ns)
    }

    fn core_wait_ns(&self) -> Option<u64> {
        self.schedstat.as_ref().and_then(Schedstat::core_wait_ns)
    }

    fn counts(&self) -> Option<Counts> {
        (self.is_full() || matches!(self.watch, Watch::Counts)).then(thread_counts).flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        time::Duration,
    };

    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity, sched_yield};

    use super::*;
    use crate::time::monotonic_ns;

    const WITNESSES: [Witness; 3] = [Witness::Rseq, Witness::Counts, Witness::None];

    fn witnesses() -> Vec<Witness> {
        // The probe only where it tells the truth.
        let cheapest = Witness::find();
        WITNESSES.into_iter().filter(|witness| *witness != Witness::Rseq || cheapest == *witness).collect()
    }

    fn meter(level: Telemetry, witness: Witness) -> TaskMeter {
        TaskMeter::new(level, witness, RunClock::start_now())
    }

    fn measure(meter: &mut TaskMeter, task: impl FnOnce()) -> (u64, Usage) {
        let start_ns = meter.clock.now_ns();
        meter.begin(start_ns);
        task();
        let (end_ns, usage) = meter.end(start_ns);
        (end_ns - start_ns, usage)
    }

    fn spin(ns: u64) {
        let until_ns = monotonic_ns() + ns;
        while monotonic_ns() < until_ns {}
    }

    #[test]
    fn each_level_measures_what_it_says() {
        for witness in witnesses() {
            for (level, cpu, rest) in [
                (Telemetry::Off, false, false),
                (Telemetry::Basic, true, false),
                (Telemetry::Full, true, true),
            ] {
                let mut meter = meter(level, witness);
                for _ in 0..3 {
                    let (_, usage) = measure(&mut meter, || {});
                    assert_eq!(usage.cpu_ns.is_some(), cpu, "{level:?} {witness:?}");
                    assert_eq!(usage.minor_faults.is_some(), rest, "{level:?} {witness:?}");
                    assert_eq!(usage.voluntary_switches.is_some(), rest, "{level:?} {witness:?}");
                    assert_eq!(usage.last_core.is_some(), rest, "{level:?} {witness:?}");
                }
            }
        }
    }

    #[test]
    fn a_sleep_inside_a_task_is_a_switch_and_no_cpu_time() {
        for witness in witnesses() {
            let mut meter = meter(Telemetry::Full, witness);
            for _ in 0..5 {
                measure(&mut meter, || spin(5_000));
                let (run_ns, usage) = measure(&mut meter, || std::thread::sleep(Duration::from_millis(3)));
                assert!(run_ns >= 3_000_000, "{witness:?} {run_ns}");
                assert!(usage.voluntary_switches.max(usage.involuntary_switches) >= Some(1), "{usage:?}");
                assert!(usage.cpu_ns < Some(2_000_000), "{witness:?} {usage:?}");
                assert!(usage.cpu_ns.zip(usage.core_wait_ns).is_some_and(|(cpu, wait)| cpu + wait <= run_ns));
            }
        }
    }

    #[test]
    fn page_faults_are_counted_where_they_happen() {
        for witness in witnesses() {
            let mut meter = meter(Telemetry::Full, witness);
            measure(&mut meter, || {});
            let (_, usage) = measure(&mut meter, || {
                std::hint::black_box(vec![1u8; 32 << 20]);
            });
            assert!(usage.minor_faults > Some(4), "{witness:?} {usage:?}");
        }
    }

    /// Two threads share one core, so that many tasks lose it in their middle, and some sleep or yield. What is told of
    /// the tasks, derived or read, must sum to what the clocks say of the whole.
    #[test]
    fn derived_and_read_figures_sum_to_what_the_clocks_say() {
        let before = sched_getaffinity(None).expect("an affinity");
        let core = (0..CpuSet::MAX_CPU).find(|core| before.is_set(*core)).expect("a core");
        for witness in witnesses() {
            let over = AtomicBool::new(false);
            let sums = std::thread::scope(|scope| {
                scope.spawn(|| {
                    pin(core);
                    while !over.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                });
                let measured = scope.spawn(|| {
                    pin(core);
                    sums_under_load(witness)
                });
                let sums = measured.join();
                over.store(true, Ordering::Relaxed);
                sums.expect("no panic")
            });
            sums.check(witness);
        }
    }

    fn pin(core: usize) {
        let mut one = CpuSet::new();
        one.set(core);
        sched_setaffinity(None, &one).expect("one of our own cores");
    }

    #[derive(Debug, Default)]
    struct Sums {
        run_ns: u64,
        cpu_ns: u64,
        wait_ns: u64,
        slept: u64,
        switches: u32,
        cpu_by_clock_ns: u64,
        wait_by_clock_ns: Option<u64>,
    }

    fn sums_under_load(witness: Witness) -> Sums {
        let mut meter = meter(Telemetry::Full, witness);
        let mut sums = Sums::default();
        let (cpu_before_ns, wait_before_ns) = (thread_cpu_ns(), meter.core_wait_ns());
        for round in 0..2_000u64 {
            let (run_ns, usage) = measure(&mut meter, || {
                spin(20_000);
                if round % 64 == 0 {
                    sums.slept += 1;
                    std::thread::sleep(Duration::from_micros(100));
                } else if round % 16 == 0 {
                    sched_yield();
                }
                spin(20_000);
            });
            sums.run_ns += run_ns;
            sums.cpu_ns += usage.cpu_ns.expect("measured");
            sums.wait_ns += usage.core_wait_ns.unwrap_or(0);
            // A sleeper that loses its core while it is about to sleep may find its time over when it gets it back.
            let switches = usage.voluntary_switches.zip(usage.involuntary_switches).expect("measured");
            sums.switches += switches.0 + switches.1;
        }
        sums.cpu_by_clock_ns = thread_cpu_ns() - cpu_before_ns;
        sums.wait_by_clock_ns = meter.core_wait_ns().zip(wait_before_ns).map(|(now, then)| now - then);
        sums
    }

    impl Sums {
        /// The clocks also count the little that lies between two tasks.
        fn check(&self, witness: Witness) {
            let share = self.cpu_ns as f64 / self.cpu_by_clock_ns as f64;
            assert!((0.85..1.03).contains(&share), "{witness:?}: {share} of the CPU time, {self:?}");
            assert!(u64::from(self.switches) >= self.slept, "{witness:?}: {self:?}");
            assert!(self.cpu_ns + self.wait_ns <= self.run_ns, "{witness:?}: {self:?}");
            let Some(wait_by_clock_ns) = self.wait_by_clock_ns else { return };
            assert!(wait_by_clock_ns > 0, "the core was shared: {self:?}");
            let share = self.wait_ns as f64 / wait_by_clock_ns as f64;
            assert!((0.85..1.03).contains(&share), "{witness:?}: {share} of the waiting, {self:?}");
        }
    }
}
