//! Tasks that slow each other down though each has a core of its own.
//!
//! What grows is the CPU time of the same work. Memory bandwidth is one reason, a cache that cores share is another, and
//! so are two logical cores on one physical one, or a clock that falls when more cores are busy. From outside they look
//! alike, and the sentence names them all. Clocks and cores that are shared rarely cost a quarter without the memory, so
//! less than that is not spoken of.

use std::collections::BTreeMap;

use super::{
    Cause, Evidence, Finding,
    scene::{Scene, of_workers_time},
};
use crate::{
    analysis::{Background, Distribution, Figures, Part},
    event::Outcome,
    spec::{Backend, Kind, Lengths, Spec},
    store::Span,
    units,
};

/// The growth of a task's CPU time from which on it is spoken of.
const LEAST_GROWTH: f64 = 1.25;
/// With a larger share of the time spent waiting for a core, caches are lost by changing places.
const MOST_WAITING: f64 = 0.1;
/// Others that use more than this, in cores, use the memory as well.
const MOST_TAKEN: f64 = 0.5;
/// Tasks on either side that make a median.
const LEAST_TASKS: usize = 8;
/// Runs on either side. One each says nothing of how much two alike would differ, which by what other machines of the
/// same host do may be a third.
const LEAST_RUNS: usize = 2;
/// Of a task's time, for it to have run alone, or together with others.
const ALONE: f64 = 0.1;
const TOGETHER: f64 = 0.9;
/// A run of more tasks is not divided: what it had alone would be too small a part to be looked for.
const MOST_TASKS: u64 = 200_000;

/// Tasks of this spec all do the same work, and their CPU time is not set by the spec.
fn is_comparable(spec: &Spec) -> bool {
    let same_work =
        matches!(spec.workload, Kind::Primes | Kind::Hash | Kind::Matmul | Kind::Memory | Kind::Sort);
    same_work && spec.lengths == Lengths::Fixed
}

/// How many times as long tasks computed beside others as alone, and how many they were at a time.
struct Growth {
    alone_ns: u64,
    together_ns: u64,
}

impl Growth {
    fn factor(&self) -> f64 {
        self.together_ns as f64 / self.alone_ns.max(1) as f64
    }

    /// The share of the workers' time that the growth took, where it is worth a sentence.
    fn share(&self, figures: &Figures) -> Option<f64> {
        let useful = figures.worker_time_ns.share(Part::Useful);
        (self.factor() >= LEAST_GROWTH).then(|| useful * (1.0 - self.factor().recip()))
    }

    fn text(&self, share: f64, beside: &str) -> String {
        format!(
            "{} went into slower computing: a task took {:.2} times the CPU time {beside}, {} instead of {}. They compete \
             for memory bandwidth or a cache, or their cores are two halves of one or run at a lower clock.",
            of_workers_time(share),
            self.factor(),
            units::duration(self.together_ns),
            units::duration(self.alone_ns),
        )
    }
}

/// Speaks in the rare run of which a part had one task at a time: one that was resized, or whose workers came one by one.
pub(super) fn memory_bound(scene: &Scene<'_>) -> Option<Finding> {
    let quiet = scene.waiting.unwrap_or(0.0) < MOST_WAITING && scene.taken_cores() < MOST_TAKEN;
    if !quiet || !scene.is_long() || scene.attempts > MOST_TASKS || !is_comparable(scene.spec) {
        return None;
    }
    let crowds = Crowds::of(scene);
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    let (mut from_ns, mut to_ns) = (u64::MAX, 0);
    for lane in &scene.store.lanes {
        // The first task of each worker pays for its memory and for its code.
        for span in lane.spans.iter().skip(1).filter(|span| span.outcome == Outcome::Ok) {
            let Some(cpu_ns) = span.usage.cpu_ns else { continue };
            let share = crowds.share_of(&span);
            if share <= ALONE {
                alone.push(cpu_ns);
            } else if share >= TOGETHER {
                together.push(cpu_ns);
                (from_ns, to_ns) = (from_ns.min(span.start_ns), to_ns.max(span.end_ns));
            }
        }
    }
    if alone.len() < LEAST_TASKS || together.len() < LEAST_TASKS {
        return None;
    }
    let (alone, together) = (Distribution::of(alone)?, Distribution::of(together)?);
    if alone.p95 >= together.median {
        return None;
    }
    let growth = Growth { alone_ns: alone.median, together_ns: together.median };
    let share = growth.share(scene.figures)?;
    let text = growth.text(share, "beside others as alone");
    let fewer = fewer_workers(scene.most_workers, growth.factor());
    let evidence = Evidence { part: Some(Part::Useful), from_ns, to_ns, worker: None, task: None };
    Some(scene.finding(Cause::MemoryBound, share, text, scene.with_workers(fewer), evidence))
}

