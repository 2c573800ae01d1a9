//! The grammar of the command line. Values of the spec stay text here: the spec's own validation reports all of their
//! errors at once, where a parser would stop at the first.

use std::{fmt::Write as _, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    spec::{Draft, FaultKind, Kind},
    workload::{About, about},
};

/// A desktop laboratory for worker pools. Without a command, opens the window.
#[derive(Debug, Parser)]
#[command(name = "poolscope", version, about, max_term_width = 110, args_conflicts_with_subcommands = true)]
pub(super) struct Cli {
    /// Runs to open in the window
    #[arg(value_name = "RUN.pscope", value_parser = run_file)]
    pub(super) files: Vec<PathBuf>,
    #[command(subcommand)]
    pub(super) task: Option<Task>,
}

/// A mistyped command must not open the window: what could be either is a file only if there is one.
fn run_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if text.contains(['.', '/']) || path.exists() {
        Ok(path)
    } else {
        Err("there is no such command, and no such file; `poolscope --help` lists the commands".to_owned())
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Task {
    /// Open the window (the default)
    Gui {
        /// Runs to open in it
        #[arg(value_name = "RUN.pscope")]
        files: Vec<PathBuf>,
    },
    /// Run one spec here, in the terminal
    #[command(after_help = size_help(), after_long_help = size_help())]
    Run(Box<RunArgs>),
    /// Run several specs in turns, each several times, and say by how much they differ and why
    #[command(after_help = lists_help(), after_long_help = lists_help())]
    Compare(Box<ExperimentArgs>),
    /// Run with 1, 2, 3 … workers, or with several chunk sizes, and recommend a number
    #[command(after_help = sweep_help(), after_long_help = sweep_help())]
    Sweep(Box<ExperimentArgs>),
    /// List the runs and the experiments that are kept on this machine, newest first
    List(ListArgs),
    /// Tell what a run or an experiment was: counts, times, where the workers' time went; of several runs, how they differ
    Show(ShowArgs),
    /// Write a run or an experiment in a format that other programs read
    Export(ExportArgs),
    /// List the lessons about processes, or run one: its variants show what goes wrong
    Lesson(LessonArgs),
    /// Say what this machine offers: cores, limits, rights, Pythons, the cost of telemetry
    Doctor(DoctorArgs),
    /// The process that owns a pool during one run
    #[command(hide = true)]
    Engine,
    /// One process of a lesson
    #[command(hide = true)]
    Role,
    /// One worker process of a pool
    #[command(hide = true)]
    Worker {
        /// Its place in the pool; shown in process lists
        place: u32,
    },
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// A run or an experiment: its file, or a name that `list` prints. Two to eight runs are set against the first in a table,
    /// those of equal specs in one column
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// Print it as one JSON object, as `run --json` and `compare --json` do; of several runs, those objects as `runs` and the
    /// table as `comparison`
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Print a JSON array with an object for each run and each experiment; `kind` tells which
    #[arg(long)]
    pub(super) json: bool,
    /// Only those whose file name, name, title, note or status have all of these words
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(super) search: String,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// A run or an experiment: its file, or a name that `list` prints
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Of a run: log (a pattern of Python's logging), csv (a table), json (report, attempts and log), jsonl (everything in order),
    /// trace (for Perfetto), joblog (GNU parallel's), svg (a plot), html (a page with all of it). Of an experiment: html (a
    /// report to read), json (as `compare --json`), hyperfine (as `hyperfine --export-json`), csv (a row a run)
    #[arg(long, value_name = "F")]
    pub(super) format: String,
    /// Where to; `-` is standard output
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    pub(super) output: PathBuf,
    /// For log: how a line looks, such as `%(levelname)s:%(name)s:%(message)s`
    /// [default: %(asctime)s-%(levelname)s-%(message)s]
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    pub(super) pattern: Option<String>,
    /// For csv: tasks, cores, workers, queue or log [default: tasks]
    #[arg(long, value_name = "TABLE")]
    pub(super) table: Option<String>,
    /// For svg: timeline, cores or queue [default: timeline]
    #[arg(long, value_name = "PLOT")]
    pub(super) plot: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct LessonArgs {
    /// Which lesson, as the list has it: NAME, or NAME/VARIANT; or a lesson of your own, FILE.toml, of the same form as those
    /// in assets/lessons. Without it, the lessons are listed, name first
    #[arg(value_name = "NAME|FILE.toml")]
    pub(super) name: Option<String>,
    /// One of its variants
    #[arg(long, value_name = "VARIANT", requires = "name")]
    pub(super) variant: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    /// Record the run in this file [default: among the runs that are kept on this machine]; not for a lesson of several runs
    #[arg(long, short, value_name = "RUN.pscope")]
    pub(super) output: Option<PathBuf>,
    /// Write the lesson's log there, in its own pattern; only for a lesson that keeps one
    #[arg(long, value_name = "FILE")]
    pub(super) log: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressMode {
    /// A bar on a terminal, nothing elsewhere
    #[default]
    Auto,
    Never,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) spec: SpecArgs,
    /// Record the run in this file while it happens; a run that is there is replaced once the new one is whole, another file
    /// is not
    #[arg(long, short, value_name = "RUN.pscope")]
    pub(super) output: Option<PathBuf>,
    /// Record the run among those that are kept on this machine, see `list`; says on stderr where
    #[arg(long, conflicts_with = "output")]
    pub(super) keep: bool,
    /// Print the run as one JSON object
    #[arg(long)]
    pub(super) json: bool,
    /// Print no summary and no progress
    #[arg(long, short)]
    pub(super) quiet: bool,
    #[arg(long, value_enum, default_value = "auto")]
    pub(super) progress: ProgressMode,
}

#[derive(Debug, Args)]
pub(super) struct ExperimentArgs {
    #[command(flatten)]
    pub(super) spec: SpecArgs,
    /// Runs of each variant that count, 1 to 1000 [default: 5; sweep 3]
    #[arg(long, value_name = "N", value_parser = repeats, allow_hyphen_values = true)]
    pub(super) repeats: Option<u32>,
    /// Runs of each variant before those, which do not count, 0 to 100
    #[arg(long, value_name = "N", default_value = "1", value_parser = warmup, allow_hyphen_values = true)]
    pub(super) warmup: u32,
    /// Before each run, wait at most so long until other programs let go of the cores, up to 3600; 0 to look at nothing
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds, allow_hyphen_values = true)]
    pub(super) calm: Duration,
    /// Write a report to read: one HTML page
    #[arg(long, short, value_name = "REPORT.html")]
    pub(super) output: Option<PathBuf>,
    /// Write the times of all runs as hyperfine does, for its scripts
    #[arg(long, value_name = "FILE.json")]
    pub(super) export_json: Option<PathBuf>,
    /// Record every run, and keep them among the experiments of this machine; says on stderr where
    #[arg(long)]
    pub(super) keep: bool,
    /// Print everything as one JSON object
    #[arg(long)]
    pub(super) json: bool,
    /// Print no summary and no progress
    #[arg(long, short)]
    pub(super) quiet: bool,
    #[arg(long, value_enum, default_value = "auto")]
    pub(super) progress: ProgressMode,
}

/// Whether so many are allowed is for the experiment to say, together with all else.
fn repeats(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "allowed: 1 to 1000".to_owned())
}

