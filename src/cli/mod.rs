//! The command line: one file a command. Only here is anything printed.

mod args;
mod compare;
mod conduct;
mod doctor;
mod export;
mod lesson;
mod lesson_runs;
#[cfg(test)]
mod line_tests;
mod list;
mod progress;
mod run;
mod show;
mod signals;
mod spec;

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use clap::Parser;
use thiserror::Error;

use crate::{
    experiment,
    export::is_experiment,
    library::{EXPERIMENT_EXTENSION, EXPERIMENT_FILE, Library, LibraryError, find_experiment},
    record::{ReadError, RecordError},
    session::LaunchError,
    spec::SpecError,
};
use args::{Cli, Task};

/// Everything went as asked.
const EXIT_OK: u8 = 0;
/// The run finished, and some task did not end well.
const EXIT_TASKS: u8 = 1;
/// Bad usage, or a file or an output that cannot be read or written.
const EXIT_USAGE: u8 = 2;
/// The run could not start, or was lost.
const EXIT_LOST: u8 = 3;

/// Why a command came to nothing. Each says what, why, and what to do.
#[derive(Debug, Error)]
pub enum CliError {
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Spec(Vec<SpecError>),
    /// `what` is the field: `spec` or `lesson`.
    #[error("{what}: {path} cannot be read: {source}")]
    InputFile { what: &'static str, path: PathBuf, source: io::Error },
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Launch(#[from] LaunchError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Experiment(#[from] experiment::ReadError),
    #[error("the runs of this machine: {0}")]
    Library(#[from] LibraryError),
    #[error("the run was lost: {0}")]
    Lost(String),
    #[error("signals could not be taken in: {0}")]
    Signals(io::Error),
    #[error("the output could not be written: {0}")]
    Output(#[from] io::Error),
    #[error("{0}")]
    Window(String),
}

impl CliError {
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Spec(_)
            | Self::InputFile { .. }
            | Self::Usage(_)
            | Self::Record(_)
            | Self::Read(_)
            | Self::Experiment(_)
            | Self::Library(_)
            | Self::Output(_) => EXIT_USAGE,
            Self::Launch(_) | Self::Lost(_) | Self::Signals(_) | Self::Window(_) => EXIT_LOST,
        }
    }
}

/// An error as it stands on stderr: each line led by the program's name.
pub fn complaint(error: &CliError) -> String {
    error.to_string().lines().map(|line| format!("poolscope: {line}")).collect::<Vec<_>>().join("\n")
}

/// What a name or path leads to.
enum Kept {
    Run(PathBuf),
    /// The file that says what its runs are.
    Experiment(PathBuf),
}

/// What is at a path, or else among the runs or the experiments of this machine under this name, as `list` prints it. An
/// experiment's folder stands for it. What is not there is taken for a run, whose reading then says so.
fn kept(given: &Path) -> Result<Kept, CliError> {
    if given.exists() {
        let inside = given.join(EXPERIMENT_FILE);
        return Ok(if inside.is_file() {
            Kept::Experiment(inside)
        } else if given.extension().is_some_and(|ending| ending == EXPERIMENT_EXTENSION)
            || is_experiment(given)
        {
            Kept::Experiment(given.to_owned())
        } else {
            Kept::Run(given.to_owned())
        });
    }
    let run = || Library::to_look_at().ok().and_then(|library| library.find(given));
    match (run(), find_experiment(given)) {
        (Some(path), _) => Ok(Kept::Run(path)),
        (None, Some(path)) => Ok(Kept::Experiment(path)),
        (None, None) if given.file_name() == Some(given.as_os_str()) => {
            let given = given.display();
            let text = format!("cannot open {given}: No such file, and no name that `poolscope list` prints");
            Err(CliError::Usage(text))
        }
        // Reading it will say why not.
        (None, None) => Ok(Kept::Run(given.to_owned())),
    }
}

/// The program, from its arguments to its exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Result<u8, CliError> {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too, on stdout and with success.
            error.print()?;
            return Ok(if error.use_stderr() { EXIT_USAGE } else { EXIT_OK });
        }
    };
    match cli.task {
        None => window(cli.files),
        Some(Task::Gui { files }) => window(files),
        Some(Task::Run(args)) => run::run(&args),
        Some(Task::Compare(args)) => compare::compare(&args),
        Some(Task::Sweep(args)) => compare::sweep(&args),
        Some(Task::List(args)) => list::list(&args),
        Some(Task::Show(args)) => show::show(&args),
        Some(Task::Export(args)) => export::export(&args),
        Some(Task::Doctor(args)) => doctor::doctor(&args),
        Some(Task::Lesson(args)) => lesson::lesson(&args),
        Some(Task::Role) => Ok(crate::engine::lesson::role_main()),
        Some(Task::Engine) => Ok(crate::engine::engine_main()),
        Some(Task::Worker { .. }) => Ok(crate::engine::worker_main()),
    }
}

#[cfg(feature = "gui")]
fn window(files: Vec<PathBuf>) -> Result<u8, CliError> {
    crate::gui::run(files).map(|()| EXIT_OK).map_err(|error| CliError::Window(error.to_string()))
}

#[cfg(not(feature = "gui"))]
fn window(_files: Vec<PathBuf>) -> Result<u8, CliError> {
    Err(CliError::Usage(
        "this build has no window (it was made without the feature `gui`): use `poolscope run`".to_owned(),
    ))
}
