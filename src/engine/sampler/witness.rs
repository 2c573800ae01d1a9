//! Which way there is on this machine to tell whether a thread kept its core between two moments.
//!
//! No version number tells it: kernels differ in what they count and wipe, and distributions carry changes back and
//! forth. So each way is tried once, and only one that saw what it had to see is used.

use std::{cell::Cell, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    readings::{Counts, current_core, thread_counts},
    switches::SwitchProbe,
};
use crate::time::monotonic_ns;

/// A sleep that is long enough for its thread to be switched out before it ends.
const NAP: Duration = Duration::from_micros(20);
/// Sleeps that must be seen, and sleeps that are tried.
const NAPS_SEEN: u32 = 2;
const NAPS: u32 = 8;
/// Attempts at a short stretch without a switch, and the system calls in one.
const STRETCHES: u32 = 8;
const CALLS: u32 = 16;

/// What tells a thread that it was switched out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Witness {
    /// Restartable sequences of the kernel: a few nanoseconds.
    Rseq,
    /// The thread's own count of switches: one short system call.
    Counts,
    /// Nothing does: all clocks are read before and after every task.
    None,
}

impl Witness {
    /// Tries the ways, the cheapest first, in a fraction of a millisecond. What holds for one thread holds for every
    /// thread and process of this program on this machine.
    pub(in crate::engine) fn find() -> Self {
        let probe = SwitchProbe::new();
        if probe.is_some_and(|probe| tells_switches(&|| probe.arm(), &|| probe.undisturbed())) {
            return Self::Rseq;
        }
        let before: Cell<Option<Counts>> = Cell::new(None);
        let kept_its_core = || {
            let counts = before.get().zip(thread_counts());
            counts.is_some_and(|(before, now)| before.kept_its_core(now))
        };
        // A kernel without these counts would never count a switch: it fails at the first nap.
        if tells_switches(&|| before.set(thread_counts()), &kept_its_core) {
            Self::Counts
        } else {
            Self::None
        }
    }
}

/// Whether every nap is seen as a switch, and some stretch of calls that do not wait as none.
fn tells_switches(arm: &dyn Fn(), undisturbed: &dyn Fn() -> bool) -> bool {
    let mut seen = 0;
    for _ in 0..NAPS {
        let core = current_core();
        arm();
        std::thread::sleep(NAP);
        if undisturbed() {
            return false;
        }
        // A way that notices nothing but a move to another core is none: only who woke in place counts.
        seen += u32::from(current_core() == core);
        if seen == NAPS_SEEN {
            break;
        }
    }
    seen == NAPS_SEEN
        && (0..STRETCHES).any(|_| {
            arm();
            for _ in 0..CALLS {
                std::hint::black_box((monotonic_ns(), rustix::thread::gettid()));
            }
            undisturbed()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_that_sees_nothing_or_everything_is_refused() {
        assert!(!tells_switches(&|| {}, &|| true));
        assert!(!tells_switches(&|| {}, &|| false));
    }

    #[test]
    fn linux_has_a_way() {
        // A nap may be over before it began on a machine that stands still for a moment.
        assert!((0..5).any(|_| Witness::find() != Witness::None));
    }

    #[test]
    fn no_switch_that_the_kernel_counts_escapes_the_probe() {
        let Some(probe) = (Witness::find() == Witness::Rseq).then(SwitchProbe::new).flatten() else { return };
        let (mut switched, mut kept) = (0, 0);
        for round in 0..400 {
            let before = thread_counts().expect("Linux counts by thread");
            probe.arm();
            if round % 4 == 0 {
                std::thread::sleep(NAP);
            }
            for _ in 0..round {
                std::hint::black_box(monotonic_ns());
            }
            let undisturbed = probe.undisturbed();
            let armed = thread_counts().expect("as before");
            if before.kept_its_core(armed) {
                kept += u32::from(undisturbed);
            } else if round % 4 == 0 {
                switched += 1;
                assert!(!undisturbed, "round {round}: {before:?} {armed:?}");
            }
        }
        assert!(switched >= 90 && kept >= 1, "{switched} switches, {kept} stretches without one");
    }
}
