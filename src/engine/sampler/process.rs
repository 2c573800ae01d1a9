//! One process or thread as `/proc` shows it: CPU time, memory, state, core, switches. See `proc_pid_stat(5)`.

use std::{fs::File, os::unix::fs::FileExt};

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

/// Longer than any of the files that are read.
const BUFFER_BYTES: usize = 8 << 10;

/// A file below `/proc` that is read again and again, each time anew. Kept open, that takes less than half of the time.
struct ProcFile {
    path: String,
    keep: bool,
    kept: Option<File>,
}

impl ProcFile {
    fn new(folder: &str, name: &str, keep: bool) -> Self {
        Self { path: format!("{folder}/{name}"), keep, kept: None }
    }

    fn read<'a>(&mut self, buffer: &'a mut [u8]) -> Option<&'a str> {
        let file = match self.kept.take() {
            Some(file) => file,
            None => File::open(&self.path).ok()?,
        };
        let count = file.read_at(buffer, 0).ok()?;
        self.kept = self.keep.then_some(file);
        std::str::from_utf8(buffer.get(..count)?).ok()
    }
}

/// Follows one process or thread from sample to sample.
pub(super) struct ProcessMeter {
    stat: ProcFile,
    status: ProcFile,
    /// `None` for the engine: it has many threads, and schedstat tells of one.
    schedstat: Option<ProcFile>,
    /// Threads have no memory of their own.
    smaps_rollup: Option<ProcFile>,
    ns_per_tick: u64,
    page_bytes: u64,
    before: Option<(u64, u64)>,
}

impl ProcessMeter {
    /// Files that one meter keeps open when it may.
    pub(super) const FILES: u64 = 3;

    pub(super) fn of_process(pid: u32, keep_open: bool) -> Self {
        Self::at(&format!("/proc/{pid}"), pid != std::process::id(), true, keep_open)
    }

    /// A single thread; for a process of one thread, whose `tid` is its `pid`, the process itself.
    pub(super) fn of_thread(pid: u32, tid: u32, keep_open: bool) -> Self {
        if pid == tid {
            Self::of_process(pid, keep_open)
        } else {
            Self::at(&format!("/proc/{pid}/task/{tid}"), true, false, keep_open)
        }
    }

    fn at(folder: &str, one_thread: bool, own_memory: bool, keep_open: bool) -> Self {
        Self {
            stat: ProcFile::new(folder, "stat", keep_open),
            status: ProcFile::new(folder, "status", keep_open),
            schedstat: one_thread.then(|| ProcFile::new(folder, "schedstat", keep_open)),
            // Read rarely, and dear for what it makes the kernel do.
            smaps_rollup: own_memory.then(|| ProcFile::new(folder, "smaps_rollup", false)),
            ns_per_tick: NS_PER_S / rustix::param::clock_ticks_per_second().max(1),
            page_bytes: rustix::param::page_size() as u64,
            before: None,
        }
    }

    /// `None` when it is gone.
    pub(super) fn read(&mut self, t_ns: u64, with_pss: bool) -> Option<WorkerSample> {
        let mut buffer = [0; BUFFER_BYTES];
        let stat = parse_stat(self.stat.read(&mut buffer)?)?;
        let ticks_ns = stat.cpu_ticks * self.ns_per_tick;
        let schedstat = self.schedstat.as_mut().and_then(|file| file.read(&mut buffer));
        let cpu_ns = ticks_ns.max(schedstat.and_then(parse_schedstat).unwrap_or(0));
        let cpu = self.before.map_or(0.0, |(then_ns, cpu_then_ns)| {
            let wall_ns = t_ns.saturating_sub(then_ns).max(1);
            cpu_ns.saturating_sub(cpu_then_ns) as f32 / wall_ns as f32
        });
        self.before = Some((t_ns, cpu_ns));
        let smaps = self.smaps_rollup.as_mut().filter(|_| with_pss).and_then(|file| file.read(&mut buffer));
        let pss_bytes = smaps.and_then(|text| Some(named_number(text, "Pss")? * 1024));
        let status = self.status.read(&mut buffer).unwrap_or_default();
        Some(WorkerSample {
            cpu,
            cpu_ns,
            rss_bytes: stat.rss_pages * self.page_bytes,
            pss_bytes,
            state: stat.state,
            core: Some(CoreId(stat.core)),
            voluntary_switches: named_number(status, "voluntary_ctxt_switches").unwrap_or(0),
            involuntary_switches: named_number(status, "nonvoluntary_ctxt_switches").unwrap_or(0),
        })
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
    fn this_process_can_be_read_again_and_again() {
        for keep_open in [false, true] {
            let mut meter = ProcessMeter::of_process(std::process::id(), keep_open);
            let mut sample = || meter.read(1, true).expect("the test runs on Linux");
            let first = sample();
            assert!(first.rss_bytes > 0 && first.pss_bytes.is_some_and(|pss| pss > 0));
            std::thread::sleep(std::time::Duration::from_millis(2));
            assert!(sample().voluntary_switches > 0, "the last file is whole");
            let until_ns = first.cpu_ns + 50_000_000;
            let mut last = first;
            while last.cpu_ns < until_ns {
                assert!(last.cpu_ns >= first.cpu_ns);
                last = sample();
            }
            assert!(ProcessMeter::of_process(u32::MAX, keep_open).read(1, true).is_none());
        }
    }

    #[test]
    fn who_has_gone_gives_no_sample() {
        for keep_open in [false, true] {
            let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("it starts");
            let mut meter = ProcessMeter::of_process(child.id(), keep_open);
            let before = meter.read(1, false);
            child.kill().expect("ours");
            child.wait().expect("reaped");
            assert!(before.is_some() && meter.read(2, false).is_none(), "{keep_open}");
        }
    }
}