/// As many as would do the same work if each were as fast as alone.
fn fewer_workers(workers: u32, growth: f64) -> u32 {
    ((f64::from(workers) / growth).round() as u32).clamp(1, workers.saturating_sub(1).max(1))
}

/// When two tasks or more ran at a time.
struct Crowds {
    /// Moments at which that changed or may have, in order, and for how long it had been so by then.
    moments: Vec<(u64, u64)>,
}

impl Crowds {
    fn of(scene: &Scene<'_>) -> Self {
        let mut changes: Vec<(u64, i64)> = Vec::new();
        for (_, span) in scene.store.spans() {
            changes.extend([(span.start_ns, 1), (span.end_ns.max(span.start_ns), -1)]);
        }
        changes.sort_unstable();
        let (mut moments, mut running, mut before_ns, mut crowded_ns) = (Vec::new(), 0, 0, 0u64);
        for (t_ns, change) in changes {
            if running >= 2 {
                crowded_ns += t_ns - before_ns;
            }
            moments.push((t_ns, crowded_ns));
            (running, before_ns) = (running + change, t_ns);
        }
        Self { moments }
    }

    fn until_ns(&self, t_ns: u64) -> u64 {
        let next = self.moments.partition_point(|moment| moment.0 < t_ns);
        self.moments.get(next).or(self.moments.last()).map_or(0, |moment| moment.1)
    }

    /// Of a span, whose ends are among the moments.
    fn share_of(&self, span: &Span) -> f64 {
        let crowded_ns = self.until_ns(span.end_ns).saturating_sub(self.until_ns(span.start_ns));
        crowded_ns as f64 / span.run_ns().max(1) as f64
    }
}

/// Compares the CPU time of a task at each number of workers with that at one worker, of two runs or more each that share
/// their work and how workers exist, and only where the fastest of the ones is slower than the slowest of the others. Gives at most one finding for each way in which they exist, of the number of workers with the
/// largest share. Runs whose workers waited for a core, that others disturbed, or that are not whole, do not count.
pub(super) fn of_experiment(runs: &[(&Spec, &Figures)]) -> Vec<Finding> {
    let counts = |(spec, figures): &&(&Spec, &Figures)| {
        // Where waiting for a core was not measured, it is within the other.
        let waits = [Part::WaitingForCore, Part::Blocked].map(|part| figures.worker_time_ns.share(part));
        let waiting = waits.iter().sum::<f64>();
        let taken = figures.background.map_or(0.0, Background::taken);
        is_comparable(spec) && figures.is_whole() && waiting < MOST_WAITING && taken < MOST_TAKEN
    };
    let runs: Vec<&(&Spec, &Figures)> = runs.iter().filter(counts).collect();
    let mut findings = Vec::new();
    for backend in [Backend::Threads, Backend::Processes] {
        let Some((spec, _)) = runs.iter().find(|(spec, _)| spec.backend == backend) else { continue };
        let alike = runs.iter().filter(|(other, _)| is_same_work(spec, other));
        let mut by_workers: BTreeMap<u32, Vec<&(&Spec, &Figures)>> = BTreeMap::new();
        let mut serial = Vec::new();
        for run in alike {
            if run.0.backend == backend {
                by_workers.entry(run.0.workers).or_default().push(run);
            } else if run.0.backend == Backend::Serial {
                serial.push(*run);
            }
        }
        let one = by_workers.remove(&1).unwrap_or(serial);
        let Some(alone) = cpu_ns(&one) else { continue };
        let of_several = by_workers.iter().filter_map(|(&workers, runs)| {
            let together = cpu_ns(runs).filter(|together| together.min > alone.max)?;
            let growth = Growth { alone_ns: alone.median, together_ns: together.median };
            let shares = runs.iter().filter_map(|(_, figures)| growth.share(figures));
            let share = shares.max_by(f64::total_cmp)?;
            let text = growth.text(share, &format!("with {workers} workers as with one"));
            let tried_by = Spec { workers: fewer_workers(workers, growth.factor()), ..runs[0].0.clone() };
            Some(Finding { cause: Cause::MemoryBound, text, share, tried_by, evidence: None })
        });
        findings.extend(of_several.max_by(|a, b| a.share.total_cmp(&b.share)));
    }
    findings
}