fn warmup(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "allowed: 0 to 100".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let secs: Option<f64> = text.parse().ok();
    secs.and_then(|secs| Duration::try_from_secs_f64(secs).ok())
        .ok_or_else(|| "allowed: 0 to 3600".to_owned())
}

fn sweep_help() -> String {
    format!(
        "Without several values it goes over the number of workers, from 1 to twice the usable cores.\n\n{}",
        lists_help()
    )
}

fn lists_help() -> String {
    format!(
        "Values: backend, workers, workload, tasks, size, lengths, chunk, queue, prefetch, retries, telemetry and transport\n\
         may each have several, with commas between (--backend threads,processes --chunk 1,16,auto); numbers also as a\n\
         range: 1..8, with steps 1..9+2, multiplied 1..64*2. Every combination is run.\n\n{}",
        size_help()
    )
}

/// Everything that defines a run. Flags win over the file.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Spec")]
pub(super) struct SpecArgs {
    #[arg(
        long,
        value_name = "B",
        allow_hyphen_values = true,
        help = "How workers exist: serial, threads, processes, or gil (threads that take turns: a simulation of CPython's \
                global interpreter lock) [default: processes]"
    )]
    backend: Option<String>,
    /// Size of the pool, 1 to 1024 [default: the usable cores]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    workers: Option<String>,
    /// What a task does: noop, square, sleep, spin, primes, hash, matmul, mandelbrot, memory, sort, file, payload, lock,
    /// mixed or fault [default: primes]
    #[arg(long, value_name = "KIND", allow_hyphen_values = true)]
    workload: Option<String>,
    /// Number of tasks, 1 to 10000000 [default: 64; mandelbrot 480, one a row]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    tasks: Option<String>,
    /// The workload's main knob, see below
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    size: Option<String>,
    /// A further knob of the workload, see below; may be repeated
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    param: Vec<String>,
    #[arg(
        long,
        value_name = "D",
        allow_hyphen_values = true,
        help = "How task lengths differ: fixed, uniform[:SPREAD], skewed[:ALPHA] or straggler[@INDEX][:FACTOR] \
                [default: fixed]"
    )]
    lengths: Option<String>,
    /// Tasks handed out together; auto is ceil(tasks / (4 x workers)), as Pool.map. With inputs (payload), a chunk goes in
    /// parts of at most 1024 tasks and 8 MiB [default: auto]
    #[arg(long, value_name = "N|auto", allow_hyphen_values = true)]
    chunk: Option<String>,
    /// Most tasks that may wait in the queue, 0 to submit each when a worker can take it, or unbounded [default: unbounded]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    queue: Option<String>,
    /// Chunks one worker may hold, 1 to 64, the running one included; a part of a chunk counts as one [default: auto]
    #[arg(long, value_name = "N|auto", allow_hyphen_values = true)]
    prefetch: Option<String>,
    /// Longest time for one attempt of a task, at most 86400, or none [default: none]
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    timeout: Option<String>,
    /// Attempts beyond the first for a task that did not end well, 0 to 100 [default: 0]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    retries: Option<String>,
    /// Seed of everything random [default: 1]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    seed: Option<String>,
    #[arg(long, value_name = "KIND@INDEX[,...]", allow_hyphen_values = true, help = fault_help())]
    fault: Option<String>,
    /// What is measured around each task: off, basic, full or auto [default: auto]
    #[arg(long, value_name = "LEVEL", allow_hyphen_values = true)]
    telemetry: Option<String>,
    /// How the engine talks to worker processes: ring or stream [default: ring]
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    transport: Option<String>,
    #[arg(
        long = "spec",
        value_name = "FILE.toml",
        help = "Read the spec from a TOML file: keys as the flags, parameters in a table [param]"
    )]
    pub(super) file: Option<PathBuf>,
}

