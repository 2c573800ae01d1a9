//! `poolscope lesson`: lists the lessons, or runs one and tells what came of it.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use crossbeam_channel::bounded;

use super::{
    CliError, EXIT_OK, EXIT_TASKS,
    args::LessonArgs,
    compare::check_file,
    run::{follow, wait_for_record},
    signals::{self, Wake},
    spec::read_bounded,
};
use crate::{
    analysis::{LessonProcess, LessonReport, LessonShared, LessonTold, Observer},
    export::{LogPattern, write_atomically, write_lesson_log},
    lesson::{self, LONGEST_FILE, Lesson, Variant, What},
    library::Library,
    record::{Recorder, Recording},
    session::Launcher,
    spec::{LessonName, one_line, quoted},
    store::RunStore,
    time::process_cpu_ns,
};

/// Of a lesson in a file.
const FILE_ENDING: &str = "toml";
/// Of a lesson that keeps no log.
const PLAIN_LOG: &str = "%(levelname)s-%(message)s";
/// Printed lines that `show` repeats.
const MOST_SHOWN: usize = 200;

pub(super) fn lesson(args: &LessonArgs) -> Result<u8, CliError> {
    let Some(name) = &args.name else {
        print_list()?;
        return Ok(EXIT_OK);
    };
    let own = if is_file(name) { Some(read_file(Path::new(name))?) } else { None };
    let (lesson, variant) = match &own {
        Some((_, lesson)) => (lesson, variant_of(lesson, args.variant.as_deref())?),
        None => find(name, args.variant.as_deref())?,
    };
    if args.log.is_some() && (lesson.log.is_none() || matches!(variant.what, What::Runs(_))) {
        return Err(CliError::Usage(format!("--log: the lesson {} keeps no log", lesson.name)));
    }
    args.log.as_deref().map_or(Ok(()), check_file)?;
    match &variant.what {
        What::Program(_) => run_program(args, lesson, variant, own.as_ref().map(|(text, _)| text.as_str())),
        What::Runs(_) => super::lesson_runs::run(args, lesson, variant),
    }
}

/// A lesson a line, name first; its variants below it.
fn print_list() -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    let width = lesson::all()
        .iter()
        .flat_map(|lesson| lesson.variants.iter().map(|variant| lesson.name_of(variant).to_string().len()))
        .max()
        .unwrap_or(0);
    for lesson in lesson::all() {
        for variant in &lesson.variants {
            writeln!(out, "{:width$}  {}", lesson.name_of(variant).to_string(), variant.title)?;
        }
    }
    Ok(())
}

/// The lesson and its variant, `NAME`, `NAME/VARIANT` or `NAME --variant VARIANT`.
fn find(name: &str, variant: Option<&str>) -> Result<(&'static Lesson, &'static Variant), CliError> {
    let asked: LessonName = name.parse().map_err(|allowed: String| {
        CliError::Usage(format!("lesson: {} is not allowed; allowed: {allowed}", quoted(name)))
    })?;
    let names = || lesson::all().iter().map(|lesson| lesson.name.as_str()).collect::<Vec<_>>().join(", ");
    let lesson = lesson::find(&asked.name).ok_or_else(|| {
        CliError::Usage(format!("lesson: there is no {}; there are {}", quoted(&asked.name), names()))
    })?;
    if let (Some(one), Some(other)) = (&asked.variant, variant)
        && one != other
    {
        let text =
            format!("variant: {} was asked for, and {} by the lesson's name", quoted(other), quoted(one));
        return Err(CliError::Usage(text));
    }
    let found = variant_of(lesson, asked.variant.as_deref().or(variant))?;
    Ok((lesson, found))
}

fn variant_of<'l>(lesson: &'l Lesson, wanted: Option<&str>) -> Result<&'l Variant, CliError> {
    lesson.variant(wanted).ok_or_else(|| {
        let variants: Vec<&str> =
            lesson.variants.iter().filter_map(|variant| variant.name.as_deref()).collect();
        let there = if variants.is_empty() { "it has none".to_owned() } else { variants.join(", ") };
        let wanted = quoted(wanted.unwrap_or_default());
        CliError::Usage(format!("variant: the lesson {} has no {wanted}; allowed: {there}", lesson.name))
    })
}

/// No lesson's name has a dot.
fn is_file(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == FILE_ENDING)
}

/// A lesson of somebody's own, with its text.
fn read_file(path: &Path) -> Result<(String, Lesson), CliError> {
    let text = read_bounded("lesson", path, LONGEST_FILE as u64)?;
    let told = |wrong: Vec<String>| {
        let line = |what: &String| format!("{}: {}", path.display(), one_line(what));
        let lines: Vec<String> = wrong.iter().map(line).collect();
        CliError::Usage(lines.join("\n"))
    };
    let lesson = lesson::read_own(&text).map_err(told)?;
    if let Some(log) = &lesson.log {
        LogPattern::parse(&log.format).map_err(|why| told(vec![format!("log, format: {why}")]))?;
    }
    Ok((text, lesson))
}