fn is_same_work(a: &Spec, b: &Spec) -> bool {
    (a.workload, a.size, a.tasks, a.lengths) == (b.workload, b.size, b.tasks, b.lengths)
        && a.params == b.params
}

/// How the medians of runs are spread. `None` for too few of them.
fn cpu_ns(runs: &[&(&Spec, &Figures)]) -> Option<Distribution> {
    let medians: Vec<u64> =
        runs.iter().filter_map(|(_, figures)| Some(figures.task_cpu_ns?.median)).collect();
    (medians.len() >= LEAST_RUNS).then(|| Distribution::of(medians)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::verdict::{
            testing::{Attempt, Made},
            verdict_of_experiment,
        },
        spec::Param,
    };

    /// Worker 0 runs tasks of 10 ms for 200 ms, then both run tasks `growth` times as long.
    fn joined(growth: f64) -> Made {
        let mut made = Made::new(Backend::Threads, 2);
        made.spec.workload = Kind::Memory;
        let mut push = |worker, from: f64, ms: f64| {
            made.attempts.push(Attempt::new(worker, from, from + ms));
        };
        (0..20).for_each(|at| push(0, f64::from(at) * 10.0, 10.0));
        for worker in 0..2 {
            (0..20).for_each(|at| push(worker, 200.0 + f64::from(at) * 10.0 * growth, 10.0 * growth));
        }
        made
    }

    #[test]
    fn tasks_that_take_more_cpu_time_beside_others_compete() {
        let findings = joined(1.5).verdict();
        let finding = findings.iter().find(|finding| finding.cause == Cause::MemoryBound).expect("found");
        assert!(
            finding
                .text
                .contains("took 1.50 times the CPU time beside others as alone, 15.0 ms instead of 10.0 ms")
        );
        assert_eq!(finding.tried_by.workers, 1);
        assert!(!joined(1.2).causes().contains(&Cause::MemoryBound), "other clocks, or chance");
    }

    #[test]
    fn work_that_differs_or_is_measured_by_its_time_is_not_compared() {
        for change in [
            |made: &mut Made| made.spec.workload = Kind::Spin,
            |made: &mut Made| made.spec.lengths = Lengths::Uniform { spread: 0.5 },
            |made: &mut Made| made.taken = Some((0.8, 0.0)),
            |made: &mut Made| made.measured = (false, false),
            |made: &mut Made| made.attempts.drain(0..15).for_each(drop),
        ] {
            let mut made = joined(1.5);
            change(&mut made);
            assert!(!made.causes().contains(&Cause::MemoryBound));
        }
    }

    fn figures(made: &Made) -> Figures {
        made.figures(&made.store())
    }

    /// Runs of the same work with so many workers, of whom each takes so many milliseconds a task.
    fn experiment(backend: Backend, runs: &[(u32, f64)]) -> Vec<(Spec, Figures)> {
        runs.iter()
            .map(|&(workers, ms)| {
                let made = Made::new(backend, workers).even(10, ms, |task| task);
                let spec = Spec { workload: Kind::Memory, tasks: 10, ..made.spec.clone() };
                (spec, figures(&made))
            })
            .collect()
    }

    fn found(runs: &[(Spec, Figures)]) -> Vec<Finding> {
        let runs: Vec<(&Spec, &Figures)> = runs.iter().map(|(spec, figures)| (spec, figures)).collect();
        verdict_of_experiment(&runs)
    }

    #[test]
    fn an_experiment_shows_what_one_run_does_not() {
        let runs = experiment(
            Backend::Processes,
            &[(1, 10.0), (1, 10.2), (1, 10.1), (2, 16.0), (2, 16.0), (4, 20.1), (4, 20.3)],
        );
        let findings = found(&runs);
        assert_eq!(findings.len(), 1, "{findings:?}");
        let finding = &findings[0];
        assert_eq!((finding.cause, finding.tried_by.workers), (Cause::MemoryBound, 2));
        assert!(
            finding
                .text
                .contains("2.00 times the CPU time with 4 workers as with one, 20.2 ms instead of 10.1 ms")
        );
        assert!((finding.share - 0.5).abs() < 0.01 && finding.evidence.is_none());
    }

    #[test]
    fn a_serial_run_is_what_several_are_compared_with_where_there_is_none_of_one_worker() {
        let mut runs = experiment(Backend::Threads, &[(2, 15.0), (2, 15.1)]);
        assert_eq!(found(&runs), [], "with nothing to compare");
        runs.extend(experiment(Backend::Serial, &[(1, 10.0), (1, 10.1)]));
        assert_eq!(found(&runs).len(), 1);
    }

    #[test]
    fn runs_that_do_not_compare_say_nothing() {
        assert_eq!(
            found(&experiment(Backend::Threads, &[(1, 10.0), (1, 10.0), (2, 12.0), (2, 12.0)])),
            [],
            "too little"
        );
        assert_eq!(
            found(&experiment(Backend::Threads, &[(1, 10.0), (2, 16.0)])),
            [],
            "one each is an anecdote"
        );
        let scattered = [(1, 10.0), (1, 10.0), (1, 15.0), (2, 14.0), (2, 16.0), (2, 16.0)];
        assert_eq!(found(&experiment(Backend::Threads, &scattered)), [], "alone it took as long at times");
        for change in [
            |run: &mut (Spec, Figures)| run.0.size += 1,
            |run: &mut (Spec, Figures)| run.0.params = vec![Param { name: "passes".to_owned(), value: 9.0 }],
            |run: &mut (Spec, Figures)| run.1.status = crate::event::Status::Interrupted,
            |run: &mut (Spec, Figures)| run.1.task_cpu_ns = None,
            |run: &mut (Spec, Figures)| {
                run.1.background = Some(Background { cores: 0.6, steal_cores: 0.0 });
            },
        ] {
            let mut runs = experiment(Backend::Threads, &[(1, 10.0), (1, 10.0), (2, 16.0), (2, 16.0)]);
            assert_eq!(found(&runs).len(), 1);
            change(&mut runs[3]);
            assert_eq!(found(&runs), []);
        }
        let mut crowded = experiment(Backend::Threads, &[(1, 10.0), (1, 10.0)]);
        let waits = Made::new(Backend::Threads, 4).even(10, 40.0, |task| Attempt {
            cpu: 0.5,
            core_wait: 0.5,
            ..task
        });
        crowded.extend(vec![(Spec { workers: 4, ..crowded[0].0.clone() }, figures(&waits)); 2]);
        assert_eq!(found(&crowded), [], "more workers than cores");
    }
}
