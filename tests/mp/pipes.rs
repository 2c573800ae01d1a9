//! Connections: whole messages, and every way in which they end.

use std::thread;

use poolscope::mp::{
    Connection, Entry, Event, Given, MAX_MESSAGE, Package, Process, RecvError, SendError, pipe,
};

use crate::{A_WHILE, SOON, Test, assert_ends, numbers, start_with};

pub(crate) const ENTRIES: &[(&str, Entry)] = &[("echo", echo), ("hold", hold), ("stream", stream)];

pub(crate) const TESTS: &[Test] = tests![
    pipes::messages_of_every_length_arrive_whole,
    pipes::an_end_comes_only_when_the_last_copy_is_closed,
    pipes::sending_to_nobody_is_an_error_and_no_signal,
    pipes::a_full_pipe_blocks_until_somebody_reads,
    pipes::a_sender_killed_in_the_middle_leaves_a_torn_message,
    pipes::threads_that_share_an_end_do_not_mix_their_messages,
    pipes::what_cannot_be_done_with_an_end_is_an_error,
];

fn echo(given: Given) -> i32 {
    let (from, to) = (given.connection("from").unwrap(), given.connection("to").unwrap());
    while let Ok(message) = from.recv() {
        to.send(&message).unwrap();
    }
    0
}

pub(crate) fn messages_of_every_length_arrive_whole() {
    let (from, ours) = pipe(false).unwrap();
    let (theirs, to) = pipe(true).unwrap();
    let mut package = Package::new();
    package.object("from", &from).unwrap().object("to", &to).unwrap();
    drop((from, to));
    let process = Process::start("echo", package).unwrap();
    for length in [0, 1, 11, 12, 4096, 65_535, 65_536, 65_537, 3 << 20] {
        let message: Vec<u8> = (0..length).map(|at| (at % 241) as u8).collect();
        let back = thread::scope(|scope| {
            scope.spawn(|| ours.send(&message).unwrap());
            theirs.recv().unwrap()
        });
        assert!(back == message, "of {length} bytes");
    }
    drop(ours);
    assert!(matches!(theirs.recv(), Err(RecvError::Eof)));
    assert_ends(&process);
}

fn hold(given: Given) -> i32 {
    let end = given.connection("end").unwrap();
    given.event("close").unwrap().wait();
    drop(end);
    given.event("leave").unwrap().wait();
    0
}

pub(crate) fn an_end_comes_only_when_the_last_copy_is_closed() {
    for by_killing in [false, true] {
        let (receiver, sender) = pipe(false).unwrap();
        let holders: Vec<(Process, Event, Event)> = (0..2)
            .map(|_| {
                let (close, leave) = (Event::new().unwrap(), Event::new().unwrap());
                let mut package = Package::new();
                package.object("end", &sender).unwrap().object("close", &close).unwrap();
                package.object("leave", &leave).unwrap();
                (Process::start("hold", package).unwrap(), close, leave)
            })
            .collect();
        sender.send(b"still here").unwrap();
        sender.close();
        assert_eq!(receiver.recv().unwrap(), b"still here");
        for (process, close, leave) in &holders {
            assert!(!receiver.poll(A_WHILE).unwrap(), "somebody holds it open");
            if by_killing {
                process.kill().unwrap();
            }
            close.set();
            leave.set();
        }
        assert!(receiver.poll(SOON).unwrap());
        assert!(matches!(receiver.recv(), Err(RecvError::Eof)));
        for (process, ..) in &holders {
            process.join().unwrap();
        }
    }
}

pub(crate) fn sending_to_nobody_is_an_error_and_no_signal() {
    for duplex in [false, true] {
        let (receiver, sender) = pipe(duplex).unwrap();
        receiver.close();
        assert!(matches!(sender.send(b"?"), Err(SendError::Broken)));
    }
    // Unread messages at the other end make no difference.
    let (one, other) = pipe(true).unwrap();
    one.send(b"never read").unwrap();
    drop(other);
    assert!(matches!(one.recv(), Err(RecvError::Eof)));
}

pub(crate) fn a_full_pipe_blocks_until_somebody_reads() {
    let (receiver, sender) = pipe(false).unwrap();
    let message = [7; 1 << 10];
    thread::scope(|scope| {
        let (tell, told) = crossbeam_channel::bounded(100);
        let sender = &sender;
        scope.spawn(move || {
            for _ in 0..100 {
                sender.send(&message).unwrap();
                let _counted_no_more = tell.send(());
            }
        });
        let mut sent = 0;
        while told.recv_timeout(A_WHILE).is_ok() {
            sent += 1;
        }
        // The 64 KiB are 16 pages, and what is written in one piece goes into as few as it can.
        assert!((32..64).contains(&sent), "{sent} of 1036 bytes each");
        for _ in 0..100 {
            assert_eq!(receiver.recv().unwrap(), message);
        }
    });
}

/// Bytes of a message for which neither a pipe nor a socket has room.
const LARGE: usize = 1 << 20;

fn stream(given: Given) -> i32 {
    let end = given.connection("it").unwrap();
    let message = vec![9; LARGE];
    while end.send(&message).is_ok() {}
    0
}

pub(crate) fn a_sender_killed_in_the_middle_leaves_a_torn_message() {
    for (whole, duplex) in numbers(1).map(|number| number % 5).zip([false, true, false, true]) {
        let (receiver, sender) = pipe(duplex).unwrap();
        let process = start_with("stream", &sender);
        drop(sender);
        for _ in 0..whole {
            assert_eq!(receiver.recv().unwrap().len(), LARGE);
        }
        // It is in the middle of a message from its first byte on, for none fits.
        assert!(receiver.poll(SOON).unwrap());
        process.kill().unwrap();
        process.join().unwrap();
        let torn = receiver.recv();
        assert!(matches!(torn, Err(RecvError::Torn)), "{torn:?}");
        assert!(matches!(receiver.recv(), Err(RecvError::Eof)), "said once");
    }
}

pub(crate) fn threads_that_share_an_end_do_not_mix_their_messages() {
    let (receiver, sender) = pipe(false).unwrap();
    let mut counts = [0; 4];
    thread::scope(|scope| {
        for name in 0..4_u8 {
            let sender = &sender;
            scope.spawn(move || {
                for length in 0..200_usize {
                    sender.send(&vec![name; 1 + length * 100]).unwrap();
                }
            });
        }
        for _ in 0..800 {
            let message = receiver.recv().unwrap();
            assert!(message.iter().all(|byte| *byte == message[0]));
            counts[usize::from(message[0])] += 1;
        }
    });
    assert_eq!(counts, [200; 4]);
}

pub(crate) fn what_cannot_be_done_with_an_end_is_an_error() {
    let (receiver, sender): (Connection, Connection) = pipe(false).unwrap();
    assert!(matches!(receiver.send(b"x"), Err(SendError::Io(_))));
    assert!(matches!(sender.recv(), Err(RecvError::Io(_))));
    let length = MAX_MESSAGE + 1;
    let refused = sender.send(&vec![0; length]).unwrap_err().to_string();
    assert_eq!(refused, "a message of 67108865 bytes; 67108864 are allowed");
    sender.close();
    sender.close();
    assert_eq!(sender.send(b"x").unwrap_err().to_string(), "this end is closed");
    let mut package = Package::new();
    assert!(package.object("sender", &sender).is_err());
}
