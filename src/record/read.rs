//! Opens a run file, which may come from anywhere: nothing in it is believed, and nothing in it is executed.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags, Statement, config::DbConfig, limits::Limit};

use super::{
    rows::{Source, TOLD_IN, Told},
    schema::{APPLICATION_ID, TABLES, VERSION},
    write::BESIDE,
};
use crate::{
    event::{Event, Host, RunInfo, Status},
    spec::{Draft, Spec, one_line},
    store::RunStore,
    time::RunClock,
};

/// No text or blob of a run is longer.
const MAX_CELL_BYTES: i32 = 4 << 20;
/// More rows than a run of the most tasks leaves, and as many as fit into memory.
const MAX_ROWS: u64 = 40_000_000;
/// Fields of a spec, parameters included.
const MAX_FIELDS: usize = 200;
/// Looking for damage may take this long; a file too large for that is read without.
const CHECK_LIMIT: Duration = Duration::from_secs(5);
/// A file's tables, and what stands on its cover, are found within this time: they are a few rows. Trees of pages that
/// hostile hands have knotted could be walked for ever.
const COVER_LIMIT: Duration = Duration::from_secs(5);
/// SQLite looks at the time after so many of its steps.
const CHECK_STEPS: i32 = 100_000;

/// A run as its file tells it.
#[derive(Debug)]
pub struct RunFile {
    pub spec: Spec,
    pub store: RunStore,
    pub title: String,
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
    #[error("{path} is damaged beyond reading: {why}")]
    Damaged { path: PathBuf, why: String },
}

/// Reads a whole run. What can be read of a damaged one is, with what is wrong in [`RunFile::gap`].
pub fn read(path: &Path) -> Result<RunFile, ReadError> {
    let damaged = |error: rusqlite::Error| ReadError::Damaged { path: path.to_owned(), why: plain(&error) };
    let Opened { mut conn, gap: cut } = open(path)?;
    let found = std::thread::scope(|scope| {
        // Of its own, so that looking for damage takes no time where a core is free.
        let check = scope.spawn(|| open(path).ok().and_then(|mut opened| find_damage(&mut opened.conn)));
        let read = read_tables(&mut conn, path);
        let damage = check.join().unwrap_or_else(|_panic| Some("it could not be checked".to_owned()));
        read.map(|file| (file, damage))
    });
    let ((spec, store, mut gaps, cut_off), damage) = found?;
    let title = conn.query_row("SELECT title FROM run", [], |row| row.get(0)).map_err(damaged)?;
    if let Some(damage) = damage {
        gaps.insert(0, format!("the file is damaged: {damage}"));
    }
    gaps.extend(cut);
    let gap = (!gaps.is_empty()).then(|| gaps.join("; "));
    Ok(RunFile { spec, store, title, gap, cut_off })
}

/// The spec of a run, without the run itself.
pub fn read_spec_of(path: &Path) -> Result<Spec, ReadError> {
    let conn = open(path)?.conn;
    read_spec(&conn)
        .map_err(|error| ReadError::Damaged { path: path.to_owned(), why: plain(&error) })?
        .map_err(|why| ReadError::NotARun { path: path.to_owned(), why })
}

/// A file that is a run by its looks.
pub(super) struct Opened {
    pub(super) conn: Connection,
    /// What cannot be had of it, if anything.
    pub(super) gap: Option<String>,
}

/// Read-only, with everything switched off that a hostile file could use, and for [`COVER_LIMIT`].
pub(super) fn open(path: &Path) -> Result<Opened, ReadError> {
    let io = |source| ReadError::Io { path: path.to_owned(), source };
    let not_a_run = |why: String| ReadError::NotARun { path: path.to_owned(), why };
    let metadata = std::fs::metadata(path).map_err(io)?;
    if !metadata.is_file() {
        return Err(not_a_run("it is not a file".to_owned()));
    }
    for ending in BESIDE {
        let odd = std::fs::symlink_metadata(beside(path, ending)).is_ok_and(|there| !there.is_file());
        if odd {
            return Err(not_a_run(format!("what stands beside it, with {ending}, is not a file")));
        }
    }
    let opened = connect(path).map_err(|error| not_a_run(plain(&error)))?;
    let conn = &opened.conn;
    let number = |pragma: &str| {
        conn.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0))
            .map_err(|error| not_a_run(plain(&error)))
    };
    if number("application_id")? != i64::from(APPLICATION_ID) {
        return Err(not_a_run("it is another program's database".to_owned()));
    }
    match number("user_version")? {
        found if found == i64::from(VERSION) => {}
        found if found > i64::from(VERSION) => {
            return Err(ReadError::Newer { path: path.to_owned(), found });
        }
        found => return Err(not_a_run(format!("there is no format {found}"))),
    }
    let encoding: String =
        conn.query_row("PRAGMA encoding", [], |row| row.get(0)).map_err(|error| not_a_run(plain(&error)))?;
    if encoding != "UTF-8" {
        return Err(not_a_run(format!("its texts are in {encoding}")));
    }
    for (table, definition) in TABLES {
        let found: Option<String> = conn
            .query_row("SELECT sql FROM sqlite_schema WHERE name = ? AND type = 'table'", [table], |row| {
                row.get(0)
            })
            .unwrap_or_default();
        if found.as_deref() != Some(definition) {
            return Err(not_a_run(format!("its table {table} is missing, or is not as a run's")));
        }
    }
    Ok(opened)
}

const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

