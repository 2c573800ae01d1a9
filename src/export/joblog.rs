//! Tasks as the job log of GNU parallel: a header, then a line for each task that has ended for good, in the order in
//! which they ended. What reads such logs reads this one, `parallel --resume` and `--resume-failed` among them.
//!
//! | column | is |
//! |---|---|
//! | `Seq` | the task, counted from 1 |
//! | `Host` | `:`, this one |
//! | `Starttime` | when its last attempt began, seconds since the Unix epoch |
//! | `JobRuntime` | seconds that it ran |
//! | `Send`, `Receive` | bytes of its input and of its result |
//! | `Exitval`, `Signal` | 0 and 0 for a task that ended ok; else as parallel has it: 1 for a failure, the code or the signal of a crash, -1 and 15 for a task that timed out, 15 for one that was cancelled |
//! | `Command` | names the workload and the task. No program is called so: `--retry-failed`, which runs this column, does nothing |

use std::io::{self, Write};

use crate::{
    event::{Exit, Outcome},
    store::{RunStore, Span, SpanPlace},
    time::{NS_PER_MS, secs},
};

const HEADER: &str = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand";
const SIGTERM: i32 = 15;

/// Writes the header and a line for each task. Of a run that still goes, those that will be tried again are left out.
pub fn write_joblog(store: &RunStore, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{HEADER}")?;
    let workload = store.info.as_ref().map_or("unknown", |info| info.spec.workload.name());
    let start_unix_ns = store.info.as_ref().map_or(0, |info| info.clock.unix_ns);
    for span in last_attempts(store) {
        let unix_ms = start_unix_ns.saturating_add(span.start_ns) / NS_PER_MS;
        let (exit, signal) = exit_columns(&span.outcome);
        writeln!(
            out,
            "{}\t:\t{}.{:03}\t{:10.3}\t{}\t{}\t{exit}\t{signal}\tpoolscope-task {workload} {}",
            u64::from(span.task.0) + 1,
            unix_ms / 1000,
            unix_ms % 1000,
            secs(span.run_ns()),
            span.usage.bytes_in,
            span.usage.bytes_out,
            span.task.0,
        )?;
    }
    Ok(())
}

/// What is to be known of a task's last attempt to put it in its place.
#[derive(Clone, Copy)]
struct Last {
    attempt: u32,
    end_ns: u64,
    place: SpanPlace,
    /// There will be none after it.
    for_good: bool,
}

/// The last attempt of every task that has ended for good, in the order of their ends.
fn last_attempts(store: &RunStore) -> impl Iterator<Item = Span> {
    let retries = store.info.as_ref().map_or(0, |info| info.spec.retries);
    let for_good =
        |span: &Span| !store.phase.is_live() || span.outcome == Outcome::Ok || span.attempt >= retries;
    let mut last: Vec<Option<Last>> = vec![None; store.tally.total as usize];
    for (place, span) in store.placed_spans() {
        let Some(slot) = last.get_mut(span.task.index()) else { continue };
        if slot.is_none_or(|known| known.attempt <= span.attempt) {
            *slot =
                Some(Last { attempt: span.attempt, end_ns: span.end_ns, place, for_good: for_good(&span) });
        }
    }
    let ended = (0_u32..).zip(last).filter_map(|(task, slot)| Some((task, slot?)));
    let mut ended: Vec<_> =
        ended.filter(|(_, last)| last.for_good).map(|(task, last)| (last.end_ns, task, last.place)).collect();
    ended.sort_unstable();
    ended.into_iter().filter_map(|(.., place)| store.span(place))
}

/// `Exitval` and `Signal`. A process that left in the middle of a task with code 0 has not done it: that is a 1.
fn exit_columns(outcome: &Outcome) -> (i32, i32) {
    match outcome {
        Outcome::Ok => (0, 0),
        Outcome::Failed(_) | Outcome::Crashed(Exit::Code(0)) => (1, 0),
        Outcome::Crashed(Exit::Code(code)) => (*code, 0),
        Outcome::Crashed(Exit::Signal(signal)) => (0, *signal),
        Outcome::TimedOut => (-1, SIGTERM),
        Outcome::Cancelled => (0, SIGTERM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Ended, Event, Usage},
        spec::Backend,
        store::testing::*,
    };

    fn lines(store: &RunStore) -> Vec<String> {
        let mut bytes = Vec::new();
        write_joblog(store, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    fn attempt(task: u32, attempt: u32, times_ms: [u64; 2], outcome: Outcome) -> Event {
        let [start_ms, end_ms] = times_ms;
        let usage = Usage { bytes_in: task, bytes_out: 2 * task, ..Usage::default() };
        let last = outcome == Outcome::Ok || attempt == 2;
        let end = ended(end_ms * NS_PER_MS, 0, task, outcome);
        done(Ended { start_ns: start_ms * NS_PER_MS, attempt, last, usage, ..end })
    }

    #[test]
    fn lines_are_parallels_to_the_letter() {
        let events = [
            run_started(spec(Backend::Processes, 1, 9)),
            attempt(3, 0, [1, 2], Outcome::Failed("two\nlines\tand a tab".into())),
            attempt(0, 0, [2, 1502], Outcome::Ok),
            attempt(3, 1, [1502, 1503], Outcome::Ok),
            attempt(1, 2, [1503, 1510], Outcome::Failed("no".into())),
            attempt(2, 2, [1510, 1520], Outcome::Crashed(Exit::Signal(11))),
            attempt(4, 2, [1520, 1530], Outcome::Crashed(Exit::Code(0))),
            attempt(5, 2, [1530, 1540], Outcome::Crashed(Exit::Code(77))),
            attempt(6, 2, [1540, 123_456_540], Outcome::TimedOut),
            attempt(7, 0, [123_456_540, 123_456_541], Outcome::Cancelled),
        ];
        let live = store(events.clone());
        let ended = store(events.into_iter().chain([finished(1_000_000_000_000_000)]));
        let expected = [
            "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand",
            "1\t:\t1738324800.002\t     1.500\t0\t0\t0\t0\tpoolscope-task square 0",
            "4\t:\t1738324801.502\t     0.001\t3\t6\t0\t0\tpoolscope-task square 3",
            "2\t:\t1738324801.503\t     0.007\t1\t2\t1\t0\tpoolscope-task square 1",
            "3\t:\t1738324801.510\t     0.010\t2\t4\t0\t11\tpoolscope-task square 2",
            "5\t:\t1738324801.520\t     0.010\t4\t8\t1\t0\tpoolscope-task square 4",
            "6\t:\t1738324801.530\t     0.010\t5\t10\t77\t0\tpoolscope-task square 5",
            "7\t:\t1738324801.540\t123455.000\t6\t12\t-1\t15\tpoolscope-task square 6",
            "8\t:\t1738448256.540\t     0.001\t7\t14\t0\t15\tpoolscope-task square 7",
        ];
        assert_eq!(lines(&ended), expected);
        assert_eq!(lines(&live), expected[..8], "what was cancelled may yet be tried again");
        assert_eq!(lines(&RunStore::default()), expected[..1]);
    }
}
