//! Opens a run file, which may come from anywhere: nothing in it is believed, and nothing in it is executed.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, Statement};

use super::{
    Label, is_being_recorded,
    label::read_label,
    open::{Opened, beside, limit_time, open, plain},
    rows::{Fault, Source, TOLD_IN, Told},
    schema::{TABLES, VERSION},
};
use crate::{
    event::{Event, Host, RunInfo, Status},
    spec::{Draft, Spec, one_line},
    store::RunStore,
    time::RunClock,
};

/// More rows than a run of the most tasks leaves, and as many as fit into memory.
const MAX_ROWS: u64 = 40_000_000;
/// Fields of a spec, parameters included.
const MAX_FIELDS: usize = 200;
/// Looking for damage may take this long; a file too large for that is read without.
const CHECK_LIMIT: Duration = Duration::from_secs(5);

/// A run as its file tells it.
#[derive(Debug)]
pub struct RunFile {
    pub spec: Spec,
    pub store: RunStore,
    pub title: String,
    /// The program that recorded it.
    pub build: String,
    /// What a person wrote about it.
    pub label: Label,
    /// What is missing or damaged, as a sentence.
    pub gap: Option<String>,
    /// The file ends before its run does; the run's reason says why.
    pub cut_off: bool,
}

/// Why a file could not be opened as a run.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("cannot open {path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} is no run of Poolscope: {why}")]
    NotARun { path: PathBuf, why: String },
    #[error("{path} was written by a newer Poolscope (format {found}; this one reads up to {VERSION})")]
    Newer { path: PathBuf, found: i64 },
    #[error(
        "{path} is a run of Poolscope that was cut off: of its {of} bytes only the first {there} are there, too few to read"
    )]
    CutOff { path: PathBuf, there: u64, of: u64 },
    #[error("{path} is damaged beyond reading: {why}")]
    Damaged { path: PathBuf, why: String },
}

/// Reads a whole run. What can be read of a damaged one is, with what is wrong in [`RunFile::gap`].
pub fn read(path: &Path) -> Result<RunFile, ReadError> {
    let damaged = |error: rusqlite::Error| ReadError::Damaged { path: path.to_owned(), why: plain(&error) };
    let Opened { mut conn, gap: cut, is_alone } = open(path)?;
    let found = std::thread::scope(|scope| {
        // Of its own, so that looking for damage takes no time where a core is free.
        let check =
            scope.spawn(|| open(path).map(|mut opened| find_damage(&mut opened.conn)).unwrap_or_default());
        let read = read_tables(&mut conn, path, is_alone);
        let suspect = check.join().unwrap_or_else(|_panic| TABLES.map(|(table, _)| table).to_vec());
        read.map(|file| (file, suspect))
    });
    let (Tables { spec, store, gaps, unreadable, cut_off }, mut suspect) = found?;
    let title = conn.query_row("SELECT title FROM run", [], |row| row.get(0)).map_err(damaged)?;
    // No run is worth less for not saying who wrote it.
    let build = conn.query_row("SELECT build FROM run", [], |row| row.get(0)).unwrap_or_default();
    suspect.retain(|table| !unreadable.contains(table));
    let missing = named(&unreadable).map(|tables| format!("damaged: rows of {tables} are missing"));
    let doubtful = named(&suspect)
        .map(|tables| format!("damaged: rows of {tables} may be missing, or other than they were"));
    let gaps: Vec<String> = cut.into_iter().chain(missing).chain(doubtful).chain(gaps).collect();
    let gap = (!gaps.is_empty()).then(|| gaps.join("; "));
    // What cannot be read of it is among the gaps.
    let label = read_label(&conn).unwrap_or_default();
    Ok(RunFile { spec, store, title, build, label, gap, cut_off })
}

/// The spec of a run, without the run itself.
pub fn read_spec_of(path: &Path) -> Result<Spec, ReadError> {
    let conn = open(path)?.conn;
    read_spec(&conn)
        .map_err(|error| ReadError::Damaged { path: path.to_owned(), why: plain(&error) })?
        .map_err(|why| ReadError::NotARun { path: path.to_owned(), why })
}

