//! What workloads do to the machine they run on, as the real program runs them.

mod support;

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use poolscope::{
    event::{Command, Level, Status},
    session::{Launcher, RunHandle},
    spec::read_toml,
    store::Phase,
    workload::Value,
};
use support::{DEADLINE, Program, command, folder, mark, signal, until, wait, workers};

fn launch(spec: &str) -> RunHandle {
    let (draft, errors) = read_toml(spec);
    assert!(errors.is_empty(), "{errors:?}");
    let launcher = Launcher { program: PathBuf::from(env!("CARGO_BIN_EXE_poolscope")) };
    launcher.launch(draft.validate().expect("a valid spec"), Arc::new(|| ())).expect("it starts")
}

fn wait_for_end(run: &RunHandle) {
    until("the run ends", DEADLINE, || (!run.is_live()).then_some(()));
}

#[test]
fn a_task_that_cannot_write_its_file_fails_and_says_where_and_why() {
    for backend in ["processes", "threads"] {
        let mark = mark();
        let args = ["run", "--backend", backend, "--workers", "2", "--workload", "file", "--tasks", "4"];
        let child = command(&args, &mark).env("TMPDIR", "/nowhere/at/all").spawn().expect("it starts");
        let output = wait(Program { child, mark });
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("0 ok, 4 failed"), "{text}");
        assert!(
            text.contains("cannot create a file in /nowhere/at/all: No such file or directory"),
            "{text}"
        );
    }
}

#[test]
fn a_killed_worker_leaves_no_file_behind() {
    let folder = folder();
    let mark = mark();
    let args = ["run", "--workers", "2", "--workload", "file", "--size", "150000000", "--tasks", "2"];
    let child = command(&[&args[..], &["--chunk", "1"]].concat(), &mark).env("TMPDIR", folder.path()).spawn();
    let program = Program { child: child.expect("it starts"), mark };
    let victim = workers(&program.mark, 2)[0];
    until("it writes to a file there", DEADLINE, || {
        let files = fs::read_dir(format!("/proc/{victim}/fd")).ok()?.flatten();
        let mut targets = files.filter_map(|file| fs::read_link(file.path()).ok());
        targets.any(|target| target.starts_with(folder.path())).then_some(())
    });
    signal(victim, "KILL");
    let text = String::from_utf8(wait(program).stdout).expect("UTF-8");
    assert!(text.contains("1 ok, 1 crashed"), "{text}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

/// As threads, which can only be asked; whoever did not hear would be left behind, and the log would say so.
#[test]
fn a_stop_is_heard_by_workloads_in_the_middle_of_long_tasks() {
    for (workload, size, param) in [
        ("matmul", 4096, ""),
        ("memory", 20_000_000, "passes = 100_000"),
        ("sort", 20_000_000, ""),
        ("file", 1_000_000_000, "fsync = 0"),
        ("lock", 3_600_000_000_000_u64, "hold = 0.5"),
    ] {
        let run = launch(&format!(
            "backend = 'threads'\nworkers = 1\nworkload = '{workload}'\nsize = {size}\ntasks = 2\nchunk = 1\n\
             [param]\n{param}"
        ));
        until("a task runs", DEADLINE, || {
            run.snapshot().lanes.iter().any(|lane| lane.running.is_some()).then_some(())
        });
        std::thread::sleep(Duration::from_millis(50));
        run.send(&Command::Stop);
        wait_for_end(&run);
        let store = run.snapshot();
        assert_eq!(store.phase, Phase::Ended(Status::Interrupted), "{workload}");
        assert_eq!((store.tally.cancelled, store.tally.not_run), (1, 1), "{workload}");
        let warnings: Vec<&str> = store
            .log
            .iter()
            .filter(|line| line.level >= Level::Warning && line.worker.is_some())
            .map(|line| &*line.text)
            .collect();
        assert!(warnings.is_empty(), "{workload}: {warnings:?}");
    }
}

#[test]
fn moved_bytes_do_not_pile_up_in_the_session() {
    for backend in ["processes", "threads", "serial"] {
        let run = launch(&format!(
            "backend = '{backend}'\nworkers = 2\nworkload = 'payload'\nsize = 100_000\ntasks = 30"
        ));
        wait_for_end(&run);
        let store = run.snapshot();
        assert_eq!(store.tally.ok, 30, "{backend}");
        for (task, value) in store.values.iter() {
            assert!(matches!(**value, Value::Moved { len: 100_000, .. }), "{backend} {task}: {value:?}");
        }
    }
}
