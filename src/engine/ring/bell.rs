//! The bell: wakes the engine's one thread from wherever it sleeps.

use std::{io, os::fd::OwnedFd, sync::Arc};

use rustix::event::{EventfdFlags, eventfd};

/// One per engine, shared by everybody who may have to wake it. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Bell {
    fd: Arc<OwnedFd>,
}

impl Bell {
    pub(in crate::engine) fn new() -> io::Result<Self> {
        Ok(Self { fd: Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?) })
    }

    /// A bell that came from the engine as a descriptor.
    pub(in crate::engine) fn from_fd(fd: OwnedFd) -> Self {
        Self { fd: Arc::new(fd) }
    }

    pub(in crate::engine) fn ring(&self) {
        // It fails only when it has been rung 2^64 - 2 times unheard.
        let _rung_already = rustix::io::write(&*self.fd, &1_u64.to_ne_bytes());
    }

    /// Readable once it was rung. It is watched for edges and never read.
    pub(in crate::engine) fn fd(&self) -> &OwnedFd {
        &self.fd
    }
}
