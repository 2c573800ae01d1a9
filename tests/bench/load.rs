//! How busy the cores are, and with whom.

use std::fs;

/// Where others use more of the cores than this, figures are theirs as well.
pub(crate) const BUSY_SHARE: f64 = 0.05;

/// Ticks of CPU time since boot: of all cores, and of this process with every descendant that has been reaped.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    all: u64,
    busy: u64,
    own: u64,
}

impl Usage {
    /// `None` where `/proc` does not tell.
    pub(crate) fn now() -> Option<Self> {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        // user, nice, system, idle, iowait, irq, softirq, steal
        let cores = numbers(stat.lines().next()?.strip_prefix("cpu")?.split_ascii_whitespace().take(8));
        let own = fs::read_to_string("/proc/self/stat").ok()?;
        // The name before the bracket may hold anything. Fields 14 to 17 of the manual page, where the state is the third.
        let own = numbers(own.rsplit_once(')')?.1.split_ascii_whitespace().skip(11).take(4));
        let all = cores.iter().sum();
        Some(Self { all, busy: all - cores.get(3)? - cores.get(4)?, own: own.iter().sum() })
    }

    /// The share of all cores that somebody else has used, the machine's host too. The kernel counts in ticks, so that
    /// a hundredth more or less says nothing.
    pub(crate) fn others_since(self, before: Self) -> Option<f64> {
        let all = self.all.checked_sub(before.all).filter(|all| *all > 0)?;
        let busy = self.busy.saturating_sub(before.busy);
        let own = self.own.saturating_sub(before.own);
        Some(busy.saturating_sub(own) as f64 / all as f64)
    }
}

fn numbers<'a>(fields: impl Iterator<Item = &'a str>) -> Vec<u64> {
    fields.filter_map(|field| field.parse().ok()).collect()
}
