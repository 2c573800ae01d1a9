//! The engine's voice: one thread that writes events to stdout in the order in which it was given them.

use std::{io::Write, thread::JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::wire::append_frame;
use crate::event::Event;

/// Events that may wait for the session. When it falls further behind, the run waits for it: a record with holes would
/// be worth less than a slower run.
const CAPACITY: usize = 1 << 16;
/// Events in one frame, and bytes of task results after which a frame is closed early.
const BATCH: usize = 1 << 12;
const BATCH_VALUE_BYTES: u64 = 1 << 20;

/// Hands events over. Cheap to clone.
#[derive(Clone)]
pub(super) struct Emitter {
    sender: Sender<Event>,
}

impl Emitter {
    /// `gone` is called once when the reader has closed its end.
    pub(super) fn start(
        out: impl Write + Send + 'static,
        gone: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (sender, receiver) = bounded(CAPACITY);
        let thread = std::thread::Builder::new().name("emitter".to_owned()).spawn(move || {
            if write_all(&receiver, out).is_err() {
                gone();
                // Whoever still emits must not block on a queue that nobody empties.
                for _dropped in receiver {}
            }
        })?;
        Ok((Self { sender }, thread))
    }

    pub(super) fn emit(&self, event: Event) {
        // The writer outlives all emitters; were it gone, there would be nobody to tell.
        let _nobody_listens = self.sender.send(event);
    }
}

fn write_all(receiver: &Receiver<Event>, mut out: impl Write) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    while let Ok(first) = receiver.recv() {
        let mut value_bytes = 0;
        let mut batch = Vec::new();
        let mut next = Some(first);
        while let Some(event) = next {
            if let Event::Ended(ended) = &event {
                value_bytes += ended.value.len_bytes();
            }
            batch.push(event);
            let full = batch.len() >= BATCH || value_bytes >= BATCH_VALUE_BYTES;
            next = if full { None } else { receiver.try_recv().ok() };
        }
        bytes.clear();
        append_frame(&mut bytes, &batch).map_err(std::io::Error::other)?;
        out.write_all(&bytes)?;
        out.flush()?;
    }
    Ok(())
}
