//! The thread of each process that writes into the pipe what was put into the queue there, so that a put need not wait.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use super::pipe::Pipe;
use crate::mp::{SendError, trace::ObjectId};

/// Frames on their way into the pipe.
#[derive(Debug)]
pub(super) struct Feeder {
    pub(super) pipe: Pipe,
    pub(super) id: ObjectId,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Vec<u8>>,
    /// The thread exists.
    is_running: bool,
    /// The thread has a frame in hand.
    is_writing: bool,
    /// Nothing more will be put.
    is_closed: bool,
    failed: Option<String>,
}

/// Those of this process that have something to write, or had.
static RUNNING: Mutex<Vec<Arc<Feeder>>> = Mutex::new(Vec::new());

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn running() -> Vec<Arc<Feeder>> {
    locked(&RUNNING).clone()
}

impl Feeder {
    pub(super) fn new(pipe: Pipe, id: ObjectId) -> Arc<Self> {
        Arc::new(Self { pipe, id, state: Mutex::default(), changed: Condvar::new() })
    }

    pub(super) fn add(self: &Arc<Self>, frame: Vec<u8>) -> Result<(), SendError> {
        let mut state = locked(&self.state);
        failure(&state)?;
        if !state.is_running {
            let feeder = self.clone();
            thread::Builder::new().name("mp-feeder".into()).spawn(move || feeder.run())?;
            state.is_running = true;
            locked(&RUNNING).push(self.clone());
        }
        state.frames.push_back(frame);
        self.changed.notify_all();
        Ok(())
    }

    /// Waits until all is written.
    pub(super) fn flush(&self) -> Result<(), SendError> {
        let state = locked(&self.state);
        let busy = |state: &mut State| state.is_writing || !state.frames.is_empty();
        let state = self.changed.wait_while(state, busy).unwrap_or_else(PoisonError::into_inner);
        failure(&state)
    }

    /// The thread ends once all is written.
    pub(super) fn close(&self) {
        locked(&self.state).is_closed = true;
        self.changed.notify_all();
    }

    fn run(self: Arc<Self>) {
        while let Some(mut frame) = self.next() {
            let written = self.pipe.write(&mut frame);
            let mut state = locked(&self.state);
            state.is_writing = false;
            if let Err(error) = written {
                state.failed = Some(error.to_string());
                self.pipe.take_back(state.frames.len() as u32);
                state.frames.clear();
                state.is_closed = true;
            }
            self.changed.notify_all();
        }
        locked(&RUNNING).retain(|feeder| !Arc::ptr_eq(feeder, &self));
    }

    fn next(&self) -> Option<Vec<u8>> {
        let mut state = locked(&self.state);
        loop {
            if let Some(frame) = state.frames.pop_front() {
                state.is_writing = true;
                return Some(frame);
            }
            if state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn failure(state: &State) -> Result<(), SendError> {
    match &state.failed {
        None => Ok(()),
        Some(why) => Err(io::Error::other(format!("the queue's pipe cannot be written to: {why}")).into()),
    }
}
