use std::path::Path;

use super::*;
use crate::{
    event::{Event, Exit, Outcome, Status},
    spec::Backend,
    store::{Phase, RunStore, testing::*},
};

/// Records events without a thread.
fn record(path: &Path, events: &[Event]) -> RunStore {
    let spec = events
        .iter()
        .find_map(|event| match event {
            Event::RunStarted(info) => Some(info.spec.clone()),
            _ => None,
        })
        .unwrap_or_else(|| spec(Backend::Processes, 2, 4));
    let conn = file::create(path, &spec).unwrap();
    let mut writer = write::Writer::new(&conn).unwrap();
    for (at, event) in events.iter().enumerate() {
        writer.event(event).unwrap();
        if at % 7 == 0 {
            writer.commit().unwrap();
        }
    }
    writer.commit().unwrap();
    let open = writer.open();
    drop(writer);
    let store = store(events.iter().cloned());
    file::close(conn, &store, &open, None).unwrap();
    store
}

/// As an engine could tell them: of a valid spec, and of times that fit into a file.
fn sensible(events: Vec<Event>) -> Vec<Event> {
    let sensible = |event: Event| match event {
        Event::RunStarted(mut info) => {
            info.spec = crate::spec::Draft::from_spec(&info.spec).validate().unwrap();
            Event::RunStarted(info)
        }
        other => {
            let text = serde_json::to_string(&other).unwrap();
            serde_json::from_str(&text.replace(&u64::MAX.to_string(), &i64::MAX.to_string())).unwrap()
        }
    };
    events.into_iter().map(sensible).collect()
}

fn reopened(events: &[Event]) -> (RunStore, RunFile) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.pscope");
    let live = record(&path, events);
    (live, read(&path).unwrap())
}

#[test]
fn a_reopened_run_is_the_live_one_field_by_field() {
    for seed in 0..60 {
        let (live, file) = reopened(&sensible(random_run(seed)));
        assert_eq!(file.gap, None);
        assert_same(&live, &file.store, &format!("seed {seed}"));
    }
}

#[test]
fn so_is_one_whose_events_were_late_doubled_or_missing() {
    for seed in 0..60 {
        let (mut live, file) = reopened(&sensible(mangled(seed)));
        if live.phase.is_live() {
            let Phase::Ended(Status::Interrupted) = file.store.phase else { panic!("seed {seed}") };
            let reason = file.store.reason.as_deref().map(str::to_owned);
            live.apply(Event::RunEnded { t_ns: live.now_ns, status: Status::Interrupted, reason });
        }
        assert_same(&live, &file.store, &format!("seed {seed}"));
    }
}

#[test]
fn a_run_that_was_lost_is_lost_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.pscope");
    let events = [run_started(spec(Backend::Processes, 1, 2)), spawned(1, 0, 0), started(5, 0, 0, 0)];
    let mut live = store(events.iter().cloned());
    live.lost(9, Some(Exit::Signal(9)), "the engine died: SIGKILL".to_owned());
    let conn = file::create(&path, &spec(Backend::Processes, 1, 2)).unwrap();
    let mut writer = write::Writer::new(&conn).unwrap();
    for event in &events {
        writer.event(event).unwrap();
    }
    writer.lost(9, Some(Exit::Signal(9)), "the engine died: SIGKILL").unwrap();
    writer.commit().unwrap();
    let open = writer.open();
    drop(writer);
    file::close(conn, &live, &open, None).unwrap();
    assert_same(&live, &read(&path).unwrap().store, "lost");
    let conn = open::open(&path).unwrap().conn;
    let row = conn.query_row(
        "SELECT count(*), min(task), min(status), min(exit), min(end_ns) FROM task",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
    );
    assert_eq!(row, Ok((1, 0, "crashed".to_owned(), -9, 9)), "what the loss closed is in the table");
}

#[test]
fn a_file_that_was_never_closed_holds_everything_that_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.pscope");
    let conn = file::create(&path, &spec(Backend::Processes, 1, 9)).unwrap();
    let mut writer = write::Writer::new(&conn).unwrap();
    let told =
        [run_started(spec(Backend::Processes, 1, 9)), spawned(1, 0, 0), ok(5, 0, 0), started(6, 0, 1, 0)];
    for event in &told {
        writer.event(event).unwrap();
    }
    writer.commit().unwrap();
    writer.event(&ok(7, 0, 1)).unwrap();
    // As a reader finds it while it is written, and as it is left by a writer that is killed.
    let views = rusqlite::Connection::open(&path).unwrap();
    let row = views.query_row("SELECT status, tasks, ok, wall_s FROM run_view", [], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    });
    assert_eq!(row, Ok(("running".to_owned(), 9, 1, 5e-9)));
    let row =
        views.query_row("SELECT worker, tasks, attempts, restarts, busy_share FROM worker_view", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get::<_, f64>(4)? >= 0.0))
        });
    assert_eq!(row, Ok((0, 1, 1, 0, true)));
    let file = read(&path).unwrap();
    assert_eq!(file.store.phase, Phase::Ended(Status::Interrupted));
    assert_eq!((file.store.tally.ok, file.store.tally.not_run), (1, 7));
    let last = file.store.lanes[0].spans.last().unwrap();
    assert_eq!((last.task.0, &last.outcome), (1, &Outcome::Cancelled), "what ran then");
}

