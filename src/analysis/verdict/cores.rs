//! Too few cores for the workers that want one: because there are too many workers, or because others have the cores.

use super::{
    Cause, Finding, LEAST_SHARE,
    scene::{Scene, cores, of_workers_time},
};
use crate::{analysis::Part, units};

/// Less than this, in cores, is what any machine does beside, and as exact as it is measured.
const LEAST_TAKEN: f64 = 0.25;
/// The pool had the cores to itself and kept them busy: fewer workers could not have computed less.
const FULL: f64 = 0.8;
/// Tasks a worker from which on it does not matter that they are not divided evenly.
const MANY_TASKS: u32 = 4;

/// The share of the workers' time spent waiting for a core, by who had it.
struct Waits {
    /// As the account of the workers' time shows it, where that was measured.
    all: f64,
    /// Other workers of the pool.
    own: f64,
    /// Somebody else.
    others: f64,
}

impl Waits {
    /// Workers beyond the number of cores have to wait whatever others do. The rest is the others' doing, as far as they
    /// used any core, and only then the pool's again.
    fn of(scene: &Scene<'_>) -> Option<Self> {
        let waiting = scene.waiting.filter(|_| scene.is_long())?;
        let wanted_cores = (scene.part(Part::Useful) + waiting) * scene.mean_workers;
        let unavoidable = ((wanted_cores - scene.usable_cores) / scene.mean_workers).clamp(0.0, waiting);
        let taken = scene.taken_cores();
        let others =
            if taken >= LEAST_TAKEN { (waiting - unavoidable).min(taken / scene.mean_workers) } else { 0.0 };
        let has_too_many = f64::from(scene.most_workers) > scene.usable_cores.ceil();
        Some(Self { all: waiting, own: if has_too_many { waiting - others } else { 0.0 }, others })
    }
}

/// Speaks from 10 % on, where fewer workers would keep the cores as busy. That they would finish as soon is said only
/// where it follows: the cores were full, of CPU work alone, and tasks are many.
pub(super) fn oversubscribed(scene: &Scene<'_>) -> Option<Finding> {
    let waits = Waits::of(scene)?;
    let share = waits.own;
    let useful = scene.part(Part::Useful);
    if share < LEAST_SHARE || useful <= 0.0 {
        return None;
    }
    let idle = scene.blocked.unwrap_or(0.0) + scene.part(Part::Lock);
    let busy = useful / (useful + idle);
    // Rounded down by a hair, so that a worker that waits for a thousandth of its time does not make it one more.
    let enough = ((scene.usable_cores / busy - 0.1).ceil() as u32).max(1);
    if enough >= scene.most_workers {
        return None;
    }
    let plural = if enough == 1 { "" } else { "s" };
    let free = (scene.usable_cores - scene.taken_cores()).max(0.0);
    let follows = busy > 0.95
        && useful * scene.mean_workers >= FULL * free
        && scene.spec.tasks >= MANY_TASKS.saturating_mul(enough)
        && scene.part(Part::Tail) < LEAST_SHARE;
    let advice = if follows {
        format!("{enough} worker{plural} finish{} as soon.", if enough == 1 { "es" } else { "" })
    } else {
        format!("About {enough} worker{plural} would keep the cores as busy.")
    };
    let least = if scene.is_sampled { "at least " } else { "" };
    let because = if waits.others >= 0.005 {
        format!(", {} because others had it", units::percent(waits.others))
    } else {
        String::new()
    };
    let text = format!(
        "{} was spent waiting for a core{}: {} on {}. {advice}",
        format_args!("{least}{}", of_workers_time(waits.all)),
        because,
        scene.workers_words(),
        scene.cores_words(),
    );
    let evidence = scene.throughout(Part::WaitingForCore);
    Some(scene.finding(Cause::Oversubscribed, share, text, scene.with_workers(enough), evidence))
}

