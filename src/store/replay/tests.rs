use super::*;
use crate::{
    event::{Event, LockKind},
    store::testing::{assert_same, mangled, random_run, store},
};

/// The moment at which an event reaches the store.
fn told_ns(event: &Event) -> u64 {
    match event {
        Event::Ended(ended) => ended.received_ns,
        Event::Lock { released_ns, .. } => *released_ns,
        other => other.t_ns().unwrap_or(0),
    }
}

fn items<T: Clone>(column: &Chunked<T>) -> Vec<T> {
    column.iter().cloned().collect()
}

fn assert_stood(then: &RunStore, replayed: &RunStore, what: &str) {
    assert_eq!((then.tally, &then.sizes), (replayed.tally, &replayed.sizes), "{what}");
    assert_eq!((then.ready_ns, &then.pauses), (replayed.ready_ns, &replayed.pauses), "{what}");
    assert_eq!(then.last_end_ns, replayed.last_end_ns, "{what}");
    if then.ready_ns.is_some() {
        assert_eq!(then.phase, replayed.phase, "{what}");
    }
    assert_eq!(items(&then.cores), items(&replayed.cores), "{what}");
    assert_eq!(items(&then.queue), items(&replayed.queue), "{what}");
    assert_eq!(items(&then.processes), items(&replayed.processes), "{what}");
    assert_eq!((then.engine, then.engine_max_rss_bytes), (replayed.engine, replayed.engine_max_rss_bytes));
    assert_eq!(items(&then.log), items(&replayed.log), "{what}");
    assert_eq!(items(&then.values), items(&replayed.values), "{what}");
    assert_eq!(then.lanes.len(), replayed.lanes.len(), "{what}");
    for (lane, other) in then.lanes.iter().zip(&replayed.lanes) {
        assert!(lane.spans.iter().eq(other.spans.iter()), "{what}");
        assert_eq!((lane.running, &lane.lives), (other.running, &other.lives), "{what}");
        for kind in LockKind::ALL {
            assert_eq!(items(lane.locks.of(kind)), items(other.locks.of(kind)), "{what}");
        }
    }
    for (row, other) in then.workers.iter().zip(&replayed.workers) {
        assert_eq!((row.pid, row.tid, row.exit), (other.pid, other.tid, other.exit), "{what}");
        assert_eq!((row.tasks_ok, row.attempts), (other.tasks_ok, other.attempts), "{what}");
        assert_eq!(row.restarts, other.restarts, "{what}");
        assert_eq!((row.state, row.cpu_ns), (other.state, other.cpu_ns), "{what}");
        assert_eq!((row.last, row.max_rss_bytes), (other.last, other.max_rss_bytes), "{what}");
        assert_eq!(row.max_pss_bytes, other.max_pss_bytes, "{what}");
    }
}

#[test]
fn every_moment_is_replayed_as_it_was_told() {
    let mut compared = 0;
    for seed in 0..60 {
        let events = random_run(seed);
        let whole = Arc::new(store(events.iter().cloned()));
        let replay = Replay::new(Arc::clone(&whole));
        let mut moments: Vec<u64> = events.iter().map(told_ns).filter(|t_ns| *t_ns < whole.now_ns).collect();
        moments.dedup();
        for t_ns in moments {
            // While the news of an end is on its way, the replay knows more than was known then.
            if whole.spans().any(|(_, span)| span.end_ns <= t_ns && t_ns < span.received_ns) {
                continue;
            }
            let then = store(events.iter().filter(|event| told_ns(event) <= t_ns).cloned());
            assert_stood(&then, &replay.at(t_ns), &format!("seed {seed} at {t_ns}"));
            compared += 1;
        }
    }
    assert!(compared > 1000, "only {compared} moments were compared");
}

#[test]
fn the_end_is_the_run_itself() {
    for seed in 0..60 {
        let whole = Arc::new(store(random_run(seed)));
        let replay = Replay::new(Arc::clone(&whole));
        assert_same(&whole, &replay.at(whole.now_ns), "at its end");
        assert_same(&whole, &replay.at(u64::MAX), "long after");
    }
}

#[test]
fn runs_that_make_no_sense_are_replayed_without_panic() {
    for seed in 0..200 {
        let whole = Arc::new(store(mangled(seed)));
        let replay = Replay::new(Arc::clone(&whole));
        let end_ns = whole.now_ns.min(10_000);
        for t_ns in [0, end_ns / 3, end_ns / 2, end_ns.saturating_sub(1), end_ns, u64::MAX] {
            let tally = replay.at(t_ns).tally;
            let done = tally.ok + tally.failed + tally.crashed + tally.timed_out + tally.cancelled;
            assert_eq!(done + tally.not_run, tally.total);
        }
    }
}

#[test]
fn a_run_of_nothing_has_only_its_end() {
    let replay = Replay::new(Arc::default());
    assert_eq!(replay.at(0).phase, Phase::Starting);
}