#[test]
fn what_is_no_run_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("empty"), "").unwrap();
    std::fs::write(path("text"), "hello, world\n".repeat(1000)).unwrap();
    rusqlite::Connection::open(path("other")).unwrap().execute_batch("CREATE TABLE run (x)").unwrap();
    std::fs::create_dir(path("folder")).unwrap();
    for (name, says) in [
        ("missing", "No such file"),
        ("empty", "it is empty"),
        ("text", "not a database"),
        ("other", "another program"),
        ("folder", "not a file"),
    ] {
        let error = read(&path(name)).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains(name), "{name}: {error}");
    }
}

#[test]
fn a_schema_that_is_not_ours_is_refused() {
    for (change, says) in [
        ("PRAGMA user_version = 99", "newer"),
        ("PRAGMA user_version = 0", "no format 0"),
        ("DROP TABLE log", "log"),
        ("DROP TABLE log; CREATE VIEW log AS SELECT 1", "log"),
        ("ALTER TABLE task ADD COLUMN evil ANY AS (zeroblob(1000000000))", "task"),
        ("UPDATE spec SET value = '-3' WHERE field = 'workers'", "workers"),
        ("INSERT INTO spec VALUES ('colour', 'red')", "colour"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.pscope");
        record(&path, &random_run(1));
        rusqlite::Connection::open(&path).unwrap().execute_batch(change).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains(says), "{change}: {error}");
    }
}

#[test]
fn rows_that_make_no_sense_are_left_out_and_told_of() {
    for (change, table) in [
        ("UPDATE task SET status = 'fine' WHERE seq = (SELECT max(seq) FROM task)", "task"),
        ("UPDATE task SET end_ns = -1 WHERE seq = (SELECT max(seq) FROM task)", "task"),
        ("UPDATE task SET worker = 1 << 40 WHERE seq = (SELECT max(seq) FROM task)", "task"),
        ("UPDATE event SET detail = '[' WHERE kind = 'run_ended'", "event"),
        ("UPDATE event SET kind = 'nonsense' WHERE kind = 'run_ended'", "event"),
        ("UPDATE event SET detail = '[]', kind = 'lost' WHERE kind = 'run_ended'", "event"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.pscope");
        let live = record(&path, &random_run(3));
        assert_eq!(rusqlite::Connection::open(&path).unwrap().execute(change, []).unwrap(), 1, "{change}");
        let file = read(&path).unwrap();
        assert!(file.gap.is_some_and(|gap| gap.contains(table)), "{change}");
        assert_eq!(file.store.tally.total, live.tally.total);
    }
}

#[test]
fn the_cover_tells_what_the_run_was_and_what_people_say_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.pscope");
    let live = record(&path, &sensible(random_run(5)));
    let before = brief(&path).unwrap();
    assert_eq!((before.tally, before.status.as_str(), before.complete), (live.tally, "finished", true));
    assert_eq!(before.wall_ns, Some(live.last_end_ns));
    assert_eq!(before.label, Label::default());
    let label = Label { name: "the \"good\" one".to_owned(), note: "a\nb".to_owned(), pinned: true };
    set_label(&path, &label).unwrap();
    assert_eq!(brief(&path).unwrap().label, label);
    assert_same(&live, &read(&path).unwrap().store, "labelled");
    assert!(set_label(&folder.path().join("none"), &label).is_err());
}

#[test]
fn a_lock_is_told_while_its_task_is_known_to_run() {
    let times = [6, 7, 8];
    let events = [
        run_started(spec(Backend::Processes, 1, 9)),
        spawned(1, 0, 0),
        ready(2, 0),
        started(5, 0, 0, 0),
        locked(0, 0, crate::event::LockKind::Shared, times),
        done(crate::event::Ended {
            start_ns: 5,
            enqueued_ns: 0,
            dispatched_ns: 5,
            ..ended(9, 0, 0, Outcome::Ok)
        }),
        finished(10),
    ];
    let (live, file) = reopened(&sensible(events.into()));
    let spans = |store: &RunStore| store.lanes[0].locks.of(crate::event::LockKind::Shared).len();
    assert_eq!((spans(&live), spans(&file.store)), (1, 1));
    assert_same(&live, &file.store, "with a lock");
}

/// Parts of a damaged file may stand for many texts at once.
#[test]
fn texts_are_no_longer_than_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.pscope");
    let log = |seq: u64| Event::Log {
        t_ns: seq,
        worker: None,
        level: crate::event::Level::Info,
        text: "x".repeat(100),
    };
    record(&path, &[run_started(spec(Backend::Processes, 1, 9)), log(1), log(2), log(3)]);
    let conn = open::open(&path).unwrap().conn;
    let table = rows::TOLD_IN.iter().find(|table| table.name == "log").unwrap();
    for (most_bytes, rows, fault) in [(300, 3, false), (299, 2, true), (0, 0, true)] {
        let mut statement = conn.prepare(table.query).unwrap();
        let mut source = rows::Source::new(table, &mut statement, most_bytes).unwrap();
        assert_eq!(std::iter::from_fn(|| source.take()).count(), rows);
        assert_eq!(source.fault.is_some(), fault, "{:?}", source.fault);
    }
}
