//! What it costs to bring tasks to workers: by the chunk, or by the byte.

use super::{
    Cause, Finding, LEAST_SHARE,
    scene::{Scene, of_workers_time, room_words},
};
use crate::{
    analysis::Part,
    spec::{Backend, Prefetch, QueueBound, Spec},
    time::{NS_PER_MS, NS_PER_US},
    units,
};

/// From so many bytes a task on, moving them takes longer than the message that they travel with.
pub(super) const MANY_BYTES: u64 = 16 << 10;
/// What moves more slowly than 20 MB a second is not held up by its bytes.
const MOST_NS_PER_BYTE: u64 = 50;
/// A chunk that lasts longer hides its hand-out.
const SHORT_CHUNK_NS: u64 = NS_PER_MS;
/// A hand-out takes some ten microseconds. What takes longer than this waits for something else: an engine without a core.
const LONG_HAND_OUT_NS: f64 = 250.0 * NS_PER_US as f64;
/// What a task costs the engine in any chunk. While it does that, all workers may have to wait.
const TASK_COST_NS: u64 = NS_PER_US;
/// Fewer hand-outs are no average.
const LEAST_TASKS: u64 = 500;
/// The share to which larger chunks should bring it down.
const GOAL: f64 = 0.05;
/// Chunks that each worker should still get, so that they end together.
const CHUNKS_EACH: u32 = 4;

/// Time between tasks, of all workers together.
fn between_ns(scene: &Scene<'_>) -> u64 {
    let time = &scene.figures.worker_time_ns;
    time.of(Part::Dispatch).saturating_add(time.of(Part::Transfer))
}

/// The part that took most of it.
fn mostly(scene: &Scene<'_>) -> Part {
    if scene.part(Part::Transfer) > scene.part(Part::Dispatch) { Part::Transfer } else { Part::Dispatch }
}

/// Speaks from 10 % on, of 500 tasks and more, and where larger chunks are possible. A queue with a bound may be what the
/// workers wait for; and where others were busy, an engine that hands out ahead may have waited for a core.
pub(super) fn chunk_too_small(scene: &Scene<'_>) -> Option<Finding> {
    let chunk = scene.spec.chunk_tasks().max(1);
    let mean_ns = scene.run_ns / scene.attempts;
    let is_disturbed =
        scene.spec.prefetch == Prefetch::Auto && scene.taken_cores() > scene.usable_cores / 4.0;
    if !scene.is_long()
        || scene.attempts < LEAST_TASKS
        || scene.bytes_each() >= MANY_BYTES
        || scene.spec.queue != QueueBound::Unbounded
        || mean_ns.saturating_mul(u64::from(chunk)) > SHORT_CHUNK_NS
        || is_disturbed
    {
        return None;
    }
    let whole_ns = scene.figures.worker_time_ns.whole_ns() as f64;
    let in_any_chunk_ns = (scene.attempts * TASK_COST_NS) as f64 * scene.mean_workers.max(1.0);
    let lost_ns = between_ns(scene) as f64 - in_any_chunk_ns;
    let (share, room) = (lost_ns / whole_ns, scene.room());
    if share.min(room) < LEAST_SHARE {
        return None;
    }
    let chunks = scene.attempts.div_ceil(u64::from(chunk)) as f64;
    let each_ns = lost_ns / chunks;
    if each_ns > LONG_HAND_OUT_NS {
        return None;
    }
    let largest = scene.spec.tasks / scene.most_workers.saturating_mul(CHUNKS_EACH);
    let larger = (each_ns / (GOAL * (mean_ns + TASK_COST_NS) as f64)).ceil() as u32;
    let larger = larger.min(largest);
    if larger < chunk.saturating_mul(2) {
        return None;
    }
    let together = if chunk == 1 { "one by one".to_owned() } else { format!("in chunks of {chunk}") };
    let between = between_ns(scene) as f64 / whole_ns;
    let beyond = if between - share >= 0.005 {
        format!(", {} beyond the 1 µs that a task costs in any chunk", units::percent(share))
    } else {
        String::new()
    };
    let text = format!(
        "{} was spent between tasks{beyond}: they took {} on average and were handed out {together}, which cost {} each \
         time. Chunks of {larger} divide that among their tasks.{}",
        of_workers_time(between),
        units::duration(mean_ns),
        units::duration(each_ns as u64),
        room_words(share, room),
    );
    let tried_by = Spec { chunk: crate::spec::Chunk::Fixed(larger), ..scene.spec.clone() };
    let evidence = scene.throughout(mostly(scene));
    Some(scene.finding(Cause::ChunkTooSmall, share.min(room), text, tried_by, evidence))
}

