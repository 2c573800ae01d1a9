//! Workers with nothing to do while others hold all that is left in their chunks.

use super::{
    Cause, Evidence, Finding, LEAST_SHARE,
    scene::{Scene, of_workers_time, room_words},
};
use crate::{
    analysis::Part,
    event::Status,
    ids::WorkerId,
    spec::{Chunk, Spec},
    store::{Lane, RunStore},
    units,
};

/// One task that ran through so much of an idle time is the reason itself, however tasks are handed out.
const MOST_OF_IT: f64 = 0.5;
/// Rounds in which each worker gets chunks, from which on the last of them is a small part of the run.
const ROUNDS: u32 = 10;

/// A worker that was ready, had nothing to do, and could not be given anything.
#[derive(Clone, Copy)]
struct Idle {
    worker: WorkerId,
    from_ns: u64,
    to_ns: u64,
    /// What the account of the workers' time calls it.
    part: Part,
}

impl Idle {
    fn ns(&self) -> u64 {
        self.to_ns.saturating_sub(self.from_ns)
    }
}

/// Speaks from 10 % on, where in the longest idle time somebody else began at least two tasks, none of which fills half
/// of it: those could have been the idle worker's. With one task a chunk there is nothing to make smaller; and where the
/// cores were full all the same, an idle worker has lost nothing.
pub(super) fn chunk_too_large(scene: &Scene<'_>) -> Option<Finding> {
    let chunk = scene.spec.chunk_tasks();
    let smaller = (scene.spec.tasks / scene.most_workers.saturating_mul(ROUNDS)).clamp(1, (chunk / 2).max(1));
    if smaller >= chunk || scene.figures.status != Status::Finished || !scene.is_long() {
        return None;
    }
    let idle = idle(scene.store, scene.figures.wall_ns);
    let share = idle.iter().map(|idle| idle.ns() as f64).sum::<f64>()
        / scene.figures.worker_time_ns.whole_ns() as f64;
    let room = scene.room();
    let longest = idle.into_iter().filter(|_| share.min(room) >= LEAST_SHARE).max_by_key(Idle::ns)?;
    let (began, holder) = began_meanwhile(scene.store, &longest)?;
    let text = format!(
        "{} was spent with nothing to do while others had tasks in hand: {} waited for {}, in which {holder} began \
         {} tasks of its chunk. In chunks of {smaller} instead of {chunk} it would have had some of them.{}",
        of_workers_time(share),
        longest.worker,
        units::duration(longest.ns()),
        units::count(began),
        room_words(share, room),
    );
    let Idle { worker, from_ns, to_ns, part } = longest;
    let evidence = Evidence { part: Some(part), from_ns, to_ns, worker: Some(worker), task: None };
    let tried_by = Spec { chunk: Chunk::Fixed(smaller), ..scene.spec.clone() };
    Some(scene.finding(Cause::ChunkTooLarge, share.min(room), text, tried_by, evidence))
}

/// Every stretch in which a worker had no task, was given none, and none was in the queue.
fn idle(store: &RunStore, end_ns: u64) -> Vec<Idle> {
    let empty = empty_queue(store, end_ns);
    let mut all = Vec::new();
    for (worker, lane) in (0..).map(WorkerId).zip(&store.lanes) {
        let wanted_ns = store.wanted_ns(worker);
        let mut add = |from_ns: u64, to_ns: u64, part: Part| {
            for &(wanted_ns, retired_ns) in &wanted_ns {
                let (from_ns, to_ns) = (from_ns.max(wanted_ns), to_ns.min(retired_ns).min(end_ns));
                if from_ns < to_ns {
                    all.push(Idle { worker, from_ns, to_ns, part });
                }
            }
        };
        let mut at_ns = lane.lives.first().and_then(|life| life.ready_ns).unwrap_or(end_ns);
        let mut part = Part::FirstTask;
        // As long as there was something in the queue, nothing is to be found: mostly that is nearly all of a run.
        let empty_ns = empty.first().map_or(u64::MAX, |stretch| stretch.0);
        let first = lane.spans.partition_point(|_, end_ns| end_ns <= empty_ns);
        if let Some((_, end_ns)) = first.checked_sub(1).and_then(|before| lane.spans.times(before)) {
            (at_ns, part) = (at_ns.max(end_ns), Part::Dispatch);
        }
        for span in lane.spans.iter_from(first) {
            // From when it was given its next task on, it was waiting for something else.
            let given_ns = span.dispatched_ns.min(span.start_ns);
            for &(from_ns, to_ns) in &empty[empty.partition_point(|stretch| stretch.1 <= at_ns)..] {
                if from_ns >= given_ns {
                    break;
                }
                add(from_ns.max(at_ns), to_ns.min(given_ns), part);
            }
            at_ns = at_ns.max(span.end_ns);
            part = Part::Dispatch;
        }
        // What is left at the end is in nobody's queue.
        if is_present(lane) {
            add(at_ns, end_ns, Part::Tail);
        }
    }
    all
}

/// Nobody has to come back to the worker's place.
fn is_present(lane: &Lane) -> bool {
    lane.lives.last().is_none_or(|life| life.exited_ns.is_none() || life.expected)
}

/// When the queue was empty, in order of time, by the samples of its length.
fn empty_queue(store: &RunStore, end_ns: u64) -> Vec<(u64, u64)> {
    let mut stretches: Vec<(u64, u64)> = Vec::new();
    let mut since_ns = None;
    for sample in store.queue.iter() {
        match (sample.queued, since_ns) {
            (0, None) => since_ns = Some(sample.t_ns),
            (1.., Some(from_ns)) => {
                stretches.push((from_ns, sample.t_ns));
                since_ns = None;
            }
            _ => {}
        }
    }
    stretches.extend(since_ns.map(|from_ns| (from_ns, end_ns.max(from_ns))));
    stretches
}

