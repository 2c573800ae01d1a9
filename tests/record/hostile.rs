//! Files that somebody has made on purpose: whatever stands in them is shown or refused, and nothing of it is executed.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use poolscope::{
    analysis::{Observer, RunReport},
    record::{self, RunFile},
    spec::MAX_WORKERS,
};

use crate::{
    support::{folder, path, run},
    tools::{open, record},
};

const LIMIT: Duration = Duration::from_secs(10);
const PLAIN: &str = "--workers 2 --workload lock --size 100000 --tasks 20 --fault panic@4 --retries 1";

struct Bench {
    folder: tempfile::TempDir,
    sound: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let folder = folder();
        let file = path(&folder, "sound.pscope");
        record(PLAIN, &file);
        let sound = fs::read(&file).expect("it is there");
        Self { folder, sound }
    }

    /// The sound file after these statements, executed with all rights.
    fn changed(&self, statements: &str) -> PathBuf {
        let file = path(&self.folder, "a.pscope");
        fs::write(&file, &self.sound).expect("it is written");
        let conn = open(&file);
        conn.execute_batch(statements).unwrap_or_else(|error| panic!("{statements}: {error}"));
        file
    }

    fn opened(&self, statements: &str) -> Result<RunFile, String> {
        let file = self.changed(statements);
        let began = Instant::now();
        let found = record::read(&file).map_err(|error| error.to_string());
        let _whatever_it_says = record::brief(&file);
        assert!(began.elapsed() < LIMIT, "{statements}: {:?}", began.elapsed());
        if let Ok(found) = &found {
            let report = RunReport::new(&found.store, Observer::default());
            serde_json::to_string(&report).expect("it can be told");
            report.summary_lines();
            assert!(found.store.lanes.len() <= MAX_WORKERS as usize, "{statements}");
        }
        found
    }
}

