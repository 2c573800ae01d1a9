//! Sessions and engines that go away, in order or not: whatever stays behind would stay for ever.

use std::{process::Stdio, time::Duration};

use poolscope::{event::Status, store::Phase};
use rustix::process::Signal;

use crate::{
    live::Live,
    stops::LONG,
    support::{
        DEADLINE, Program, assert_nothing_left, assert_oracle, command, mark, processes, until, wait, workers,
    },
    tools::{Dice, engine, flags, kill, pools, start, transports},
};

/// A session whose output nobody reads.
fn session(words: &str) -> Program {
    let mark = mark();
    let flags = flags(words);
    let args: Vec<&str> = ["run"].into_iter().chain(flags.iter().map(String::as_str)).collect();
    let child = command(&args, &mark).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    Program { child, mark }
}

#[test]
fn nothing_outlives_a_killed_session() {
    for pool in transports().iter().map(String::as_str).chain(["backend=threads"]) {
        for engine_stopped in [false, true] {
            let Program { child: mut session, mark } = session(&format!("{pool} {LONG}"));
            let engine = engine(&mark);
            if pool.contains("processes") {
                workers(&mark, 2);
            } else {
                // Past its first moments, in which a halted process could not even ask to die with its parent.
                until("the engine has its threads", DEADLINE, || {
                    let threads = std::fs::read_dir(format!("/proc/{engine}/task")).ok()?.count();
                    (threads >= 5).then_some(())
                });
            }
            if engine_stopped {
                assert!(kill(engine, Signal::STOP));
            }
            session.kill().expect("killed");
            session.wait().expect("reaped");
            assert_nothing_left(&mark);
        }
    }
}

#[test]
fn nothing_outlives_a_killed_session_whose_workers_are_idle_hang_or_do_not_listen() {
    for pool in transports().iter().map(String::as_str).chain(["backend=threads"]) {
        for words in [
            "workers=6 workload=sleep size=60_000_000_000 tasks=1",
            "workers=2 workload=square tasks=2 chunk=1 fault=hang@0,stubborn@1",
        ] {
            let Program { child: mut session, mark } = session(&format!("{pool} {words}"));
            engine(&mark);
            std::thread::sleep(Duration::from_millis(300));
            session.kill().expect("killed");
            session.wait().expect("reaped");
            assert_nothing_left(&mark);
        }
    }
}

/// A run takes about 300 ms: it is killed while it is launched, while its workers start, work and end, and while it
/// stops.
#[test]
fn nothing_outlives_a_session_that_is_killed_at_any_moment() {
    let mut dice = Dice::new(19);
    let pools = pools();
    for round in 0..40 {
        let pool = &pools[round % pools.len()];
        let Program { child: mut session, mark } =
            session(&format!("{pool} workers=4 workload=sleep size=10_000_000 tasks=100 chunk=1"));
        let before_ms = dice.below(400);
        let stop_ms = if round % 4 == 3 { dice.below(before_ms + 1) } else { before_ms };
        std::thread::sleep(Duration::from_millis(stop_ms));
        if stop_ms < before_ms {
            kill(session.id(), Signal::INT);
        }
        std::thread::sleep(Duration::from_millis(before_ms - stop_ms));
        session.kill().expect("killed");
        session.wait().expect("reaped");
        assert_nothing_left(&mark);
    }
}

#[test]
fn nothing_outlives_a_killed_engine_and_the_session_says_lost() {
    for pool in pools() {
        let program = start(&format!("{pool} {LONG}"));
        let engine = engine(&program.mark);
        std::thread::sleep(Duration::from_millis(300));
        assert!(kill(engine, Signal::KILL));
        let output = wait(program);
        assert_eq!(output.status.code(), Some(3), "{pool}");
        let run: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(run["status"], "lost", "{pool}");
        assert!(
            run["reason"].as_str().is_some_and(|why| why.contains("SIGKILL")),
            "{pool}: {}",
            run["reason"]
        );
        assert_oracle(&run);
    }
}

/// What stands in for the engine, and what becomes of the run. The session waits for none of them.
const IMPOSTORS: [(&str, &str); 7] = [
    ("exit 0", "exit 0"),
    ("exit 7", "exit 7"),
    ("kill -KILL $$", "SIGKILL"),
    ("exec head -c 1000000 /dev/zero", "its events cannot be read"),
    ("printf '\\377\\377\\377\\377'; exec sleep 60", "75497472 is the limit"),
    ("printf '\\20\\0\\0\\0abc'", "in the middle of telling an event"),
    ("printf '\\3\\0\\0\\0abc'; exec sleep 60", "its events cannot be read"),
];

#[test]
fn a_session_bears_an_engine_that_talks_nonsense_or_nothing() {
    for (script, reason) in IMPOSTORS {
        // A session that cannot even give its spec has no run to tell of, so each takes a byte of it.
        let store =
            Live::launch_script(&format!("head -c 1 > /dev/null\n{script}"), "workload=square tasks=9")
                .finish();
        assert_eq!(store.phase, Phase::Ended(Status::Failed), "{script}");
        let told = store.reason.as_deref().unwrap_or_default();
        assert!(told.contains(reason), "{script}: {told}");
    }
    let silent = Live::launch_script("trap '' TERM HUP; exec sleep 60", "workload=square tasks=9");
    until("it runs", DEADLINE, || processes(&silent.mark, Some("60")).first().copied());
    let mark = silent.mark.clone();
    let began = std::time::Instant::now();
    drop(silent);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_nothing_left(&mark);
}

#[test]
fn a_window_without_a_display_says_so_in_a_line() {
    let mark = mark();
    let child = command(&["gui"], &mark)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .spawn()
        .expect("it starts");
    let output = wait(Program { child, mark });
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert_ne!(output.status.code(), Some(0));
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("poolscope run"), "{text}");
}
