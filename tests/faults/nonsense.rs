//! Bytes that no worker would send. They are put into a worker's own stream, whose end its process holds as stdin.

use std::{fs, io::Write, os::fd::OwnedFd};

use poolscope::{
    event::{Exit, Outcome, Status},
    store::Phase,
};
use rustix::{
    net::{SendFlags, send},
    process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open},
};

use crate::{
    live::{Live, logged},
    tools::{Dice, transports},
};

/// A frame of so many bytes as the first four say, or of what was meant to be one.
fn nonsense() -> Vec<(&'static str, Vec<u8>)> {
    let mut dice = Dice::new(25);
    let mut noise = 1024_u32.to_le_bytes().to_vec();
    noise.extend((0..1024).map(|_| dice.below(256) as u8));
    vec![
        ("an oversized frame", vec![0xff; 4]),
        ("a frame just beyond the limit", ((72 << 20) + 1_u32).to_le_bytes().to_vec()),
        ("an empty frame", vec![0; 4]),
        ("a message of no kind", vec![3, 0, 0, 0, 0xff, 0xff, 0xff]),
        ("a frame that ends in the middle of its message", vec![2, 0, 0, 0, 0, 5]),
        ("a second hello, of another build", vec![6, 0, 0, 0, 0, 0, 3, b'o', b'l', b'd']),
        ("a second hello", second_hello()),
        ("noise in a frame", noise),
        ("noise", (0..64).map(|at| 0x80 | at).collect()),
    ]
}

/// Of the very build that is tested.
fn second_hello() -> Vec<u8> {
    let build = concat!("poolscope ", env!("CARGO_PKG_VERSION"));
    let message = [&[0, 0, build.len() as u8], build.as_bytes()].concat();
    [&(message.len() as u32).to_le_bytes()[..], &message].concat()
}

/// The stream of a worker, as the worker has it. `None` where one process may not reach into another.
fn stream_of(worker: u32) -> Option<OwnedFd> {
    let pid = Pid::from_raw(worker.cast_signed())?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).expect("it lives");
    match pidfd_getfd(&pidfd, 0, PidfdGetfdFlags::empty()) {
        Ok(stream) => Some(stream),
        Err(error) => {
            writeln!(std::io::stderr(), "skipped: a worker's stream cannot be had here: {error}")
                .expect("stderr");
            None
        }
    }
}

#[test]
fn a_worker_that_talks_nonsense_is_ended_and_no_other() {
    for transport in transports() {
        for (what, bytes) in nonsense() {
            let words = "workers=2 workload=sleep size=60_000_000 tasks=8 chunk=1";
            let run = Live::launch(&format!("{transport} {words}"));
            run.until_all_run();
            let liar = run.store().workers[0].pid;
            let Some(stream) = stream_of(liar) else { return };
            assert_eq!(send(&stream, &bytes, SendFlags::NOSIGNAL), Ok(bytes.len()), "{what}");
            drop(stream);
            let store = run.finish();
            assert_eq!(
                store.phase,
                Phase::Ended(Status::Finished),
                "{transport}, {what}: {:?}",
                store.reason
            );
            assert!(store.tally.ok >= 7, "{transport}, {what}: {:?}", store.tally);
            let told = store.lanes.iter().flat_map(|lane| &lane.lives).find(|life| life.pid == liar);
            let life = told.expect("it lived");
            assert_eq!(life.exit, Some(Exit::Signal(9)), "{transport}, {what}: it was not killed");
            let crashed = store.spans().find(|(_, span)| matches!(span.outcome, Outcome::Crashed(_)));
            assert!(crashed.is_none_or(|(worker, _)| worker.0 == 0), "{transport}, {what}");
            let said =
                store.log.iter().find(|line| line.worker.is_some_and(|w| w.0 == 0) && is_verdict(&line.text));
            assert!(said.is_some(), "{transport}, {what}: the log does not say why");
            assert!(fs::metadata(format!("/proc/{liar}")).is_err(), "{transport}, {what}");
        }
    }
}

/// A log line as a worker sends it: length, kind, time, level, text.
fn log_frame(text: &str) -> Vec<u8> {
    let length = [text.len() as u8 | 0x80, (text.len() >> 7) as u8];
    let message = [&[4, 0, 1], &length[..], text.as_bytes()].concat();
    [&(message.len() as u32).to_le_bytes()[..], &message].concat()
}

#[test]
fn a_worker_that_logs_without_end_is_cut_short_and_loses_no_task() {
    const LINES: usize = 4000;
    let text = "on and on ".repeat(100);
    for transport in transports() {
        let words = "workers=2 workload=sleep size=300_000_000 tasks=8 chunk=1";
        let run = Live::launch(&format!("{transport} {words}"));
        run.until_all_run();
        let Some(stream) = stream_of(run.store().workers[0].pid) else { return };
        let frame = log_frame(&text);
        for _ in 0..LINES {
            assert_eq!(send(&stream, &frame, SendFlags::NOSIGNAL), Ok(frame.len()));
        }
        drop(stream);
        let store = run.finish();
        assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 8), "{transport}");
        let kept = store.log.iter().filter(|line| *line.text == *text).count();
        assert!((100..1200).contains(&kept), "{transport}: {kept} lines were kept");
        assert!(logged(&store, "what follows is not kept"), "{transport}");
        let count = |line: &str| line.strip_suffix(" were not kept")?.split(' ').next()?.parse().ok();
        let left_out: usize = store.log.iter().find_map(|line| count(&line.text)).expect("it is told");
        // And a line for each of its tasks.
        let least = LINES - kept;
        assert!((least..=least + 8).contains(&left_out), "{transport}: {left_out} and not {least}");
    }
}

fn is_verdict(text: &str) -> bool {
    text.contains("broke the protocol") || text.contains("is ended")
}