/// `the table task`, `the tables task and log`.
fn named(tables: &[&str]) -> Option<String> {
    match tables {
        [] => None,
        [table] => Some(format!("the table {table}")),
        [first @ .., last] => Some(format!("the tables {} and {last}", first.join(", "))),
    }
}

/// The tables of a run with which SQLite finds something wrong. Others that somebody may have added are not looked at,
/// since their definitions would be put to work for that.
fn find_damage(conn: &mut Connection) -> Vec<&'static str> {
    let _no_limit_then = limit_time(conn, Some(CHECK_LIMIT));
    let mut suspect = Vec::new();
    for (table, _) in TABLES {
        match conn.query_row(&format!("PRAGMA quick_check({table})"), [], |row| row.get::<_, String>(0)) {
            Ok(verdict) if verdict == "ok" => {}
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) => {
                break;
            }
            Ok(_) | Err(_) => suspect.push(table),
        }
    }
    suspect
}

type Gaps = Vec<String>;

/// What a run's tables tell.
struct Tables {
    spec: Spec,
    store: RunStore,
    gaps: Gaps,
    /// Tables that could not be read to their ends.
    unreadable: Vec<&'static str>,
    /// They end before the run does.
    cut_off: bool,
}

fn read_tables(conn: &mut Connection, path: &Path, is_alone: bool) -> Result<Tables, ReadError> {
    let damaged = |error: rusqlite::Error| ReadError::Damaged { path: path.to_owned(), why: plain(&error) };
    let not_a_run = |why: String| ReadError::NotARun { path: path.to_owned(), why };
    let spec = read_spec(conn).map_err(damaged)?.map_err(not_a_run)?;
    let (info, status, mut gaps) = read_run(conn, spec.clone()).map_err(damaged)?;
    // From here on it is the rows that are counted.
    limit_time(conn, None).map_err(damaged)?;
    let mut statements = TOLD_IN
        .iter()
        .map(|table| Ok((table, conn.prepare(table.query)?)))
        .collect::<rusqlite::Result<Vec<_>>>()
        .map_err(damaged)?;
    let is_recorded = is_being_recorded(path);
    // The log before the file, into which it may be moved meanwhile.
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let log = beside(path, "-wal");
    let most_bytes = length(&log) + length(path);
    let mut sources = Vec::new();
    for (table, statement) in &mut statements {
        let statement: &mut Statement<'_> = statement;
        sources.push(Source::new(table, statement, most_bytes).map_err(damaged)?);
    }
    let mut store = RunStore::default();
    if !replay(&mut sources, info, &mut store) {
        gaps.push("it has more rows than a run can have".to_owned());
    }
    let mut unreadable = Vec::new();
    for Source { table, fault, .. } in &sources {
        match fault {
            None => {}
            Some(Fault::Unreadable) => unreadable.push(table.name),
            Some(Fault::Odd(why)) => {
                gaps.push(format!("of its table {} something is missing: {why}", table.name));
            }
        }
    }
    let cut_off = store.phase.is_live();
    if cut_off {
        end_early(&mut store, &status, is_recorded);
        if is_alone && status == RUNNING {
            let name = one_line(&log.file_name().unwrap_or_default().to_string_lossy());
            gaps.push(format!(
                "its last moments are in {name} where it was recorded, unless that is gone: take it along"
            ));
        }
    }
    Ok(Tables { spec, store, gaps, unreadable, cut_off })
}

