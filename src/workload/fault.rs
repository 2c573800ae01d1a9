//! Faults, for real: a pool is worth little if it has only been seen to work.
//!
//! Nothing here pretends. A segfault is a write to an address that is not mapped, and what it takes down is whatever
//! a segfault takes down: the process that runs the task.
#![expect(unsafe_code, reason = "what safe code could do of this would be a bug of the compiler")]

use std::{
    hint::{black_box, spin_loop},
    io::{self, Write},
    process::Command,
    sync::Arc,
    time::Duration,
};

use rustix::process::{Signal, getpid, kill_process};
use signal_hook::consts::SIGTERM;

use super::{Cancelled, TaskContext, Value, timed};
use crate::{
    ids::TaskId,
    spec::{Fault, FaultKind, Spec},
};

/// Memory that one leak takes.
const LEAK_BYTES: usize = 64 * 1024 * 1024;
/// The smallest page of any platform: touching one byte in each makes all of the memory resident.
const PAGE_BYTES: usize = 4096;
/// In the first page, which no system maps, and not null, which Rust checks for in debug builds.
const UNMAPPED_ADDRESS: usize = 8;
/// A stack for nothing but its overflow, and the words on each of its frames.
const DIVE_BYTES: usize = 256 * 1024;
const FRAME_WORDS: usize = 32;
/// How long a child lives that is left behind.
const CHILD_SECONDS: &str = "60";
/// 64 bytes, so that blocks of lines come out whole.
const PRINT_LINE: &[u8; 64] = b"This line is printed again and again, until that makes one GiB.\n";
const PRINT_BLOCK_BYTES: usize = 1024 * 1024;
const PRINT_BLOCKS: usize = 1024;
/// Between the start of a task and its fault, at least.
const TELL_TIME: Duration = Duration::from_millis(20);

/// Spins `size_ns` of CPU time; a task with a fault waits a moment half-way and goes wrong.
pub(super) fn run(
    spec: &Spec,
    task: TaskId,
    size_ns: u64,
    context: &dyn TaskContext,
) -> Result<Value, Cancelled> {
    let before_ns = size_ns / 2;
    timed::spin(before_ns, context)?;
    if let Some(fault) = spec.fault_at(task) {
        // A crash of a thread takes along what its engine has not told yet. This leaves time to tell of the start.
        context.sleep(TELL_TIME)?;
        strike(fault);
    }
    timed::spin(size_ns - before_ns, context)?;
    Ok(Value::Number(size_ns))
}

/// Does what the fault says. A leak, a child and a print return; whatever else does not end its process either hangs or
/// panics.
pub(super) fn strike(fault: Fault) {
    match fault.kind {
        FaultKind::Panic => panic!("fault: panic asked for at task {}", fault.task),
        FaultKind::Abort => std::process::abort(),
        FaultKind::Segfault => segfault(),
        FaultKind::Bus => bus(),
        FaultKind::Fpe => divide_by_zero(),
        FaultKind::Ill => illegal_instruction(),
        FaultKind::Overflow => overflow(),
        FaultKind::Oom => {
            black_box(Vec::<u8>::with_capacity(isize::MAX.unsigned_abs()));
        }
        FaultKind::Exit => std::process::exit(0),
        FaultKind::Hang => hang(),
        FaultKind::Stubborn => {
            // A handler that does nothing to the purpose. Were it refused, this would be a hang like any other.
            let _refused = signal_hook::flag::register(SIGTERM, Arc::default());
            hang();
        }
        FaultKind::Leak => leak(),
        FaultKind::Children => leave_child(),
        FaultKind::Print => print(),
    }
}

fn segfault() {
    let nowhere = std::ptr::with_exposed_provenance_mut::<u8>(UNMAPPED_ADDRESS);
    // SAFETY: none, by intent. The write is volatile, so it is made as written; the page is not mapped, so no memory
    // is harmed: the kernel answers with SIGSEGV, and the process ends here.
    unsafe { nowhere.write_volatile(1) };
}

fn bus() {
    // SAFETY: the mapping is new, at an address of the kernel's choice, and known to nobody else. Its file is empty, so
    // that no page stands behind it: by intent, the kernel answers the read with SIGBUS, and the process ends here.
    unsafe {
        let file = libc::memfd_create(c"empty".as_ptr(), libc::MFD_CLOEXEC);
        let page = libc::mmap(std::ptr::null_mut(), PAGE_BYTES, libc::PROT_READ, libc::MAP_SHARED, file, 0);
        if page != libc::MAP_FAILED {
            page.cast::<u8>().read_volatile();
        }
    }
    raise(Signal::BUS);
}

