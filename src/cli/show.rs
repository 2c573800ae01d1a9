//! `poolscope show`: what a file of a run or an experiment holds, and how several runs differ.

use std::{
    collections::HashSet,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use serde::Serialize;

use super::{CliError, EXIT_OK, Kept, args::ShowArgs, compare, kept, lesson::told_lines, run::print_run};
use crate::{
    analysis::{ComparedRun, LessonTold, MOST_COMPARED, Observer, RunReport, RunsComparison},
    experiment,
    record::{self, RunFile},
    time::process_cpu_ns,
};

pub(super) fn show(args: &ShowArgs) -> Result<u8, CliError> {
    match args.files.as_slice() {
        [file] => show_one(file, args.json)?,
        files => show_several(files, args.json)?,
    }
    Ok(EXIT_OK)
}

fn show_one(given: &Path, json: bool) -> Result<(), CliError> {
    match kept(given)? {
        Kept::Run(path) => {
            let (file, observer) = read(given, &path)?;
            match LessonTold::new(&file.store) {
                Some(told) => print_lesson(&file, observer, json, told),
                None => print_run(&file.store, observer, json, false, &file.label),
            }
        }
        Kept::Experiment(path) => {
            let experiment = experiment::read(&path)?;
            compare::print(&experiment, &experiment.report(), json)
        }
    }
}

/// A lesson's run as JSON shows it.
#[derive(Serialize)]
struct LessonRun {
    #[serde(flatten)]
    run: RunReport,
    lesson: LessonTold,
}

/// As any other run, and what its processes told.
fn print_lesson(file: &RunFile, observer: Observer, json: bool, lesson: LessonTold) -> Result<(), CliError> {
    if !json {
        print_run(&file.store, observer, false, false, &file.label)?;
    }
    let mut out = io::stdout().lock();
    let written = if json {
        let run = RunReport::new(&file.store, observer);
        serde_json::to_writer_pretty(&mut out, &LessonRun { run, lesson })
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        told_lines(&lesson).iter().try_for_each(|line| writeln!(out, "{line}"))
    };
    finish(written, &mut out)
}

fn finish(written: io::Result<()>, out: &mut impl Write) -> Result<(), CliError> {
    match written.and_then(|()| out.flush()) {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// A run, and what reading it took. What is missing of it is told of.
fn read(given: &Path, path: &Path) -> Result<(RunFile, Observer), CliError> {
    let (began, cpu_ns) = (Instant::now(), process_cpu_ns());
    let file = record::read(path)?;
    if let Some(gap) = &file.gap {
        writeln!(io::stderr(), "poolscope: {} is incomplete: {gap}", given.display())?;
    }
    let wall_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    Ok((file, Observer { cpu_ns: process_cpu_ns().saturating_sub(cpu_ns), wall_ns }))
}

/// Several runs as JSON shows them.
#[derive(Serialize)]
struct Several {
    runs: Vec<RunReport>,
    comparison: RunsComparison,
}

fn show_several(files: &[PathBuf], json: bool) -> Result<(), CliError> {
    if !MOST_COMPARED.contains(&files.len()) {
        let (least, most) = (MOST_COMPARED.start(), MOST_COMPARED.end());
        let count = files.len();
        return Err(CliError::Usage(format!(
            "show: {count} runs are given; allowed: one, or {least} to {most}"
        )));
    }
    let mut seen = HashSet::new();
    let (mut runs, mut reports) = (Vec::new(), Vec::new());
    for given in files {
        let Kept::Run(path) = kept(given)? else {
            let given = given.display();
            return Err(CliError::Usage(format!(
                "show: {given} is an experiment; allowed beside others: a run"
            )));
        };
        if !seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
            return Err(CliError::Usage(format!("show: {} is given twice", given.display())));
        }
        let (file, observer) = read(given, &path)?;
        runs.push(ComparedRun::of_file(&path, &file).map_err(CliError::Usage)?);
        if json {
            reports.push(RunReport::new(&file.store, observer));
        }
    }
    let comparison = RunsComparison::new(&runs, 0);
    let mut out = io::stdout().lock();
    let written = if json {
        serde_json::to_writer_pretty(&mut out, &Several { runs: reports, comparison })
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        comparison.summary_lines().iter().try_for_each(|line| writeln!(out, "{line}"))
    };
    finish(written, &mut out)
}