fn connect(path: &Path) -> rusqlite::Result<Opened> {
    if has_lost_its_log(path) {
        // SQLite would make an empty one, and leave it there.
        return Ok(Opened { conn: connect_as_it_stands(path)?, gap: None });
    }
    let mut conn = Connection::open_with_flags(path, FLAGS)?;
    limit_time(&mut conn, Some(COVER_LIMIT))?;
    harden(&conn)?;
    // A file that was cut off in the middle of a run still has its write-ahead log beside it. Where that cannot be used,
    // because the folder must not be written to or is full, the file is read as it stands.
    let Err(error) = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) else {
        return Ok(Opened { conn, gap: None });
    };
    if !needs_its_folder(&error) {
        return Err(error);
    }
    let is_cut = std::fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
    let gap = is_cut.then(|| {
        format!("its end, in the file of the same name with -wal, cannot be used here: {}", plain(&error))
    });
    Ok(Opened { conn: connect_as_it_stands(path)?, gap })
}

/// Without a look at what stands beside it.
fn connect_as_it_stands(path: &Path) -> rusqlite::Result<Connection> {
    let uri = format!("file:{}?immutable=1", percent_encoded(path));
    let mut conn = Connection::open_with_flags(uri, FLAGS | OpenFlags::SQLITE_OPEN_URI)?;
    limit_time(&mut conn, Some(COVER_LIMIT))?;
    harden(&conn)?;
    Ok(conn)
}

/// It was written with a log beside it, as its header says in two bytes, and is alone now.
fn has_lost_its_log(path: &Path) -> bool {
    // Looked at first: to close a file that this process itself records would let go of the recorder's locks.
    if beside(path, "-wal").exists() {
        return false;
    }
    let mut header = [0; 20];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header[18..] == [2, 2]
}

pub(super) fn harden(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_CELL_BYTES)?;
    conn.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "mmap_size", 0)
}

/// What takes longer from now on is interrupted.
fn limit_time(conn: &mut Connection, limit: Option<Duration>) -> rusqlite::Result<()> {
    let end = limit.map(|limit| Instant::now() + limit);
    conn.progress_handler(CHECK_STEPS, end.map(|end| move || Instant::now() >= end))
}

/// The file that SQLite keeps beside a database under this ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn needs_its_folder(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, DiskFull, ReadOnly, SystemIoFailure};
    matches!(error.sqlite_error_code(), Some(CannotOpen | DiskFull | ReadOnly | SystemIoFailure))
}

fn percent_encoded(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let encode = |byte: &u8| match byte {
        b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(*byte).to_string(),
        other => format!("%{other:02X}"),
    };
    path.as_os_str().as_bytes().iter().map(encode).collect()
}

/// SQLite's own words, without the number. They may name what stands in a file.
pub(super) fn plain(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(text)) => one_line(text),
        other => one_line(&other.to_string()),
    }
}

/// What SQLite finds wrong with a run's tables. Others that somebody may have added are not looked at, since their
/// definitions would be put to work for that.
fn find_damage(conn: &mut Connection) -> Option<String> {
    let _no_limit_then = limit_time(conn, Some(CHECK_LIMIT));
    for (table, _) in TABLES {
        match conn.query_row(&format!("PRAGMA quick_check({table})"), [], |row| row.get::<_, String>(0)) {
            Ok(verdict) if verdict == "ok" => {}
            Ok(verdict) => return Some(one_line(&verdict)),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) => {
                return None;
            }
            Err(error) => return Some(plain(&error)),
        }
    }
    None
}

type Gaps = Vec<String>;

fn read_tables(conn: &mut Connection, path: &Path) -> Result<(Spec, RunStore, Gaps, bool), ReadError> {
    let damaged = |error: rusqlite::Error| ReadError::Damaged { path: path.to_owned(), why: plain(&error) };
    let not_a_run = |why: String| ReadError::NotARun { path: path.to_owned(), why };
    let spec = read_spec(conn).map_err(damaged)?.map_err(not_a_run)?;
    let (info, status, mut gaps) = read_run(conn, spec.clone()).map_err(damaged)?;
    // From here on it is the rows that are counted.
    limit_time(conn, None).map_err(damaged)?;
    let mut store = RunStore::default();
    let mut statements = TOLD_IN
        .iter()
        .map(|table| Ok((table, conn.prepare(table.query)?)))
        .collect::<rusqlite::Result<Vec<_>>>()
        .map_err(damaged)?;
    // The log before the file, into which it may be moved meanwhile.
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let most_bytes = length(&beside(path, "-wal")) + length(path);
    let mut sources = Vec::new();
    for (table, statement) in &mut statements {
        let statement: &mut Statement<'_> = statement;
        sources.push(Source::new(table, statement, most_bytes).map_err(damaged)?);
    }
    let mut info = info.map(Box::new);
    let mut rows = 0;
    while let Some(next) =
        sources.iter_mut().filter(|source| source.seq().is_some()).min_by_key(|source| source.seq())
    {
        rows += 1;
        if rows > MAX_ROWS {
            gaps.push("it has more rows than a run can have".to_owned());
            break;
        }
        match next.take() {
            Some(Told::Event(event)) => store.apply(event),
            Some(Told::RunStarted) => {
                if let Some(info) = info.take() {
                    store.apply(Event::RunStarted(info));
                }
            }
            Some(Told::Lost { t_ns, exit, reason }) => store.lost(t_ns, exit, reason),
            None => {}
        }
    }
    let faults = sources.iter().filter_map(|source| {
        source
            .fault
            .as_ref()
            .map(|fault| format!("of its table {} something is missing: {fault}", source.table.name))
    });
    gaps.extend(faults);
    let cut_off = store.phase.is_live();
    if cut_off {
        end_early(&mut store, &status);
    }
    Ok((spec, store, gaps, cut_off))
}

/// The file ends before its run does.
fn end_early(store: &mut RunStore, status: &str) {
    let why = if status == "running" {
        "the record ends here: its session was ended before the run was over, or is recording still"
    } else {
        "the record ends here: its end is missing"
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
