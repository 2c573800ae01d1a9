//! What a worker prints: taken into the log with its id, up to a limit, and read to the end whatever it is.

use std::{
    collections::VecDeque,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use super::wire::Up;
use crate::{event::Level, time::RunClock, units};

/// Of what one worker prints in its life, this much is kept, on each of its two outputs.
const KEPT_BYTES: u64 = 64 << 10;
/// Of one line, this much.
const LINE_LIMIT: usize = 4096;
/// Bytes read at a turn, before others get theirs.
const READ_AT_A_TURN: usize = 1 << 20;

/// One output of a worker.
#[derive(Debug)]
pub(super) struct Capture {
    /// `None` once it has ended.
    pipe: Option<OwnedFd>,
    level: Level,
    pub(super) readable: bool,
    line: Vec<u8>,
    kept: u64,
    dropped: u64,
    lines: VecDeque<Up>,
}

impl Capture {
    /// `pipe` must not block.
    pub(super) fn new(pipe: OwnedFd, level: Level) -> Self {
        Self {
            pipe: Some(pipe),
            level,
            readable: false,
            line: Vec::new(),
            kept: 0,
            dropped: 0,
            lines: VecDeque::new(),
        }
    }

    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Takes in what is there, if anything was announced.
    pub(super) fn read(&mut self, buffer: &mut [u8], clock: RunClock) {
        if !std::mem::take(&mut self.readable) {
            return;
        }
        let mut count = 0;
        while count < READ_AT_A_TURN
            && let Some(pipe) = &self.pipe
        {
            match rustix::io::read(pipe, &mut *buffer) {
                Ok(0) => self.end(clock),
                Ok(read) => {
                    count += read;
                    self.take(&buffer[..read], clock);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return,
                Err(_) => self.end(clock),
            }
        }
    }

    pub(super) fn next_line(&mut self) -> Option<Up> {
        self.lines.pop_front()
    }

    pub(super) fn has_lines(&self) -> bool {
        !self.lines.is_empty()
    }

    fn take(&mut self, bytes: &[u8], clock: RunClock) {
        let room = usize::try_from(KEPT_BYTES - self.kept).unwrap_or(usize::MAX);
        let (keep, drop) = bytes.split_at(bytes.len().min(room));
        for part in keep.split_inclusive(|byte| *byte == b'\n') {
            let (text, ended) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            let left = LINE_LIMIT - self.line.len().min(LINE_LIMIT);
            self.line.extend_from_slice(&text[..text.len().min(left)]);
            if ended {
                self.end_line(clock);
            }
        }
        self.kept += keep.len() as u64;
        if self.dropped == 0 && !drop.is_empty() {
            self.end_line(clock);
            let limit = units::bytes(KEPT_BYTES);
            self.say(Level::Warning, format!("it has printed {limit}; what follows is not kept"), clock);
        }
        self.dropped += drop.len() as u64;
    }

    fn end_line(&mut self, clock: RunClock) {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            self.say(self.level, text.trim_end().to_owned(), clock);
        }
    }

    /// Its writer is gone: what was begun is told, and how much was not.
    pub(super) fn end(&mut self, clock: RunClock) {
        self.pipe = None;
        self.end_line(clock);
        if self.dropped > 0 {
            let dropped = units::bytes(self.dropped);
            self.say(Level::Warning, format!("{dropped} more that it printed were not kept"), clock);
        }
        self.dropped = 0;
    }

    fn say(&mut self, level: Level, text: String, clock: RunClock) {
        self.lines.push_back(Up::Log { t_ns: clock.now_ns(), level, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture() -> Capture {
        let (pipe, _writer) = rustix::pipe::pipe().unwrap();
        Capture::new(pipe, Level::Info)
    }

    fn texts(capture: &mut Capture) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(Up::Log { text, .. }) = capture.next_line() {
            texts.push(text);
        }
        texts
    }

    #[test]
    fn lines_are_told_as_they_end_and_the_last_when_the_worker_does() {
        let (clock, mut capture) = (RunClock::start_now(), capture());
        for part in ["on", "e\ntwo\n\n  \nth", "ree"] {
            capture.take(part.as_bytes(), clock);
        }
        assert_eq!(texts(&mut capture), ["one", "two"]);
        capture.end(clock);
        assert_eq!(texts(&mut capture), ["three"]);
    }

    #[test]
    fn a_flood_is_kept_up_to_a_limit_and_counted_beyond() {
        let (clock, mut capture) = (RunClock::start_now(), capture());
        let block = vec![b'x'; 1 << 16];
        for _ in 0..100 {
            capture.take(&block, clock);
        }
        capture.end(clock);
        let texts = texts(&mut capture);
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert_eq!(texts[0].len(), LINE_LIMIT);
        assert!(texts[1].contains("not kept") && texts[2].contains("more"), "{texts:?}");
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm() {
        let (clock, mut capture) = (RunClock::start_now(), capture());
        capture.take(b"\xff\xfe\n", clock);
        assert_eq!(texts(&mut capture).len(), 1);
    }
}
