//! Who holds something, in 31 bits, and whether that process still lives.
//!
//! The lower 22 bits are the process id (Linux gives none longer). It alone could have gone to somebody else since, so that
//! above it stand 9 bits of the inode of the process's pidfd, which is unique since boot (from Linux 6.9; before that all
//! are alike, and the id decides alone). Both are one word, so that they are always of the same process.

use std::{os::fd::AsFd, sync::OnceLock, time::Duration};

use rustix::{
    event::{PollFd, PollFlags, poll},
    fs::fstat,
    io::Errno,
    process::{Pid, PidfdFlags, pidfd_open},
};

use super::memory::timespec;

const PID_BITS: u32 = 22;
const MARKS: u64 = 1 << 9;
/// Of nobody known: it decides nothing.
const UNKNOWN: u32 = 0;

/// This process.
pub(super) fn own() -> u32 {
    static OWN: OnceLock<u32> = OnceLock::new();
    *OWN.get_or_init(|| {
        let pidfd = pidfd_open(rustix::process::getpid(), PidfdFlags::empty());
        std::process::id() | pidfd.map_or(UNKNOWN, |pidfd| mark(&pidfd)) << PID_BITS
    })
}

pub(super) fn pid(who: u32) -> u32 {
    who & ((1 << PID_BITS) - 1)
}

fn mark(pidfd: impl AsFd) -> u32 {
    fstat(pidfd).map_or(UNKNOWN, |stat| (stat.st_ino % (MARKS - 1)) as u32 + 1)
}

/// One that has ended is dead even while nobody has reaped it. Where it cannot be told, it lives: what a living process
/// holds must not be taken from it.
pub(super) fn is_alive(who: u32) -> bool {
    if who == own() {
        return true;
    }
    let Some(id) = Pid::from_raw(pid(who) as i32) else { return false };
    match pidfd_open(id, PidfdFlags::empty()) {
        // No process of that id, or a thread by now.
        Err(Errno::SRCH | Errno::INVAL | Errno::NOENT) => false,
        Err(_) => true,
        Ok(pidfd) => {
            let mut ended = [PollFd::new(&pidfd, PollFlags::IN)];
            let has_ended = poll(&mut ended, Some(&timespec(Duration::ZERO))).is_ok_and(|count| count > 0);
            let (then, now) = (who >> PID_BITS, mark(&pidfd));
            !has_ended && (then == UNKNOWN || now == UNKNOWN || then == now)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn this_process_lives_and_another_of_its_id_does_not() {
        assert_eq!(pid(own()), std::process::id());
        assert!(own() < 1 << 31);
        assert!(is_alive(own()));
        assert!(is_alive(std::process::id()), "nothing is known but its id");
        let pidfd = pidfd_open(rustix::process::getpid(), PidfdFlags::empty()).unwrap();
        let other = mark(&pidfd) % (MARKS as u32 - 1) + 1;
        assert!(!is_alive(std::process::id() | other << PID_BITS));
    }

    #[test]
    fn a_process_is_dead_when_it_ends_and_not_when_it_is_reaped() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        assert!(is_alive(child.id()));
        child.kill().unwrap();
        let begin = std::time::Instant::now();
        while is_alive(child.id()) {
            assert!(begin.elapsed().as_secs() < 30, "it was killed, and lives");
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(!is_alive(child.id()));
    }
}
