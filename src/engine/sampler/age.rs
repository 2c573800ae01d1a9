//! How long this process has been there.

use std::fs;

use rustix::time::{ClockId, clock_gettime};

use crate::time::NS_PER_S;

/// Nanoseconds since the kernel made this process, which is before its first instruction; as coarse as the kernel's
/// ticks, mostly 10 ms. `None` where `/proc` does not tell.
pub fn process_age_ns() -> Option<u64> {
    let started_ticks = started_ticks(&fs::read_to_string("/proc/self/stat").ok()?)?;
    let now = clock_gettime(ClockId::Boottime);
    let now_ns = now.tv_sec as u64 * NS_PER_S + now.tv_nsec as u64;
    let tick_ns = NS_PER_S / rustix::param::clock_ticks_per_second().max(1);
    Some(now_ns.saturating_sub(started_ticks.saturating_mul(tick_ns)))
}

/// Field 22 of `proc_pid_stat(5)`, counted from behind the command's name, which may hold anything.
fn started_ticks(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(22 - 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_found_behind_any_name() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(started_ticks(&format!("7 (a ) b) {rest}")), Some(4711));
        assert_eq!(started_ticks("7 (a) S 1"), None);
    }

    #[test]
    fn this_process_gets_older() {
        let before = process_age_ns().expect("/proc");
        std::thread::sleep(std::time::Duration::from_millis(30));
        let after = process_age_ns().expect("/proc");
        assert!(after > before && after < 3600 * NS_PER_S, "{before} {after}");
    }
}
