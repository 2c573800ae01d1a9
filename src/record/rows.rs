//! From rows of a file back to what the run told.
//!
//! Every table is in the order of its `seq`. [`Source`]s are merged by it, so that the reducer sees what it saw live.

use rusqlite::{ErrorCode, Row, Rows, Statement, types::ValueRef};

use super::{
    open::plain,
    value::{outcome_from_sql, result_from_sql},
    write::{LOST, RUN_STARTED, lock_name},
};
use crate::{
    event::{CoreLoad, Ended, Event, Exit, Level, LockKind, Usage, WorkerSample},
    ids::{CoreId, TaskId, WorkerId},
};

/// What a row stands for.
#[derive(Debug)]
pub(super) enum Told {
    Event(Event),
    /// The run began; what is known of it stands in tables of one row.
    RunStarted,
    Lost {
        t_ns: u64,
        exit: Option<Exit>,
        reason: String,
    },
}

/// A column that no run has written so.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Odd(&'static str);

type Read = fn(&Row<'_>) -> Result<Told, Odd>;

/// One that holds what a run told, in the order of its first column.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) query: &'static str,
    /// Columns of texts and blobs of any length.
    long: &'static [usize],
    read: Read,
}

impl Table {
    /// Ends of attempts stand here.
    pub(super) fn tells_ends(&self) -> bool {
        ["task", "earlier_attempt"].contains(&self.name)
    }

    /// Starts stand here, of the run and of attempts.
    pub(super) fn tells_starts(&self) -> bool {
        self.name == "event"
    }
}

/// What is wrong with a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The file is damaged there: what follows cannot be read, or is no run's.
    Unreadable,
    Odd(String),
}

pub(super) const TOLD_IN: [Table; 8] = [
    Table {
        name: "task",
        query: "SELECT * FROM task NOT INDEXED ORDER BY seq",
        long: &[6, 22],
        read: |row| read_attempt(row, true),
    },
    Table {
        name: "earlier_attempt",
        query: "SELECT * FROM earlier_attempt NOT INDEXED ORDER BY seq",
        long: &[6, 22],
        read: |row| read_attempt(row, false),
    },
    Table {
        name: CORE_SAMPLE,
        query: "SELECT * FROM core_sample ORDER BY seq, core",
        long: &[],
        read: read_core,
    },
    Table {
        name: "worker_sample",
        query: "SELECT * FROM worker_sample NOT INDEXED ORDER BY seq",
        long: &[],
        read: read_sample,
    },
    Table {
        name: "queue_sample",
        query: "SELECT * FROM queue_sample NOT INDEXED ORDER BY seq",
        long: &[],
        read: read_queue,
    },
    Table {
        name: "lock_span",
        query: "SELECT * FROM lock_span NOT INDEXED ORDER BY seq",
        long: &[],
        read: read_lock,
    },
    Table { name: "log", query: "SELECT * FROM log NOT INDEXED ORDER BY seq", long: &[4], read: read_log },
    Table {
        name: "event",
        query: "SELECT * FROM event NOT INDEXED ORDER BY seq",
        long: &[4],
        read: read_event,
    },
];

/// Has a row for each core, so that several stand at one place of the order.
const CORE_SAMPLE: &str = "core_sample";

/// One table, told row by row.
pub(super) struct Source<'s> {
    pub(super) table: &'static Table,
    rows: Rows<'s>,
    /// Place in the order, and the core where each has a row.
    last: (i64, i64),
    /// Bytes of long columns that may still come.
    room: u64,
    next: Option<(i64, Told)>,
    /// The first thing that was wrong here.
    pub(super) fault: Option<Fault>,
}

impl<'s> Source<'s> {
    /// Its texts cannot be longer than `most_bytes`, the length of the file.
    pub(super) fn new(
        table: &'static Table,
        statement: &'s mut Statement<'_>,
        most_bytes: u64,
    ) -> rusqlite::Result<Self> {
        let rows = statement.query([])?;
        let mut source =
            Self { table, rows, last: (i64::MIN, i64::MIN), room: most_bytes, next: None, fault: None };
        source.next = source.read_row();
        Ok(source)
    }

    /// The place in the order of what comes next; `None` at the end.
    pub(super) fn seq(&self) -> Option<i64> {
        self.next.as_ref().map(|(seq, _)| *seq)
    }

    pub(super) fn take(&mut self) -> Option<Told> {
        let (seq, mut told) = self.next.take()?;
        self.next = self.read_row();
        // Cores that were sampled together stand in a row each.
        if let Told::Event(Event::Cores { loads, .. }) = &mut told {
            while let Some((_, Told::Event(Event::Cores { loads: more, .. }))) =
                self.next.take_if(|(next, _)| *next == seq)
            {
                loads.extend(more);
                self.next = self.read_row();
            }
        }
        Some(told)
    }

