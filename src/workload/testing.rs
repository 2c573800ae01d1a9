//! A context for tests: it never really waits, remembers what was asked of it, and cancels when told to.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use super::{Cancelled, TaskContext};
use crate::spec::{Draft, Spec};

pub(super) struct Fake {
    /// Calls that succeed before the task is cancelled.
    pub(super) patience: Cell<u32>,
    pub(super) checkpoints: Cell<u32>,
    pub(super) slept: Cell<Duration>,
    pub(super) lines: RefCell<Vec<String>>,
    /// Calls of `blocking`.
    pub(super) waits: Cell<u32>,
    pub(super) counter: Cell<u64>,
}

impl Fake {
    pub(super) fn patient() -> Self {
        Self::cancelled_after(u32::MAX)
    }

    pub(super) fn cancelled_after(calls: u32) -> Self {
        Self {
            patience: Cell::new(calls),
            checkpoints: Cell::new(0),
            slept: Cell::new(Duration::ZERO),
            lines: RefCell::new(Vec::new()),
            waits: Cell::new(0),
            counter: Cell::new(0),
        }
    }

    fn lose_patience(&self) -> Result<(), Cancelled> {
        let left = self.patience.get().checked_sub(1).ok_or(Cancelled)?;
        self.patience.set(left);
        Ok(())
    }
}

impl TaskContext for Fake {
    fn checkpoint(&self) -> Result<(), Cancelled> {
        self.checkpoints.set(self.checkpoints.get() + 1);
        self.lose_patience()
    }

    fn sleep(&self, time: Duration) -> Result<(), Cancelled> {
        self.lose_patience()?;
        self.slept.set(self.slept.get() + time);
        Ok(())
    }

    fn blocking(&self, wait: &mut dyn FnMut()) {
        self.waits.set(self.waits.get() + 1);
        wait();
    }

    fn locked(&self, critical: &mut dyn FnMut(u64) -> Result<u64, Cancelled>) -> Result<(), Cancelled> {
        self.lose_patience()?;
        self.counter.set(critical(self.counter.get())?);
        Ok(())
    }

    fn log(&self, line: &str) {
        self.lines.borrow_mut().push(line.to_owned());
    }
}

/// A spec from `field=value` words; `param.NAME` for a parameter.
pub(super) fn spec(words: &str) -> Spec {
    let mut draft = Draft::default();
    for word in words.split_whitespace() {
        let (name, value) = word.split_once('=').expect("field=value");
        match name.strip_prefix("param.") {
            Some(param) => draft.params.push((param.to_owned(), value.to_owned())),
            None => *draft.field_mut(name).expect("a field of the draft") = Some(value.to_owned()),
        }
    }
    draft.validate().expect("a valid spec")
}