/// `own` is the text of a lesson that this program does not carry.
fn run_program(
    args: &LessonArgs,
    lesson: &Lesson,
    variant: &Variant,
    own: Option<&str>,
) -> Result<u8, CliError> {
    let spec = lesson.spec(variant).map_err(CliError::Spec)?;
    let (wake, woken) = bounded(64);
    let over = Arc::new(AtomicBool::new(false));
    signals::forward(wake.clone(), Arc::clone(&over)).map_err(CliError::Signals)?;
    let began = Instant::now();
    let notify = Arc::new(move || {
        // A full channel already holds a wake-up.
        let _already_awake = wake.try_send(Wake::Snapshot);
    });
    let recorder = match &args.output {
        Some(path) => Recorder::start(path, &spec)?,
        None => Library::of_this_person()?.record(&spec)?,
    };
    let kept_in: PathBuf = recorder.path().to_owned();
    let launcher = Launcher::this_program();
    let mut run = match own {
        Some(text) => launcher.launch_lesson(spec, text, notify, Some(recorder))?,
        None => launcher.launch_recorded(spec, notify, Some(recorder))?,
    };
    let signal = follow(&run, &woken, |_| {});
    let signal = wait_for_record(&run, &woken, signal);
    let store = run.wait();
    if let Some((path, Recording::Incomplete(why))) = run.recording() {
        writeln!(io::stderr(), "poolscope: {} is incomplete: {why}", path.display())?;
    }
    over.store(true, Ordering::Release);
    let log = log_lines(lesson, &store)?;
    if let Some(path) = &args.log {
        write_atomically(path, |out| log.iter().try_for_each(|line| writeln!(out, "{line}")))?;
    }
    let wall_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let observer = Observer { cpu_ns: process_cpu_ns(), wall_ns };
    let report = LessonReport::new(lesson, variant, &store, log, observer);
    print(args, &report)?;
    if args.output.is_none() && !args.json {
        writeln!(io::stderr(), "poolscope: recorded in {}", kept_in.display())?;
    }
    Ok(match signal {
        Some(signal) => 128 + u8::try_from(signal).unwrap_or(0),
        None if report.unexpected.is_empty() => EXIT_OK,
        None => EXIT_TASKS,
    })
}

/// What a lesson's processes logged, in the lesson's own pattern. One without a log may still have something to say: why a
/// process failed.
fn log_lines(lesson: &Lesson, store: &RunStore) -> Result<Vec<String>, CliError> {
    let format = lesson.log.as_ref().map_or(PLAIN_LOG, |log| &log.format);
    let pattern = LogPattern::parse(format).map_err(CliError::Usage)?;
    let mut bytes = Vec::new();
    write_lesson_log(store, &pattern, &jiff::tz::TimeZone::system(), &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
}

fn print(args: &LessonArgs, report: &LessonReport) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    let written = if args.json {
        serde_json::to_writer_pretty(&mut out, report).map_err(io::Error::from).and_then(|()| writeln!(out))
    } else {
        text(report).iter().try_for_each(|line| writeln!(out, "{line}"))
    };
    match written.and_then(|()| out.flush()) {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// For people: what was printed first, as the program printed it, then what is to be said of it.
fn text(report: &LessonReport) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", report.name, report.title), report.about.clone()];
    let mut part = |title: &str, more: Vec<String>| {
        if !more.is_empty() {
            lines.push(String::new());
            lines.push(title.to_owned());
            lines.extend(more.into_iter().map(|line| format!("  {line}")));
        }
    };
    part("printed", report.printed.clone());
    part(report.log_file.as_deref().unwrap_or("log"), report.log.clone());
    part("processes", process_lines(&report.processes));
    part("shared", shared_lines(&report.shared));
    part("stuck", report.stuck.iter().cloned().collect());
    for question in &report.questions {
        let choice = |(text, right): &(String, Option<bool>)| {
            let mark = match right {
                Some(true) => "*",
                Some(false) => " ",
                None => "?",
            };
            format!("{mark} {text}")
        };
        let mut answers: Vec<String> = question.choices.iter().map(choice).collect();
        answers.push(question.why.clone());
        part(&question.ask, answers);
    }
    let in_lab = report.lab.as_ref().map(|lab| vec![lab.about.clone(), lab.command.clone()]);
    part("in the lab", in_lab.unwrap_or_default());
    part("otherwise than the lesson says", report.unexpected.clone());
    // The lesson may be anybody's.
    lines.iter().map(|line| one_line(line)).collect()
}

fn process_lines(processes: &[LessonProcess]) -> Vec<String> {
    let width = processes.iter().map(|process| process.name.len()).max().unwrap_or(0);
    let line = |process: &LessonProcess| {
        let pid = process.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        format!("{:width$}  pid {pid:7}  {}", process.name, process.end.as_deref().unwrap_or("runs"))
    };
    processes.iter().map(line).collect()
}

fn shared_lines(shared: &[LessonShared]) -> Vec<String> {
    let line = |shared: &LessonShared| {
        let cells = if shared.cells.is_empty() { String::new() } else { format!("  {:?}", shared.cells) };
        let plural = if shared.operations == 1 { "" } else { "s" };
        format!("{}  {} operation{plural}{cells}", shared.name, shared.operations)
    };
    shared.iter().map(line).collect()
}

/// What a lesson's run file tells beyond any other run's: printed lines, processes, shared objects and who waits for ever.
/// The file may be anybody's.
pub(super) fn told_lines(told: &LessonTold) -> Vec<String> {
    let mut printed: Vec<String> = told.printed.iter().take(MOST_SHOWN).cloned().collect();
    if told.printed.len() > MOST_SHOWN {
        printed.push(format!("… and {} lines more", told.printed.len() - MOST_SHOWN));
    }
    let parts = [
        ("printed", printed),
        ("processes", process_lines(&told.processes)),
        ("shared", shared_lines(&told.shared)),
        ("stuck", told.stuck.iter().cloned().collect()),
    ];
    let mut lines = Vec::new();
    for (title, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
        lines.push(title.to_owned());
        lines.extend(part.iter().map(|line| format!("  {}", one_line(line))));
    }
    lines
}
