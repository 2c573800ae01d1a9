//! From what a run tells to rows of its file.

use std::{collections::BTreeMap, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, Statement, params};

use super::{
    read::{beside, plain},
    rows::TOLD_IN,
    schema::{APPLICATION_ID, TABLES, VERSION, VIEWS},
    value::{exit_to_sql, outcome_to_sql, result_to_sql},
};
use crate::{
    event::{Ended, Event, Exit, RunInfo, WorkerSample},
    ids::{TaskId, WorkerId},
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
    if gap.is_none() {
        tell_unreported_ends(conn, store, open)?;
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

/// An attempt whose start was told and whose end was not.
pub(super) type Open = (WorkerId, TaskId, u32);

/// What still ran when the run ended or was lost has no end that anybody told, but the run's end says what became of it.
/// For people who ask the tables: these rows come after the end, where no reader takes them in.
fn tell_unreported_ends(conn: &Connection, store: &RunStore, open: &[Open]) -> rusqlite::Result<()> {
    let mut writer = Writer::new(conn)?;
    writer.in_transaction = true;
    writer.seq = last_seq(conn)?;
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

/// The last place in the order that is taken.
fn last_seq(conn: &Connection) -> rusqlite::Result<i64> {
    let mut last = 0;
    for table in TOLD_IN {
        let query = format!("SELECT ifnull(max(seq), 0) FROM {}", table.name);
        last = last.max(conn.query_row(&query, [], |row| row.get(0))?);
    }
    Ok(last)
}

/// SQLite's integers end at half of ours, which is 292 years of nanoseconds.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Everything that happens during a run, row by row, in transactions that [`Writer::commit`] ends.
pub(super) struct Writer<'c> {
    conn: &'c Connection,
    /// Of the last row.
    seq: i64,
    in_transaction: bool,
    /// Starts whose ends are not told, with their place in the order; `true` once they are written. Most need not be: an
    /// end tells the whole story.
    open: BTreeMap<WorkerId, (i64, Event, bool)>,
    task: Statement<'c>,
    earlier_attempt: Statement<'c>,
    core: Statement<'c>,
    sample: Statement<'c>,
    queue: Statement<'c>,
    lock: Statement<'c>,
    log: Statement<'c>,
    event: Statement<'c>,
}

impl<'c> Writer<'c> {
    pub(super) fn new(conn: &'c Connection) -> rusqlite::Result<Self> {
        let insert = |table: &str, columns: usize| {
            conn.prepare(&format!("INSERT INTO {table} VALUES (?{})", ", ?".repeat(columns - 1)))
        };
        Ok(Self {
            conn,
            seq: 0,
            in_transaction: false,
            open: BTreeMap::new(),
            task: insert("task", 23)?,
            earlier_attempt: insert("earlier_attempt", 23)?,
            core: insert("core_sample", 7)?,
            sample: insert("worker_sample", 11)?,
            queue: insert("queue_sample", 5)?,
            lock: insert("lock_span", 7)?,
            log: insert("log", 5)?,
            event: insert("event", 5)?,
        })
    }

    fn next_seq(&mut self) -> rusqlite::Result<i64> {
        if !self.in_transaction {
            self.conn.execute_batch("BEGIN")?;
            self.in_transaction = true;
        }
        self.seq += 1;
        Ok(self.seq)
    }

    /// Makes sure that everything told so far outlives this process.
    pub(super) fn commit(&mut self) -> rusqlite::Result<()> {
        self.write_starts()?;
        if std::mem::take(&mut self.in_transaction) {
            self.conn.execute_batch("COMMIT")?;
        }
        Ok(())
    }

    /// Attempts that run on.
    pub(super) fn open(&self) -> Vec<Open> {
        let starts = self.open.iter().filter_map(|(worker, (_, event, _))| match event {
            Event::Started { task, attempt, .. } => Some((*worker, *task, *attempt)),
            _ => None,
        });
        starts.collect()
    }

    /// Tells of attempts that run on.
    fn write_starts(&mut self) -> rusqlite::Result<()> {
        let mut open = std::mem::take(&mut self.open);
        for (seq, started, written) in open.values_mut().filter(|(_, _, written)| !written) {
            self.other(*seq, started)?;
            *written = true;
        }
        self.open = open;
        Ok(())
    }

    pub(super) fn event(&mut self, event: &Event) -> rusqlite::Result<()> {
        let seq = self.next_seq()?;
        match event {
            Event::Ended(ended) => self.ended(seq, ended)?,
            Event::Started { worker, .. } => {
                if self.open.contains_key(worker) {
                    self.write_starts()?;
                }
                self.open.insert(*worker, (seq, event.clone(), false));
            }
            Event::Cores { t_ns, loads } => {
                for (core, load) in (0_u32..).zip(loads) {
                    let [user, system, iowait, steal] =
                        [load.user, load.system, load.iowait, load.steal].map(f64::from);
                    self.core.execute(params![seq, core, int(*t_ns), user, system, iowait, steal])?;
                }
            }
            Event::Worker { t_ns, worker, sample } => self.sample(seq, *t_ns, Some(*worker), sample)?,
            Event::Engine { t_ns, sample } => self.sample(seq, *t_ns, None, sample)?,
            Event::Queue { t_ns, queued, in_flight, done } => {
                self.queue.execute(params![seq, int(*t_ns), queued, in_flight, done])?;
            }
            Event::Lock { worker, task, lock, asked_ns, got_ns, released_ns } => {
                // It lies inside its task, which must be known for that.
                if self.open.contains_key(worker) {
                    self.write_starts()?;
                }
                let times = [asked_ns, got_ns, released_ns].map(|t_ns| int(*t_ns));
                let name = lock_name(*lock);
                self.lock.execute(params![seq, worker.0, task.0, name, times[0], times[1], times[2]])?;
            }
            Event::Log { t_ns, worker, level, text } => {
                let worker = worker.map(|worker| worker.0);
                self.log.execute(params![seq, int(*t_ns), worker, level.to_string(), text])?;
            }
            Event::RunStarted(info) => {
                self.run_started(info)?;
                self.event.execute(params![seq, 0, RUN_STARTED, None::<u32>, "{}"])?;
            }
            _ => {
                // What becomes of workers and pools is told against the background of what they run.
                self.write_starts()?;
                self.other(seq, event)?;
            }
        }
        Ok(())
    }

    /// The engine ended without a word.
    pub(super) fn lost(&mut self, t_ns: u64, exit: Option<Exit>, reason: &str) -> rusqlite::Result<()> {
        let seq = self.next_seq()?;
        self.write_starts()?;
        let detail = serde_json::json!({ "exit": exit, "reason": reason }).to_string();
        self.event.execute(params![seq, int(t_ns), LOST, None::<u32>, detail])?;
        Ok(())
    }

    fn run_started(&mut self, info: &RunInfo) -> rusqlite::Result<()> {
        self.conn.execute(
            "UPDATE run SET started_unix_ns = ?, origin_ns = ?, engine_pid = ?, telemetry = ?, telemetry_cost_ns = ?
             WHERE started_unix_ns IS NULL",
            params![
                int(info.clock.unix_ns),
                int(info.clock.origin_ns),
                info.engine_pid,
                info.telemetry.to_string(),
                info.telemetry_cost_ns.map(int),
            ],
        )?;
        let host = &info.host;
        self.conn.execute(
            "INSERT OR IGNORE INTO host VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                host.os,
                host.kernel,
                host.cpu,
                host.cores,
                host.usable_cores,
                int(host.memory_bytes),
                host.affinity,
                host.cgroup_quota,
            ],
        )?;
        Ok(())
    }

    /// A start need not be told where its end says the same.
    fn settle_start(&mut self, ended: &Ended) -> rusqlite::Result<()> {
        let Some((_, Event::Started { t_ns, task, attempt, enqueued_ns, dispatched_ns, .. }, written)) =
            self.open.get(&ended.worker)
        else {
            return Ok(());
        };
        let is_its = (*task, *attempt) == (ended.task, ended.attempt);
        let says_the_same = (*t_ns, *enqueued_ns, *dispatched_ns)
            == (ended.start_ns, ended.enqueued_ns, ended.dispatched_ns)
            && ended.dispatched_ns <= ended.start_ns
            && ended.enqueued_ns <= ended.dispatched_ns
            && ended.start_ns <= ended.t_ns;
        let is_to_tell = !written && (!is_its || !says_the_same);
        if is_to_tell {
            self.write_starts()?;
        }
        if is_its {
            self.open.remove(&ended.worker);
        }
        Ok(())
    }

    fn ended(&mut self, seq: i64, ended: &Ended) -> rusqlite::Result<()> {
        self.settle_start(ended)?;
        let (status, exit, message) = outcome_to_sql(&ended.outcome);
        let usage = &ended.usage;
        let table = if ended.last { &mut self.task } else { &mut self.earlier_attempt };
        table.execute(params![
            seq,
            ended.task.0,
            ended.attempt,
            ended.worker.0,
            status,
            exit,
            message,
            int(ended.enqueued_ns),
            int(ended.dispatched_ns),
            int(ended.start_ns),
            int(ended.t_ns),
            int(ended.received_ns),
            usage.cpu_ns.map(int),
            usage.core_wait_ns.map(int),
            usage.voluntary_switches,
            usage.involuntary_switches,
            usage.minor_faults,
            usage.major_faults,
            usage.first_core.map(|core| core.0),
            usage.last_core.map(|core| core.0),
            usage.bytes_in,
            usage.bytes_out,
            result_to_sql(&ended.value),
        ])?;
        Ok(())
    }

    fn sample(
        &mut self,
        seq: i64,
        t_ns: u64,
        worker: Option<WorkerId>,
        sample: &WorkerSample,
    ) -> rusqlite::Result<()> {
        self.sample.execute(params![
            seq,
            int(t_ns),
            worker.map(|worker| worker.0),
            f64::from(sample.cpu),
            int(sample.cpu_ns),
            int(sample.rss_bytes),
            sample.pss_bytes.map(int),
            sample.state.to_string(),
            sample.core.map(|core| core.0),
            int(sample.voluntary_switches),
            int(sample.involuntary_switches),
        ])?;
        Ok(())
    }

    /// What has no table of its own, as the JSON that an engine could have told it in.
    fn other(&mut self, seq: i64, event: &Event) -> rusqlite::Result<()> {
        let json = serde_json::to_value(event).unwrap_or_default();
        let (kind, detail) = match json.as_object().and_then(|object| object.iter().next()) {
            Some((kind, detail)) => (kind.as_str(), detail),
            // Every event is an object with its kind as the only key.
            None => return Ok(()),
        };
        let worker = detail.get("worker").and_then(serde_json::Value::as_u64);
        let t_ns = int(event.t_ns().unwrap_or(0));
        self.event.execute(params![seq, t_ns, kind, worker.map(int), detail.to_string()])?;
        Ok(())
    }
}

/// Kinds of rows in `event` that stand for more than an event, or for none.
pub(super) const RUN_STARTED: &str = "run_started";
pub(super) const LOST: &str = "lost";

pub(super) fn lock_name(lock: crate::event::LockKind) -> &'static str {
    match lock {
        crate::event::LockKind::Gil => "gil",
        crate::event::LockKind::Shared => "shared",
    }
}
