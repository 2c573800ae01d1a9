//! `poolscope list`: the runs and the experiments kept on this machine.

mod experiments;

use std::{
    io::{self, Write},
    path::Path,
};

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use self::experiments::{ListedExperiment, experiments};
use super::{CliError, EXIT_OK, args::ListArgs};
use crate::{
    library::{Entry, Library, matches},
    spec::LessonName,
    store::Tally,
    units,
};

/// One run as programs read it. What a file that cannot be read would tell is null, and `error` says why.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    kind: &'static str,
    path: &'a Path,
    name: Option<&'a str>,
    title: Option<&'a str>,
    status: &'a str,
    complete: bool,
    started_unix_ns: Option<u64>,
    wall_ns: Option<u64>,
    tasks: Option<Tally>,
    /// The lesson that it is, or is part of.
    lesson: Option<&'a LessonName>,
    note: Option<&'a str>,
    pinned: bool,
    bytes: u64,
    error: Option<&'a str>,
}

impl<'a> Listed<'a> {
    fn new(entry: &'a Entry) -> Self {
        let brief = entry.brief.as_ref().ok();
        Self {
            kind: "run",
            path: &entry.path,
            name: brief.map(|brief| &*brief.label.name),
            title: brief.map(|brief| &*brief.title),
            status: entry.status(),
            complete: brief.is_some_and(|brief| brief.complete),
            started_unix_ns: brief.and_then(|brief| brief.started_unix_ns),
            wall_ns: brief.and_then(|brief| brief.wall_ns),
            tasks: brief.map(|brief| brief.tally),
            lesson: brief.and_then(|brief| brief.lesson.as_ref()),
            note: brief.map(|brief| &*brief.label.note),
            pinned: entry.is_pinned(),
            bytes: entry.bytes,
            error: entry.brief.as_ref().err().map(String::as_str),
        }
    }
}

/// One of either kind.
#[derive(Serialize)]
#[serde(untagged)]
enum Item<'a> {
    Run(Listed<'a>),
    Experiment(&'a ListedExperiment),
}

pub(super) fn list(args: &ListArgs) -> Result<u8, CliError> {
    let mut library = Library::to_look_at()?;
    let mut entries = library.list()?;
    entries.retain(|entry| matches(entry, &args.search));
    let mut experiments = experiments(&library)?;
    experiments.retain(|experiment| experiment.matches(&args.search));
    if entries.is_empty() && experiments.is_empty() && !args.json {
        let hint = if args.search.is_empty() {
            "no run is kept yet; the window keeps each of its runs, and so do `poolscope run --keep` and `compare --keep`"
        } else {
            "no run and no experiment that is kept has all of these words"
        };
        writeln!(io::stderr(), "poolscope: {hint}")?;
    }
    let mut out = io::stdout().lock();
    let written = if args.json {
        let runs = entries.iter().map(|entry| Item::Run(Listed::new(entry)));
        let items: Vec<Item<'_>> = runs.chain(experiments.iter().map(Item::Experiment)).collect();
        serde_json::to_writer_pretty(&mut out, &items).map_err(io::Error::from).and_then(|()| writeln!(out))
    } else {
        let zone = TimeZone::system();
        let runs = lines(entries.iter().map(|entry| cells(entry, &zone)));
        let experiments = lines(experiments.iter().map(|experiment| experiment.cells(&zone)));
        runs.iter().chain(&experiments).try_for_each(|line| writeln!(out, "{line}"))
    };
    match written.and_then(|()| out.flush()) {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(EXIT_OK),
        other => Ok(other.map(|()| EXIT_OK)?),
    }
}

/// A line a row, in columns: file name, time, wall time, status, tasks or runs, title.
fn lines(rows: impl Iterator<Item = [String; 6]>) -> Vec<String> {
    // One line a row, whatever a person has written.
    let rows: Vec<_> = rows.map(|row| row.map(|cell| cell.replace(char::is_control, " "))).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4].map(width);
    rows.iter()
        .map(|[file, time, wall, status, tasks, title]| {
            let [w_file, w_time, w_wall, w_status, w_tasks] = widths;
            format!(
                "{file:<w_file$}  {time:<w_time$}  {wall:>w_wall$}  {status:<w_status$}  {tasks:>w_tasks$}  {title}"
            )
        })
        .collect()
}

fn moment(unix_ns: u64, zone: &TimeZone) -> String {
    let time = Timestamp::from_nanosecond(i128::from(unix_ns)).unwrap_or(Timestamp::UNIX_EPOCH);
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn cells(entry: &Entry, zone: &TimeZone) -> [String; 6] {
    let time = moment(entry.time_unix_ns(), zone);
    let (wall, tasks, title) = match &entry.brief {
        Ok(brief) => (
            brief.wall_ns.map_or_else(|| "–".to_owned(), units::duration),
            tasks(brief.tally),
            match &*brief.label.name {
                "" => brief.title.clone(),
                name => format!("{name}: {}", brief.title),
            },
        ),
        Err(why) => ("–".to_owned(), "–".to_owned(), why.clone()),
    };
    [entry.file_name(), time, wall, entry.status().to_owned(), tasks, title]
}

/// How many went well, where that is known.
fn tasks(tally: Tally) -> String {
    let Tally { total, ok, failed, crashed, timed_out, cancelled, not_run } = tally;
    let is_known =
        [ok, failed, crashed, timed_out, cancelled, not_run].iter().map(|part| u64::from(*part)).sum::<u64>()
            == u64::from(total);
    let ok = if is_known { units::count(u64::from(ok)) } else { "–".to_owned() };
    format!("{ok}/{}", units::count(u64::from(total)))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::record::Brief;

    fn told(entries: &[Entry]) -> Vec<String> {
        lines(entries.iter().map(|entry| cells(entry, &TimeZone::UTC)))
    }

    #[test]
    fn a_name_stands_before_the_title() {
        let label = crate::record::Label { name: "mine".to_owned(), ..Default::default() };
        let tally = Tally { total: 1_000_000, ok: 1_000_000, ..Tally::default() };
        let brief = Brief { title: "serial × 1".to_owned(), tally, label, ..Brief::default() };
        let path = PathBuf::from("/runs/a.pscope");
        let [line] = &told(&[Entry { path, bytes: 1, modified_unix_ns: 0, brief: Ok(brief) }])[..] else {
            panic!("a line a run")
        };
        assert!(
            line.ends_with("1\u{202f}000\u{202f}000/1\u{202f}000\u{202f}000  mine: serial × 1"),
            "{line}"
        );
    }

    #[test]
    fn columns_stand_under_each_other_and_a_run_is_one_line() {
        let good = Entry {
            path: PathBuf::from("/runs/a.pscope"),
            bytes: 1,
            modified_unix_ns: 0,
            brief: Ok(Brief {
                title: "serial × 1,\nprimes".to_owned(),
                status: "finished".to_owned(),
                started_unix_ns: Some(1_795_385_815_000_000_000),
                wall_ns: Some(1_240_000_000),
                tally: Tally { total: 64, ok: 60, failed: 4, ..Tally::default() },
                ..Brief::default()
            }),
        };
        let bad =
            Entry { path: PathBuf::from("/runs/bad.pscope"), brief: Err("no run".into()), ..good.clone() };
        assert_eq!(
            told(&[good, bad]),
            [
                "a.pscope    2026-11-22 22:16:55  1.24 s  finished    60/64  serial × 1, primes",
                "bad.pscope  1970-01-01 00:00:00       –  unreadable      –  no run",
            ]
        );
    }
}
