//! Load of every core, from `/proc/stat` (see `proc_stat(5)`): ticks spent in each state since boot, differenced.

use crate::event::CoreLoad;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ticks {
    user: u64,
    system: u64,
    iowait: u64,
    steal: u64,
    total: u64,
}

impl Ticks {
    /// Fields of one `cpuN` line: `user nice system idle iowait irq softirq steal guest guest_nice`. Guest time is
    /// already part of user time.
    fn parse(fields: &str) -> Option<Self> {
        let mut values = [0u64; 8];
        let mut words = fields.split_ascii_whitespace();
        for value in &mut values {
            *value = words.next()?.parse().ok()?;
        }
        let [user, nice, system, idle, iowait, irq, softirq, steal] = values;
        Some(Self {
            user: user + nice,
            system: system + irq + softirq,
            iowait,
            steal,
            total: user + nice + system + idle + iowait + irq + softirq + steal,
        })
    }

    fn load_since(self, before: Self) -> CoreLoad {
        let total = self.total.saturating_sub(before.total);
        if total == 0 {
            return CoreLoad::default();
        }
        let share = |now: u64, then: u64| (now.saturating_sub(then) as f32 / total as f32).min(1.0);
        CoreLoad {
            user: share(self.user, before.user),
            system: share(self.system, before.system),
            iowait: share(self.iowait, before.iowait),
            steal: share(self.steal, before.steal),
        }
    }
}

fn parse_stat(text: &str) -> Vec<Ticks> {
    text.lines()
        .filter_map(|line| line.strip_prefix("cpu"))
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        .filter_map(|rest| Ticks::parse(rest.split_once(' ')?.1))
        .collect()
}

/// Differences between readings.
pub(super) struct CoreMeter {
    before: Vec<Ticks>,
}

impl CoreMeter {
    pub(super) fn new() -> Self {
        Self { before: read_stat() }
    }

    /// Load since the reading before; `None` where the kernel offers none, or when a core came or went.
    pub(super) fn read(&mut self) -> Option<Vec<CoreLoad>> {
        let now = read_stat();
        let before = std::mem::replace(&mut self.before, now);
        if before.is_empty() || before.len() != self.before.len() {
            return None;
        }
        Some(self.before.iter().zip(before).map(|(now, before)| now.load_since(before)).collect())
    }
}

fn read_stat() -> Vec<Ticks> {
    std::fs::read_to_string("/proc/stat").map(|text| parse_stat(&text)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str =
        "cpu  10 0 10 80 0 0 0 0 0 0\ncpu0 5 1 4 40 2 1 1 3 0 0\ncpu1 5 0 6 40 0 0 0 0 0 0\nintr 5\n";

    #[test]
    fn only_single_cores_are_read() {
        let ticks = parse_stat(STAT);
        assert_eq!(ticks.len(), 2);
        assert_eq!(ticks[0], Ticks { user: 6, system: 6, iowait: 2, steal: 3, total: 57 });
    }

    #[test]
    fn load_is_the_share_of_the_interval() {
        let before = Ticks { user: 10, system: 5, iowait: 0, steal: 0, total: 100 };
        let now = Ticks { user: 16, system: 7, iowait: 1, steal: 0, total: 110 };
        let load = now.load_since(before);
        assert!((load.user - 0.6).abs() < 1e-6 && (load.system - 0.2).abs() < 1e-6);
        assert!((load.busy() - 0.8).abs() < 1e-6);
    }

    #[test]
    fn no_time_passed_and_counters_that_run_backwards_read_as_idle() {
        let ticks = Ticks { user: 10, system: 5, iowait: 0, steal: 0, total: 100 };
        assert_eq!(ticks.load_since(ticks), CoreLoad::default());
        let earlier = Ticks { user: 12, ..ticks };
        let later = Ticks { total: 110, ..ticks };
        assert!(later.load_since(earlier).user.abs() < f32::EPSILON);
    }
}
