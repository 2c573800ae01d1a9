//! The engine's voice: one thread that writes events to stdout in the order in which it was given them.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::wire::append_frame;
use crate::event::{Event, Outcome};

/// Events that may wait for the session, and bytes of results and texts in them. When the session falls further behind,
/// the run waits for it: a record with holes would be worth less than a slower run.
const CAPACITY: usize = 1 << 16;
const CAPACITY_BYTES: u64 = 16 << 20;
/// How often a run that waits for its session looks whether there is room.
const ROOM_POLL: Duration = Duration::from_millis(1);
/// Events in one frame, and bytes of results and texts after which a frame is closed early.
const BATCH: usize = 1 << 12;
const BATCH_BYTES: u64 = 1 << 20;

/// Hands events over. Cheap to clone.
#[derive(Clone)]
pub(super) struct Emitter {
    sender: Sender<Event>,
    /// Bytes of results and texts that wait.
    waiting_bytes: Arc<AtomicU64>,
}

impl Emitter {
    /// `gone` is called when the reader has closed its end, until it returns true for "told".
    pub(super) fn start(
        out: impl Write + Send + 'static,
        mut gone: impl FnMut() -> bool + Send + 'static,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (sender, receiver) = bounded(CAPACITY);
        let waiting_bytes = Arc::new(AtomicU64::new(0));
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
        Ok((Self { sender, waiting_bytes }, thread))
    }

    pub(super) fn emit(&self, event: Event) {
        let bytes = payload_bytes(&event);
        if bytes > 0 {
            while self.waiting_bytes.load(Ordering::Relaxed) > CAPACITY_BYTES {
                std::thread::sleep(ROOM_POLL);
            }
            self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        // The writer outlives all emitters; were it gone, there would be nobody to tell.
        let _nobody_listens = self.sender.send(event);
    }
}

/// Bytes of an event beyond its fixed part, where they can be many.
fn payload_bytes(event: &Event) -> u64 {
    match event {
        Event::Ended(ended) => {
            let text = if let Outcome::Failed(text) = &ended.outcome { text.len() as u64 } else { 0 };
            ended.value.len_bytes() + text
        }
        Event::Log { text, .. } => text.len() as u64,
        _ => 0,
    }
}

fn write_all(
    receiver: &Receiver<Event>,
    waiting_bytes: &AtomicU64,
    mut out: impl Write,
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    while let Ok(first) = receiver.recv() {
        let mut batch_bytes = 0;
        let mut batch = Vec::new();
        let mut next = Some(first);
        while let Some(event) = next {
            batch_bytes += payload_bytes(&event);
            batch.push(event);
            let full = batch.len() >= BATCH || batch_bytes >= BATCH_BYTES;
            next = if full { None } else { receiver.try_recv().ok() };
        }
        waiting_bytes.fetch_sub(batch_bytes, Ordering::Relaxed);
        bytes.clear();
        append_frame(&mut bytes, &batch).map_err(std::io::Error::other)?;
        out.write_all(&bytes)?;
        out.flush()?;
    }
    Ok(())
}
