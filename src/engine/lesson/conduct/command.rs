//! What the session has done to a lesson's processes, and how they are ended.

use std::time::Instant;

use rustix::process::{Signal, pidfd_send_signal};

use super::{
    super::super::{pool::FromSession, sampler::cpu_of},
    Conductor, Cut,
};
use crate::{
    event::{Command, Event, Level},
    ids::WorkerId,
};

impl Conductor {
    pub(super) fn command(&mut self, command: &FromSession) {
        match command {
            FromSession::Command(Command::Stop | Command::Cancel) => {
                self.emitter.emit(&Event::Stopping { t_ns: self.clock.now_ns() });
                self.cut(Cut::Stopped);
            }
            FromSession::Gone => self.cut(Cut::Stopped),
            FromSession::Command(Command::KillWorker { worker, signal }) => self.signal(*worker, *signal),
            FromSession::Command(Command::Pause | Command::Resume | Command::Resize(_)) => {
                self.log(Level::Warning, "a lesson is neither paused nor resized".to_owned());
            }
            FromSession::Command(Command::Start(..)) => {}
        }
    }

    fn signal(&mut self, worker: WorkerId, number: i32) {
        let signal = Signal::from_named_raw(number);
        let pidfd = self.known.get(&worker).and_then(|known| known.pidfd.as_ref());
        match (pidfd, signal) {
            (Some(pidfd), Some(signal)) => {
                let _already_gone = pidfd_send_signal(pidfd, signal);
            }
            _ => self.log(Level::Warning, format!("{worker} has no process to send signal {number} to")),
        }
    }

    /// Ends every process: the others die with `main`, each with the one that started it.
    pub(super) fn cut(&mut self, why: Cut) {
        if self.cut.is_some() {
            return;
        }
        self.cut = Some(why);
        self.cut_at = Some(Instant::now());
        for known in self.known.values_mut().filter(|known| known.exit.is_none()) {
            known.ended_by_us = true;
            known.cpu_ns = cpu_of(known.pid).filter(|_| known.is_there());
        }
        // Each by itself too: who dies lets go of what others wait for, and these must not go on with it.
        for pidfd in self.known.values().filter_map(|known| known.pidfd.as_ref()) {
            let _already_gone = pidfd_send_signal(pidfd, Signal::KILL);
        }
        let _already_gone = self.main.kill();
    }
}