impl SpecArgs {
    /// The flags as a draft. A parameter without `=` keeps an empty value, which validation refuses by name.
    pub(super) fn draft(&self) -> Draft {
        let params = self
            .param
            .iter()
            .map(|text| text.split_once('=').unwrap_or((text, "")))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
        Draft {
            lesson: None,
            backend: self.backend.clone(),
            workers: self.workers.clone(),
            workload: self.workload.clone(),
            tasks: self.tasks.clone(),
            size: self.size.clone(),
            params,
            lengths: self.lengths.clone(),
            chunk: self.chunk.clone(),
            queue: self.queue.clone(),
            prefetch: self.prefetch.clone(),
            timeout: self.timeout.clone(),
            retries: self.retries.clone(),
            seed: self.seed.clone(),
            fault: self.fault.clone(),
            telemetry: self.telemetry.clone(),
            transport: self.transport.clone(),
        }
    }
}

fn fault_help() -> String {
    format!("Faults at chosen tasks; kinds: {}", FaultKind::NAMES.join(", "))
}

/// What `--size` and `--param` mean to each workload.
fn size_help() -> String {
    let mut text = String::from("Workloads, with what --size and --param mean to them:\n");
    for kind in Kind::ALL {
        // Writing to a string cannot fail.
        let _infallible = describe(&mut text, about(kind));
    }
    text
}

