//! What stands on the cover of a run file: enough for a list, without reading the run itself.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::{
    ReadError, is_being_recorded,
    open::{harden, open},
    read::RUNNING,
};
use crate::{spec::LessonName, store::Tally};

/// The longest name and note that are kept, in characters.
const MAX_NAME_CHARS: usize = 200;
const MAX_NOTE_CHARS: usize = 10_000;

/// Rows that are counted for a cover, which takes some milliseconds.
const MAX_COUNTED: i64 = 200_000;

/// What a person wrote about a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// Empty where the title will do.
    pub name: String,
    pub note: String,
    /// Never removed to save room.
    pub pinned: bool,
}

/// One run in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brief {
    /// The spec in a line.
    pub title: String,
    /// `running` (or cut off), `finished`, `interrupted`, `failed` or `lost`.
    pub status: String,
    /// Everything that the run told is in the file.
    pub complete: bool,
    /// Nanoseconds since the Unix epoch; `None` for a run that never began.
    pub started_unix_ns: Option<u64>,
    pub wall_ns: Option<u64>,
    /// Of a run that was cut off, or is recorded still, as far as its file goes; all zero but the total where counting that
    /// would take long.
    pub tally: Tally,
    /// The lesson that it is, or is part of.
    pub lesson: Option<LessonName>,
    pub label: Label,
    /// Somebody records into the file just now.
    pub is_recorded: bool,
}

/// Reads the cover of a run file. Where a number makes no sense it is left out.
pub fn brief(path: &Path) -> Result<Brief, ReadError> {
    // Before the status is read: at its end a recording first writes that, and then lets go.
    let is_recorded = is_being_recorded(path);
    let conn = open(path)?.conn;
    let read = || -> rusqlite::Result<Brief> {
        let (label, lesson) = (read_label(&conn)?, read_lesson(&conn)?);
        conn.query_row(
            "SELECT title, status, complete, started_unix_ns, wall_ns,
             tasks, ok, failed, crashed, timed_out, cancelled, not_run FROM run",
            [],
            |row| {
                let number = |at: usize| {
                    Ok::<_, rusqlite::Error>(
                        row.get::<_, Option<i64>>(at)?.and_then(|n| u64::try_from(n).ok()),
                    )
                };
                let count =
                    |at: usize| number(at).map(|n| n.and_then(|n| u32::try_from(n).ok()).unwrap_or(0));
                Ok(Brief {
                    title: row.get(0)?,
                    status: row.get(1)?,
                    complete: row.get(2)?,
                    started_unix_ns: number(3)?,
                    wall_ns: number(4)?,
                    tally: Tally {
                        total: count(5)?,
                        ok: count(6)?,
                        failed: count(7)?,
                        crashed: count(8)?,
                        timed_out: count(9)?,
                        cancelled: count(10)?,
                        not_run: count(11)?,
                    },
                    lesson,
                    label,
                    is_recorded,
                })
            },
        )
        .and_then(|mut brief| {
            if brief.status == RUNNING {
                count_tasks(&conn, &mut brief.tally)?;
            }
            Ok(brief)
        })
    };
    read().map_err(|error| ReadError::Damaged { path: path.to_owned(), why: error.to_string() })
}

/// `None` also where it is no name of a lesson: whoever opens the run is told so.
fn read_lesson(conn: &Connection) -> rusqlite::Result<Option<LessonName>> {
    let text: Option<String> =
        conn.query_row("SELECT value FROM spec WHERE field = 'lesson'", [], |row| row.get(0)).optional()?;
    Ok(text.and_then(|text| text.parse().ok()))
}

pub(super) fn read_label(conn: &Connection) -> rusqlite::Result<Label> {
    conn.query_row("SELECT name, note, pinned FROM label", [], |row| {
        Ok(Label { name: row.get(0)?, note: row.get(1)?, pinned: row.get(2)? })
    })
}

/// Tasks that have ended so far, of a file that has no sum of them yet.
fn count_tasks(conn: &Connection, tally: &mut Tally) -> rusqlite::Result<()> {
    let rows: i64 = conn.query_row("SELECT ifnull(max(seq), 0) FROM task", [], |row| row.get(0))?;
    if rows > MAX_COUNTED {
        return Ok(());
    }
    let mut statement = conn.prepare("SELECT status, count(*) FROM task NOT INDEXED GROUP BY status")?;
    let mut rows = statement.query([])?;
    tally.not_run = tally.total;
    while let Some(row) = rows.next()? {
        let count = row.get(1)?;
        let Some(left) = tally.not_run.checked_sub(count) else { continue };
        let class = match row.get_ref(0)?.as_str()? {
            "ok" => &mut tally.ok,
            "failed" => &mut tally.failed,
            "crashed" => &mut tally.crashed,
            "timed_out" => &mut tally.timed_out,
            "cancelled" => &mut tally.cancelled,
            _ => continue,
        };
        *class = count;
        tally.not_run = left;
    }
    Ok(())
}

/// Writes what a person has to say about a run into its file. Of names and notes that are too long the rest is cut off.
pub fn set_label(path: &Path, label: &Label) -> Result<(), ReadError> {
    // It must be a run before anything is written to it.
    drop(open(path)?);
    let cut = |text: &str, chars: usize| text.chars().take(chars).collect::<String>();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
        .and_then(|conn| {
            harden(&conn)?;
            conn.pragma_update(None, "query_only", false)?;
            conn.execute(
                "INSERT OR REPLACE INTO label VALUES (1, ?, ?, ?)",
                params![cut(&label.name, MAX_NAME_CHARS), cut(&label.note, MAX_NOTE_CHARS), label.pinned],
            )?;
            // Closing moves what is in a log into the file, and takes the log away: a file that is not recorded any more
            // must not say that it has one. Somebody who reads it just now keeps it as it is.
            if !is_being_recorded(path) {
                let _busy = conn.pragma_update(None, "journal_mode", "delete");
            }
            Ok(())
        })
        .map_err(|error| ReadError::Io { path: path.to_owned(), source: std::io::Error::other(error) })
}