    /// The next row that makes sense.
    fn read_row(&mut self) -> Option<(i64, Told)> {
        loop {
            let row = match self.rows.next() {
                Ok(row) => row?,
                Err(error) => {
                    let is_damage = matches!(
                        error.sqlite_error_code(),
                        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
                    );
                    self.fault.get_or_insert_with(|| {
                        if is_damage { Fault::Unreadable } else { Fault::Odd(plain(&error)) }
                    });
                    return None;
                }
            };
            let seq = match check(row, self.table, &mut self.last, &mut self.room) {
                Ok(seq) => seq,
                Err(fault) => {
                    self.fault.get_or_insert(fault);
                    return None;
                }
            };
            match (self.table.read)(row) {
                Ok(told) => return Some((seq, told)),
                Err(Odd(column)) => {
                    self.fault
                        .get_or_insert_with(|| Fault::Odd(format!("{column} of row {seq} makes no sense")));
                }
            }
        }
    }
}

/// The row's place in the order. In a damaged file the same page may come again and again, as rows or as parts of texts:
/// then there is no end to it.
fn check(row: &Row<'_>, table: &Table, last: &mut (i64, i64), room: &mut u64) -> Result<i64, Fault> {
    let int = |at| row.get_ref(at).ok().and_then(|value| value.as_i64().ok());
    let core = if table.name == CORE_SAMPLE { int(1) } else { Some(0) };
    let place = int(0).zip(core).filter(|place| *place > *last).ok_or(Fault::Unreadable)?;
    *last = place;
    for at in table.long {
        let length = match row.get_ref(*at) {
            Ok(ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => bytes.len() as u64,
            _ => 0,
        };
        *room = room.checked_sub(length).ok_or(Fault::Unreadable)?;
    }
    Ok(place.0)
}

/// The columns of one row, by their places.
struct Columns<'r, 's>(&'r Row<'s>);

impl Columns<'_, '_> {
    fn int(&self, at: usize, name: &'static str) -> Result<Option<i64>, Odd> {
        self.0.get_ref(at).ok().and_then(|value| value.as_i64_or_null().ok()).ok_or(Odd(name))
    }

    /// A count, a time or a size.
    fn optional(&self, at: usize, name: &'static str) -> Result<Option<u64>, Odd> {
        self.int(at, name)?.map(|number| u64::try_from(number).map_err(|_negative| Odd(name))).transpose()
    }

    fn long(&self, at: usize, name: &'static str) -> Result<u64, Odd> {
        self.optional(at, name)?.ok_or(Odd(name))
    }

    fn optional_short(&self, at: usize, name: &'static str) -> Result<Option<u32>, Odd> {
        self.optional(at, name)?.map(|number| u32::try_from(number).map_err(|_large| Odd(name))).transpose()
    }

    fn short(&self, at: usize, name: &'static str) -> Result<u32, Odd> {
        self.optional_short(at, name)?.ok_or(Odd(name))
    }

    fn real(&self, at: usize, name: &'static str) -> Result<f32, Odd> {
        let value = self.0.get_ref(at).ok().and_then(|value| value.as_f64().ok());
        value.map(|value| value as f32).filter(|value| value.is_finite()).ok_or(Odd(name))
    }

    fn optional_text(&self, at: usize, name: &'static str) -> Result<Option<&str>, Odd> {
        self.0.get_ref(at).ok().and_then(|value| value.as_str_or_null().ok()).ok_or(Odd(name))
    }

    fn text(&self, at: usize, name: &'static str) -> Result<&str, Odd> {
        self.optional_text(at, name)?.ok_or(Odd(name))
    }
}

fn read_attempt(row: &Row<'_>, last: bool) -> Result<Told, Odd> {
    let columns = Columns(row);
    let (exit, message) = (columns.int(5, "exit")?, columns.optional_text(6, "message")?);
    let usage = Usage {
        cpu_ns: columns.optional(12, "cpu_ns")?,
        core_wait_ns: columns.optional(13, "core_wait_ns")?,
        voluntary_switches: columns.optional_short(14, "voluntary_switches")?,
        involuntary_switches: columns.optional_short(15, "involuntary_switches")?,
        minor_faults: columns.optional_short(16, "minor_faults")?,
        major_faults: columns.optional_short(17, "major_faults")?,
        first_core: columns.optional_short(18, "first_core")?.map(CoreId),
        last_core: columns.optional_short(19, "last_core")?.map(CoreId),
        bytes_in: columns.short(20, "bytes_in")?,
        bytes_out: columns.short(21, "bytes_out")?,
    };
    Ok(Told::Event(Event::Ended(Ended {
        task: TaskId(columns.short(1, "task")?),
        attempt: columns.short(2, "attempt")?,
        worker: WorkerId(columns.short(3, "worker")?),
        outcome: outcome_from_sql(columns.text(4, "status")?, exit, message).ok_or(Odd("status"))?,
        enqueued_ns: columns.long(7, "enqueued_ns")?,
        dispatched_ns: columns.long(8, "dispatched_ns")?,
        start_ns: columns.long(9, "start_ns")?,
        t_ns: columns.long(10, "end_ns")?,
        received_ns: columns.long(11, "received_ns")?,
        last,
        usage,
        value: row.get_ref(22).ok().and_then(result_from_sql).ok_or(Odd("result"))?,
    })))
}

fn read_core(row: &Row<'_>) -> Result<Told, Odd> {
    let columns = Columns(row);
    let load = CoreLoad {
        user: columns.real(3, "user")?,
        system: columns.real(4, "system")?,
        iowait: columns.real(5, "iowait")?,
        steal: columns.real(6, "steal")?,
    };
    Ok(Told::Event(Event::Cores { t_ns: columns.long(2, "t_ns")?, loads: vec![load] }))
}

fn read_sample(row: &Row<'_>) -> Result<Told, Odd> {
    let columns = Columns(row);
    let t_ns = columns.long(1, "t_ns")?;
    let sample = WorkerSample {
        cpu: columns.real(3, "cpu")?,
        cpu_ns: columns.long(4, "cpu_ns")?,
        rss_bytes: columns.long(5, "rss_bytes")?,
        pss_bytes: columns.optional(6, "pss_bytes")?,
        state: columns.text(7, "state")?.chars().next().ok_or(Odd("state"))?,
        core: columns.optional_short(8, "core")?.map(CoreId),
        voluntary_switches: columns.long(9, "voluntary_switches")?,
        involuntary_switches: columns.long(10, "involuntary_switches")?,
    };
    Ok(Told::Event(match columns.optional_short(2, "worker")? {
        Some(worker) => Event::Worker { t_ns, worker: WorkerId(worker), sample },
        None => Event::Engine { t_ns, sample },
    }))
}

fn read_queue(row: &Row<'_>) -> Result<Told, Odd> {
    let columns = Columns(row);
    Ok(Told::Event(Event::Queue {
        t_ns: columns.long(1, "t_ns")?,
        queued: columns.short(2, "queued")?,
        in_flight: columns.short(3, "in_flight")?,
        done: columns.short(4, "done")?,
    }))
}

fn read_lock(row: &Row<'_>) -> Result<Told, Odd> {
    let columns = Columns(row);
    let name = columns.text(3, "lock")?;
    Ok(Told::Event(Event::Lock {
        worker: WorkerId(columns.short(1, "worker")?),
        task: TaskId(columns.short(2, "task")?),
        lock: LockKind::ALL.into_iter().find(|lock| lock_name(*lock) == name).ok_or(Odd("lock"))?,
        asked_ns: columns.long(4, "asked_ns")?,
        got_ns: columns.long(5, "got_ns")?,
        released_ns: columns.long(6, "released_ns")?,
    }))
}

fn read_log(row: &Row<'_>) -> Result<Told, Odd> {
    let columns = Columns(row);
    let name = columns.text(3, "level")?;
    Ok(Told::Event(Event::Log {
        t_ns: columns.long(1, "t_ns")?,
        worker: columns.optional_short(2, "worker")?.map(WorkerId),
        level: Level::ALL.into_iter().find(|level| level.to_string() == name).ok_or(Odd("level"))?,
        text: columns.text(4, "text")?.to_owned(),
    }))
}

fn read_event(row: &Row<'_>) -> Result<Told, Odd> {
    const DETAIL: Odd = Odd("detail");
    let columns = Columns(row);
    let (kind, detail) = (columns.text(2, "kind")?, columns.text(4, "detail")?);
    let detail: serde_json::Value = serde_json::from_str(detail).map_err(|_| DETAIL)?;
    match kind {
        RUN_STARTED => Ok(Told::RunStarted),
        LOST => Ok(Told::Lost {
            t_ns: columns.long(1, "t_ns")?,
            exit: serde_json::from_value(detail.get("exit").cloned().unwrap_or_default())
                .map_err(|_| DETAIL)?,
            reason: detail["reason"].as_str().ok_or(DETAIL)?.to_owned(),
        }),
        _ => {
            let event = serde_json::Map::from_iter([(kind.to_owned(), detail)]);
            serde_json::from_value(event.into()).map(Told::Event).map_err(|_| DETAIL)
        }
    }
}
