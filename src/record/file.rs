//! The run file as a whole: how it is made, and what is written into it last.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, params};

use super::{
    open::{beside, plain},
    schema::{APPLICATION_ID, TABLES, VERSION, VIEWS},
    value::exit_to_sql,
    write::{Open, Writer, int},
};
use crate::{
    event::{Ended, Event, RunInfo},
    spec::{Draft, Spec},
    store::{Phase, RunStore},
    workload::Value,
};

/// How often, and how far apart, a file that somebody reads is tried to be closed.
const PLAIN_TRIES: u32 = 20;
const PLAIN_PAUSE: Duration = Duration::from_millis(25);
/// The program that writes.
const BUILD: &str = concat!("poolscope ", env!("CARGO_PKG_VERSION"));

/// For whoever looks at a file that is to be replaced to be done.
const BUSY_LIMIT: Duration = Duration::from_millis(500);

/// Makes a new, empty file with its tables, ready to be written to while others read.
pub(super) fn create(path: &Path, spec: &Spec) -> rusqlite::Result<Connection> {
    let conn = Connection::open(path)?;
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    conn.pragma_update(None, "user_version", VERSION)?;
    // What stands in a log beside the file may get lost on its way to somebody else: the tables are not to be in there.
    conn.pragma_update(None, "journal_mode", "memory")?;
    conn.pragma_update(None, "synchronous", "off")?;
    conn.execute_batch("BEGIN")?;
    for (_, table) in TABLES {
        conn.execute_batch(table)?;
    }
    conn.execute_batch(VIEWS)?;
    conn.execute(
        "INSERT INTO run (id, title, build, status, complete, tasks) VALUES (1, ?, ?, 'running', 0, ?)",
        params![spec.title(), BUILD, spec.tasks],
    )?;
    conn.execute("INSERT INTO label VALUES (1, '', '', 0)", [])?;
    let mut fields = conn.prepare("INSERT INTO spec VALUES (?, ?)")?;
    for (field, value) in Draft::from_spec(spec).fields() {
        fields.execute(params![field, value])?;
    }
    drop(fields);
    conn.execute_batch("COMMIT")?;
    // Readers do not hold the writer up, and a writer that is killed leaves a whole file behind.
    conn.pragma_update(None, "journal_mode", "wal")?;
    conn.pragma_update(None, "synchronous", "normal")?;
    // With the first look into it, the log is there.
    conn.query_row("SELECT id FROM run", [], |_| Ok(()))?;
    Ok(conn)
}

/// What SQLite keeps beside a file that is written to, and what of it a file needs to be whole.
pub(super) const BESIDE: [&str; 3] = ["-wal", "-journal", "-shm"];
const NEEDED: [&str; 2] = ["-wal", "-journal"];

/// It needs nothing that stands beside it.
pub(super) fn is_whole(path: &Path) -> bool {
    !NEEDED.iter().any(|ending| beside(path, ending).exists())
}

