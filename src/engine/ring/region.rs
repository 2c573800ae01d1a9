//! Memory that engine and worker share: on the heap for a thread, in a sealed memory file for a process.
#![expect(unsafe_code, reason = "what may lie in shared memory is promised, not proven")]

use std::{io, ops::Deref, os::fd::OwnedFd, sync::Arc};

use super::{REGION_WORDS, sync::AtomicU64};
use crate::{
    engine::shared_lock::SharedLock,
    mapping::{Mapping, Shareable},
};

/// [`REGION_WORDS`] words, zero at first. Cheap to clone; all clones are the same memory.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Region {
    memory: Arc<Memory>,
}

#[derive(Debug)]
enum Memory {
    Heap(Box<[AtomicU64]>),
    Mapped(Mapping<AtomicU64>),
}

// SAFETY: all its fields are atomic numbers.
unsafe impl Shareable for SharedLock {}

impl Region {
    pub(in crate::engine) fn on_heap() -> Self {
        let words = (0..REGION_WORDS).map(|_| AtomicU64::new(0)).collect();
        Self { memory: Arc::new(Memory::Heap(words)) }
    }

    /// In a new memory file.
    pub(in crate::engine) fn shared() -> io::Result<(Self, OwnedFd)> {
        let (mapping, file) = Mapping::create("poolscope-ring", REGION_WORDS)?;
        Ok((Self { memory: Arc::new(Memory::Mapped(mapping)) }, file))
    }

    /// In the memory file of another process.
    ///
    /// # Errors
    /// `InvalidData` for a file that could change its size or has another one.
    pub(in crate::engine) fn open(file: &OwnedFd) -> io::Result<Self> {
        Ok(Self { memory: Arc::new(Memory::Mapped(Mapping::open(file, REGION_WORDS)?)) })
    }

    /// All [`REGION_WORDS`] words.
    pub(in crate::engine) fn words(&self) -> &[AtomicU64] {
        match &*self.memory {
            Memory::Heap(words) => words,
            Memory::Mapped(mapping) => mapping,
        }
    }
}

/// A lock that all workers of a run share. Cheap to clone; all clones are the same lock.
#[derive(Clone, Debug)]
pub(in crate::engine) enum LockMemory {
    Heap(Arc<SharedLock>),
    Mapped(Arc<Mapping<SharedLock>>),
}

impl LockMemory {
    pub(in crate::engine) fn on_heap() -> Self {
        Self::Heap(Arc::default())
    }

    /// In a new memory file.
    pub(in crate::engine) fn shared() -> io::Result<(Self, OwnedFd)> {
        let (mapping, file) = Mapping::create("poolscope-lock", 1)?;
        Ok((Self::Mapped(Arc::new(mapping)), file))
    }

    /// In the memory file of another process; errors as for [`Region::open`].
    pub(in crate::engine) fn open(file: &OwnedFd) -> io::Result<Self> {
        Ok(Self::Mapped(Arc::new(Mapping::open(file, 1)?)))
    }
}

impl Deref for LockMemory {
    type Target = SharedLock;

    fn deref(&self) -> &SharedLock {
        match self {
            Self::Heap(lock) => lock,
            // It was mapped as one.
            Self::Mapped(mapping) => &mapping[0],
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn both_ends_of_a_memory_file_see_the_same_words() {
        let (engine, file) = Region::shared().unwrap();
        let worker = Region::open(&file).unwrap();
        worker.words()[REGION_WORDS - 1].store(7, Ordering::Release);
        assert_eq!(engine.words()[REGION_WORDS - 1].load(Ordering::Acquire), 7);
    }
}