/// Hands over what all tables tell, in its order. False if there is no end to it.
fn replay(sources: &mut [Source<'_>], info: Option<RunInfo>, store: &mut RunStore) -> bool {
    let mut info = info.map(Box::new);
    let mut start = |store: &mut RunStore| {
        if let Some(info) = info.take() {
            store.apply(Event::RunStarted(info));
        }
    };
    // The table of events begins with the run's start. What the others tell is of this run all the same.
    if sources.iter().any(|source| source.table.tells_starts() && source.fault == Some(Fault::Unreadable)) {
        start(store);
    }
    let mut rows = 0;
    let mut ends_are_missing = false;
    while let Some(next) =
        sources.iter_mut().filter(|source| source.seq().is_some()).min_by_key(|source| source.seq())
    {
        rows += 1;
        if rows > MAX_ROWS {
            return false;
        }
        match next.take() {
            // Its end may be among the rows that cannot be read: then it is not known, and not to be made up.
            Some(Told::Event(Event::Started { .. })) if ends_are_missing => {}
            Some(Told::Event(event)) => store.apply(event),
            Some(Told::RunStarted) => start(store),
            Some(Told::Lost { t_ns, exit, reason }) => store.lost(t_ns, exit, reason),
            None => {}
        }
        let is_missing = |source: &Source<'_>| source.table.tells_ends() && source.fault.is_some();
        if !ends_are_missing && sources.iter().any(is_missing) {
            ends_are_missing = true;
            store.forget_running();
        }
    }
    true
}

/// As a file says that was not closed.
pub(super) const RUNNING: &str = "running";

/// The file ends before its run does.
fn end_early(store: &mut RunStore, status: &str, is_recorded: bool) {
    let why = match (status, is_recorded) {
        (RUNNING, true) => "the record ends here so far: it is being recorded",
        (RUNNING, false) => "the record ends here: its session was ended before the run was over",
        _ => "the record ends here: its end is missing",
    };
    let t_ns = store.now_ns;
    store.apply(Event::RunEnded { t_ns, status: Status::Interrupted, reason: Some(why.to_owned()) });
}

/// The spec, or which of its fields makes no sense.
fn read_spec(conn: &Connection) -> rusqlite::Result<Result<Spec, String>> {
    let mut statement = conn.prepare("SELECT field, value FROM spec LIMIT ?")?;
    let fields = statement
        .query_map([MAX_FIELDS as i64], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(String, String)>>>()?;
    Ok(Draft::from_fields(fields)
        .map_err(|field| format!("its spec has an unknown field: {}", crate::spec::quoted(&field)))
        .and_then(|draft| {
            draft.validate().map_err(|errors| {
                let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
                format!("its spec makes no sense: {}", errors.join("; "))
            })
        }))
}

/// What is known of the run as a whole (`None` where it never started), its status, and what its writer missed.
fn read_run(conn: &Connection, spec: Spec) -> rusqlite::Result<(Option<RunInfo>, String, Gaps)> {
    let host = conn.query_row("SELECT * FROM host", [], |row| {
        Ok(Host {
            os: row.get(1)?,
            kernel: row.get(2)?,
            cpu: row.get(3)?,
            cores: row.get(4)?,
            usable_cores: row.get(5)?,
            memory_bytes: row.get::<_, i64>(6)?.unsigned_abs(),
            affinity: row.get(7)?,
            cgroup_quota: row.get(8)?,
        })
    });
    let host = match host {
        Err(rusqlite::Error::QueryReturnedNoRows) => None,
        other => Some(other?),
    };
    conn.query_row(
        "SELECT status, gap, started_unix_ns, origin_ns, engine_pid, telemetry, telemetry_cost_ns FROM run",
        [],
        |row| {
            let gaps = row.get::<_, Option<String>>(1)?.map(|gap| one_line(&gap)).into_iter().collect();
            let info = host.and_then(|host| {
                Some(RunInfo {
                    spec,
                    host,
                    clock: RunClock {
                        unix_ns: row.get::<_, i64>(2).ok()?.unsigned_abs(),
                        origin_ns: row.get::<_, i64>(3).ok()?.unsigned_abs(),
                    },
                    engine_pid: row.get(4).ok()?,
                    telemetry: row.get::<_, String>(5).ok()?.parse().ok()?,
                    telemetry_cost_ns: row.get::<_, Option<i64>>(6).ok()?.map(i64::unsigned_abs),
                })
            });
            Ok((info, row.get(0)?, gaps))
        },
    )
}
