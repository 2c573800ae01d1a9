//! Memory files that several processes map: the one place where shared memory is made.
#![expect(unsafe_code, reason = "memory shared with another process has to be mapped by hand")]

use std::{
    io,
    ops::Deref,
    os::fd::{AsFd, OwnedFd},
    ptr::NonNull,
    sync::atomic::{AtomicI64, AtomicU32, AtomicU64},
};

use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create},
    mm::{MapFlags, ProtFlags, mmap, munmap},
};

/// What may lie in memory that others write to at any time.
///
/// # Safety
/// Every bit pattern is a value of the type, and all access to it is through atomics.
pub(crate) unsafe trait Shareable {}
// SAFETY: any 32 bits are a number, reached as an atomic alone.
unsafe impl Shareable for AtomicU32 {}
// SAFETY: as above, of 64 bits.
unsafe impl Shareable for AtomicU64 {}
// SAFETY: as above.
unsafe impl Shareable for AtomicI64 {}
// SAFETY: the model checker's atomics are no plain words, and `map` refuses to map anything for it.
#[cfg(all(test, loom))]
unsafe impl Shareable for loom::sync::atomic::AtomicU64 {}

/// A memory file of `T`s, all bits zero at first, that is mapped for as long as this lives.
#[derive(Debug)]
pub(crate) struct Mapping<T> {
    address: NonNull<T>,
    length: usize,
}

impl<T: Shareable> Mapping<T> {
    /// A new memory file of `length` items, which nobody can ever shrink: a process that cut it would kill all others
    /// with SIGBUS.
    ///
    /// # Errors
    /// `InvalidInput` for no items at all or more than memory can hold, and whatever the kernel says.
    pub(crate) fn create(name: &str, length: usize) -> io::Result<(Self, OwnedFd)> {
        let bytes = Self::bytes(length)?;
        let file = memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, bytes as u64)?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Ok((Self::map(&file, length)?, file))
    }

    /// The memory file of another process.
    ///
    /// # Errors
    /// `InvalidData` for a file that could change its size or has another one than that of `length` items.
    pub(crate) fn open(file: impl AsFd, length: usize) -> io::Result<Self> {
        let bytes = Self::bytes(length)?;
        let sealed = fcntl_get_seals(&file)?.contains(SealFlags::SHRINK);
        if !sealed || fstat(&file)?.st_size != bytes as i64 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Self::map(file, length)
    }

    fn bytes(length: usize) -> io::Result<usize> {
        let bytes =
            length.checked_mul(size_of::<T>()).filter(|bytes| (1..=isize::MAX as usize).contains(bytes));
        bytes.ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    fn map(file: impl AsFd, length: usize) -> io::Result<Self> {
        if cfg!(all(test, loom)) {
            // The model checker's atomics are no plain words.
            return Err(io::ErrorKind::Unsupported.into());
        }
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the address is the kernel's choice, so no memory of this process is replaced.
        let address =
            unsafe { mmap(std::ptr::null_mut(), Self::bytes(length)?, access, MapFlags::SHARED, file, 0)? };
        let address = NonNull::new(address.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { address, length })
    }
}

impl<T: Shareable> Deref for Mapping<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the mapping is page-aligned, holds `length` items for as long as `self` lives, and is backed by a file
        // whose size is sealed. Whoever else writes to it changes atomics, of which every bit pattern is valid.
        unsafe { std::slice::from_raw_parts(self.address.as_ptr(), self.length) }
    }
}

impl<T> Drop for Mapping<T> {
    fn drop(&mut self) {
        // SAFETY: this is the mapping that `map` made, and nobody can hold a reference into it any more. Should it fail,
        // the pages stay until the process ends.
        let _stays_mapped = unsafe { munmap(self.address.as_ptr().cast(), self.length * size_of::<T>()) };
    }
}

// SAFETY: the memory is not bound to a thread, and all access to it is through atomics.
unsafe impl<T: Shareable> Send for Mapping<T> {}
// SAFETY: as above.
unsafe impl<T: Shareable> Sync for Mapping<T> {}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn nobody_can_change_the_size_of_the_file() {
        let (_mapping, file) = Mapping::<AtomicU64>::create("sealed", 5).unwrap();
        assert!(ftruncate(&file, 0).is_err());
        assert!(ftruncate(&file, 1 << 30).is_err());
    }

    #[test]
    fn a_file_that_could_shrink_or_has_another_size_is_refused() {
        let loose = memfd_create("loose", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&loose, 40).unwrap();
        assert!(Mapping::<AtomicU64>::open(&loose, 5).is_err());
        let (_mapping, file) = Mapping::<AtomicU64>::create("short", 5).unwrap();
        assert!(Mapping::<AtomicU64>::open(&file, 6).is_err());
        assert_eq!(Mapping::<AtomicU64>::open(&file, 5).unwrap().len(), 5);
    }

    #[test]
    fn a_length_that_no_memory_holds_is_refused() {
        for length in [0, usize::MAX, usize::MAX / 8 + 1] {
            assert!(Mapping::<AtomicU64>::create("length", length).is_err(), "{length}");
        }
    }
}