/// Takes what stands beside a file into it, so that it is one plain file. One that is no database stays as it is.
///
/// # Errors
/// Where somebody writes to it, or what stands beside it cannot be had away.
pub(super) fn make_whole(path: &Path) -> Result<(), String> {
    if is_whole(path) {
        return Ok(());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(|error| plain(&error))?;
    conn.busy_timeout(BUSY_LIMIT).map_err(|error| plain(&error))?;
    let done = conn.pragma_update(None, "journal_mode", "delete");
    drop(conn);
    match done {
        Err(error) if is_busy(&error) => Err("a run is being recorded there".to_owned()),
        _ if !is_whole(path) => {
            Err("it cannot be replaced: what stands beside it belongs to no run".to_owned())
        }
        _ => Ok(()),
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

/// Writes the last words and makes it one plain file again.
///
/// # Errors
/// What keeps it from being so.
pub(super) fn close(
    conn: Connection,
    store: &RunStore,
    open: &[Open],
    gap: Option<&str>,
) -> Result<(), String> {
    say_last_words(&conn, store, open, gap).map_err(|error| plain(&error))?;
    let in_two = |error: rusqlite::Error| format!("its end stays in a file of its own: {}", plain(&error));
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(in_two)?;
    make_plain(&conn).map_err(in_two)?;
    conn.close().map_err(|(_, error)| plain(&error))
}

fn say_last_words(
    conn: &Connection,
    store: &RunStore,
    open: &[Open],
    gap: Option<&str>,
) -> rusqlite::Result<()> {
    if !conn.is_autocommit() {
        // A fault came in between. What cannot be kept must not be in the way of the rest.
        conn.execute_batch("ROLLBACK")?;
    }
    conn.execute_batch("BEGIN")?;
    summarise(conn, store, gap)?;
    match gap {
        None => tell_unreported_ends(conn, store, open)?,
        Some(_) => tell_start(conn, store)?,
    }
    conn.execute_batch("COMMIT")
}

/// Everything is in the file already: without this it only needs the ones beside it. Who reads it just now, perhaps for a
/// list, is done in a moment; who does not let go leaves it as it was while it was written.
fn make_plain(conn: &Connection) -> rusqlite::Result<()> {
    for _ in 0..PLAIN_TRIES {
        match conn.pragma_update(None, "journal_mode", "delete") {
            Err(error) if is_busy(&error) => std::thread::sleep(PLAIN_PAUSE),
            other => return other,
        }
    }
    Ok(())
}

fn summarise(conn: &Connection, store: &RunStore, gap: Option<&str>) -> rusqlite::Result<()> {
    let status = match store.phase {
        Phase::Ended(status) => status.to_string(),
        _ => "running".to_owned(),
    };
    let tally = store.tally;
    conn.execute(
        "UPDATE run SET status = ?, reason = ?, complete = ?, gap = ?, ready_ns = ?, wall_ns = ?, ok = ?, failed = ?,
         crashed = ?, timed_out = ?, cancelled = ?, not_run = ?, checksum = ?",
        params![
            status,
            store.reason.as_deref(),
            gap.is_none(),
            gap,
            store.ready_ns.map(int),
            int(store.last_end_ns),
            tally.ok,
            tally.failed,
            tally.crashed,
            tally.timed_out,
            tally.cancelled,
            tally.not_run,
            format!("{:016x}", store.checksum),
        ],
    )?;
    let mut worker = conn.prepare("INSERT INTO worker VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    for row in &store.workers {
        worker.execute(params![
            row.worker.0,
            row.pid,
            row.tid,
            row.tasks_ok,
            row.attempts,
            row.restarts,
            int(row.cpu_ns),
            int(row.max_rss_bytes),
            row.max_pss_bytes.map(int),
            row.exit.map(exit_to_sql),
        ])?;
    }
    Ok(())
}

/// Where not even the first rows found room, the file still says what ran, when and where.
fn tell_start(conn: &Connection, store: &RunStore) -> rusqlite::Result<()> {
    let is_told =
        conn.query_row("SELECT started_unix_ns IS NOT NULL FROM run", [], |row| row.get::<_, bool>(0))?;
    match &store.info {
        Some(info) if !is_told => {
            Writer::within(conn)?.event(&Event::RunStarted(Box::new(RunInfo::clone(info))))
        }
        _ => Ok(()),
    }
}

/// What still ran when the run ended or was lost has no end that anybody told, but the run's end says what became of it.
/// For people who ask the tables: these rows come after the end, where no reader takes them in.
fn tell_unreported_ends(conn: &Connection, store: &RunStore, open: &[Open]) -> rusqlite::Result<()> {
    let mut writer = Writer::within(conn)?;
    for &(worker, task, attempt) in open {
        let last = store.lanes.get(worker.index()).and_then(|lane| lane.spans.last());
        let Some(span) = last.filter(|span| (span.task, span.attempt) == (task, attempt)) else { continue };
        writer.event(&Event::Ended(Ended {
            task,
            attempt,
            worker,
            last: true,
            outcome: span.outcome.clone(),
            enqueued_ns: span.enqueued_ns,
            dispatched_ns: span.dispatched_ns,
            start_ns: span.start_ns,
            t_ns: span.end_ns,
            received_ns: span.received_ns,
            usage: span.usage,
            value: Value::Unit,
        }))?;
    }
    Ok(())
}
