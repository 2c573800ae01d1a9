//! One process or thread as `/proc` shows it: CPU time, memory, state, core, switches. See `proc_pid_stat(5)`.

use std::fs;

use crate::{event::WorkerSample, ids::CoreId, time::NS_PER_S};

/// What is read of `/proc/…/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    cpu_ticks: u64,
    rss_pages: u64,
    core: u32,
}

/// The command name stands in brackets and may hold anything, brackets and blanks too: fields count from its last `)`.
fn parse_stat(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    // Field 3 of the manual page, the state, is the first one here.
    let field = |number: usize| fields.get(number - 3).copied();
    Some(Stat {
        state: field(3)?.chars().next()?,
        cpu_ticks: field(14)?.parse::<u64>().ok()? + field(15)?.parse::<u64>().ok()?,
        rss_pages: field(24)?.parse().ok()?,
        core: field(39)?.parse().ok()?,
    })
}

/// The number behind `name:` in a status-like file.
fn named_number(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// The first number of `schedstat` is CPU time in nanoseconds, finer than the ticks of `stat`.
fn parse_schedstat(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

/// Follows one process or thread from sample to sample.
pub(super) struct ProcessMeter {
    /// `/proc/PID` or `/proc/PID/task/TID`.
    path: String,
    /// `/proc/PID`, which alone knows of memory shares.
    process_path: String,
    is_thread: bool,
    ns_per_tick: u64,
    page_bytes: u64,
    before: Option<(u64, u64)>,
}

impl ProcessMeter {
    pub(super) fn of_process(pid: u32) -> Self {
        Self::at(format!("/proc/{pid}"), pid, false)
    }

    /// A single thread; for a process of one thread, whose `tid` is its `pid`, the process itself.
    pub(super) fn of_thread(pid: u32, tid: u32) -> Self {
        if pid == tid {
            Self::of_process(pid)
        } else {
            Self::at(format!("/proc/{pid}/task/{tid}"), pid, true)
        }
    }

    fn at(path: String, pid: u32, is_thread: bool) -> Self {
        Self {
            path,
            process_path: format!("/proc/{pid}"),
            is_thread,
            ns_per_tick: NS_PER_S / rustix::param::clock_ticks_per_second().max(1),
            page_bytes: rustix::param::page_size() as u64,
            before: None,
        }
    }

    /// `None` when it is gone.
    pub(super) fn read(&mut self, t_ns: u64, with_pss: bool) -> Option<WorkerSample> {
        let stat = parse_stat(&fs::read_to_string(format!("{}/stat", self.path)).ok()?)?;
        let status = fs::read_to_string(format!("{}/status", self.path)).unwrap_or_default();
        let ticks_ns = stat.cpu_ticks * self.ns_per_tick;
        // The engine has many threads, and schedstat tells of one.
        let fine_ns = (self.is_thread || self.path != format!("/proc/{}", std::process::id()))
            .then(|| fs::read_to_string(format!("{}/schedstat", self.path)).ok())
            .flatten()
            .and_then(|text| parse_schedstat(&text))
            .unwrap_or(0);
        let cpu_ns = ticks_ns.max(fine_ns);
        let cpu = self.before.map_or(0.0, |(then_ns, cpu_then_ns)| {
            let wall_ns = t_ns.saturating_sub(then_ns).max(1);
            cpu_ns.saturating_sub(cpu_then_ns) as f32 / wall_ns as f32
        });
        self.before = Some((t_ns, cpu_ns));
        Some(WorkerSample {
            cpu,
            cpu_ns,
            rss_bytes: stat.rss_pages * self.page_bytes,
            pss_bytes: (with_pss && !self.is_thread).then(|| self.pss_bytes()).flatten(),
            state: stat.state,
            core: Some(CoreId(stat.core)),
            voluntary_switches: named_number(&status, "voluntary_ctxt_switches").unwrap_or(0),
            involuntary_switches: named_number(&status, "nonvoluntary_ctxt_switches").unwrap_or(0),
        })
    }

    fn pss_bytes(&self) -> Option<u64> {
        let text = fs::read_to_string(format!("{}/smaps_rollup", self.process_path)).ok()?;
        Some(named_number(&text, "Pss")? * 1024)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_name_full_of_brackets_does_not_shift_the_fields() {
        // Fields 5 to 52, each with its own number as value.
        let numbers: Vec<String> = (5..=52).map(|field: u32| field.to_string()).collect();
        let text = format!("42 (a) b (c) S 1 {}", numbers.join(" "));
        assert_eq!(parse_stat(&text), Some(Stat { state: 'S', cpu_ticks: 14 + 15, rss_pages: 24, core: 39 }));
    }

    #[test]
    fn names_that_begin_alike_are_told_apart() {
        let text = "Pss_Anon: 7 kB\nPss: 12 kB\n";
        assert_eq!(named_number(text, "Pss"), Some(12));
        assert_eq!(named_number(text, "Rss"), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let mut meter = ProcessMeter::of_process(std::process::id());
        let sample = meter.read(1, true).expect("the test runs on Linux");
        assert!(sample.rss_bytes > 0 && sample.pss_bytes.is_some_and(|pss| pss > 0));
        assert!(ProcessMeter::of_process(u32::MAX).read(1, true).is_none());
    }
}
