//! Faults, for real: a pool is worth little if it has only been seen to work.
//!
//! Nothing here pretends. A segfault is a write to an address that is not mapped, and what it takes down is whatever
//! a segfault takes down: the process that runs the task.
#![expect(unsafe_code, reason = "a segfault that safe code can make would be a bug of the compiler")]

use std::{
    hint::{black_box, spin_loop},
    time::Duration,
};

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

/// Does what the fault says. Only a leak returns.
pub(super) fn strike(fault: Fault) {
    match fault.kind {
        FaultKind::Panic => panic!("fault: panic asked for at task {}", fault.task),
        FaultKind::Abort => std::process::abort(),
        FaultKind::Segfault => segfault(),
        FaultKind::Exit => std::process::exit(0),
        FaultKind::Hang => loop {
            spin_loop();
        },
        FaultKind::Leak => leak(),
    }
}

fn segfault() {
    let nowhere = std::ptr::with_exposed_provenance_mut::<u8>(UNMAPPED_ADDRESS);
    // SAFETY: none, by intent. The write is volatile, so it is made as written; the page is not mapped, so no memory
    // is harmed: the kernel answers with SIGSEGV, and the process ends here.
    unsafe { nowhere.write_volatile(1) };
}

fn leak() {
    let mut memory = vec![0_u8; LEAK_BYTES];
    for page in memory.chunks_mut(PAGE_BYTES) {
        page[0] = 1;
    }
    std::mem::forget(black_box(memory));
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
