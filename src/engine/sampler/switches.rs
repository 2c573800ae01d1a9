//! Sees without a system call whether the calling thread was switched out since a moment.
//!
//! It rests on restartable sequences, see `rseq(2)` and the kernel's `include/uapi/linux/rseq.h`. A thread shares a small
//! area with the kernel, in which it may name a section of code that must not be interrupted. Whenever the kernel
//! returns to a thread that it had switched out, moved or signalled, it looks at that name: inside the section it
//! aborts it, and outside it only wipes the name. So a thread that names a section which holds no code at all, and
//! later finds the name still there, was on its core all the time.
//!
//! Up to Linux 6.18 that holds for every switch. Later kernels may wipe the name only where an interrupt met the thread,
//! and not where it waited in a system call, depending on the release and on how the C library registered the area.
//! So [`super::witness`] tries it before anybody relies on it.
#![expect(unsafe_code, reason = "the area shared with the kernel is reached through the thread pointer")]

use std::{
    marker::PhantomData,
    ptr::NonNull,
    sync::atomic::{Ordering, compiler_fence},
};

/// The area's field with the section's name, a pointer of 8 bytes, and the field with the core's number before it.
const SECTION_OFFSET: isize = 8;
const CORE_OFFSET: isize = 4;

/// One thread's view of its own area.
pub(super) struct SwitchProbe {
    section: NonNull<u64>,
    /// The area belongs to one thread.
    _not_send: PhantomData<*const ()>,
}

impl SwitchProbe {
    /// The calling thread's probe. `None` where the C library has registered no area for it (glibc does since 2.35, musl
    /// does not), or on a processor for which this is not written.
    pub(super) fn new() -> Option<Self> {
        let area = area()?;
        // SAFETY: the area is at least 20 bytes long and lives as long as this thread, and its fields are aligned.
        let (core, section) =
            unsafe { (area.offset(CORE_OFFSET).cast::<i32>().read(), area.offset(SECTION_OFFSET).cast()) };
        // A negative core says that the registration failed for this thread.
        (core >= 0).then_some(Self { section, _not_send: PhantomData })
    }

    /// From here on a switch will be seen.
    pub(super) fn arm(&self) {
        self.name(EMPTY_SECTION.address());
    }

    /// Whether this thread has kept its core since [`Self::arm`]. It may be false where nothing happened, never the
    /// other way round.
    pub(super) fn undisturbed(&self) -> bool {
        compiler_fence(Ordering::SeqCst);
        // SAFETY: see `new`. Only this thread and the kernel on its behalf write there, never at the same time.
        unsafe { self.section.read_volatile() != 0 }
    }

    fn name(&self, section: u64) {
        // SAFETY: see `undisturbed`. The kernel follows the pointer, which is 0 or that of a valid section that is
        // never freed.
        unsafe { self.section.write_volatile(section) };
        compiler_fence(Ordering::SeqCst);
    }
}

impl Drop for SwitchProbe {
    fn drop(&mut self) {
        self.name(0);
    }
}

/// The kernel's `struct rseq_cs`, and behind it what it wants to find where an abort would lead: a signature.
#[repr(C, align(32))]
struct Section {
    version: u32,
    flags: u32,
    start: *const Section,
    length: u64,
    abort: *const u32,
    signature: u32,
    landing: u32,
}

// SAFETY: it is never written, and its pointers lead to itself.
unsafe impl Sync for Section {}

impl Section {
    fn address(&'static self) -> u64 {
        std::ptr::from_ref(self) as u64
    }
}

/// A section without a single instruction: no thread is ever inside, so that the abort is never taken. All kernels up to
/// 6.18 still demand that four bytes before its target lie the signature with which the C library registered.
static EMPTY_SECTION: Section = Section {
    version: 0,
    flags: 0,
    start: &raw const EMPTY_SECTION,
    length: 0,
    abort: &raw const EMPTY_SECTION.landing,
    signature: SIGNATURE,
    landing: 0,
};

/// `RSEQ_SIG` of the C libraries for this processor.
const SIGNATURE: u32 = if cfg!(target_arch = "x86_64") { 0x5305_3053 } else { 0xd428_bc00 };

#[cfg(all(
    target_os = "linux",
    target_endian = "little",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
fn area() -> Option<NonNull<u8>> {
    /// A variable of the C library, by name: older ones do not have it.
    fn variable<T: Copy>(name: &std::ffi::CStr) -> Option<T> {
        // SAFETY: the name ends with a NUL; the variable, if it is there, is initialised before any thread begins.
        unsafe {
            NonNull::new(libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()).cast::<T>()).map(|at| at.read())
        }
    }
    let size: u32 = variable(c"__rseq_size")?;
    let offset: isize = variable(c"__rseq_offset")?;
    if size == 0 {
        return None;
    }
    let thread: *mut u8;
    // SAFETY: reads the thread pointer, which every thread has, and touches nothing else. On x86_64 it is stored at
    // the place that it points to.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("mov {}, fs:[0]", out(reg) thread, options(nostack, preserves_flags, readonly));
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("mrs {}, tpidr_el0", out(reg) thread, options(nostack, preserves_flags, nomem));
    }
    // `wrapping`: the area lies in the thread's static storage, which is no allocation that the compiler knows of.
    NonNull::new(thread.wrapping_offset(offset))
}

#[cfg(not(all(
    target_os = "linux",
    target_endian = "little",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
fn area() -> Option<NonNull<u8>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_is_one_that_a_kernel_accepts() {
        let (start, abort) = (EMPTY_SECTION.start as u64, EMPTY_SECTION.abort as u64);
        assert_eq!(start % 32, 0);
        assert_eq!(EMPTY_SECTION.length, 0, "no instruction is inside");
        assert_eq!(
            abort - 4,
            &raw const EMPTY_SECTION.signature as u64,
            "the signature stands before the target"
        );
        assert_eq!((EMPTY_SECTION.version, EMPTY_SECTION.flags, EMPTY_SECTION.landing), (0, 0, 0));
    }

    #[test]
    fn a_dropped_probe_leaves_no_name_behind() {
        let Some(probe) = SwitchProbe::new() else { return };
        probe.arm();
        drop(probe);
        assert!(!SwitchProbe::new().expect("as before").undisturbed());
    }
}
