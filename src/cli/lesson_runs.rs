//! A lesson of ordinary runs: one after another, then a table.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use serde::Serialize;

use super::{
    CliError, EXIT_OK, EXIT_TASKS,
    args::LessonArgs,
    run::{follow, wait_for_record},
    signals::{self, Wake},
};
use crate::{
    analysis::{Answered, InLab, LabReport, Observer, answered_by_runs},
    lesson::{LabRun, Lesson, Variant, What},
    library::Library,
    session::Launcher,
    spec::one_line,
    time::process_cpu_ns,
    units,
};

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    name: String,
    title: &'a str,
    about: &'a str,
    runs: Vec<LabReport>,
    questions: Vec<Answered>,
    lab: Option<InLab>,
}

pub(super) fn run(args: &LessonArgs, lesson: &Lesson, variant: &Variant) -> Result<u8, CliError> {
    let What::Runs(runs) = &variant.what else { return Ok(EXIT_OK) };
    if args.output.is_some() {
        let text = format!(
            "--output: the lesson {} has {} runs, which are kept as `list` shows",
            lesson.name,
            runs.len()
        );
        return Err(CliError::Usage(text));
    }
    let (wake, woken) = bounded(64);
    let over = Arc::new(AtomicBool::new(false));
    signals::forward(wake.clone(), Arc::clone(&over)).map_err(CliError::Signals)?;
    let mut reports = Vec::new();
    for run in runs {
        let (report, signal) = one(run, &wake, &woken)?;
        if let Some(signal) = signal {
            return Ok(128 + u8::try_from(signal).unwrap_or(0));
        }
        reports.push(report);
    }
    over.store(true, Ordering::Release);
    let as_expected = reports.iter().all(|report| report.unexpected.is_empty());
    let report = Report {
        name: lesson.name_of(variant).to_string(),
        title: &variant.title,
        about: &variant.about,
        questions: answered_by_runs(variant, &reports),
        lab: InLab::of(variant),
        runs: reports,
    };
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        print(&mut out, &report)?;
    }
    Ok(if as_expected { EXIT_OK } else { EXIT_TASKS })
}

/// One of the runs, and the signal that ended it, if one did.
fn one(
    run: &LabRun,
    wake: &Sender<Wake>,
    woken: &Receiver<Wake>,
) -> Result<(LabReport, Option<i32>), CliError> {
    let began = Instant::now();
    let wake = wake.clone();
    let notify = Arc::new(move || {
        // A full channel already holds a wake-up.
        let _already_awake = wake.try_send(Wake::Snapshot);
    });
    let recorder = Library::of_this_person()?.record(&run.spec)?;
    let mut handle = Launcher::this_program().launch_recorded(run.spec.clone(), notify, Some(recorder))?;
    let signal = follow(&handle, woken, |_| {});
    let signal = wait_for_record(&handle, woken, signal);
    let store = handle.wait();
    let wall_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let observer = Observer { cpu_ns: process_cpu_ns(), wall_ns };
    Ok((LabReport::new(run, &store, observer), signal))
}

fn print(out: &mut impl Write, report: &Report<'_>) -> io::Result<()> {
    // The lesson may be anybody's.
    writeln!(out, "{}: {}\n{}\n", report.name, one_line(report.title), one_line(report.about))?;
    let width = report.runs.iter().map(|run| one_line(&run.label).chars().count()).max().unwrap_or(0);
    for run in &report.runs {
        let wall = units::duration(run.run.wall_ns);
        let memory = units::bytes(run.memory_bytes);
        writeln!(
            out,
            "{:width$}  {:11}  {:>9}  {}  {memory} of memory",
            one_line(&run.label),
            run.ended,
            wall,
            run.tally
        )?;
        for what in &run.unexpected {
            writeln!(out, "  otherwise than the lesson says: {what}")?;
        }
    }
    for question in &report.questions {
        writeln!(out, "\n{}", one_line(&question.ask))?;
        for (text, right) in &question.choices {
            let mark = match right {
                Some(true) => "*",
                Some(false) => " ",
                None => "?",
            };
            writeln!(out, "  {mark} {}", one_line(text))?;
        }
        writeln!(out, "  {}", one_line(&question.why))?;
    }
    if let Some(lab) = &report.lab {
        writeln!(out, "\nin the lab\n  {}\n  {}", one_line(&lab.about), lab.command)?;
    }
    Ok(())
}
