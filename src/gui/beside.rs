//! Work that takes longer than a frame, done by a thread beside the window.

use std::{
    sync::mpsc::{Receiver, TryRecvError, sync_channel},
    thread,
};

use eframe::egui::Context;

/// One thing that is being made, or nothing.
pub(crate) struct Beside<T> {
    making: Option<Receiver<T>>,
}

impl<T> Default for Beside<T> {
    fn default() -> Self {
        Self { making: None }
    }
}

impl<T: Send + 'static> Beside<T> {
    /// Nothing is being made, or what was made has been taken.
    pub(crate) fn is_idle(&self) -> bool {
        self.making.is_none()
    }

    /// Begins to make something; what was being made is forgotten. The window is painted again once it is there.
    pub(crate) fn begin(&mut self, ctx: &Context, name: &str, make: impl FnOnce() -> T + Send + 'static) {
        let (sender, receiver) = sync_channel(1);
        let wake = ctx.clone();
        let making = thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Nobody waits for it any more, perhaps.
            let _unwanted = sender.send(make());
            wake.request_repaint();
        });
        // Without a thread there will be another chance.
        self.making = making.is_ok().then_some(receiver);
    }

    /// What was made, once.
    pub(crate) fn take(&mut self) -> Option<T> {
        match self.making.as_ref()?.try_recv() {
            Ok(made) => {
                self.making = None;
                Some(made)
            }
            Err(TryRecvError::Empty) => None,
            // Its thread has died.
            Err(TryRecvError::Disconnected) => {
                self.making = None;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn wait<T: Send + 'static>(beside: &mut Beside<T>) -> Option<T> {
        let began = Instant::now();
        while !beside.is_idle() && began.elapsed() < Duration::from_secs(20) {
            if let Some(made) = beside.take() {
                return Some(made);
            }
            thread::sleep(Duration::from_millis(1));
        }
        None
    }

    #[test]
    fn what_is_made_is_had_once_and_a_panic_is_nothing() {
        let ctx = Context::default();
        let mut beside = Beside::default();
        assert!(beside.is_idle() && beside.take().is_none());
        beside.begin(&ctx, "test", || 7);
        assert!(!beside.is_idle());
        assert_eq!((wait(&mut beside), beside.is_idle()), (Some(7), true));
        beside.begin(&ctx, "test", || panic!("on purpose"));
        assert_eq!((wait(&mut beside), beside.is_idle()), (None, true));
    }
}
