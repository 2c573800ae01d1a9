//! Where a file cannot be, or is already.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use poolscope::record;

use crate::{
    support::{self, DEADLINE, Program, assert_nothing_left, folder, path, until},
    tools::{finish, look, names, open, record, show, start, without_self},
};

const SMALL: &str = "--workers 2 --workload square --tasks 20";
const LONG: &str = "--workers 2 --workload sleep --size 5000000 --tasks 100000 --chunk 1";
/// Several megabytes of tasks.
const LARGE: &str = "--workers 2 --workload noop --tasks 100000";

/// A file system in memory of so many KiB; gone in the end.
struct Small(tempfile::TempDir);

impl Small {
    /// `None` where nothing can be mounted here.
    fn new(options: &str) -> Option<Self> {
        let folder = folder();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(folder.path())
            .output()
            .ok()
            .filter(|output| output.status.success());
        if mount.is_none() {
            eprintln!("skipped: nothing can be mounted here");
        }
        mount.map(|_| Self(folder))
    }

    fn path(&self, name: &str) -> PathBuf {
        path(&self.0, name)
    }

    /// From now on nothing can be written here.
    fn close(&self) {
        let status = Command::new("mount").args(["-o", "remount,ro"]).arg(self.0.path()).status();
        assert!(status.expect("mount runs").success());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _best_effort = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn parts(folder: &Path) -> Vec<String> {
    names(folder)
        .into_iter()
        .filter(|name| {
            name.starts_with(".a.pscope.")
                && Path::new(name).extension().is_some_and(|ending| ending == "part")
        })
        .collect()
}

#[test]
fn a_full_disk_costs_the_record_and_not_the_run() {
    // With room for the tables and next to nothing else, for little more, for some rows, for most.
    for size in ["160k", "600k", "1m", "2m", "4m"] {
        let Some(disk) = Small::new(&format!("size={size}")) else { return };
        let file = disk.path("a.pscope");
        let (code, run, complaint) = record(LARGE, &file);
        assert_eq!((code, run["tasks"]["ok"].as_u64()), (0, Some(100_000)), "{size}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
        assert!(complaint.contains("a.pscope is incomplete") && complaint.contains("full"), "{complaint}");
        let (shown, told) = show(&file);
        // What ran, when and where is known in any case. The rows end where there was no room for more.
        assert_eq!((&shown["spec"], &shown["host"]), (&run["spec"], &run["host"]), "{size}");
        assert_ne!(shown["status"], "finished", "{size}");
        assert!(told.contains("is incomplete") && told.contains("full"), "{size}: {told}");
        let kept = shown["tasks"]["ok"].as_u64().unwrap_or(0);
        assert!(kept < 100_000, "{size}: {kept}");
        assert!(size != "4m" || kept > 0, "nothing was kept of what had room");
        let cover = record::brief(&file).expect("a cover");
        assert_eq!((cover.complete, cover.tally.ok, cover.status.as_str()), (false, 100_000, "finished"));
    }
}

#[test]
fn a_run_that_cannot_be_recorded_from_the_start_is_not_started() {
    let Some(disk) = Small::new("size=1m,ro") else { return };
    let gone = folder();
    for file in [disk.path("a.pscope"), path(&gone, "none/a.pscope"), gone.path().to_owned()] {
        let name = file.to_str().expect("UTF-8");
        let (code, stdout, complaint) = support::run(&["run", "--tasks", "3", "-o", name]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{complaint}");
        assert!(complaint.contains("cannot record to") && complaint.lines().count() == 1, "{complaint}");
        assert!(!file.is_file());
    }
}

#[test]
fn an_older_file_stays_until_the_new_one_is_whole() {
    let folder = folder();
    let file = path(&folder, "a.pscope");
    let (_, old, _) = record(SMALL, &file);
    let bytes = fs::read(&file).expect("it is there");
    let program = start("--workers 2 --workload sleep --size 5000000 --tasks 200 --chunk 1", &file);
    until("another file is written", DEADLINE, || (!parts(folder.path()).is_empty()).then_some(()));
    assert_eq!(fs::read(&file).expect("it is there"), bytes);
    assert_eq!(without_self(show(&file).0), without_self(old));
    let (code, new, complaint) = finish(program);
    assert_eq!((code, complaint.as_str()), (0, ""));
    assert_eq!(without_self(show(&file).0), without_self(new));
    assert_eq!(names(folder.path()), ["a.pscope"]);
}

#[test]
fn an_older_file_survives_a_killed_session_and_a_full_disk() {
    let folder = folder();
    let file = path(&folder, "a.pscope");
    let (_, old, _) = record(SMALL, &file);
    let bytes = fs::read(&file).expect("it is there");
    kill_in_the_middle(LONG, &file);
    assert_eq!(fs::read(&file).expect("it is there"), bytes);
    let part = path(&folder, &parts(folder.path())[0]);
    assert_eq!(show(&part).0["status"], "interrupted", "what was recorded is there as well");
    assert!(show(&part).0["tasks"]["ok"].as_u64() > Some(0));

    let Some(disk) = Small::new("size=1m") else { return };
    let (there, here) = (disk.path("a.pscope"), bytes);
    fs::write(&there, &here).expect("there is room");
    let (code, _, complaint) = record(LARGE, &there);
    assert_eq!(code, 0);
    assert!(complaint.contains("the older file is kept") && complaint.contains(".part"), "{complaint}");
    assert_eq!(fs::read(&there).expect("it is there"), here);
    assert_eq!(without_self(show(&there).0), without_self(old));
}

fn kill_in_the_middle(flags: &str, file: &Path) {
    let Program { mut child, mark } = start(flags, file);
    until("there is a worker", DEADLINE, || {
        (!support::processes(&mark, Some("worker")).is_empty()).then_some(())
    });
    std::thread::sleep(Duration::from_millis(800));
    child.kill().expect("killed");
    child.wait().expect("reaped");
    assert_nothing_left(&mark);
}

/// Its end is in a file beside it, and the index of that in a third one, which a reader makes anew where it can.
#[test]
fn a_file_that_was_cut_off_opens_where_nothing_can_be_written() {
    for with_index in [true, false] {
        let Some(disk) = Small::new("size=16m") else { return };
        let file = disk.path("a.pscope");
        kill_in_the_middle(LONG, &file);
        let (before, _) = show(&file);
        if !with_index {
            fs::remove_file(disk.path("a.pscope-shm")).expect("it was there");
        }
        disk.close();
        let (after, complaint) = show(&file);
        let count = |run: &serde_json::Value| run["tasks"]["ok"].as_u64().unwrap_or(0);
        assert_eq!(before["status"], "interrupted");
        // Either all of it is there, or what is missing is told.
        let whole = count(&after) == count(&before) && complaint.is_empty();
        let told = count(&after) < count(&before) && complaint.contains("-wal");
        assert!(whole || told, "{with_index}: {} of {}: {complaint}", count(&after), count(&before));
        assert!(whole || !with_index);
    }
}

/// It has its end in a file beside it, which must not become the end of another run.
#[test]
fn a_file_that_was_cut_off_is_replaced_as_a_whole() {
    let folder = folder();
    let file = path(&folder, "a.pscope");
    kill_in_the_middle(LONG, &file);
    assert!(names(folder.path()).len() > 1, "{:?}", names(folder.path()));
    let (cut, _) = show(&file);
    // Once with the new run killed, so that the old one stays, and once with it whole.
    kill_in_the_middle(LONG, &file);
    assert_eq!(without_self(show(&file).0), without_self(cut));
    let (code, new, complaint) = record(SMALL, &file);
    assert_eq!((code, complaint.as_str()), (0, ""));
    assert_eq!(without_self(show(&file).0), without_self(new));
    let open = open(&file);
    let verdict: String = open.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a verdict");
    assert_eq!(verdict, "ok");
    let left: Vec<String> = names(folder.path()).into_iter().filter(|name| !name.starts_with('.')).collect();
    assert_eq!(left, ["a.pscope"]);
}

#[test]
fn two_runs_do_not_record_into_one_file() {
    let folder = folder();
    let file = path(&folder, "a.pscope");
    let first = start(LONG, &file);
    until("the first is recorded", DEADLINE, || path(&folder, "a.pscope-wal").exists().then_some(()));
    let (code, _, complaint) = support::run(&["run", "--tasks", "3", "-o", file.to_str().expect("UTF-8")]);
    assert_eq!(code, 2, "{complaint}");
    assert!(complaint.contains("a run is being recorded there"), "{complaint}");
    // Nor does it harm the first.
    std::thread::sleep(Duration::from_millis(300));
    support::signal(first.child.id(), "INT");
    let (code, run, complaint) = finish(first);
    assert_eq!((code, complaint.as_str()), (130, ""));
    assert_eq!(without_self(show(&file).0), without_self(run));
    assert_eq!(names(folder.path()), ["a.pscope"]);
}

#[test]
fn a_reader_is_not_in_the_way_of_the_end() {
    let folder = folder();
    let file = path(&folder, "a.pscope");
    let program = start("--workers 2 --workload sleep --size 5000000 --tasks 300 --chunk 1", &file);
    let reader = until("the run is recorded", DEADLINE, || {
        look(&file, "SELECT origin_ns FROM run")?;
        let conn = open(&file);
        conn.execute_batch("BEGIN; SELECT * FROM run").ok()?;
        Some(conn)
    });
    let (code, run, complaint) = finish(program);
    assert_eq!((code, complaint.as_str()), (0, ""));
    assert_eq!(without_self(show(&file).0), without_self(run.clone()));
    drop(reader);
    assert_eq!(without_self(show(&file).0), without_self(run));
}

#[test]
fn a_link_is_followed_and_one_to_nowhere_stays() {
    let folder = folder();
    let (real, link, nowhere) =
        (path(&folder, "real.pscope"), path(&folder, "link.pscope"), path(&folder, "nowhere.pscope"));
    fs::write(&real, "").expect("written");
    std::os::unix::fs::symlink(&real, &link).expect("a link");
    std::os::unix::fs::symlink(path(&folder, "gone"), &nowhere).expect("a link");
    let (code, ..) = support::run(&arguments(&link));
    assert_eq!(code, 0);
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    assert_eq!(record::read(&real).expect("a run").store.tally.ok, 20);
    let (code, _, errors) = support::run(&arguments(&nowhere));
    assert_eq!((code, errors.lines().count()), (2, 1), "{errors}");
    assert!(fs::symlink_metadata(&nowhere).expect("still there").is_symlink());
    let (code, _, errors) = support::run(&arguments(Path::new("-")));
    assert_eq!((code, errors.lines().count()), (2, 1), "{errors}");
}

/// They would gather, unseen, since their names are hidden. What holds any of a run may be wanted all the same.
#[test]
fn what_a_killed_session_left_goes_when_its_name_is_recorded_again_unless_it_holds_a_task() {
    let folder = folder();
    let file = path(&folder, "a.pscope");
    record(SMALL, &file);
    kill_in_the_middle(LONG, &file);
    let mut idle = start("--workers 1 --workload sleep --size 100000000000 --tasks 2", &file);
    until("it is begun", DEADLINE, || (parts(folder.path()).len() == 2).then_some(()));
    std::thread::sleep(Duration::from_millis(500));
    idle.child.kill().and_then(|()| idle.child.wait()).expect("it is killed");
    // One that is written to just now is in nobody's way.
    let other = start(LONG, &file);
    until("it is written", DEADLINE, || (parts(folder.path()).len() == 3).then_some(()));
    std::thread::sleep(Duration::from_millis(300));
    for name in names(folder.path()).into_iter().filter(|name| name.starts_with('.')) {
        let then = std::time::SystemTime::now() - Duration::from_mins(1);
        fs::File::open(path(&folder, &name)).and_then(|file| file.set_modified(then)).expect("it is aged");
    }
    record(SMALL, &file);
    assert_eq!(parts(folder.path()).len(), 2, "{:?}", names(folder.path()));
    support::signal(other.child.id(), "INT");
    let (_, run, complaint) = finish(other);
    assert_eq!((complaint.as_str(), parts(folder.path()).len()), ("", 1), "{:?}", names(folder.path()));
    assert_eq!(without_self(show(&file).0), without_self(run));
}

/// A mistyped name must not cost somebody's work.
#[test]
fn what_is_no_run_is_not_replaced() {
    let folder = folder();
    let foreign = path(&folder, "foreign.db");
    rusqlite::Connection::open(&foreign)
        .and_then(|conn| conn.execute_batch("CREATE TABLE x (y)"))
        .expect("made");
    let text = path(&folder, "notes.txt");
    fs::write(&text, "what I found out").expect("written");
    for file in [foreign, text] {
        let before = fs::read(&file).expect("there");
        let link = path(&folder, "link.pscope");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        for name in [&file, &link] {
            let (code, stdout, complaint) = support::run(&arguments(name));
            assert_eq!((code, stdout.as_str()), (2, ""), "{complaint}");
            let names_it = complaint.contains(name.to_str().expect("UTF-8"));
            assert!(names_it && complaint.contains("no run of Poolscope"), "{complaint}");
            assert_eq!(fs::read(&file).expect("there"), before);
        }
        fs::remove_file(link).expect("removed");
    }
    assert_eq!(names(folder.path()), ["foreign.db", "notes.txt"]);
}

fn arguments(file: &Path) -> Vec<&str> {
    let file = file.to_str().expect("UTF-8");
    ["run", "--quiet", "-o", file].into_iter().chain(SMALL.split_whitespace()).collect()
}

#[test]
fn a_run_that_was_cut_off_can_be_named_and_is_whole_then() {
    let folder = folder();
    let file = path(&folder, "a.pscope");
    kill_in_the_middle(LONG, &file);
    let before = record::read(&file).expect("a run");
    let label = record::Label { name: "mine".to_owned(), ..record::Label::default() };
    record::set_label(&file, &label).expect("it is written");
    let found = record::read(&file).expect("a run");
    assert_eq!((found.gap, found.label), (None, label));
    assert_eq!((found.store.tally, found.cut_off), (before.store.tally, true));
    assert_eq!(names(folder.path()), ["a.pscope"]);
}

#[test]
fn a_copy_is_not_put_beside_the_log_of_another_run() {
    let folder = folder();
    let (whole, cut) = (path(&folder, "whole.pscope"), path(&folder, "cut.pscope"));
    record(SMALL, &whole);
    kill_in_the_middle(LONG, &cut);
    let before = record::read(&cut).expect("a run").store.tally;
    let error = poolscope::library::copy_run(&whole, &cut).expect_err("its log is there");
    assert!(error.to_string().contains("cut.pscope"), "{error}");
    assert_eq!(record::read(&cut).expect("a run").store.tally, before);
    let other = path(&folder, "other.pscope");
    poolscope::library::copy_run(&whole, &other).expect("nothing is there");
    assert_eq!(fs::read(&whole).expect("there"), fs::read(&other).expect("there"));
}
