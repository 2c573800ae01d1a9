//! Workers killed again and again at random moments: no task is lost or done twice, no result differs, nothing wedges.

use std::{collections::BTreeMap, time::Duration};

use poolscope::{
    event::{Exit, Outcome, Status},
    ids::TaskId,
    store::{Phase, RunStore},
    workload::Value,
};
use rustix::process::Signal;

use crate::{
    live::{Live, attempts},
    tools::{Dice, kill, transports},
};

/// Short tasks and longer ones, one by one and in chunks; and how many of them make a run of half a second or so.
const WORK: [(&str, u32); 5] = [
    ("workload=noop chunk=1", 30_000),
    ("workload=square chunk=auto", 30_000),
    ("workload=spin size=100_000 chunk=7", 4000),
    ("workload=spin size=2_000_000 chunk=1", 150),
    ("workload=sleep size=8_000_000 chunk=3 prefetch=4", 200),
];
const WORKERS: [usize; 4] = [1, 2, 4, 8];

#[test]
fn sixty_kills_at_random_moments_lose_nothing() {
    storm(60, 5);
}

#[test]
#[ignore = "takes a minute"]
fn two_thousand_kills_at_random_moments_lose_nothing() {
    storm(2000, 1);
}

/// So many kills, dealt out over transports, sizes of pool and kinds of work, with and without retries.
fn storm(kills: usize, shorter: u32) {
    let mut dice = Dice::new(2000);
    for transport in transports() {
        let mut killed = 0;
        let share = kills.div_ceil(transports().len() * WORK.len() * WORKERS.len());
        for (work, tasks) in WORK {
            let mut tasks = tasks / shorter;
            let mut results = results(work, tasks);
            for workers in WORKERS {
                let until = killed + share;
                while killed < until {
                    let retries = [0, 1, 5][dice.below(3) as usize];
                    let words =
                        format!("{transport} workers={workers} {work} tasks={tasks} retries={retries}");
                    let run = Live::launch(&words);
                    let blows = kill_workers(&run, until - killed, &mut dice);
                    assert_survived(&run.finish(), blows, retries, &results, &words);
                    killed += blows;
                    if blows == 0 {
                        // On this machine, that was over before anybody could be hit.
                        tasks *= 2;
                        results = self::results(work, tasks);
                    }
                }
            }
        }
        eprintln!("{transport}: {killed} kills");
    }
}

/// What each task gives where nobody interferes. Tasks that give nothing are left out.
fn results(work: &str, tasks: u32) -> BTreeMap<TaskId, Value> {
    let store = Live::launch(&format!("backend=serial {work} tasks={tasks}")).finish();
    assert!(store.tally.all_ok());
    store.values.iter().map(|(task, value)| (*task, Value::clone(value))).collect()
}

/// Kills workers that are known to have been ready, each at a moment of its own, until the run is over or enough have
/// died. How many it killed.
fn kill_workers(run: &Live, most: usize, dice: &mut Dice) -> usize {
    let mut victims: Vec<u32> = Vec::new();
    while victims.len() < most && !run.is_over() {
        let store = run.store();
        let ready = store.lanes.iter().filter_map(|lane| lane.lives.last()).filter(|life| {
            life.ready_ns.is_some() && life.exited_ns.is_none() && !victims.contains(&life.pid)
        });
        let ready: Vec<u32> = ready.map(|life| life.pid).collect();
        std::thread::sleep(Duration::from_micros(500 + dice.below(4000)));
        if let Some(&pid) = ready.get(dice.below(ready.len().max(1) as u64) as usize)
            && kill(pid, Signal::KILL)
        {
            victims.push(pid);
        }
    }
    victims.len()
}

fn assert_survived(
    store: &RunStore,
    blows: usize,
    retries: u32,
    results: &BTreeMap<TaskId, Value>,
    words: &str,
) {
    let tally = store.tally;
    assert_eq!(store.phase, Phase::Ended(Status::Finished), "{words}: {:?}", store.reason);
    assert_eq!(tally.ok + tally.crashed, tally.total, "{words}: {tally:?}");
    let mut checksum = 0_u64;
    let mut deaths = 0;
    for (&task, spans) in &attempts(store) {
        let crashes = spans.iter().filter(|span| span.outcome == Outcome::Crashed(Exit::Signal(9))).count();
        let is_ok = spans.last().is_some_and(|span| span.outcome == Outcome::Ok);
        assert_eq!(crashes + usize::from(is_ok), spans.len(), "{words}: {spans:?}");
        // With retries, only the second death is the end of a task.
        assert!(is_ok || crashes == 2 || retries == 0, "{words}: {spans:?}");
        assert!(crashes <= 2, "{words}: {spans:?}");
        deaths += crashes;
        if is_ok {
            let value = results.get(&TaskId(task)).unwrap_or(&Value::Unit);
            checksum = checksum.wrapping_add(value.digest(TaskId(task)));
        }
    }
    assert_eq!(store.checksum, checksum, "{words}: the results are those of the serial run");
    assert!(deaths <= blows, "{words}: {deaths} tasks for {blows} kills");
}
