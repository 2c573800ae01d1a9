//! Tables as CSV (RFC 4180): a header row with units in its names, then one row an item.

mod samples;

use std::{
    fmt,
    io::{self, Write},
    str::FromStr,
};

use csv::{Terminator, WriterBuilder};
use serde::Serialize;

use super::tasks::{self, COLUMNS, TaskRow};
use crate::store::RunStore;

/// What a CSV file lists. What was not measured is an empty cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Table {
    /// Attempts, by task and then by attempt.
    #[default]
    Tasks,
    /// Load of each core over the interval that ends at `t_ns`, as fractions of it.
    Cores,
    /// Workers as the operating system saw them; rows without a worker are the engine's.
    Workers,
    /// Tasks that wait, that are with workers, and that have ended.
    Queue,
    /// The log, in order of time.
    Log,
}

impl Table {
    pub const ALL: [Self; 5] = [Self::Tasks, Self::Cores, Self::Workers, Self::Queue, Self::Log];

    pub fn name(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::Cores => "cores",
            Self::Workers => "workers",
            Self::Queue => "queue",
            Self::Log => "log",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Table {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        super::by_name(&Self::ALL, Self::name, text)
    }
}

/// Writes one table of a run.
pub fn write_csv(store: &RunStore, table: Table, out: &mut dyn Write) -> io::Result<()> {
    match table {
        Table::Tasks => write_table(&COLUMNS, tasks::rows(store).map(harmless_row), out),
        Table::Cores => write_table(&samples::CORES, samples::cores(store), out),
        Table::Workers => write_table(&samples::WORKERS, samples::workers(store), out),
        Table::Queue => write_table(&samples::QUEUE, samples::queue(store), out),
        Table::Log => write_table(&samples::LOG, samples::log(store), out),
    }
}

pub(super) fn write_table<R: Serialize>(
    columns: &[&str],
    rows: impl Iterator<Item = R>,
    out: &mut dyn Write,
) -> io::Result<()> {
    // The header is written by hand, so that a table without a single row has one too.
    let mut writer = WriterBuilder::new().has_headers(false).terminator(Terminator::CRLF).from_writer(out);
    writer.write_record(columns).map_err(plain)?;
    for row in rows {
        writer.serialize(row).map_err(plain)?;
    }
    writer.flush()
}

/// What the output said: whoever closed it must be known by its kind.
fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn harmless_row(row: TaskRow) -> TaskRow {
    let TaskRow { detail, value, .. } = row;
    TaskRow { detail: detail.map(harmless), value: value.map(harmless), ..row }
}

/// Spreadsheets run what begins like a formula. An apostrophe in front makes it text, and they do not show it.
pub(super) fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Ended, Event, Exit, LockKind, Outcome, Usage},
        ids::{CoreId, TaskId, WorkerId},
        spec::Backend,
        store::testing::*,
    };

    fn text(store: &RunStore) -> String {
        let mut bytes = Vec::new();
        write_csv(store, Table::Tasks, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn records(store: &RunStore) -> Vec<Vec<String>> {
        let text = text(store);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap(), &COLUMNS[..]);
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn a_run_without_attempts_is_a_header() {
        assert_eq!(text(&RunStore::default()), COLUMNS.join(",") + "\r\n");
    }

    #[test]
    fn columns_are_the_fields_of_a_row() {
        let store = store([run_started(spec(Backend::Serial, 1, 1)), ok(5, 0, 0)]);
        let row = tasks::rows(&store).next().unwrap();
        let json = serde_json::to_string(&row).unwrap();
        let at: Vec<_> = COLUMNS.iter().map(|name| json.find(&format!("\"{name}\":")).expect(name)).collect();
        assert!(at.is_sorted(), "{json}");
        assert_eq!(serde_json::to_value(&row).unwrap().as_object().unwrap().len(), COLUMNS.len());
    }

    #[test]
    fn a_row_holds_all_that_was_measured() {
        let mut store = store([run_started(spec(Backend::Processes, 1, 2)), spawned(0, 0, 0)]);
        store.apply(Event::Started {
            t_ns: 30,
            worker: WorkerId(0),
            task: TaskId(1),
            attempt: 0,
            enqueued_ns: 5,
            dispatched_ns: 20,
        });
        let usage = Usage {
            cpu_ns: Some(1),
            core_wait_ns: Some(2),
            voluntary_switches: Some(3),
            involuntary_switches: Some(4),
            minor_faults: Some(5),
            major_faults: Some(6),
            first_core: Some(CoreId(7)),
            last_core: Some(CoreId(8)),
            bytes_in: 9,
            bytes_out: 10,
        };
        store.apply(locked(0, 1, LockKind::Shared, [40, 51, 60]));
        store.apply(done(Ended { usage, received_ns: 95, ..ended(90, 0, 1, Outcome::Ok) }));
        let line = text(&store).lines().nth(1).unwrap().to_owned();
        assert_eq!(line, "1,0,0,1000,ok,,5,20,30,90,95,60,15,1,2,11,3,4,5,6,7,8,9,10,4");
    }

    #[test]
    fn rows_are_sorted_by_task_and_attempt() {
        let retried = |attempt, last, outcome| {
            done(Ended { attempt, last, ..ended(50 + u64::from(attempt), 0, 1, outcome) })
        };
        let store = store([
            run_started(spec(Backend::Processes, 2, 3)),
            ok(10, 1, 2),
            retried(0, false, Outcome::Crashed(Exit::Signal(11))),
            retried(1, false, Outcome::TimedOut),
            retried(2, true, Outcome::Ok),
            ok(90, 0, 0),
        ]);
        let cells: Vec<_> =
            records(&store).into_iter().map(|row| row[..6].join(",") + "," + &row[24]).collect();
        assert_eq!(
            cells,
            ["0,0,0,,ok,,1", "1,0,0,,crashed,SIGSEGV,", "1,1,0,,timed_out,,", "1,2,0,,ok,,4", "2,0,1,,ok,,9"]
        );
    }

    #[test]
    fn hostile_text_comes_back_whole_and_never_as_a_formula() {
        let hostile = [
            "=cmd|' /C calc'!A0",
            "+1",
            "-1",
            "@SUM(A1)",
            "\tx",
            "\rx",
            "a,b",
            "say \"no\"",
            "two\r\nlines",
            "ünï",
            "",
        ];
        let mut store = store([run_started(spec(Backend::Serial, 1, 20))]);
        for (task, message) in (0..).zip(hostile) {
            store.apply(done(ended(u64::from(task), 0, task, Outcome::Failed(message.into()))));
        }
        let details: Vec<_> = records(&store).into_iter().map(|row| row[5].clone()).collect();
        for (detail, message) in details.iter().zip(hostile) {
            assert_eq!(detail.strip_prefix('\'').unwrap_or(detail), message);
            assert!(!detail.starts_with(['=', '+', '-', '@', '\t', '\r']), "{detail:?}");
        }
        assert_eq!(details.len(), hostile.len());
    }
}
