//! Memory that engine and worker share: on the heap for a thread, in a sealed memory file for a process.
#![expect(unsafe_code, reason = "memory shared with another process has to be mapped by hand")]

use std::{io, ops::Deref, os::fd::OwnedFd, ptr::NonNull, sync::Arc};

use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create},
    mm::{MapFlags, ProtFlags, mmap, munmap},
};

use super::{REGION_WORDS, sync::AtomicU64};
use crate::engine::shared_lock::SharedLock;

/// [`REGION_WORDS`] words, zero at first. Cheap to clone; all clones are the same memory.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Region {
    memory: Arc<Memory>,
}

#[derive(Debug)]
enum Memory {
    Heap(Box<[AtomicU64]>),
    Mapped(Mapping<Words>),
}

type Words = [AtomicU64; REGION_WORDS];

/// What may lie in memory that others write to at any time.
///
/// # Safety
/// Every bit pattern is a value of the type, and all access to it is through atomics.
unsafe trait Shareable {}
// SAFETY: these are atomics, and any 64 bits are a number.
unsafe impl Shareable for Words {}
// SAFETY: all its fields are atomic numbers.
unsafe impl Shareable for SharedLock {}

impl Region {
    pub(in crate::engine) fn on_heap() -> Self {
        let words = (0..REGION_WORDS).map(|_| AtomicU64::new(0)).collect();
        Self { memory: Arc::new(Memory::Heap(words)) }
    }

    /// In a new memory file.
    pub(in crate::engine) fn shared() -> io::Result<(Self, OwnedFd)> {
        let (mapping, file) = Mapping::create("poolscope-ring")?;
        Ok((Self { memory: Arc::new(Memory::Mapped(mapping)) }, file))
    }

    /// In the memory file of another process.
    ///
    /// # Errors
    /// `InvalidData` for a file that could change its size or has another one.
    pub(in crate::engine) fn open(file: &OwnedFd) -> io::Result<Self> {
        Ok(Self { memory: Arc::new(Memory::Mapped(Mapping::open(file)?)) })
    }

    /// All [`REGION_WORDS`] words.
    pub(in crate::engine) fn words(&self) -> &[AtomicU64] {
        match &*self.memory {
            Memory::Heap(words) => words,
            Memory::Mapped(mapping) => &**mapping,
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
        let (mapping, file) = Mapping::create("poolscope-lock")?;
        Ok((Self::Mapped(Arc::new(mapping)), file))
    }

    /// In the memory file of another process; errors as for [`Region::open`].
    pub(in crate::engine) fn open(file: &OwnedFd) -> io::Result<Self> {
        Ok(Self::Mapped(Arc::new(Mapping::open(file)?)))
    }
}

impl Deref for LockMemory {
    type Target = SharedLock;

    fn deref(&self) -> &SharedLock {
        match self {
            Self::Heap(lock) => lock,
            Self::Mapped(mapping) => mapping,
        }
    }
}

/// A memory file that is mapped for as long as this lives.
#[derive(Debug)]
pub(in crate::engine) struct Mapping<T> {
    address: NonNull<T>,
}

#[expect(private_bounds, reason = "what can be shared is settled here")]
impl<T: Shareable> Mapping<T> {
    /// A new memory file of the right size, which nobody can ever shrink: a worker that cut it would kill the engine with
    /// SIGBUS.
    fn create(name: &str) -> io::Result<(Self, OwnedFd)> {
        let file = memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, size_of::<T>() as u64)?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Ok((Self::map(&file)?, file))
    }

    fn open(file: &OwnedFd) -> io::Result<Self> {
        let sealed = fcntl_get_seals(file)?.contains(SealFlags::SHRINK);
        if !sealed || fstat(file)?.st_size != size_of::<T>() as i64 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Self::map(file)
    }

    fn map(file: &OwnedFd) -> io::Result<Self> {
        if cfg!(all(test, loom)) {
            // The model checker's atomics are no plain words.
            return Err(io::ErrorKind::Unsupported.into());
        }
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the address is the kernel's choice, so no memory of this process is replaced.
        let address =
            unsafe { mmap(std::ptr::null_mut(), size_of::<T>(), access, MapFlags::SHARED, file, 0)? };
        let address = NonNull::new(address.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { address })
    }
}

impl<T: Shareable> Deref for Mapping<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the mapping is page-aligned, as long as a `T` for as long as `self` lives, and backed by a file whose
        // size is sealed. Whoever else writes to it changes atomics, of which every bit pattern is valid.
        unsafe { self.address.as_ref() }
    }
}

impl<T> Drop for Mapping<T> {
    fn drop(&mut self) {
        // SAFETY: this is the mapping that `map` made, and nobody can hold a reference into it any more. Should it fail,
        // the pages stay until the process ends.
        let _stays_mapped = unsafe { munmap(self.address.as_ptr().cast(), size_of::<T>()) };
    }
}

// SAFETY: the memory is not bound to a thread, and all access to it is through atomics.
unsafe impl<T: Shareable> Send for Mapping<T> {}
// SAFETY: as above.
unsafe impl<T: Shareable> Sync for Mapping<T> {}

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
        ftruncate(&loose, size_of::<Words>() as u64).unwrap();
        assert!(Region::open(&loose).is_err());
        let short = memfd_create("short", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&short, 8).unwrap();
        fcntl_add_seals(&short, SealFlags::SHRINK).unwrap();
        assert!(Region::open(&short).is_err());
    }
}
