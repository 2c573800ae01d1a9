//! Waiting for many descriptors at once, in one place and on one thread.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use rustix::event::{Timespec, epoll};

use super::ring::Bell;

/// Events taken in at a time; more stay with the kernel until the next time.
const BATCH: usize = 256;
/// The bell's own label; no worker has it.
const BELL: u64 = u64::MAX;

/// An epoll instance that always listens to the bell as well.
pub(super) struct Listener {
    epoll: OwnedFd,
    bell: Bell,
    events: Vec<epoll::Event>,
}

impl Listener {
    pub(super) fn new(bell: Bell) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        // By edges, so that nobody has to read the bell to silence it.
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&epoll, bell.fd(), epoll::EventData::new_u64(BELL), flags)?;
        Ok(Self { epoll, bell, events: Vec::with_capacity(BATCH) })
    }

    pub(super) fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Listens to a descriptor; what it has is told under `label`.
    pub(super) fn add(&self, fd: impl AsFd, label: u64, writing: bool) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, fd, epoll::EventData::new_u64(label), flags(writing))?)
    }

    /// Whether the descriptor is to be told of also when it can be written to.
    pub(super) fn set_writing(&self, fd: impl AsFd, label: u64, writing: bool) {
        // Both descriptors are open and known to each other, so that nothing can go wrong here.
        let _known = epoll::modify(&self.epoll, fd, epoll::EventData::new_u64(label), flags(writing));
    }

    /// Listens no more to a descriptor that is open still, here or, for a moment, in a process that is being spawned.
    pub(super) fn remove(&self, fd: impl AsFd) {
        let _known = epoll::delete(&self.epoll, fd);
    }

    /// The labels of descriptors that have something, the bell not among them. Waits for that at most `limit`.
    pub(super) fn wait(&mut self, limit: Duration) -> impl Iterator<Item = u64> + '_ {
        let limit =
            Timespec { tv_sec: limit.as_secs().cast_signed(), tv_nsec: i64::from(limit.subsec_nanos()) };
        self.events.clear();
        // An interrupted wait is a short one.
        let _interrupted =
            epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut self.events), Some(&limit));
        self.events.iter().map(|event| event.data.u64()).filter(|label| *label != BELL)
    }
}

fn flags(writing: bool) -> epoll::EventFlags {
    let extra = if writing { epoll::EventFlags::OUT } else { epoll::EventFlags::empty() };
    epoll::EventFlags::IN | extra
}
