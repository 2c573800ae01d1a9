//! Signals that are to end what goes on, in order.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crossbeam_channel::Sender;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

/// For what the main loop of a command wakes up.
pub(super) enum Wake {
    /// There is news.
    Snapshot,
    Signal(i32),
}

/// Signals come to the main loop, which decides. Once the run is over they end the program as they would any other.
pub(super) fn forward(wake: Sender<Wake>, over: Arc<AtomicBool>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in &mut signals {
            if over.load(Ordering::Acquire) || wake.send(Wake::Signal(signal)).is_err() {
                let _ends_the_program = signal_hook::low_level::emulate_default_handler(signal);
            }
        }
    })?;
    Ok(())
}