/// Speaks from 10 % on, of worker processes: threads share their memory, and what their engine takes to make the data is
/// no moving. The first tasks wait for their data as well.
pub(super) fn payload_bound(scene: &Scene<'_>) -> Option<Finding> {
    let bytes = scene.bytes_each();
    if scene.spec.backend != Backend::Processes || bytes < MANY_BYTES || !scene.is_long() {
        return None;
    }
    let time = &scene.figures.worker_time_ns;
    let lost_ns = between_ns(scene).saturating_add(time.of(Part::FirstTask));
    let share = lost_ns as f64 / time.whole_ns() as f64;
    let room = scene.room();
    if share.min(room) < LEAST_SHARE || lost_ns > scene.figures.bytes_moved.saturating_mul(MOST_NS_PER_BYTE) {
        return None;
    }
    let text = format!(
        "{} was spent between tasks, or before the first, while data was on its way: {} in all, {} a task, for which a \
         task took {} on average. Threads share their memory, so that nothing has to be moved.{}",
        of_workers_time(share),
        units::bytes(scene.figures.bytes_moved),
        units::bytes(bytes),
        units::duration(scene.run_ns / scene.attempts),
        room_words(share, room),
    );
    let evidence = scene.throughout(mostly(scene));
    let tried_by = scene.with_backend(Backend::Threads);
    Some(scene.finding(Cause::PayloadBound, share.min(room), text, tried_by, evidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::verdict::testing::{Attempt, Made},
        spec::Chunk,
    };

    /// Tasks of `run` milliseconds, each given to its worker `gap` after the one before and begun `gap` after that.
    fn gaps(backend: Backend, [run, gap]: [f64; 2], count: u32, bytes: u32) -> Made {
        let mut made = Made::new(backend, 2);
        for worker in 0..2 {
            for at in 0..count {
                let from = f64::from(at) * (run + 2.0 * gap);
                let task = Attempt { bytes, ..Attempt::new(worker, from, from + run) };
                made.attempts.push(Attempt { given: from - gap.min(from), ..task });
            }
        }
        made
    }

    #[test]
    fn short_tasks_one_by_one_want_larger_chunks() {
        let made = gaps(Backend::Processes, [0.01, 0.02], 2000, 0);
        let finding = made.only();
        assert_eq!(finding.cause, Cause::ChunkTooSmall);
        let Chunk::Fixed(larger) = finding.tried_by.chunk else { panic!("{finding:?}") };
        // Of 40 µs between tasks of 10 µs, 38 are lost by the hand-out: a twentieth of what 70 tasks take.
        assert!((60..=80).contains(&larger), "{larger}");
        assert!(
            finding.text.contains("took 10.0 µs on average and were handed out one by one"),
            "{}",
            finding.text
        );
    }

    #[test]
    fn what_larger_chunks_would_not_help_is_not_blamed_on_them() {
        let short = || gaps(Backend::Processes, [0.01, 0.02], 2000, 0);
        let few = gaps(Backend::Processes, [0.01, 0.2], 200, 0);
        assert_eq!(few.causes(), [], "too few to be an average");
        let long = gaps(Backend::Processes, [5.0, 2.0], 600, 0);
        assert_eq!(long.causes(), [], "a hand-out does not take milliseconds");
        let starved = gaps(Backend::Processes, [0.9, 0.2], 600, 0);
        assert_eq!(starved.causes(), [], "nor a good part of one");
        let cheap = gaps(Backend::Processes, [0.001, 0.000_5], 100_000, 0);
        assert_eq!(cheap.causes(), [], "a task costs as much in any chunk");
        let mut bounded = short();
        bounded.spec.queue = QueueBound::AtMost(1);
        assert_eq!(bounded.causes(), [], "the queue may have been filled slowly");
        let mut large = short();
        large.spec.chunk = Chunk::Fixed(400);
        assert_eq!(large.causes(), [], "larger ones could not be shared out");
        let mut disturbed = Made { taken: Some((0.9, 0.0)), ..short() };
        disturbed.spec.prefetch = Prefetch::Auto;
        assert_eq!(disturbed.causes(), [], "the engine may have waited for a core");
    }

    #[test]
    fn data_on_its_way_is_not_the_hand_out() {
        let made = gaps(Backend::Processes, [0.5, 1.0], 600, 1 << 20);
        let finding = made.only();
        assert_eq!((finding.cause, finding.tried_by.backend), (Cause::PayloadBound, Backend::Threads));
        assert!(finding.text.contains("2.52 GB in all, 2.10 MB a task"), "{}", finding.text);
        assert!((0.7..0.85).contains(&finding.share), "{finding:?}");
    }

    #[test]
    fn bytes_are_blamed_only_where_they_explain_the_time() {
        assert_eq!(gaps(Backend::Processes, [1.0, 2.0], 600, 9 << 10).causes(), [], "200 ns a byte");
        assert_eq!(gaps(Backend::Threads, [0.5, 1.0], 600, 1 << 20).causes(), [], "nothing is moved");
        assert_eq!(gaps(Backend::Processes, [50.0, 1.0], 60, 1 << 20).causes(), [], "hardly any of the time");
    }
}
