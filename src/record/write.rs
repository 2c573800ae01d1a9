//! From what a run tells to rows of its file.

use std::collections::BTreeMap;

use rusqlite::{Connection, Statement, params};

use super::{
    rows::TOLD_IN,
    value::{outcome_to_sql, result_to_sql},
};
use crate::{
    event::{Ended, Event, Exit, RunInfo, WorkerSample},
    ids::{TaskId, WorkerId},
};

/// An attempt whose start was told and whose end was not.
pub(super) type Open = (WorkerId, TaskId, u32);

/// SQLite's integers end at half of ours, which is 292 years of nanoseconds.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
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

    /// Goes on after everything that is there, in a transaction of the caller's.
    pub(super) fn within(conn: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self { seq: last_seq(conn)?, in_transaction: true, ..Self::new(conn)? })
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
