//! Workers with nothing left to do while one long task goes on.

use super::{
    Cause, Evidence, Finding, LEAST_SHARE,
    scene::{Scene, of_workers_time, room_words},
};
use crate::{
    analysis::Part,
    event::Status,
    ids::WorkerId,
    spec::{Chunk, Lengths, Spec},
    store::Span,
    units,
};

/// A task is long beside the others from so many times their median on.
const LONG: u64 = 3;
/// Fewer tasks have no median to speak of.
const LEAST_TASKS: u64 = 5;
/// It is the reason where it ran through so much of the idle time.
const MOST_OF_IT: f64 = 0.5;
/// The end of a run that finished with idle workers.
struct Tail {
    share: f64,
    /// Who ended last.
    worker: WorkerId,
    /// From when on each of the others had nothing to do.
    idle_from_ns: Vec<u64>,
    end_ns: u64,
}

impl Tail {
    /// `None` where too little time was lost for a sentence, or the run was stopped: who then waits, waits for nothing.
    fn of(scene: &Scene<'_>) -> Option<Self> {
        let share = scene.part(Part::Tail);
        if share.min(scene.room()) < LEAST_SHARE
            || scene.figures.status != Status::Finished
            || !scene.is_long()
        {
            return None;
        }
        let lanes = || (0..).map(WorkerId).zip(&scene.store.lanes);
        let last_end = |(worker, lane): (WorkerId, &crate::store::Lane)| {
            Some((lane.spans.last()?.end_ns, std::cmp::Reverse(worker)))
        };
        let (end_ns, std::cmp::Reverse(worker)) = lanes().filter_map(last_end).max()?;
        let idle_from_ns = lanes()
            .filter(|(other, _)| *other != worker)
            // Those that the pool had let go were not waiting for anything.
            .filter(|(other, _)| {
                scene.store.wanted_ns(*other).last().is_some_and(|wanted| wanted.1 >= end_ns)
            })
            .map(|(_, lane)| {
                let ready_ns = || lane.lives.last().and_then(|life| life.ready_ns);
                lane.spans.last().map(|span| span.end_ns).or_else(ready_ns).unwrap_or(end_ns)
            })
            .collect();
        Some(Self { share, worker, idle_from_ns, end_ns })
    }

    /// How much of the others' idle time lies within a stretch, 0 to 1.
    fn covered(&self, from_ns: u64, to_ns: u64) -> f64 {
        let idle = |from_ns: u64, to_ns: u64| -> f64 {
            self.idle_from_ns.iter().map(|idle_ns| to_ns.saturating_sub(from_ns.max(*idle_ns)) as f64).sum()
        };
        idle(from_ns, to_ns.min(self.end_ns)) / idle(0, self.end_ns).max(1.0)
    }

    fn first_idle_ns(&self) -> u64 {
        self.idle_from_ns.iter().copied().min().unwrap_or(self.end_ns).min(self.end_ns)
    }

    fn evidence(&self, span: Option<&Span>) -> Evidence {
        Evidence {
            part: Some(Part::Tail),
            from_ns: self.first_idle_ns(),
            to_ns: self.end_ns,
            worker: Some(self.worker),
            task: span.map(|span| span.task),
        }
    }
}

/// Speaks where the tail is 10 % or more of the workers' time, cores had as much left, and one task of at least three times the median ran through half of it.
pub(super) fn straggler(scene: &Scene<'_>) -> Option<Finding> {
    let tail = Tail::of(scene)?;
    let median_ns = scene.figures.task_ns.filter(|_| scene.attempts >= LEAST_TASKS)?.median;
    let lane = scene.store.lanes.get(tail.worker.index())?;
    // It need not be the very last: the rest of its chunk may have waited behind it.
    let touching = lane.visible(tail.first_idle_ns(), tail.end_ns);
    let spans = lane.spans.iter_from(touching.start);
    let span = spans.max_by_key(Span::run_ns)?;
    // Time without a core is not its own length.
    let long_ns = span.run_ns().saturating_sub(span.usage.core_wait_ns.unwrap_or(0));
    if long_ns < median_ns.saturating_mul(LONG).max(1)
        || tail.covered(span.start_ns, span.end_ns) < MOST_OF_IT
    {
        return None;
    }
    let (tried_by, advice) = without_it(scene, long_ns);
    let text = format!(
        "{} was spent with nothing left to do while {} ran on {} for {}, beside a median of {}.{} {advice}",
        of_workers_time(tail.share),
        span.task,
        tail.worker,
        units::duration(long_ns),
        units::duration(median_ns),
        room_words(tail.share, scene.room()),
    );
    let share = tail.share.min(scene.room());
    Some(scene.finding(Cause::Straggler, share, text, tried_by, tail.evidence(Some(&span))))
}

