//! However a lesson is ended, and whoever of its processes dies or is stopped, it comes to an end and leaves nothing behind.

mod support;

use std::{fs, process::Stdio, thread::sleep, time::Duration};

use serde_json::Value;
use support::{DEADLINE, command, folder, mark, processes, signal, start, until, wait};

/// Long enough to strike at, with several processes and a queue.
const LESSONS: [&str; 5] =
    ["sleep-and-square", "pool", "pool-or-processes", "queue/missing-sentinel", "counter/no-lock"];

fn roles(mark: &str, count: usize) -> Vec<u32> {
    until("the lesson's processes exist", DEADLINE, || {
        let found = processes(mark, Some("role"));
        (found.len() >= count).then_some(found)
    })
}

/// Sends a signal to a process that may just have ended by itself.
fn strike(pid: u32, name: &str) {
    let mut kill = std::process::Command::new("kill");
    let _may_be_gone = kill.args([&format!("-{name}"), &pid.to_string()]).stderr(Stdio::null()).status();
}

#[test]
fn nothing_stays_behind_however_the_program_is_ended() {
    let folder = folder();
    for (at, signals) in [&["INT"][..], &["INT", "INT"], &["TERM"], &["KILL"]].into_iter().enumerate() {
        let file = folder.path().join(format!("{at}.pscope"));
        let program = start(&["lesson", "sleep-and-square", "--output", file.to_str().expect("UTF-8")]);
        roles(&program.mark, 2);
        for name in signals {
            strike(program.child.id(), name);
        }
        wait(program);
    }
}

#[test]
fn nothing_stays_behind_when_the_engine_is_killed_or_nobody_reads_what_is_printed() {
    let folder = folder();
    let file = folder.path().join("killed.pscope");
    let program = start(&["lesson", "sleep-and-square", "--output", file.to_str().expect("UTF-8")]);
    roles(&program.mark, 2);
    for engine in processes(&program.mark, Some("engine")) {
        signal(engine, "KILL");
    }
    assert_ne!(wait(program).status.code(), Some(0));

    let mark = mark();
    let file = folder.path().join("closed.pscope");
    let mut command = command(&["lesson", "four", "--output", file.to_str().expect("UTF-8")], &mark);
    let mut child = command.spawn().expect("the program starts");
    drop(child.stdout.take());
    let stderr = until("it ends", DEADLINE, || child.try_wait().expect("it can be waited for"));
    assert!(stderr.code().is_some(), "{stderr}");
    support::assert_nothing_left(&mark);
}

/// A few numbers from a seed, the same every time.
fn random(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % below
    }
}

#[test]
fn a_lesson_ends_whoever_is_killed_at_whatever_moment() {
    let folder = folder();
    for seed in 0..12 {
        let mut random = random(seed + 1);
        let name = LESSONS[seed as usize % LESSONS.len()];
        let file = folder.path().join(format!("{seed}.pscope"));
        let program = start(&["lesson", name, "--json", "--output", file.to_str().expect("UTF-8")]);
        let found = roles(&program.mark, 1 + random(3) as usize);
        sleep(Duration::from_millis(random(120)));
        strike(found[random(found.len() as u64) as usize], "KILL");
        let output = wait(program);
        assert!(output.status.code().is_some_and(|code| code < 2), "{name}, {seed}: {output:?}");
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(told["ended"].is_string(), "{name}, {seed}: {told:#}");
    }
}

#[test]
fn a_map_ends_whichever_of_its_workers_die() {
    let folder = folder();
    for seed in 0..6 {
        let mut random = random(seed + 40);
        let file = folder.path().join(format!("{seed}.pscope"));
        let program = start(&["lesson", "pool", "--json", "--output", file.to_str().expect("UTF-8")]);
        // The first is main.
        let mut alive = roles(&program.mark, 5);
        for _ in 0..4 {
            alive.retain(|pid| processes(&program.mark, Some("role")).contains(pid));
            let Some(workers) = alive.get(1..).filter(|workers| !workers.is_empty()) else { break };
            strike(workers[random(workers.len() as u64) as usize], "KILL");
            sleep(Duration::from_millis(random(60)));
            alive = processes(&program.mark, Some("role"));
        }
        let output = wait(program);
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(told["ended"], "finished", "{seed}: {told:#}");
    }
}

#[test]
fn who_is_stopped_for_seconds_is_not_stuck() {
    let folder = folder();
    for (seed, name) in ["sleep-and-square", "pool"].into_iter().enumerate() {
        let file = folder.path().join(format!("{seed}.pscope"));
        let program = start(&["lesson", name, "--json", "--output", file.to_str().expect("UTF-8")]);
        let found = roles(&program.mark, 3);
        for pid in &found {
            strike(*pid, "STOP");
        }
        sleep(Duration::from_millis(2500));
        for pid in &found {
            strike(*pid, "CONT");
        }
        let told: Value = serde_json::from_slice(&wait(program).stdout).expect("JSON");
        assert_eq!((told["ended"].as_str(), told["stuck"].as_str()), (Some("finished"), None), "{name}");
    }
}

#[test]
fn stopped_processes_end_with_the_program() {
    let folder = folder();
    let file = folder.path().join("stopped.pscope");
    let program = start(&["lesson", "sleep-and-square", "--output", file.to_str().expect("UTF-8")]);
    for pid in roles(&program.mark, 3) {
        strike(pid, "STOP");
    }
    strike(program.child.id(), "INT");
    let output = wait(program);
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(fs::metadata(&file).is_ok(), "what was recorded is kept");
}