/// How many tasks the busiest of the others began in an idle time, and who that was. `None` where those are no sign of
/// chunks: fewer than two, or where one task took most of the time.
fn began_meanwhile(store: &RunStore, idle: &Idle) -> Option<(u64, WorkerId)> {
    let mut busiest: Option<(u64, WorkerId)> = None;
    for (worker, lane) in (0..).map(WorkerId).zip(&store.lanes) {
        if worker == idle.worker {
            continue;
        }
        let mut began = 0;
        let spans = lane.spans.iter_from(lane.visible(idle.from_ns, idle.to_ns).start);
        for span in spans.take_while(|span| span.start_ns < idle.to_ns) {
            began += u64::from(span.start_ns >= idle.from_ns);
            let within_ns = span.end_ns.min(idle.to_ns).saturating_sub(span.start_ns.max(idle.from_ns));
            if within_ns as f64 >= MOST_OF_IT * idle.ns() as f64 {
                return None;
            }
        }
        if busiest.is_none_or(|(most, _)| began > most) {
            busiest = Some((began, worker));
        }
    }
    busiest.filter(|(began, _)| *began >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::verdict::testing::{Attempt, Made},
        spec::Backend,
    };

    /// Worker 0 has all tasks in one chunk.
    fn hoarded() -> Made {
        let mut made = Made::new(Backend::Threads, 2);
        made.attempts = (0..40)
            .map(f64::from)
            .map(|at| Attempt { given: 0.0, ..Attempt::new(0, at * 5.0, at * 5.0 + 5.0) })
            .collect();
        made.queue = vec![(0.0, 0)];
        made.spec.chunk = Chunk::Fixed(40);
        made
    }

    #[test]
    fn a_worker_that_holds_all_tasks_leaves_none_for_the_other() {
        let finding = hoarded().only();
        assert_eq!((finding.cause, finding.tried_by.chunk), (Cause::ChunkTooLarge, Chunk::Fixed(2)));
        assert!((finding.share - 0.5).abs() < 0.01, "{finding:?}");
        assert_eq!(
            finding.text,
            "50 % of the workers' time was spent with nothing to do while others had tasks in hand: worker 1 waited for \
             200 ms, in which worker 0 began 40 tasks of its chunk. In chunks of 2 instead of 40 it would have had some of \
             them."
        );
    }

    #[test]
    fn tasks_that_are_taken_over_late_were_held_until_then() {
        let mut made = hoarded();
        for attempt in &mut made.attempts[30..] {
            *attempt = Attempt { worker: 1, given: 150.0, from: attempt.from, to: attempt.to, ..*attempt };
        }
        let finding = made.only();
        assert_eq!(finding.cause, Cause::ChunkTooLarge);
        let evidence = finding.evidence.expect("of one run");
        assert_eq!((evidence.part, evidence.worker), (Some(Part::FirstTask), Some(WorkerId(1))));
        made.queue = vec![(0.0, 10)];
        // The end of worker 0 is a tail of 50 of 400 ms.
        assert!((made.only().share - 0.125).abs() < 0.01, "what was in the queue was in nobody's hands");
    }

    #[test]
    fn one_long_task_is_another_cause() {
        let mut made = hoarded();
        made.attempts.truncate(10);
        made.attempts.extend(
            (0..10)
                .map(f64::from)
                .map(|at| Attempt { given: 0.0, ..Attempt::new(1, at * 5.0, at * 5.0 + 5.0) }),
        );
        made.attempts.push(Attempt { given: 0.0, ..Attempt::new(0, 50.0, 150.0) });
        assert_eq!(made.causes(), [Cause::Straggler]);
    }

    #[test]
    fn single_tasks_cannot_be_handed_out_more_finely() {
        let mut made = hoarded();
        made.spec.chunk = Chunk::Fixed(1);
        assert_eq!(made.causes(), []);
    }

    #[test]
    fn a_worker_that_died_for_good_is_not_idle() {
        let mut made = hoarded();
        made.events.push(crate::store::testing::exited(1_000, 1, crate::event::Exit::Code(1), false));
        assert_eq!(made.causes(), []);
    }

    #[test]
    fn idle_beside_full_cores_nothing_is_lost() {
        let mut made = Made::new(Backend::Threads, 4);
        made.attempts = (0..2)
            .flat_map(|worker| (0..40).map(move |at| (worker, f64::from(at) * 5.0)))
            .map(|(worker, from)| Attempt { given: 0.0, ..Attempt::new(worker, from, from + 5.0) })
            .collect();
        made.queue = vec![(0.0, 0)];
        made.spec.chunk = Chunk::Fixed(40);
        assert_eq!(made.causes(), [], "two of four compute, on two cores");
        made.cores = 2.5;
        let finding = made.only();
        assert!((finding.share - 0.2).abs() < 0.01, "{finding:?}");
        assert!(
            finding.text.starts_with("50 % of the workers' time was spent with nothing to do")
                && finding
                    .text
                    .ends_with(" Only 20 % of the cores' time was free for it, and no more can be won."),
            "{}",
            finding.text
        );
        made.cores = 4.0;
        assert!(!made.only().text.contains("free for it"), "there was room for all of it");
    }
}