/// What to try against a long task, and what follows from its length: no pool is faster than its longest task, nor than
/// all of its work divided evenly.
fn without_it(scene: &Scene<'_>, long_ns: u64) -> (Spec, String) {
    let work_ns = scene.run_ns.saturating_sub(scene.figures.worker_time_ns.of(Part::WaitingForCore));
    let even_ns = work_ns / u64::from(scene.most_workers);
    let floor = units::duration(long_ns.max(even_ns));
    if let Lengths::Straggler { at, factor } = scene.spec.lengths
        && at != Some(0)
    {
        let lengths = Lengths::Straggler { at: Some(0), factor };
        let text =
            format!("Begun first it would overlap with the others; the run then takes {floor} at least.");
        return (Spec { lengths, ..scene.spec.clone() }, text);
    }
    if long_ns < even_ns && scene.spec.chunk_tasks() > 1 {
        let text =
            format!("Handed out one by one, no other task waits behind it; the run takes {floor} at least.");
        return (Spec { chunk: Chunk::Fixed(1), ..scene.spec.clone() }, text);
    }
    let most = scene.most_workers.saturating_sub(1).max(1);
    let enough = u32::try_from(work_ns.div_ceil(long_ns.max(1))).unwrap_or(most).clamp(1, most);
    let plural = if enough == 1 { "" } else { "s" };
    let text = format!(
        "No pool ends before its longest task does: the run takes {floor} at least, unless that task is divided. With \
         {enough} worker{plural} fewer would wait for it."
    );
    (scene.with_workers(enough), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::verdict::testing::{Attempt, Made},
        spec::Backend,
    };

    /// Ten tasks of 10 ms each on two workers, and then a long one on worker 1.
    fn with_a_long_one(ms: f64) -> Made {
        let mut made = Made::new(Backend::Threads, 2).even(10, 10.0, |task| task);
        made.attempts.push(Attempt::new(1, 100.0, 100.0 + ms));
        made
    }

    #[test]
    fn a_long_task_that_ends_last_is_named_with_what_it_costs() {
        let finding = with_a_long_one(100.0).only();
        assert_eq!(finding.cause, Cause::Straggler);
        assert!(
            finding.text.starts_with(
                "25 % of the workers' time was spent with nothing left to do while task 20 ran on worker 1 for 100 ms, \
                 beside a median of 10.0 ms."
            ),
            "{}",
            finding.text
        );
        let evidence = finding.evidence.expect("of one run");
        assert_eq!((evidence.worker, evidence.task), (Some(WorkerId(1)), Some(crate::ids::TaskId(20))));
        assert_eq!((evidence.from_ns, evidence.to_ns), (100_000_000, 200_000_000));
    }

    #[test]
    fn what_is_tried_depends_on_what_can_be_changed() {
        let mut made = with_a_long_one(100.0);
        made.spec.lengths = Lengths::Straggler { at: None, factor: 10.0 };
        let first = made.only();
        assert_eq!(first.tried_by.lengths, Lengths::Straggler { at: Some(0), factor: 10.0 });
        // All the work is 300 ms, so that two workers need half of it.
        assert!(first.text.ends_with("the run then takes 150 ms at least."), "{}", first.text);
        made.spec.lengths = Lengths::Straggler { at: Some(0), factor: 10.0 };
        assert_eq!(made.only().tried_by.workers, 1, "it is first already");
        made.spec.lengths = Lengths::Skewed { alpha: 1.5 };
        made.spec.chunk = Chunk::Fixed(2);
        assert_eq!(made.only().tried_by.chunk, Chunk::Fixed(1));
        let longest = with_a_long_one(400.0).only();
        assert!(longest.text.contains("the run takes 400 ms at least, unless that task is divided."));
    }

    #[test]
    fn tasks_that_are_alike_have_no_straggler() {
        assert_eq!(with_a_long_one(25.0).causes(), []);
        let mut uneven = Made::new(Backend::Threads, 2);
        uneven.attempts =
            vec![Attempt::new(0, 0.0, 100.0), Attempt::new(1, 0.0, 100.0), Attempt::new(0, 100.0, 200.0)];
        assert_eq!(uneven.causes(), [], "three tasks on two workers");
    }

    #[test]
    fn a_long_task_that_nobody_waits_for_is_not_spoken_of() {
        let mut early = with_a_long_one(0.1);
        early.attempts[0] = Attempt::new(0, 0.0, 90.0);
        early.attempts.drain(1..9);
        assert_eq!(early.causes(), []);
    }

    #[test]
    fn a_run_that_was_stopped_waits_for_whatever_runs() {
        let made = with_a_long_one(100.0);
        let store = made.store();
        let figures = crate::analysis::Figures { status: Status::Interrupted, ..made.figures(&store) };
        assert_eq!(super::super::verdict(&store, &figures), []);
    }
}
