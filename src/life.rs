//! No orphans: every process of a run ends with the one that started it.

use rustix::process::{Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setrlimit};

/// Environment variable that carries the process id of whoever spawned this process.
pub(crate) const PARENT_VARIABLE: &str = "POOLSCOPE_PARENT";

/// Asks the kernel to kill this process when the thread that spawned it ends. False when that has already happened:
/// then the caller should leave.
pub(crate) fn die_with_parent() -> bool {
    let asked = set_parent_process_death_signal(Some(Signal::KILL)).is_ok();
    let expected: Option<i32> = std::env::var(PARENT_VARIABLE).ok().and_then(|pid| pid.parse().ok());
    // The parent may have died before the request was in force. Then somebody else is the parent by now.
    let parent = getppid().map(|pid| pid.as_raw_nonzero().get());
    asked && (expected.is_none() || expected == parent)
}

/// Crashes here are part of the lesson; their core files would fill the disk and delay each death.
pub(crate) fn no_core_dumps() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // Where it is refused, crashes are slower and nothing else changes.
    let _refused = setrlimit(Resource::Core, none);
}

/// Gives this process a name in process lists; re-execution through `/proc` would leave it as `exe`. At most 15 bytes.
pub(crate) fn name_process(name: &str) {
    if let Ok(name) = std::ffi::CString::new(name) {
        // A missing name harms nobody.
        let _refused = rustix::thread::set_name(&name);
    }
}
