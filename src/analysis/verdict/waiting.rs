//! Tasks that wait for something outside of the pool.

use super::{
    Cause, Finding,
    locks::is_never_free,
    outlook::Outlook,
    scene::{Scene, cores, of_workers_time},
};
use crate::{
    analysis::Part,
    spec::{Backend, Chunk, MAX_WORKERS},
};

/// Below a fifth, more workers gain little.
const LEAST_SHARE: f64 = 0.2;
/// Beyond this, cores are as good as full, and more workers would wait for them instead.
const FULL: f64 = 0.8;
/// A share of the workers' time that any scheduler takes now and then.
const LITTLE: f64 = 0.05;
/// Nobody should be sent from 2 workers to 1000 at once.
const MOST_TIMES: u32 = 8;

/// More workers are worth a sentence where they shorten the run by so much, with what it takes to start them.
const LEAST_GAIN: f64 = 0.1;
/// And where their start is so small a part that nobody has to speak of it in turn.
const MOST_START: f64 = 0.15;

/// Speaks from 20 % on, where cores stayed free, no task took most of the run, and there are tasks for more workers. What
/// it says of the pool is of the time once its workers were ready, and what it advises takes their start into account.
/// Locks are no reason for more workers, and those that are never free, or waited for longer than for anything else,
/// forbid it.
pub(super) fn io_bound(scene: &Scene<'_>) -> Option<Finding> {
    let blocked = scene.blocked.filter(|share| scene.is_long() && *share >= LEAST_SHARE)?;
    let lock = scene.part(Part::Lock);
    if lock > blocked || is_never_free(scene) {
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
    // A worker beyond the number of chunks gets none.
    let chunks = match scene.spec.chunk {
        Chunk::Fixed(chunk) => scene.spec.tasks.div_ceil(chunk.max(1)),
        Chunk::Auto => scene.spec.tasks,
    };
    let most = MAX_WORKERS.min(scene.most_workers.saturating_mul(MOST_TIMES)).min(chunks);
    let most = ((free / wanting).min(f64::from(most)) as u32).min(most);
    let (more, gain) = worth_starting(scene, most)?;
    // However many workers there are, the longest task takes as long.
    let gain = gain.min(1.0 - scene.longest_ns as f64 / scene.figures.wall_ns as f64);
    if gain < LEAST_SHARE {
        return None;
    }
    let ready = 1.0 - scene.part(Part::Starting);
    let once_ready = if ready < 0.995 { " once they were ready" } else { "" };
    let used = cores(scene.part(Part::Useful) * scene.mean_workers / ready);
    let backend = if scene.spec.backend == Backend::Processes { "; threads suffice for that" } else { "" };
    let text = format!(
        "{}{once_ready} was spent in tasks that waited for something other than a core: {} used {used} of {}. {more} would \
         wait at the same time and still find a core, as long as what they wait for serves so many{backend}.",
        of_workers_time(blocked / ready),
        scene.workers_words(),
        scene.cores_words(),
    );
    let evidence = scene.throughout(Part::Blocked);
    Some(scene.finding(Cause::IoBound, blocked.min(gain), text, scene.with_workers(more), evidence))
}

/// The most workers up to so many that are worth their start, and by how much of the run they shorten it at most.
fn worth_starting(scene: &Scene<'_>, most: u32) -> Option<(u32, f64)> {
    let outlook = Outlook::new(scene, 0.0)?;
    let now_ns = outlook.wall_ns(scene.most_workers);
    let is_mostly_start = outlook.start_share(scene.most_workers) > MOST_START;
    let mut more = most;
    while more > scene.most_workers {
        let gain = 1.0 - outlook.wall_ns(more) / now_ns;
        // Those of the second half are worth it where they are for themselves.
        let half = (more / 2).max(scene.most_workers);
        let starts = outlook.start_share(more) <= MOST_START || is_mostly_start;
        if starts && gain >= LEAST_GAIN && outlook.wall_ns(more) < outlook.wall_ns(half) * (1.0 - LEAST_GAIN)
        {
            return Some((more, gain));
        }
        more = if half < more { half } else { 0 };
    }
    None
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

    #[test]
    fn the_start_is_no_waiting_and_more_workers_have_to_be_started() {
        let started = |ready, pace| {
            let mut made = Made { ready, pace, ..Made::new(Backend::Processes, 2) };
            for worker in 0..2 {
                let from = ready + pace * f64::from(worker);
                made.attempts.extend(
                    (0..10)
                        .map(|at| from + f64::from(at) * 10.0)
                        .map(|from| Attempt { cpu: 0.1, ..Attempt::new(worker, from, from + 10.0) }),
                );
            }
            made
        };
        let finding = |made: Made| made.verdict().into_iter().find(|found| found.cause == Cause::IoBound);
        let all_at_once = finding(started(100.0, 0.0)).expect("45 % of the time");
        assert_eq!(
            all_at_once.text,
            "90 % of the workers' time once they were ready was spent in tasks that waited for something other than a \
             core: 2 workers used 0.2 of 2 usable cores. 8 would wait at the same time and still find a core, as long as \
             what they wait for serves so many; threads suffice for that."
        );
        assert!((all_at_once.share - 0.35).abs() < 0.01, "{all_at_once:?}");
        let one_by_one = finding(started(2.0, 2.0)).expect("four are worth it");
        assert_eq!(one_by_one.tried_by.workers, 4, "{}", one_by_one.text);
        assert_eq!(finding(started(90.0, 90.0)), None, "the next would be ready when it is over");
    }

    #[test]
    fn a_worker_without_a_chunk_cannot_help() {
        let mut made = run(2, 0.0, 0.0);
        made.spec.chunk = Chunk::Fixed(10);
        assert_eq!(made.verdict()[0].tried_by.workers, 4, "40 tasks in chunks of 10");
    }
}
