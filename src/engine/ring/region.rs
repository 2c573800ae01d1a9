//! The memory under a ring: on the heap for a thread, in a sealed memory file for a process.
#![expect(unsafe_code, reason = "memory shared with another process has to be mapped by hand")]

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    ptr::NonNull,
    sync::Arc,
};

use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create},
    mm::{MapFlags, ProtFlags, mmap, munmap},
};

use super::{REGION_WORDS, sync::AtomicU64};

/// [`REGION_WORDS`] words, zero at first. Cheap to clone; all clones are the same memory.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Region {
    memory: Arc<Memory>,
}

#[derive(Debug)]
enum Memory {
    Heap(Box<[AtomicU64]>),
    Mapped(Mapping),
}

const BYTES: usize = REGION_WORDS * size_of::<u64>();

impl Region {
    pub(in crate::engine) fn on_heap() -> Self {
        let words = (0..REGION_WORDS).map(|_| AtomicU64::new(0)).collect();
        Self { memory: Arc::new(Memory::Heap(words)) }
    }

    /// A new memory file of the right size, which nobody can ever shrink: a worker that cut it would kill the engine with
    /// SIGBUS.
    pub(in crate::engine) fn shared() -> io::Result<(Self, OwnedFd)> {
        let file = memfd_create("poolscope-ring", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, BYTES as u64)?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Ok((Self::map(&file)?, file))
    }

    /// The memory file of another process.
    ///
    /// # Errors
    /// `InvalidData` for a file that could change its size or has another one.
    pub(in crate::engine) fn open(file: &OwnedFd) -> io::Result<Self> {
        let sealed = fcntl_get_seals(file)?.contains(SealFlags::SHRINK);
        if !sealed || fstat(file)?.st_size != BYTES as i64 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Self::map(file)
    }

    fn map(file: &impl AsFd) -> io::Result<Self> {
        if cfg!(all(test, loom)) {
            // The model checker's atomics are no plain words.
            return Err(io::ErrorKind::Unsupported.into());
        }
        // SAFETY: the address is the kernel's choice, so no memory of this process is replaced.
        let address = unsafe {
            mmap(std::ptr::null_mut(), BYTES, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, file, 0)?
        };
        let address = NonNull::new(address.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { memory: Arc::new(Memory::Mapped(Mapping { address })) })
    }

    /// All [`REGION_WORDS`] words.
    pub(in crate::engine) fn words(&self) -> &[AtomicU64] {
        match &*self.memory {
            Memory::Heap(words) => words,
            Memory::Mapped(mapping) => mapping.words(),
        }
    }
}

/// Unmapped when dropped.
#[derive(Debug)]
struct Mapping {
    address: NonNull<AtomicU64>,
}

impl Mapping {
    fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is page-aligned, `BYTES` long for as long as `self` lives, and backed by a file whose
        // size is sealed. Whoever else writes to it changes atomics, of which every bit pattern is valid.
        unsafe { std::slice::from_raw_parts(self.address.as_ptr(), REGION_WORDS) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this is the mapping that `map` made, and nobody can hold a reference into it any more. Should it fail,
        // the pages stay until the process ends.
        let _stays_mapped = unsafe { munmap(self.address.as_ptr().cast(), BYTES) };
    }
}

// SAFETY: the memory is not bound to a thread, and all access to it is through atomics.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

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

    #[test]
    fn nobody_can_shrink_the_file_under_the_engine() {
        let (_engine, file) = Region::shared().unwrap();
        assert!(ftruncate(&file, 0).is_err());
        assert!(ftruncate(&file, 1 << 30).is_err());
    }

    #[test]
    fn a_file_that_could_shrink_or_has_another_size_is_refused() {
        let loose = memfd_create("loose", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&loose, BYTES as u64).unwrap();
        assert!(Region::open(&loose).is_err());
        let short = memfd_create("short", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&short, 8).unwrap();
        fcntl_add_seals(&short, SealFlags::SHRINK).unwrap();
        assert!(Region::open(&short).is_err());
    }
}