fn divide_by_zero() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: no memory is touched and all registers are named. By intent, the processor refuses the division, the
    // kernel answers with SIGFPE, and the process ends here.
    unsafe {
        std::arch::asm!("div {zero:e}", zero = in(reg) 0, inout("eax") 1 => _, inout("edx") 0 => _);
    }
    raise(Signal::FPE);
}

fn illegal_instruction() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: no memory and no register is touched. By intent, the processor refuses the instruction, the kernel answers
    // with SIGILL, and the process ends here.
    unsafe {
        std::arch::asm!("ud2");
    }
    raise(Signal::ILL);
}

/// For processors on which the fault itself is not made here.
fn raise(signal: Signal) {
    let _cannot_fail = kill_process(getpid(), signal);
    // Another thread may be the one that takes it in.
    hang();
}

fn hang() -> ! {
    loop {
        spin_loop();
    }
}

/// In a thread of its own: a stack without a limit, which some shells set, would become memory without a limit.
fn overflow() {
    let diver =
        std::thread::Builder::new().name("overflow".to_owned()).stack_size(DIVE_BYTES).spawn(|| dive(0));
    match diver {
        Ok(diver) => drop(diver.join()),
        Err(error) => panic!("fault: no thread could be started to overflow its stack: {error}"),
    }
}

/// Keeps something on each frame that is looked at after the call, so that no frame can be left out.
fn dive(depth: u64) -> u64 {
    if black_box(depth) == u64::MAX {
        return depth;
    }
    let frame = [depth; FRAME_WORDS];
    let below = dive(black_box(&frame)[0] + 1);
    below.wrapping_add(black_box(&frame)[FRAME_WORDS - 1])
}

fn leak() {
    let mut memory = vec![0_u8; LEAK_BYTES];
    for page in memory.chunks_mut(PAGE_BYTES) {
        page[0] = 1;
    }
    std::mem::forget(black_box(memory));
}

/// The child has all that a careless task gives its children: the worker's stdin, stdout and stderr.
fn leave_child() {
    match Command::new("/bin/sleep").arg(CHILD_SECONDS).spawn() {
        Ok(child) => drop(child),
        Err(error) => panic!("fault: /bin/sleep does not start: {error}"),
    }
}

fn print() {
    let block = PRINT_LINE.repeat(PRINT_BLOCK_BYTES / PRINT_LINE.len());
    for _ in 0..PRINT_BLOCKS {
        // Locked for one block at a time: whoever else prints gets a turn.
        if io::stdout().write_all(&block).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::{
        time::thread_cpu_ns,
        workload::{self, testing},
    };

    // The faults that end a process are struck in the integration tests, where there is a process to lose.

    fn panic_message(words: &str, task: u32) -> String {
        let spec = testing::spec(words);
        let context = testing::Fake::patient();
        let caught = catch_unwind(AssertUnwindSafe(|| workload::run(&spec, TaskId(task), None, &context)));
        *caught.expect_err("the task panics").downcast::<String>().expect("a formatted message")
    }

    #[test]
    fn a_panic_says_that_it_was_asked_for() {
        for words in ["workload=fault size=0 fault=panic@5", "workload=noop fault=hang@4,panic@5"] {
            assert_eq!(panic_message(words, 5), "fault: panic asked for at task 5");
        }
    }

    #[test]
    fn a_task_without_a_fault_spins_to_its_end() {
        let spec = testing::spec("workload=fault size=1_000_000 fault=hang@1");
        let start_ns = thread_cpu_ns();
        let value = workload::run(&spec, TaskId(0), None, &testing::Fake::patient());
        assert_eq!(value, Ok(Value::Number(1_000_000)));
        assert!(thread_cpu_ns() - start_ns >= 1_000_000);
    }

    #[test]
    fn a_leak_lets_the_task_go_on() {
        let spec = testing::spec("workload=square fault=leak@2");
        assert_eq!(workload::run(&spec, TaskId(2), None, &testing::Fake::patient()), Ok(Value::Number(9)));
    }
}
