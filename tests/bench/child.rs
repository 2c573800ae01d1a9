//! Runs a command to its end, with a deadline.

use std::{
    fs,
    io::{self, Read},
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use rustix::process::{Pid, Signal, kill_process_group};

/// Many times what the longest run takes on a slow machine.
const DEADLINE: Duration = Duration::from_mins(2);
/// Between two looks at a command's memory. What it grows by after the last one is missed.
const MEMORY_INTERVAL: Duration = Duration::from_millis(2);

/// How a command ended.
pub(crate) struct Ended {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// From before it was spawned until it was reaped.
    pub(crate) wall_ns: f64,
    /// The largest resident set of the command itself, if it was watched.
    pub(crate) peak_bytes: Option<u64>,
}

/// Looking at memory takes a little time of its own, so it is done only where it is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    Watched,
    Unwatched,
}

/// Runs it to the end. Past the deadline it is killed with all of its process group.
///
/// # Errors
/// A line that says what was wrong with starting it, reading from it, or its time.
pub(crate) fn run(command: &mut Command, memory: Memory) -> Result<Ended, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let fail = |error: io::Error| format!("{name}: {error}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let began = Instant::now();
    let mut child = command.spawn().map_err(fail)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let pid = Pid::from_child(&child);
    let (ended, until_ended) = bounded::<()>(0);
    thread::scope(|scope| {
        // Both pipes are read while it runs: a full one would hold it up for ever.
        let errors = scope.spawn(|| read(stderr));
        let watch = scope.spawn(|| watch(pid, began, memory, &until_ended));
        let output = read(stdout);
        let status = child.wait();
        let wall_ns = began.elapsed().as_nanos() as f64;
        drop(ended);
        let (in_time, peak_bytes) = watch.join().map_err(|_panic| format!("{name}: its watch ended"))?;
        let stderr = errors.join().map_err(|_panic| format!("{name}: its reader ended"))?.map_err(fail)?;
        if !in_time {
            return Err(format!("{name}: did not end within {} s", DEADLINE.as_secs()));
        }
        let code = status.map_err(fail)?.code();
        Ok(Ended { code, stdout: output.map_err(fail)?, stderr, wall_ns, peak_bytes })
    })
}

fn read(stream: Option<impl Read>) -> io::Result<String> {
    let mut text = String::new();
    if let Some(mut stream) = stream {
        stream.read_to_string(&mut text)?;
    }
    Ok(text)
}

/// Gives whether the command ended in time, and its largest resident set.
fn watch(pid: Pid, began: Instant, memory: Memory, until_ended: &Receiver<()>) -> (bool, Option<u64>) {
    let mut peak = None;
    loop {
        let left = DEADLINE.saturating_sub(began.elapsed());
        let pause = if memory == Memory::Watched { left.min(MEMORY_INTERVAL) } else { left };
        match until_ended.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) if left.is_zero() => {
                let _already_gone = kill_process_group(pid, Signal::KILL);
                return (false, peak);
            }
            Err(RecvTimeoutError::Timeout) => peak = peak_bytes(pid).or(peak),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return (true, peak),
        }
    }
}

/// What the kernel keeps as the high-water mark of a process.
fn peak_bytes(pid: Pid) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_ascii_whitespace().next()?.parse::<u64>().ok()? * 1024)
}
