//! The engine's voice: whoever has something to tell gathers it in frames of many events, and one thread writes these to
//! stdout in the order in which they were handed over.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::wire::{append_message, close_frame, open_frame};
use crate::event::Event;

/// Bytes that may wait for the session. When it falls further behind, the run waits for it: a record with holes would be
/// worth less than a slower run.
const CAPACITY_BYTES: usize = 48 << 20;
/// Frames that may wait; they are large while much happens.
const CAPACITY_FRAMES: usize = 1 << 14;
/// How often a run that waits for its session looks whether there is room.
const ROOM_POLL: Duration = Duration::from_millis(1);
/// How long [`Emitter::settle`] waits for a session that does not read.
const SETTLE_WITHIN: Duration = Duration::from_secs(1);
/// A frame is handed over once it is this long.
const FRAME_BYTES: usize = 128 << 10;

/// One voice of the engine; each has its own unfinished frame.
pub(super) struct Emitter {
    sender: Sender<Vec<u8>>,
    /// Bytes that were handed over and not written.
    waiting_bytes: Arc<AtomicUsize>,
    frame: Vec<u8>,
}

/// A further voice into the same stream.
impl Clone for Emitter {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            waiting_bytes: Arc::clone(&self.waiting_bytes),
            frame: Vec::new(),
        }
    }
}

impl Emitter {
    /// `gone` is called when the reader has closed its end, until it returns true for "told".
    pub(super) fn start(
        out: impl Write + Send + 'static,
        mut gone: impl FnMut() -> bool + Send + 'static,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (sender, receiver) = bounded(CAPACITY_FRAMES);
        let waiting_bytes = Arc::new(AtomicUsize::new(0));
        let written_bytes = Arc::clone(&waiting_bytes);
        let thread = std::thread::Builder::new().name("emitter".to_owned()).spawn(move || {
            if write_all(&receiver, &written_bytes, out).is_ok() {
                return;
            }
            // Whoever still emits must not wait for a queue that nobody empties.
            let mut told = false;
            loop {
                told = told || gone();
                written_bytes.store(0, Ordering::Relaxed);
                if let Err(RecvTimeoutError::Disconnected) = receiver.recv_timeout(ROOM_POLL) {
                    return;
                }
            }
        })?;
        Ok((Self { sender, waiting_bytes, frame: Vec::new() }, thread))
    }

    /// Adds an event to the present frame. It is on its way after [`Self::flush`] at the latest.
    pub(super) fn emit(&mut self, event: &Event) {
        if self.frame.is_empty() {
            open_frame(&mut self.frame);
        }
        append_message(&mut self.frame, event);
        if self.frame.len() >= FRAME_BYTES {
            self.flush();
        }
    }

    /// Waits until the session has been given everything: what follows may end this process at any instruction.
    pub(super) fn settle(&mut self) {
        self.flush();
        let began = std::time::Instant::now();
        while self.waiting_bytes.load(Ordering::Relaxed) > 0 && began.elapsed() < SETTLE_WITHIN {
            std::thread::yield_now();
        }
    }

    pub(super) fn flush(&mut self) {
        if self.frame.is_empty() {
            return;
        }
        let room = Vec::with_capacity(self.frame.len());
        let mut frame = std::mem::replace(&mut self.frame, room);
        // A frame beyond the limit cannot come about: it is closed at the first event that makes it long, and no
        // event is as long as that.
        let _fits = close_frame(&mut frame, 0);
        while self.waiting_bytes.load(Ordering::Relaxed) > CAPACITY_BYTES {
            std::thread::sleep(ROOM_POLL);
        }
        self.waiting_bytes.fetch_add(frame.len(), Ordering::Relaxed);
        // The writer outlives all voices; were it gone, there would be nobody to tell.
        let _nobody_listens = self.sender.send(frame);
    }
}

fn write_all(
    receiver: &Receiver<Vec<u8>>,
    waiting_bytes: &AtomicUsize,
    mut out: impl Write,
) -> std::io::Result<()> {
    while let Ok(frame) = receiver.recv() {
        out.write_all(&frame)?;
        out.flush()?;
        // Saturating: after the reader has gone, the count is set to nothing by whoever notices.
        let _previous = waiting_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |bytes| {
            Some(bytes.saturating_sub(frame.len()))
        });
    }
    Ok(())
}

impl Drop for Emitter {
    fn drop(&mut self) {
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::engine::wire::FrameReader;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn events_arrive_whole_and_in_order_however_many_there_are() {
        let sink = Sink::default();
        let (mut emitter, writer) = Emitter::start(sink.clone(), || true).unwrap();
        let mut other = emitter.clone();
        for t_ns in 0..50_000 {
            emitter.emit(&Event::PoolReady { t_ns });
        }
        other.emit(&Event::PoolReady { t_ns: u64::MAX });
        drop((emitter, other));
        writer.join().unwrap();
        let mut frames = FrameReader::default();
        frames.push(&sink.0.lock().unwrap());
        let mut events = Vec::new();
        while frames.next_batch(|event: Event| events.push(event)).unwrap() {}
        assert_eq!(frames.finish(), Ok(()));
        let expected = (0..50_000).chain([u64::MAX]).map(|t_ns| Event::PoolReady { t_ns });
        assert!(events.into_iter().eq(expected));
    }

    #[test]
    fn what_is_settled_has_been_written() {
        let sink = Sink::default();
        let (mut emitter, writer) = Emitter::start(sink.clone(), || true).unwrap();
        for t_ns in 0..100 {
            emitter.emit(&Event::PoolReady { t_ns });
            emitter.settle();
            let mut frames = FrameReader::default();
            frames.push(&sink.0.lock().unwrap());
            let mut events = 0;
            while frames.next_batch(|_: Event| events += 1).unwrap() {}
            assert_eq!(events, t_ns + 1);
        }
        drop(emitter);
        writer.join().unwrap();
    }

    #[test]
    fn a_reader_that_has_gone_holds_nobody_up() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _bytes: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let (told, was_told) = bounded(1);
        let (mut emitter, writer) = Emitter::start(Closed, move || told.try_send(()).is_ok()).unwrap();
        let text = "x".repeat(1 << 20);
        for _ in 0..100 {
            let level = crate::event::Level::Info;
            emitter.emit(&Event::Log { t_ns: 0, worker: None, level, text: text.clone() });
        }
        assert!(was_told.recv_timeout(Duration::from_secs(10)).is_ok());
        drop(emitter);
        writer.join().unwrap();
    }
}
