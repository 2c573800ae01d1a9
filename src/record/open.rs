//! Opens a database that may come from anywhere as a run, with everything switched off that it could use.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags, config::DbConfig, limits::Limit};

use super::{
    ReadError,
    file::BESIDE,
    looks::Header,
    schema::{APPLICATION_ID, TABLES, VERSION},
};
use crate::{spec::one_line, units};

/// No text or blob of a run is longer.
const MAX_CELL_BYTES: i32 = 4 << 20;
/// A file's tables, and what stands on its cover, are found within this time: they are a few rows. Trees of pages that
/// hostile hands have knotted could be walked for ever.
const COVER_LIMIT: Duration = Duration::from_secs(5);
/// SQLite looks at the time after so many of its steps.
const CHECK_STEPS: i32 = 100_000;

/// A file that is a run by its looks.
pub(super) struct Opened {
    pub(super) conn: Connection,
    /// What cannot be had of it, if anything.
    pub(super) gap: Option<String>,
    /// It was written with a log beside it, and is alone now.
    pub(super) is_alone: bool,
}

impl Opened {
    fn whole(conn: Connection) -> Self {
        Self { conn, gap: None, is_alone: false }
    }
}

/// Read-only, with everything switched off that a hostile file could use, and for [`COVER_LIMIT`].
pub(super) fn open(path: &Path) -> Result<Opened, ReadError> {
    let io = |source| ReadError::Io { path: path.to_owned(), source };
    let not_a_run = |why: String| ReadError::NotARun { path: path.to_owned(), why };
    let metadata = std::fs::metadata(path).map_err(io)?;
    if !metadata.is_file() {
        return Err(not_a_run("it is not a file".to_owned()));
    }
    if metadata.len() == 0 {
        return Err(not_a_run("it is empty".to_owned()));
    }
    for ending in BESIDE {
        let odd = std::fs::symlink_metadata(beside(path, ending)).is_ok_and(|there| !there.is_file());
        if odd {
            return Err(not_a_run(format!("what stands beside it, with {ending}, is not a file")));
        }
    }
    let end = if log_of(path).exists() { None } else { cut_off(path, metadata.len()) };
    let refused = |why: String| match end {
        Some((there, of)) => ReadError::CutOff { path: path.to_owned(), there, of },
        None => not_a_run(why),
    };
    let opened = match end {
        Some((there, of)) => connect_to_a_part(path).map(|conn| {
            let [there, of] = [there, of].map(units::count);
            let gap = format!("it was cut off: of its {of} bytes only the first {there} are there");
            Opened { gap: Some(gap), ..Opened::whole(conn) }
        }),
        None => connect(path),
    };
    let opened = opened.map_err(|error| refused(plain(&error)))?;
    check_looks(&opened.conn, path).map_err(|error| match error {
        ReadError::NotARun { why, .. } => refused(why),
        other => other,
    })?;
    Ok(opened)
}

/// It says that it is a run, and its tables are those of one.
fn check_looks(conn: &Connection, path: &Path) -> Result<(), ReadError> {
    let not_a_run = |why: String| ReadError::NotARun { path: path.to_owned(), why };
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
    Ok(())
}

const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

fn connect(path: &Path) -> rusqlite::Result<Opened> {
    if has_lost_its_log(path) {
        // SQLite would make an empty one, and leave it there.
        return Ok(Opened { is_alone: true, ..Opened::whole(connect_as_it_stands(path)?) });
    }
    let mut conn = Connection::open_with_flags(path, FLAGS)?;
    limit_time(&mut conn, Some(COVER_LIMIT))?;
    harden(&conn)?;
    // A file that was cut off in the middle of a run still has its write-ahead log beside it. Where that cannot be used,
    // because the folder must not be written to or is full, the file is read as it stands.
    let Err(error) = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) else {
        return Ok(Opened::whole(conn));
    };
    if !needs_its_folder(&error) {
        return Err(error);
    }
    let is_cut = std::fs::metadata(log_of(path)).is_ok_and(|log| log.len() > 0);
    let gap = is_cut.then(|| {
        format!("its end, in the file of the same name with -wal, cannot be used here: {}", plain(&error))
    });
    Ok(Opened { gap, ..Opened::whole(connect_as_it_stands(path)?) })
}

/// The bytes that are there of a run's file, and those that it had, where these are more.
fn cut_off(path: &Path, there: u64) -> Option<(u64, u64)> {
    let header = Header::read(path).filter(Header::is_run)?;
    header.file_bytes().filter(|of| *of > there).map(|of| (there, of))
}

/// To a file that ends before its header says so, which SQLite takes in only where its schema could be mended: then what is
/// not there is damage like any other. Nothing can be written to it all the same.
fn connect_to_a_part(path: &Path) -> rusqlite::Result<Connection> {
    let conn = connect_as_it_stands(path)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, true)?;
    Ok(conn)
}

/// Without a look at what stands beside it.
fn connect_as_it_stands(path: &Path) -> rusqlite::Result<Connection> {
    let uri = format!("file:{}?immutable=1", percent_encoded(path));
    let mut conn = Connection::open_with_flags(uri, FLAGS | OpenFlags::SQLITE_OPEN_URI)?;
    limit_time(&mut conn, Some(COVER_LIMIT))?;
    harden(&conn)?;
    Ok(conn)
}

/// It was written with a log beside it, as its header says, and is alone now.
fn has_lost_its_log(path: &Path) -> bool {
    // Looked at first: to close a file that this process itself records would let go of the recorder's locks.
    !log_of(path).exists() && Header::read(path).is_some_and(|header| header.has_log())
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
pub(super) fn limit_time(conn: &mut Connection, limit: Option<Duration>) -> rusqlite::Result<()> {
    let end = limit.map(|limit| Instant::now() + limit);
    conn.progress_handler(CHECK_STEPS, end.map(|end| move || Instant::now() >= end))
}

/// The file that SQLite keeps beside a database under this ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn log_of(path: &Path) -> PathBuf {
    beside(path, "-wal")
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
