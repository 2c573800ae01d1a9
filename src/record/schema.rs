//! The run file's tables, as they stand in every file of this version. The comments are part of them: whoever asks an
//! SQLite tool for `.schema` reads what each column is.

/// `PSCP`, in `application_id`.
pub(super) const APPLICATION_ID: i32 = 0x5053_4350;

/// Of the tables below, in `user_version`. Raised whenever one of them changes; old ones are kept for reading.
pub(super) const VERSION: i32 = 1;

/// Name and definition of every table. A file is read only if its tables are these to the letter: then there is nothing
/// in them that could compute anything.
pub(super) const TABLES: [(&str, &str); 13] = [
    (
        "run",
        "CREATE TABLE run (
  -- One row. Times are nanoseconds since the run began, unless their names say otherwise.
  id INTEGER PRIMARY KEY CHECK (id = 1),
  title TEXT NOT NULL,              -- the spec in a line
  build TEXT NOT NULL,              -- the program that wrote this file
  status TEXT NOT NULL,             -- running (or cut off), finished, interrupted, failed, lost
  reason TEXT,                      -- why, where it is not finished
  complete INTEGER NOT NULL,        -- 1 once everything that the run told is in this file
  gap TEXT,                         -- what went wrong with the recording, if anything did
  started_unix_ns INTEGER,          -- wall clock when the run began
  origin_ns INTEGER,                -- CLOCK_MONOTONIC at that moment
  engine_pid INTEGER,
  telemetry TEXT,                   -- off, basic, full
  telemetry_cost_ns INTEGER,        -- what measuring one task costs there
  ready_ns INTEGER,                 -- when every worker was ready
  wall_ns INTEGER,                  -- end of the last task
  tasks INTEGER, ok INTEGER, failed INTEGER, crashed INTEGER,
  timed_out INTEGER, cancelled INTEGER, not_run INTEGER,
  checksum TEXT                     -- of all results by index, 16 hexadecimal digits
) STRICT",
    ),
    (
        "label",
        "CREATE TABLE label (
  -- What people wrote about this run.
  id INTEGER PRIMARY KEY CHECK (id = 1),
  name TEXT NOT NULL,               -- empty: the title will do
  note TEXT NOT NULL,
  pinned INTEGER NOT NULL           -- 1: never removed to save room
) STRICT",
    ),
    (
        "host",
        "CREATE TABLE host (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  os TEXT NOT NULL, kernel TEXT NOT NULL, cpu TEXT NOT NULL,
  cores INTEGER NOT NULL,           -- logical CPUs that are online
  usable_cores REAL NOT NULL,       -- the smaller of affinity and quota
  memory_bytes INTEGER NOT NULL,
  affinity INTEGER NOT NULL,        -- CPUs in the affinity mask
  cgroup_quota REAL                 -- cores, where there is a quota
) STRICT",
    ),
    (
        "spec",
        "CREATE TABLE spec (
  -- The fields of `poolscope run`; a workload's parameters are called param.NAME.
  field TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID",
    ),
    (
        "worker",
        "CREATE TABLE worker (
  -- A row for each place in the pool, written when the run has ended.
  worker INTEGER PRIMARY KEY,
  pid INTEGER NOT NULL, tid INTEGER NOT NULL,   -- of the last that filled it
  tasks INTEGER NOT NULL,           -- that ended ok here
  attempts INTEGER NOT NULL,
  restarts INTEGER NOT NULL,
  cpu_ns INTEGER NOT NULL,
  max_rss_bytes INTEGER NOT NULL,
  max_pss_bytes INTEGER,
  exit INTEGER                      -- exit code, or minus the signal
) STRICT",
    ),
    (
        "task",
        "CREATE TABLE task (
  -- A row for each task that has ended for good. `seq` is the order in which the engine told, across all tables.
  seq INTEGER PRIMARY KEY,
  task INTEGER NOT NULL,
  attempt INTEGER NOT NULL,         -- 0 for the first
  worker INTEGER NOT NULL,
  status TEXT NOT NULL,             -- ok, failed, crashed, timed_out, cancelled
  exit INTEGER,                     -- crashed: exit code, or minus the signal
  message TEXT,                     -- failed: why
  enqueued_ns INTEGER NOT NULL,     -- entered the queue
  dispatched_ns INTEGER NOT NULL,   -- left it for this worker
  start_ns INTEGER NOT NULL,
  end_ns INTEGER NOT NULL,
  received_ns INTEGER NOT NULL,     -- the engine took in the result
  cpu_ns INTEGER,                   -- NULL here and below: not measured at this telemetry level
  core_wait_ns INTEGER,             -- ready to run, without a core
  voluntary_switches INTEGER, involuntary_switches INTEGER,
  minor_faults INTEGER, major_faults INTEGER,
  first_core INTEGER, last_core INTEGER,
  bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL,
  result ANY                        -- number; text: a hash, or how many bytes were moved; blob: a row of shades
) STRICT",
    ),
    (
        "earlier_attempt",
        "CREATE TABLE earlier_attempt (
  -- As task, for attempts after which the task was tried again.
  seq INTEGER PRIMARY KEY,
  task INTEGER NOT NULL, attempt INTEGER NOT NULL, worker INTEGER NOT NULL,
  status TEXT NOT NULL, exit INTEGER, message TEXT,
  enqueued_ns INTEGER NOT NULL, dispatched_ns INTEGER NOT NULL,
  start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, received_ns INTEGER NOT NULL,
  cpu_ns INTEGER, core_wait_ns INTEGER, voluntary_switches INTEGER, involuntary_switches INTEGER,
  minor_faults INTEGER, major_faults INTEGER, first_core INTEGER, last_core INTEGER,
  bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL, result ANY
) STRICT",
    ),
    (
        "core_sample",
        "CREATE TABLE core_sample (
  -- Shares, 0 to 1, of the interval that ends at t_ns.
  seq INTEGER NOT NULL, core INTEGER NOT NULL,
  t_ns INTEGER NOT NULL,
  user REAL NOT NULL, system REAL NOT NULL, iowait REAL NOT NULL, steal REAL NOT NULL,
  PRIMARY KEY (seq, core)
) STRICT, WITHOUT ROWID",
    ),
    (
        "worker_sample",
        "CREATE TABLE worker_sample (
  seq INTEGER PRIMARY KEY,
  t_ns INTEGER NOT NULL,
  worker INTEGER,                   -- NULL: the engine itself
  cpu REAL NOT NULL,                -- cores in use since the sample before
  cpu_ns INTEGER NOT NULL,          -- since its start
  rss_bytes INTEGER NOT NULL, pss_bytes INTEGER,
  state TEXT NOT NULL,              -- R, S, D, T, Z as in /proc
  core INTEGER,
  voluntary_switches INTEGER NOT NULL, involuntary_switches INTEGER NOT NULL
) STRICT",
    ),
    (
        "queue_sample",
        "CREATE TABLE queue_sample (
  seq INTEGER PRIMARY KEY,
  t_ns INTEGER NOT NULL,
  queued INTEGER NOT NULL,          -- tasks that wait
  in_flight INTEGER NOT NULL,       -- handed to workers and not ended
  done INTEGER NOT NULL             -- ended for good
) STRICT",
    ),
    (
        "lock_span",
        "CREATE TABLE lock_span (
  -- A worker waited for a lock from asked_ns to got_ns, and held it to released_ns.
  seq INTEGER PRIMARY KEY,
  worker INTEGER NOT NULL, task INTEGER NOT NULL,
  lock TEXT NOT NULL,               -- gil (simulated), shared
  asked_ns INTEGER NOT NULL, got_ns INTEGER NOT NULL, released_ns INTEGER NOT NULL
) STRICT",
    ),
    (
        "log",
        "CREATE TABLE log (
  -- What tasks, workers and the engine wrote. What happened to them is in `event`.
  seq INTEGER PRIMARY KEY,
  t_ns INTEGER NOT NULL,
  worker INTEGER,                   -- NULL: the engine
  level TEXT NOT NULL,              -- DEBUG, INFO, WARNING, ERROR
  text TEXT NOT NULL
) STRICT",
    ),
    (
        "event",
        "CREATE TABLE event (
  -- Everything else: workers spawned, ready and exited, pauses, resizes, the end.
  seq INTEGER PRIMARY KEY,
  t_ns INTEGER NOT NULL,
  kind TEXT NOT NULL,
  worker INTEGER,
  detail TEXT NOT NULL              -- JSON
) STRICT",
    ),
];