/// Speaks where others used a quarter of a core or more, and workers waited for cores for 10 % of their time because of
/// it. Who watches the run is one of the others, unless the figures know what it used.
pub(super) fn noisy_machine(scene: &Scene<'_>) -> Option<Finding> {
    let waits = Waits::of(scene)?;
    let share = waits.others;
    let background = scene.figures.background?;
    if share < LEAST_SHARE {
        return None;
    }
    let of_all = if waits.all - share >= 0.005 {
        format!(", of {} without a core in all", units::percent(waits.all))
    } else {
        String::new()
    };
    let mut who = vec![format!("programs beside the pool {}", cores(background.cores))];
    if background.steal_cores >= 0.05 {
        who.push(format!("other machines of the same host {}", cores(background.steal_cores)));
    }
    let text = format!(
        "{} was spent waiting for a core that others had{}: they used {} of {} ({}). The times tell as much of them as of \
         the pool: run it again when the machine is quiet.",
        of_workers_time(share),
        of_all,
        cores(background.taken()),
        scene.cores_words(),
        who.join(", "),
    );
    let evidence = scene.throughout(Part::WaitingForCore);
    Some(scene.finding(Cause::NoisyMachine, share, text, scene.spec.clone(), evidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::verdict::testing::{Attempt, Made},
        event::{Event, WorkerSample},
        ids::WorkerId,
        spec::Backend,
        time::NS_PER_MS,
    };

    /// Tasks that compute for a part of their time, and wait for a core for another.
    fn run(workers: u32, cpu: f64, core_wait: f64) -> Made {
        Made::new(Backend::Processes, workers).even(20, 10.0, |task| Attempt { cpu, core_wait, ..task })
    }

    #[test]
    fn more_workers_than_cores_are_too_many() {
        let finding = run(8, 0.25, 0.75).only();
        assert_eq!(finding.cause, Cause::Oversubscribed);
        assert_eq!(
            finding.text,
            "75 % of the workers' time was spent waiting for a core: 8 workers on 2 usable cores. 2 workers finish as \
             soon."
        );
        assert_eq!((finding.tried_by.workers, finding.share), (2, 0.75));
        assert_eq!(run(4, 0.95, 0.05).causes(), [], "too little to speak of");
    }

    #[test]
    fn of_half_a_core_one_worker_is_left() {
        let quota = Made { cores: 0.5, ..run(2, 0.25, 0.75) };
        assert!(quota.only().text.ends_with("2 workers on 0.5 usable cores. 1 worker finishes as soon."));
        let one = Made { cores: 0.5, ..run(1, 0.5, 0.5) };
        assert_eq!(one.causes(), [], "there cannot be fewer");
    }

    #[test]
    fn tasks_that_also_wait_for_something_else_need_more_workers() {
        // Each computes a fifth of its time, so that two cores have work for six workers.
        let finding = run(10, 0.2, 0.4).only();
        assert_eq!(finding.tried_by.workers, 6);
        assert!(finding.text.ends_with("About 6 workers would keep the cores as busy."), "{}", finding.text);
    }

    #[test]
    fn workers_that_wait_for_cores_of_others_are_not_too_many() {
        let crowded = Made { taken: Some((0.9, 0.1)), ..run(2, 0.5, 0.5) };
        let finding = crowded.only();
        assert_eq!((finding.cause, finding.share), (Cause::NoisyMachine, 0.5));
        let used = "they used 1 of 2 usable cores (programs beside the pool 0.9, other machines of the same host 0.1)";
        assert!(finding.text.contains(used), "{}", finding.text);
        assert_eq!(finding.tried_by.workers, 2, "the same again");
        let unexplained = run(2, 0.5, 0.5);
        assert_eq!(unexplained.causes(), [], "nobody was seen to take them");
        let little = Made { taken: Some((0.2, 0.0)), ..run(2, 0.5, 0.5) };
        assert_eq!(little.causes(), []);
        let idle = Made { taken: Some((1.5, 0.0)), ..run(2, 0.99, 0.01) };
        assert_eq!(idle.causes(), [], "others were busy, and nobody waited for them");
    }

    #[test]
    fn what_cannot_be_helped_by_a_quiet_machine_is_not_blamed_on_the_others() {
        // One of two cores for four workers: they would wait for half their time even with both.
        let both = Made { taken: Some((1.0, 0.0)), ..run(4, 0.25, 0.75) };
        let findings = both.verdict();
        let found: Vec<_> = findings.iter().map(|finding| (finding.cause, finding.share)).collect();
        assert_eq!(found, [(Cause::Oversubscribed, 0.5), (Cause::NoisyMachine, 0.25)]);
        // Both begin with what the account of the workers' time shows, or say how much of that they speak of.
        assert!(
            findings[0].text.starts_with(
                "75 % of the workers' time was spent waiting for a core, 25 % because others had it: 4 workers on 2"
            ) && findings[1].text.starts_with(
                "25 % of the workers' time was spent waiting for a core that others had, of 75 % without a core in all: "
            ),
            "{findings:?}"
        );
    }

    /// Without the kernel's count of it, with the workers' states at so many moments.
    fn sampled(states: &str, samples: u64) -> Made {
        let mut made = Made { measured: (false, true), ..run(4, 0.5, 0.0) };
        made.events = (0..samples)
            .map(|at| {
                let state = states.chars().nth(at as usize % states.len()).unwrap_or('S');
                let sample = WorkerSample { state, ..WorkerSample::default() };
                Event::Worker { t_ns: at * NS_PER_MS, worker: WorkerId(at as u32 % 2), sample }
            })
            .collect();
        made
    }

    #[test]
    fn states_tell_waiting_for_a_core_from_waiting_for_a_disk() {
        let ready = sampled("R", 100).only();
        assert_eq!(ready.cause, Cause::Oversubscribed);
        // Ready all the time, of which half is known to be computing, less a tenth that chance might be.
        assert!((ready.share - 0.4).abs() < 1e-9, "{ready:?}");
        assert!(ready.text.starts_with("at least 40 % of the workers' time"), "{}", ready.text);
        assert_eq!(sampled("RS", 100).causes(), [], "the cores are full, and nobody waits for them");
        assert_eq!(sampled("R", 30).causes(), [], "too few to tell");
        let unknown = Made { measured: (false, false), ..sampled("R", 100) };
        assert_eq!(unknown.causes(), [], "not even CPU time is known");
    }

    #[test]
    fn states_tell_sleepers_from_those_without_a_core() {
        let asleep = Made { measured: (false, true), ..run(2, 0.1, 0.0) };
        assert_eq!(asleep.causes(), [], "without samples either may be");
        let mut asleep = Made { events: sampled("SSSSSSSSSR", 100).events, ..asleep };
        asleep.spec.tasks = 40;
        assert_eq!(asleep.only().cause, Cause::IoBound);
    }
}