/// Statement, and what the gap says; nothing where all of it is taken as it is.
#[test]
fn texts_are_texts() {
    let bench = Bench::new();
    for (statement, gap) in [
        (
            "INSERT INTO log VALUES (9000, 5, 0, 'ERROR', char(27) || '[2J' || char(7, 0, 8, 13, 10, 8238) || 'x')",
            None,
        ),
        ("INSERT INTO log VALUES (9000, 5, 0, 'ERROR', replace(hex(zeroblob(500000)), '0', 'x'))", None),
        ("INSERT INTO log VALUES (9000, 5, 0, 'ERROR', CAST(x'ff' AS TEXT))", Some("log")),
        ("INSERT INTO log VALUES (9000, 5, 0, CAST(x'ff00' AS TEXT), 'x')", Some("log")),
        (
            "INSERT INTO log VALUES (9000, 5, 0, 'ERROR', replace(hex(zeroblob(3000000)), '0', 'x'))",
            Some("log"),
        ),
        ("UPDATE task SET status = 'failed', message = char(27) || '[31m' || char(10) WHERE task = 2", None),
        ("UPDATE task SET status = 'failed', message = CAST(x'c0af' AS TEXT) WHERE task = 2", Some("task")),
        ("UPDATE event SET detail = CAST(x'ff' AS TEXT) WHERE kind = 'pool_ready'", Some("event")),
        (
            "UPDATE event SET detail = replace(hex(zeroblob(200000)), '0', '[') WHERE kind = 'pool_ready'",
            Some("event"),
        ),
        ("UPDATE task SET result = replace(hex(zeroblob(400000)), '0', 'é') WHERE task = 2", Some("task")),
    ] {
        let found = bench.opened(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        match gap {
            None => assert_eq!(found.gap, None, "{statement}"),
            Some(table) => assert!(found.gap.is_some_and(|gap| gap.contains(table)), "{statement}"),
        }
    }
}

#[test]
fn a_terminal_is_told_nothing_that_it_would_obey() {
    let bench = Bench::new();
    let file = bench.changed(
        "UPDATE task SET status = 'failed', message = char(27) || '[2J' || char(7) || char(8238);
         UPDATE run SET gap = char(27) || '[2J';
         UPDATE host SET cpu = char(27) || ']0;title' || char(7), os = char(13);
         UPDATE event SET detail = replace(detail, 'null}', '\"' || '\\u001b[2J' || '\"}'), kind = kind WHERE kind = 'run_ended'",
    );
    let file = file.to_str().expect("UTF-8");
    let turns = |c: char| c == '\u{202e}';
    // In JSON what turns the order of letters is text as any other.
    for (args, may_turn) in [(vec!["show", file], false), (vec!["show", "--json", file], true)] {
        let (code, stdout, stderr) = run(&args);
        assert_eq!(code, 0, "{stderr}");
        for c in stdout.chars().chain(stderr.chars()) {
            assert!(
                (!c.is_control() || c == '\n') && (may_turn || !turns(c)),
                "{args:?}: {stdout:?} {stderr:?}"
            );
        }
    }
}

#[test]
fn numbers_are_bounded() {
    let bench = Bench::new();
    let times = "enqueued_ns dispatched_ns start_ns end_ns received_ns cpu_ns core_wait_ns";
    let counts = "task attempt worker exit voluntary_switches minor_faults first_core bytes_in bytes_out";
    for table in ["task", "earlier_attempt"] {
        for column in times.split(' ').chain(counts.split(' ')) {
            for value in ["9223372036854775807", "-1", "-9223372036854775808", "4294967296", "1000000"] {
                let statement = format!("UPDATE {table} SET {column} = {value}");
                bench.opened(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
            }
        }
    }
    for statement in [
        "UPDATE task SET start_ns = 0, end_ns = 9223372036854775807, received_ns = 9223372036854775807, cpu_ns = 9223372036854775807",
        "UPDATE task SET start_ns = 9223372036854775806, end_ns = 3",
        "UPDATE lock_span SET asked_ns = 0, got_ns = 9223372036854775807, released_ns = 9223372036854775807",
        "UPDATE lock_span SET asked_ns = 9223372036854775807, got_ns = 0, released_ns = -5",
        "UPDATE queue_sample SET queued = 4294967295, in_flight = 4294967295, done = 4294967295",
        "UPDATE queue_sample SET t_ns = 9223372036854775807",
        "UPDATE worker_sample SET rss_bytes = 9223372036854775807, cpu_ns = 9223372036854775807, cpu = 9e999",
        "UPDATE worker_sample SET voluntary_switches = 9223372036854775807, pss_bytes = 9223372036854775807, cpu = 1e300",
        "UPDATE core_sample SET user = -9e999, system = 1e308, t_ns = 9223372036854775807",
        "UPDATE run SET started_unix_ns = 9223372036854775807, origin_ns = -9223372036854775808, wall_ns = -1",
        "UPDATE host SET usable_cores = 9e999, memory_bytes = -1, cgroup_quota = -9e999",
        "UPDATE event SET detail = '{\"t_ns\":18446744073709551615,\"worker\":4294967295,\"pid\":4294967295,\"tid\":0,\"restart\":4294967295}' \
         WHERE kind = 'worker_spawned'",
        "UPDATE event SET detail = '{\"t_ns\":18446744073709551615}' WHERE kind = 'pool_ready'",
        "INSERT INTO event SELECT 100000 + value, value, 'resized', NULL, '{\"t_ns\":1,\"workers\":1000000}' FROM \
         (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 1000) SELECT value FROM n)",
        // Workers up to a million.
        "INSERT INTO event SELECT 100000 + value, value, 'worker_spawned', value * 10, \
         '{\"t_ns\":1,\"worker\":' || value * 10 || ',\"pid\":1,\"tid\":1,\"restart\":0}' FROM \
         (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 100000) SELECT value FROM n)",
        "UPDATE task SET seq = seq + 9223372036854770000",
        "UPDATE task SET seq = -seq",
    ] {
        bench.opened(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

#[test]
fn specs_that_cannot_be_are_refused() {
    let bench = Bench::new();
    for (field, value) in [
        ("workers", "1000000"),
        ("workers", "-1"),
        ("tasks", "1000000000"),
        ("tasks", "999999999999999999999999"),
        ("retries", "1e9"),
        ("timeout", "nan"),
        ("workload", "command"),
        ("fault", "segfault@0 || rm"),
        ("backend", ""),
    ] {
        let error = bench
            .opened(&format!("INSERT OR REPLACE INTO spec VALUES ('{field}', '{value}')"))
            .expect_err("no such run");
        assert!(error.contains(field), "{error}");
    }
    let fields = "INSERT INTO spec SELECT 'param.x' || value, 'y' FROM \
                  (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 100000) SELECT value FROM n)";
    assert!(bench.opened(fields).is_err());
    assert!(bench.opened("DELETE FROM spec").is_ok_and(|found| found.store.tally.total > 0));
    assert!(bench.opened("DELETE FROM run").is_err());
    assert!(bench.opened("DELETE FROM host").is_ok());
    assert!(bench.opened("DELETE FROM label").is_ok());
}

/// What stands in a schema is code. Of a run's own tables it is known to the letter, the rest is not looked at.
#[test]
fn definitions_are_not_executed() {
    let bench = Bench::new();
    // Takes for ever, and is harmless to SQLite's own eyes.
    let endless = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n)";
    let slow = "(hex(zeroblob(400000)) GLOB '*0*0*0*0*0*0*0*0*0*1')";
    let opens = [
        format!("CREATE VIEW more AS SELECT {endless}"),
        format!("CREATE TRIGGER evil AFTER INSERT ON log BEGIN SELECT {endless}; END"),
        "CREATE INDEX by_worker ON task (worker, task)".to_owned(),
        "CREATE INDEX some ON task (worker) WHERE status = 'failed'".to_owned(),
        "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)".to_owned(),
        format!(
            "PRAGMA ignore_check_constraints = 1; CREATE TABLE mine (x CHECK ({slow})); INSERT INTO mine VALUES (1), (2)"
        ),
        format!("CREATE TABLE mine (x, y AS ({slow}) NOT NULL); PRAGMA ignore_check_constraints = 1"),
        "ANALYZE".to_owned(),
        "DROP VIEW attempt; CREATE VIEW attempt AS SELECT load_extension('x')".to_owned(),
    ];
    for statement in opens {
        let found = bench.opened(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        assert_eq!(found.store.tally.total, 20, "{statement}");
    }
    let definition = |table: &str| {
        let conn = open(&bench.changed(""));
        conn.query_row("SELECT sql FROM sqlite_schema WHERE name = ?", [table], |row| row.get::<_, String>(0))
            .expect("a definition")
    };
    let refused = [
        format!("DROP TABLE log; CREATE VIEW log AS SELECT {endless} AS seq"),
        format!("DROP TABLE event; {}", definition("event").replace(" STRICT", "STRICT, WITHOUT ROWID")),
        format!("DROP TABLE event; {}", definition("event").replace(" STRICT", "")),
        format!("DROP TABLE event; {}", definition("event").replace("detail TEXT NOT NULL", "detail TEXT")),
        "DROP TABLE core_sample; CREATE TABLE core_sample (seq, core, t_ns, user, system, iowait, steal)"
            .to_owned(),
        "ALTER TABLE task RENAME TO task2".to_owned(),
        "ALTER TABLE log ADD COLUMN more ANY".to_owned(),
        "DROP TABLE queue_sample".to_owned(),
    ];
    for statement in refused {
        let error = bench.opened(&statement).expect_err(&statement);
        assert!(error.contains("its table"), "{statement}: {error}");
    }
    // Two tables that share their pages, and one whose definition says what it is not.
    for statement in [
        "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'task') WHERE name = 'log'",
        "UPDATE sqlite_schema SET rootpage = 1 WHERE name = 'event'",
        "UPDATE sqlite_schema SET rootpage = 1000000 WHERE name = 'event'",
        "UPDATE sqlite_schema SET type = 'view' WHERE name = 'event'",
        "UPDATE sqlite_schema SET name = 'tusk', tbl_name = 'tusk' WHERE name = 'task'",
        "INSERT INTO sqlite_schema SELECT * FROM sqlite_schema WHERE name = 'task'",
        "UPDATE sqlite_schema SET sql = replace(sql, 'seq', 'sqe') WHERE name = 'attempt'",
    ] {
        let told = bench.opened(&format!("PRAGMA writable_schema = 1; {statement}"));
        if let Ok(found) = told {
            let harmless = statement.contains("'attempt'");
            assert_eq!(found.gap.is_none(), harmless, "{statement}: {:?}", found.gap);
        }
    }
}
