//! Runs that are over before their pool has paid for itself.

use super::{
    Cause, Evidence, Finding,
    hand_out::MANY_BYTES,
    scene::{Scene, of_workers_time},
};
use crate::{
    analysis::Part,
    spec::{Backend, MAX_TASKS, Spec},
    time::NS_PER_MS,
    units,
};

/// Below a fifth, a run that is twice as long hardly shows its start any more.
const LEAST_SHARE: f64 = 0.2;
/// Nobody waits for a shorter run.
const SHORTEST_NS: u64 = NS_PER_MS;
/// The share to which more work should bring it down.
const GOAL: f64 = 0.05;

/// Speaks from 20 % on, in runs of a millisecond or longer: of a short run this is the one thing that is certain.
pub(super) fn startup_dominates(scene: &Scene<'_>) -> Option<Finding> {
    let starting = scene.part(Part::Starting);
    // A first task that brings much data along is late because of that.
    let first = if scene.bytes_each() >= MANY_BYTES { 0.0 } else { scene.part(Part::FirstTask) };
    let share = starting + first;
    let wall_ns = scene.figures.wall_ns;
    // Workers that had long been ready waited for something else than their start.
    if share < LEAST_SHARE || wall_ns < SHORTEST_NS || starting * 4.0 < first {
        return None;
    }
    let (tried_by, advice) = if scene.spec.backend == Backend::Processes {
        (scene.with_backend(Backend::Threads), "Threads have no process to start.".to_owned())
    } else {
        let times = (share / (1.0 - share).max(0.01) * (1.0 - GOAL) / GOAL).ceil();
        let tasks = ((f64::from(scene.spec.tasks) * times) as u32).min(MAX_TASKS);
        if tasks <= scene.spec.tasks {
            return None;
        }
        let text = format!("With {} tasks it matters no more.", units::count(u64::from(tasks)));
        (Spec { tasks, ..scene.spec.clone() }, text)
    };
    let ready_ns = scene.figures.ready_ns.filter(|ready_ns| *ready_ns < wall_ns);
    let when = match ready_ns {
        Some(ready_ns) => {
            format!("the last of {} was ready after {}", scene.workers_words(), units::duration(ready_ns))
        }
        None => format!("not all of {} were ready when the last task ended", scene.workers_words()),
    };
    let text = format!(
        "{} went into starting the pool: {when}, and the whole run took {}. {advice}",
        of_workers_time(share),
        units::duration(wall_ns),
    );
    let to_ns = ready_ns.unwrap_or(wall_ns);
    let evidence = Evidence { part: Some(Part::Starting), from_ns: 0, to_ns, worker: None, task: None };
    Some(scene.finding(Cause::StartupDominates, share, text, tried_by, evidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::verdict::testing::{Attempt, Made};

    fn run(backend: Backend, ready: f64, count: u32) -> Made {
        Made { ready, ..Made::new(backend, 2) }.even(count, 1.0, |task| task)
    }

    #[test]
    fn a_pool_that_starts_for_longer_than_it_works_says_so() {
        let finding = run(Backend::Processes, 20.0, 10).only();
        assert_eq!(finding.cause, Cause::StartupDominates);
        assert_eq!(finding.tried_by.backend, Backend::Threads);
        assert_eq!(
            finding.text,
            "67 % of the workers' time went into starting the pool: the last of 2 workers was ready after 20.0 ms, and the \
             whole run took 30.0 ms. Threads have no process to start."
        );
        let evidence = finding.evidence.expect("of one run");
        assert_eq!((evidence.from_ns, evidence.to_ns), (0, 20_000_000));
    }

    #[test]
    fn threads_are_given_more_to_do() {
        let finding = run(Backend::Threads, 20.0, 10).only();
        // Two thirds of the run: of 38 times the work they are a twentieth.
        assert_eq!(finding.tried_by.tasks, 20 * 38);
        assert_eq!(finding.tried_by.backend, Backend::Threads);
    }

    #[test]
    fn a_start_that_work_outweighs_is_not_spoken_of() {
        assert_eq!(run(Backend::Processes, 20.0, 200).causes(), []);
        assert_eq!(run(Backend::Processes, 0.5, 0).causes(), [], "no task at all");
    }

    #[test]
    fn a_moment_is_not_worth_a_sentence() {
        let made = Made { ready: 0.4, ..Made::new(Backend::Threads, 2) };
        assert_eq!(made.even(2, 0.1, |task| task).causes(), []);
    }

    #[test]
    fn workers_that_were_ready_early_waited_for_something_else() {
        let mut late = run(Backend::Processes, 1.0, 0);
        late.attempts = (0..2).map(|worker| Attempt::new(worker, 90.0, 100.0)).collect();
        assert_eq!(late.causes(), []);
    }
}