/// For people alone: nothing here reads them.
pub(super) const VIEWS: &str = "
CREATE VIEW attempt AS
  SELECT *, 1 AS last FROM task UNION ALL SELECT *, 0 AS last FROM earlier_attempt;
CREATE VIEW task_view AS
  SELECT task, attempt, worker, status,
    start_ns, end_ns,
    end_ns - start_ns AS run_ns,
    dispatched_ns - enqueued_ns AS queue_wait_ns,
    start_ns - dispatched_ns AS hand_out_ns,
    received_ns - end_ns AS transfer_ns,
    received_ns - enqueued_ns AS round_trip_ns,
    cpu_ns AS on_cpu_ns,
    core_wait_ns AS waiting_for_core_ns,
    max(end_ns - start_ns - cpu_ns - ifnull(core_wait_ns, 0), 0) AS blocked_ns,
    first_core, last_core, bytes_in, bytes_out, result
  FROM task;
CREATE VIEW worker_view AS
  -- Of a run whose end was never written, what its other tables know.
  WITH known AS (
    SELECT * FROM worker
    UNION ALL
    SELECT worker, json_extract(detail, '$.pid'), json_extract(detail, '$.tid'),
      NULL, NULL, json_extract(detail, '$.restart'), NULL,
      (SELECT max(rss_bytes) FROM worker_sample WHERE worker_sample.worker = event.worker),
      (SELECT max(pss_bytes) FROM worker_sample WHERE worker_sample.worker = event.worker),
      NULL
    FROM event
    WHERE NOT EXISTS (SELECT 1 FROM worker)
      AND seq IN (SELECT max(seq) FROM event WHERE kind = 'worker_spawned' GROUP BY worker)
  ), wall AS (
    SELECT ifnull(wall_ns, (SELECT max(end_ns) FROM attempt)) AS wall_ns FROM run
  )
  SELECT worker, pid, tid,
    ifnull(known.tasks, count(nullif(status = 'ok', 0))) AS tasks,
    ifnull(known.attempts, count(attempt.task)) AS attempts,
    restarts,
    ifnull(known.cpu_ns, ifnull(sum(attempt.cpu_ns), 0)) AS cpu_ns,
    max_rss_bytes, max_pss_bytes, known.exit AS exit,
    sum(end_ns - start_ns) AS busy_ns,
    1.0 * sum(end_ns - start_ns) / (SELECT wall_ns FROM wall) AS busy_share
  FROM known LEFT JOIN attempt USING (worker) GROUP BY worker;
CREATE VIEW run_view AS
  SELECT *, ok / wall_s AS tasks_per_s FROM (
    SELECT strftime('%Y-%m-%dT%H:%M:%fZ', started_unix_ns / 1e9, 'unixepoch') AS started,
      title, status,
      ifnull(wall_ns, (SELECT max(end_ns) FROM attempt)) / 1e9 AS wall_s, tasks,
      ifnull(ok, (SELECT count(*) FROM task WHERE status = 'ok')) AS ok
    FROM run
  );
";
