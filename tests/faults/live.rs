//! A run seen through the session's own interface: what the JSON summary leaves out, such as how each attempt ended.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use poolscope::{
    event::{Command, Outcome, Status},
    session::{LaunchError, Launcher, RunHandle},
    spec::{Draft, Spec},
    store::{Phase, RunStore, Span},
};
use tempfile::TempDir;

use crate::support::{DEADLINE, assert_nothing_left, folder, mark, path, until};

pub(crate) struct Live {
    pub(crate) mark: String,
    run: RunHandle,
    /// Holds the engine's script.
    _folder: TempDir,
}

impl Live {
    pub(crate) fn launch(words: &str) -> Self {
        Self::launch_after("", words)
    }

    /// `prelude` is shell code that is run first in the process that then becomes the engine: limits set there hold for
    /// engine and workers, and for nobody else.
    pub(crate) fn launch_after(prelude: &str, words: &str) -> Self {
        let program = env!("CARGO_BIN_EXE_poolscope");
        Self::launch_script(&format!("{prelude}\nexec '{program}' \"$@\""), words)
    }

    /// As engine runs whatever the script says.
    pub(crate) fn launch_script(script: &str, words: &str) -> Self {
        let (mark, folder) = (mark(), folder());
        let program = path(&folder, "engine");
        fs::write(&program, format!("#!/bin/sh\nexport POOLSCOPE_TEST_MARK={mark}\n{script}\n"))
            .expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("made executable");
        Self { run: launch(&program, &spec(words)), mark, _folder: folder }
    }

    pub(crate) fn store(&self) -> Arc<RunStore> {
        self.run.snapshot()
    }

    pub(crate) fn send(&self, command: &Command) {
        self.run.send(command);
    }

    /// Waits until the run, as far as it is known, gives an answer.
    pub(crate) fn until<T>(&self, what: &str, mut check: impl FnMut(&RunStore) -> Option<T>) -> T {
        until(what, DEADLINE, || check(&self.store()))
    }

    pub(crate) fn until_all_run(&self) {
        self.until("every worker has a task", |store| {
            let busy = !store.lanes.is_empty() && store.lanes.iter().all(|lane| lane.running.is_some());
            busy.then_some(())
        });
    }

    /// Lets nothing more begin, and waits until nothing runs.
    pub(crate) fn pause(&self) {
        self.send(&Command::Pause);
        self.until("what runs has ended", |store| {
            let still = store.phase == Phase::Paused && store.lanes.iter().all(|lane| lane.running.is_none());
            still.then_some(())
        });
    }

    pub(crate) fn is_over(&self) -> bool {
        !self.run.is_live()
    }

    /// Waits for the end, and holds the oracle.
    pub(crate) fn finish(self) -> Arc<RunStore> {
        until("the run ends", DEADLINE, || self.is_over().then_some(()));
        let store = self.store();
        drop(self.run);
        assert_nothing_left(&self.mark);
        assert_story(&store);
        store
    }
}

fn launch(program: &Path, spec: &Spec) -> RunHandle {
    let launcher = Launcher { program: PathBuf::from(program) };
    loop {
        match launcher.launch(spec.clone(), Arc::new(|| ())) {
            Ok(run) => return run,
            // Another test's child still holds the script as it was when it was written, until it is itself.
            Err(LaunchError::Spawn { source, .. }) if source.kind() == ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn spec(words: &str) -> Spec {
    let mut draft = Draft::default();
    for word in words.split_whitespace() {
        let (name, value) = word.split_once('=').expect("NAME=VALUE");
        *draft.field_mut(name).unwrap_or_else(|| panic!("no field {name}")) = Some(value.to_owned());
    }
    draft.validate().unwrap_or_else(|errors| panic!("{words}: {errors:?}"))
}

/// All attempts of each task, in their order.
pub(crate) fn attempts(store: &RunStore) -> BTreeMap<u32, Vec<Span>> {
    let mut tasks: BTreeMap<u32, Vec<Span>> = BTreeMap::new();
    for (_, span) in store.spans() {
        tasks.entry(span.task.0).or_default().push(span);
    }
    for spans in tasks.values_mut() {
        spans.sort_by_key(|span| span.attempt);
    }
    tasks
}

/// Each task ended in exactly one way, and what is counted is what was told.
pub(crate) fn assert_story(store: &RunStore) {
    let tally = store.tally;
    let ended = [tally.ok, tally.failed, tally.crashed, tally.timed_out, tally.cancelled];
    assert_eq!(ended.iter().sum::<u32>() + tally.not_run, tally.total, "{tally:?}");
    let mut ends = [0; 5];
    for (task, spans) in attempts(store) {
        assert!(task < tally.total, "task {task} does not exist");
        assert!(
            spans.windows(2).all(|pair| pair[0].attempt < pair[1].attempt && pair[0].outcome != Outcome::Ok),
            "task {task} was told twice, or tried again after it was ok: {spans:?}"
        );
        let end = spans.last().map(|span| match span.outcome {
            Outcome::Ok => 0,
            Outcome::Failed(_) => 1,
            Outcome::Crashed(_) => 2,
            Outcome::TimedOut => 3,
            Outcome::Cancelled => 4,
        });
        ends[end.expect("an attempt")] += 1;
    }
    assert_eq!(ends[0], tally.ok, "{tally:?}");
    if store.phase == Phase::Ended(Status::Finished) {
        assert_eq!(ends, ended, "{tally:?}");
    }
}

/// Whether some line of the log says this.
pub(crate) fn logged(store: &RunStore, words: &str) -> bool {
    store.log.iter().any(|line| line.text.contains(words))
}
