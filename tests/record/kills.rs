//! What is in the file when a run, its engine or its session ends before its time.

use std::{collections::BTreeSet, path::Path, time::Duration};

use poolscope::record;
use rustix::time::{ClockId, clock_gettime};

use crate::{
    support::{self, DEADLINE, Program, assert_nothing_left, folder, path, processes, signal, until},
    tools::{finish, look, names, number, open, python, show, start, without_self},
};

fn engine(mark: &str) -> u32 {
    until("there is an engine", DEADLINE, || processes(mark, Some("engine")).first().copied())
}

fn monotonic_ns() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// Waits until the run has begun, and gives the reading of its clock at 0.
fn origin_ns(file: &Path) -> i64 {
    until("the run begins", DEADLINE, || look(file, "SELECT origin_ns FROM run"))
}

/// Tasks follow one another without a gap at every worker, so that the last one in the file tells how far it reaches.
/// Half a second is the promise; a machine that is busy with other things may let the recorder wait for a core, so that
/// it must hold for most of the files, and a wide bound for all.
#[test]
fn a_killed_session_leaves_all_but_the_last_moments() {
    let mut behind_ms = Vec::new();
    for round in 0..10_u64 {
        let folder = folder();
        let file = path(&folder, "a.pscope");
        let size_ns = 1_000_000 + round * 2_000_000;
        let flags =
            format!("--workers 2 --workload sleep --size {size_ns} --tasks 100000 --chunk 1 --prefetch 1");
        let Program { mut child, mark } = start(&flags, &file);
        let origin_ns = origin_ns(&file);
        // Spread over the time between two commits, and over several of them.
        std::thread::sleep(Duration::from_millis(20 + round * 173 % 1300));
        child.kill().expect("killed");
        let killed_ns = monotonic_ns() - origin_ns;
        child.wait().expect("reaped");
        assert_nothing_left(&mark);
        let (run, complaint) = show(&file);
        assert_eq!(run["status"], "interrupted", "{flags}");
        assert!(complaint.is_empty(), "{complaint}");
        assert!(run["reason"].as_str().is_some_and(|why| why.contains("the record ends here")), "{run}");
        let told = record::read(&file).expect("it opens").store;
        let mut ended: Vec<(u64, u32)> = told
            .spans()
            .filter(|(_, span)| span.outcome == poolscope::event::Outcome::Ok)
            .map(|(_, span)| (span.received_ns, span.task.0))
            .collect();
        ended.sort_unstable();
        // They are handed out in order, one to a worker: none is missing before the last.
        let tasks: BTreeSet<u32> = ended.iter().map(|(_, task)| *task).collect();
        let last_task = tasks.last().map_or(0, |task| task + 1) as usize;
        assert!(last_task <= tasks.len() + 2, "{flags}: {} of {last_task}", tasks.len());
        assert_eq!(run["tasks"]["ok"], ended.len());
        let reaches_ns = ended.last().map_or(0, |(received_ns, _)| *received_ns) as i64;
        // A task that had not ended by then is not missing.
        behind_ms.push((killed_ns - reaches_ns).saturating_sub(size_ns as i64) / 1_000_000);
    }
    behind_ms.sort_unstable();
    assert!(behind_ms[behind_ms.len() / 2] < 500, "{behind_ms:?}");
    assert!(behind_ms.last().is_some_and(|ms| *ms < 5000), "{behind_ms:?}");
}

#[test]
fn what_a_killed_session_left_can_be_read_by_others_and_labelled() {
    let folder = folder();
    let file = path(&folder, "a.pscope");
    let Program { mut child, mark } =
        start("--workers 2 --workload sleep --size 2000000 --tasks 100000", &file);
    until("it has tasks", DEADLINE, || look(&file, "SELECT max(received_ns) FROM task"));
    child.kill().expect("killed");
    child.wait().expect("reaped");
    assert_nothing_left(&mark);
    let (before, _) = show(&file);
    if let Some(answers) =
        python(&file, &["SELECT count(*) FROM task WHERE status = 'ok'", "PRAGMA integrity_check"])
    {
        assert_eq!(answers[0][0], before["tasks"]["ok"]);
        assert_eq!(answers[1][0], "ok");
    }
    let label = record::Label { name: "cut off".to_owned(), ..record::Label::default() };
    record::set_label(&file, &label).expect("it can be labelled");
    assert_eq!(record::brief(&file).expect("a cover").label, label);
    assert_eq!(without_self(show(&file).0), without_self(before));
}