fn describe(text: &mut String, about: &About) -> std::fmt::Result {
    write!(text, "  {:<11} {}", about.kind, about.summary)?;
    if !about.size_name.is_empty() {
        let About { size_name, size_min, size_max, size_default, .. } = about;
        write!(text, "; size: {size_name}, {size_min} to {size_max}, default {size_default}")?;
        if !about.size_unit.is_empty() {
            write!(text, " {}", about.size_unit)?;
        }
    }
    writeln!(text)?;
    for param in about.params {
        let (name, summary) = (param.name, param.summary);
        writeln!(
            text,
            "  {:<11}   param {name}: {summary}, {} to {}, default {}",
            "", param.min, param.max, param.default
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn bad_numbers_reach_the_draft_as_they_were_written() {
        let cli =
            Cli::try_parse_from(["poolscope", "run", "--workers", "-3", "--tasks", "NaN", "--param", "x"]);
        let Some(Task::Run(args)) = cli.unwrap().task else { panic!("run was not parsed") };
        let draft = args.spec.draft();
        assert_eq!(draft.workers.as_deref(), Some("-3"));
        assert_eq!(draft.tasks.as_deref(), Some("NaN"));
        assert_eq!(draft.params, [("x".to_owned(), String::new())]);
    }

    #[test]
    fn files_alone_are_for_the_window_and_a_mistyped_command_is_none() {
        let files = |args: &[&str]| Cli::try_parse_from(args).map(|cli| cli.files);
        assert_eq!(
            files(&["poolscope", "a.pscope", "/b/c"]).unwrap(),
            [PathBuf::from("a.pscope"), "/b/c".into()]
        );
        assert!(files(&["poolscope", "rnu"]).unwrap_err().to_string().contains("no such command"));
        assert!(files(&["poolscope", "a.pscope", "run"]).is_err());
        let gui = Cli::try_parse_from(["poolscope", "gui", "rnu"]).unwrap().task;
        assert!(matches!(gui, Some(Task::Gui { files }) if files == [PathBuf::from("rnu")]));
    }

    #[test]
    fn help_names_every_workload() {
        let help = size_help();
        for kind in Kind::ALL {
            assert!(help.contains(&kind.to_string()), "{kind}");
        }
        assert!(help.contains("size: upper bound, 0 to 1000000000, default 10000000\n"), "{help}");
    }

    /// The ranges in the words of the help are those that the spec and the experiment allow.
    #[test]
    fn help_tells_the_ranges_that_are_allowed() {
        let mut cli = Cli::command();
        let compare = cli.find_subcommand_mut("compare").unwrap();
        let plan = |fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Draft::from_fields(fields).unwrap().validate().unwrap_err().remove(0).allowed
        };
        let rules = crate::experiment::Rules { repeats: 0, warmup: u32::MAX, ..Default::default() };
        let of_rules = rules.check(1).unwrap_err();
        let of_rules = |at: usize| of_rules[at].allowed.clone();
        for (flag, allowed) in [
            ("workers", plan(&[("workers", "0")])),
            ("tasks", plan(&[("tasks", "0")])),
            ("retries", plan(&[("retries", "x")])),
            ("repeats", of_rules(0)),
            ("warmup", of_rules(1)),
        ] {
            let arg = compare.get_arguments().find(|arg| arg.get_id() == flag).unwrap();
            let help = arg.get_help().unwrap().to_string();
            assert!(help.contains(&allowed), "{flag}: {allowed}: {help}");
        }
    }
}
