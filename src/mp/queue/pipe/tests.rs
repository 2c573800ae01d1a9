use std::process::Command;

use rustix::pipe::{PipeFlags, pipe_with};

use super::*;

fn pipe() -> Pipe {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    Pipe { words: Cells::create(WORDS).unwrap(), reader, writer }
}

/// The id of a process that is no more.
fn dead() -> u32 {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id()
}

fn put(pipe: &Pipe, message: &[u8]) {
    pipe.one_more(u32::MAX).unwrap();
    pipe.write(&mut frame::encode(message, 1)).unwrap();
}

fn get(pipe: &Pipe) -> Option<Vec<u8>> {
    pipe.read(Deadline::after(Duration::from_millis(60))).unwrap().map(|message| message.bytes)
}

/// As a writer that died leaves it after so many cells of a long message, or of a short one after all or none.
fn die_writing(pipe: &Pipe, dead: u32, message: &[u8], cells: usize) {
    pipe.one_more(u32::MAX).unwrap();
    let mut frame = frame::encode(message, 2);
    let before = pipe.word(WRITTEN).fetch_add(1, Ordering::SeqCst);
    frame::set_place(&mut frame, before / 2 + 1);
    pipe.word(WRITER).store(dead, Ordering::SeqCst);
    pipe.word(UNFINISHED).store(u32::from(frame.len() > ATOMIC), Ordering::SeqCst);
    rustix::io::write(&pipe.writer, &frame[..cells * CELL]).unwrap();
}

const LONG: &[u8] = &[7; 5000];

#[test]
fn a_writer_that_dies_after_any_cell_costs_its_message_alone() {
    let dead = dead();
    for cells in (0..frame::cells(LONG.len())).step_by(3) {
        for heard_first in [true, false] {
            let pipe = pipe();
            put(&pipe, b"before");
            die_writing(&pipe, dead, LONG, cells);
            std::thread::scope(|scope| {
                if !heard_first {
                    scope.spawn(|| put(&pipe, b"after"));
                }
                assert_eq!(get(&pipe).unwrap(), b"before");
                if cells > 0 {
                    assert!(matches!(pipe.read(Deadline::default()), Err(RecvError::Torn)), "{cells}");
                }
                if heard_first {
                    put(&pipe, b"after");
                }
                assert_eq!(pipe.read(Deadline::default()).unwrap().unwrap().bytes, b"after");
                assert_eq!(get(&pipe), None);
            });
            assert_eq!(pipe.length(), 0, "{cells}");
        }
    }
}

#[test]
fn a_writer_that_dies_around_a_single_write_holds_nobody_up() {
    let dead = dead();
    for written in [false, true] {
        let pipe = pipe();
        die_writing(&pipe, dead, b"its own", usize::from(written));
        // Nobody has read by now.
        put(&pipe, b"after");
        assert_eq!(pipe.length(), 2);
        if written {
            assert_eq!(get(&pipe).unwrap(), b"its own");
        }
        assert_eq!(get(&pipe).unwrap(), b"after");
        assert_eq!(pipe.length(), 0, "{written}");
    }
}

/// The instructions of a reader that change anything: it reads cells, then notes the number.
#[test]
fn a_reader_that_dies_at_any_instruction_takes_its_message_along_and_the_length_stays_right() {
    let dead = dead();
    for message in [&b"short"[..], LONG] {
        for cells in 0..=frame::cells(message.len()) {
            for (has_noted, another) in [(false, false), (false, true), (true, false), (true, true)] {
                if has_noted && cells < frame::cells(message.len()) {
                    continue;
                }
                let pipe = pipe();
                put(&pipe, message);
                if another {
                    put(&pipe, b"next");
                }
                pipe.word(READER).store(dead, Ordering::SeqCst);
                pipe.read_cells(&mut vec![0; cells * CELL]).unwrap_or(0);
                if has_noted {
                    pipe.got(1);
                }
                if cells == 0 {
                    // It died before it touched anything.
                    assert_eq!(get(&pipe).unwrap(), message);
                }
                let next = get(&pipe);
                assert_eq!(next.is_some_and(|next| next == b"next"), another, "{cells}");
                assert_eq!(pipe.length(), 0, "{cells} {has_noted} {another}");
            }
        }
    }
}

#[test]
fn whoever_waits_for_room_learns_of_what_a_dead_reader_got() {
    let pipe = pipe();
    put(&pipe, b"only");
    pipe.word(READER).store(dead(), Ordering::SeqCst);
    pipe.read_cells(&mut [0; CELL]).unwrap();
    assert_eq!(pipe.one_more(1), None);
    pipe.look_for_the_dead();
    assert_eq!(pipe.one_more(1), Some(1));
}

#[test]
fn numbers_go_round() {
    let pipe = pipe();
    for word in [PUT, GOT] {
        pipe.word(word).store(NUMBERS - 1, Ordering::SeqCst);
    }
    pipe.word(WRITTEN).store(2 * (NUMBERS - 1), Ordering::SeqCst);
    for round in 1_u32..9 {
        put(&pipe, b"one");
        put(&pipe, b"two");
        assert_eq!(pipe.length(), 2, "{round}");
        assert_eq!(get(&pipe).unwrap(), b"one");
        assert_eq!(pipe.length(), 1, "{round}");
        assert_eq!(get(&pipe).unwrap(), b"two");
        assert_eq!(pipe.length(), 0, "{round}");
    }
    assert_eq!(pipe.one_more(1), Some(1));
    assert_eq!(pipe.one_more(1), None);
    pipe.take_back(1);
    assert_eq!(pipe.length(), 0);
}

#[test]
fn nonsense_and_lengths_beyond_reason_are_refused() {
    let pipe = pipe();
    rustix::io::write(&pipe.writer, &[1; CELL]).unwrap();
    assert!(matches!(pipe.read(Deadline::default()), Err(RecvError::Io(_))));
    let mut first = frame::encode(b"", 1);
    first[4..8].copy_from_slice(&u32::MAX.to_ne_bytes());
    rustix::io::write(&pipe.writer, &first).unwrap();
    assert!(matches!(pipe.read(Deadline::default()), Err(RecvError::TooLong { .. })));
}