/// As somebody sends it who does not know of what stands beside it.
#[test]
fn what_a_killed_session_left_opens_without_its_log() {
    let (folder, other) = (folder(), folder());
    let file = path(&folder, "a.pscope");
    let Program { mut child, mark } =
        start("--workers 2 --workload sleep --size 2000000 --tasks 100000", &file);
    origin_ns(&file);
    child.kill().expect("killed");
    child.wait().expect("reaped");
    assert_nothing_left(&mark);
    let copy = path(&other, "b.pscope");
    std::fs::copy(&file, &copy).expect("it is copied");
    let (run, complaint) = show(&copy);
    assert_eq!(run["status"], "interrupted");
    assert!(complaint.contains("b.pscope-wal") && complaint.contains("take it along"), "{complaint}");
    assert!(record::brief(&copy).expect("a cover").title.contains("sleep"));
    assert_eq!(names(other.path()), ["b.pscope"], "reading leaves nothing behind");
}

#[test]
fn a_run_that_a_signal_ends_is_whole_in_its_file() {
    for (name, number_of) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let folder = folder();
        let file = path(&folder, "a.pscope");
        let program = start("--workers 2 --workload sleep --size 5000000 --tasks 100000 --chunk 1", &file);
        origin_ns(&file);
        std::thread::sleep(Duration::from_millis(300));
        signal(program.child.id(), name);
        let (code, run, complaint) = finish(program);
        assert_eq!((code, complaint.as_str()), (128 + number_of, ""), "{name}");
        assert_eq!(run["status"], "interrupted");
        assert_whole(&file, folder.path(), &run, "interrupted");
    }
}

#[test]
fn a_run_whose_engine_is_killed_is_whole_in_its_file() {
    for backend in ["processes", "threads"] {
        let folder = folder();
        let file = path(&folder, "a.pscope");
        let flags = format!("--backend {backend} --workers 2 --workload sleep --size 5000000 --tasks 100000");
        let program = start(&flags, &file);
        let engine = engine(&program.mark);
        origin_ns(&file);
        std::thread::sleep(Duration::from_millis(300));
        signal(engine, "KILL");
        let (code, run, complaint) = finish(program);
        assert_eq!((code, complaint.lines().count()), (3, 1), "{complaint}");
        assert_eq!(run["status"], "lost");
        assert_whole(&file, folder.path(), &run, "lost");
    }
}

fn assert_whole(file: &Path, folder: &Path, run: &serde_json::Value, status: &str) {
    assert_eq!(names(folder), ["a.pscope"]);
    let (shown, complaint) = show(file);
    assert_eq!(complaint, "");
    assert_eq!(without_self(shown), without_self(run.clone()));
    assert_eq!(number(file, "SELECT complete FROM run"), 1);
    let told: String =
        open(file).query_row("SELECT status FROM run", [], |row| row.get(0)).expect("a status");
    assert_eq!(told, status);
}

/// Ten million tasks take the recorder many seconds longer than the pool.
#[test]
fn a_second_signal_does_not_wait_for_the_record() {
    let folder = folder();
    let file = path(&folder, "a.pscope");
    let program = start("--workers 2 --workload noop --tasks 10000000", &file);
    origin_ns(&file);
    std::thread::sleep(Duration::from_secs(2));
    signal(program.child.id(), "INT");
    std::thread::sleep(Duration::from_millis(300));
    let began = std::time::Instant::now();
    signal(program.child.id(), "INT");
    let output = support::wait(program);
    assert_eq!(output.status.code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(record::read(&file).expect("a run").store.tally.ok > 0);
}
