//! Tasks that wait for something outside of the pool.

use super::{
    Cause, Finding,
    locks::is_never_free,
    scene::{Scene, cores, of_workers_time},
};
use crate::{
    analysis::Part,
    spec::{Backend, MAX_WORKERS},
};

/// Below a fifth, more workers gain little.
const LEAST_SHARE: f64 = 0.2;
/// Beyond this, cores are as good as full, and more workers would wait for them instead.
const FULL: f64 = 0.8;
/// A share of the workers' time that any scheduler takes now and then.
const LITTLE: f64 = 0.05;
/// Nobody should be sent from 2 workers to 1000 at once.
const MOST_TIMES: u32 = 8;

/// Speaks from 20 % on, where cores stayed free, no task took most of the run, and there are tasks for more workers. Locks are no reason for more
/// workers, and those that are never free, or waited for longer than for anything else, forbid it.
pub(super) fn io_bound(scene: &Scene<'_>) -> Option<Finding> {
    let blocked = scene.blocked.filter(|share| scene.is_long() && *share >= LEAST_SHARE)?;
    // However many workers there are, the longest task takes as long.
    let gain = 1.0 - scene.longest_ns as f64 / scene.figures.wall_ns as f64;
    let lock = scene.part(Part::Lock);
    if lock > blocked || gain < LEAST_SHARE || is_never_free(scene) {
        return None;
    }
    let computing = scene.part(Part::Useful) + scene.waiting.unwrap_or(0.0);
    // Of the time in tasks, how much wants a core.
    let wanting = computing / (computing + blocked + lock);
    let workers = f64::from(scene.most_workers);
    let usable = if scene.spec.backend == Backend::Gil { 1.0 } else { scene.usable_cores };
    // Workers that hardly ever waited for a core find one when they want it, however busy the others are.
    let fair = if scene.waiting.is_some_and(|share| share < LITTLE) { usable / 2.0 } else { 0.0 };
    let free = (usable - scene.taken_cores()).max(fair);
    if wanting * workers > FULL * free {
        return None;
    }
    let most = MAX_WORKERS.min(scene.most_workers.saturating_mul(MOST_TIMES)).min(scene.spec.tasks);
    let more = ((free / wanting).min(f64::from(most)) as u32).min(most);
    if more <= scene.most_workers {
        return None;
    }
    let used = cores(scene.part(Part::Useful) * scene.mean_workers);
    let backend = if scene.spec.backend == Backend::Processes { "; threads suffice for that" } else { "" };
    let text = format!(
        "{} was spent in tasks that waited for something other than a core: {} used {used} of {}. {more} would wait at \
         the same time and still find a core, as long as what they wait for serves so many{backend}.",
        of_workers_time(blocked),
        scene.workers_words(),
        scene.cores_words(),
    );
    let evidence = scene.throughout(Part::Blocked);
    Some(scene.finding(Cause::IoBound, blocked.min(gain), text, scene.with_workers(more), evidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::verdict::testing::{Attempt, Made};

    fn run(workers: u32, cpu: f64, core_wait: f64) -> Made {
        let mut made =
            Made::new(Backend::Processes, workers).even(20, 10.0, |task| Attempt { cpu, core_wait, ..task });
        made.spec.tasks = 20 * workers;
        made
    }

    #[test]
    fn tasks_that_wait_while_cores_are_free_want_more_workers() {
        let finding = run(2, 0.0, 0.0).only();
        assert_eq!((finding.cause, finding.tried_by.workers), (Cause::IoBound, 16));
        assert!(
            finding
                .text
                .starts_with("100 % of the workers' time was spent in tasks that waited for something")
        );
        let half = run(2, 0.5, 0.0).only();
        assert_eq!((half.tried_by.workers, half.share), (4, 0.5), "two cores full of halves");
    }

    #[test]
    fn full_cores_want_no_more_workers() {
        assert_eq!(run(4, 0.5, 0.0).causes(), [], "two cores' worth on two cores");
        assert_eq!(run(2, 0.9, 0.0).causes(), [], "too little waiting");
        let crowded = Made { taken: Some((1.2, 0.0)), ..run(2, 0.4, 0.2) };
        assert!(!crowded.causes().contains(&Cause::IoBound), "others have the cores");
        // Others that leave a core to whoever wants one for a moment do not matter to sleepers.
        let asleep = Made { taken: Some((1.9, 0.0)), ..run(2, 0.0, 0.01) };
        assert_eq!(asleep.causes(), [Cause::IoBound]);
    }

    #[test]
    fn more_workers_than_cores_that_wait_for_a_core_are_another_cause() {
        assert_eq!(run(8, 0.25, 0.75).causes(), [Cause::Oversubscribed]);
    }

    #[test]
    fn there_must_be_tasks_for_them() {
        let mut few = Made::new(Backend::Threads, 4).even(1, 100.0, |task| Attempt { cpu: 0.0, ..task });
        few.spec.tasks = 4;
        assert_eq!(few.causes(), []);
        // And no task that takes as long as all of them.
        few.attempts.push(Attempt { cpu: 0.0, ..Attempt::new(0, 100.0, 110.0) });
        few.spec.tasks = 5;
        assert_eq!(few.causes(), []);
    }

    #[test]
    fn a_serial_pool_becomes_one_of_threads() {
        let mut serial = run(1, 0.0, 0.0);
        serial.spec.backend = Backend::Serial;
        assert_eq!((serial.only().tried_by.backend, serial.only().tried_by.workers), (Backend::Threads, 8));
    }
}
