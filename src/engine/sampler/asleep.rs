//! Whether a process does nothing at all at a moment. See `proc_pid_stat(5)`.

use std::fs;

/// Every thread of it sleeps until something happens: none runs, none waits for a core, and nobody has stopped it. False
/// where that cannot be told.
pub(in crate::engine) fn is_asleep(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    let mut any = false;
    for thread in threads {
        any = true;
        let stat = thread.and_then(|thread| fs::read_to_string(thread.path().join("stat")));
        if stat.ok().as_deref().and_then(state) != Some('S') {
            return false;
        }
    }
    any
}

/// Behind the name, which may hold anything.
fn state(stat: &str) -> Option<char> {
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

#[cfg(test)]
mod tests {
    use std::{process::Command, time::Instant};

    use super::*;

    #[test]
    fn the_state_is_found_behind_any_name() {
        assert_eq!(state("12 (a) R b)) S 1 2"), Some('S'));
        assert_eq!((state("12 (a) T 1"), state("12 (a)"), state("")), (Some('T'), None, None));
    }

    #[test]
    fn who_sleeps_is_told_from_who_works_is_stopped_or_is_gone() {
        fn is_soon(pid: u32, asleep: bool) -> bool {
            let began = Instant::now();
            while is_asleep(pid) != asleep && began.elapsed().as_secs() < 30 {
                std::thread::yield_now();
            }
            is_asleep(pid) == asleep
        }
        assert!(!is_asleep(std::process::id()), "this thread runs");
        let mut child = Command::new("sleep").arg("60").spawn().expect("a child");
        assert!(is_soon(child.id(), true));
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).expect("it is there");
        assert!(is_soon(child.id(), false), "stopped");
        child.kill().expect("it is there");
        child.wait().expect("it ends");
        assert!(!is_asleep(child.id()), "gone");
    }
}
