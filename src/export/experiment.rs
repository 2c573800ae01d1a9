//! An experiment as files for people and other programs: a page to read, print and keep, a table of its runs, and more.
//!
//! The page is made as that of a run, see [`super::write_html`]: without scripts, without anything from elsewhere, light
//! or dark as its reader likes. Names and messages come from files that anyone may have written, and stay text.

mod csv;
pub(super) mod plots;
mod sections;
mod series;
mod specs;
#[cfg(test)]
mod tests;
mod time;

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
    str::FromStr,
};

use jiff::{Timestamp, tz::TimeZone};

pub use csv::write_experiment_csv;

use super::{ExportError, page::Page, spare_run, write_atomically, write_hyperfine};
use crate::analysis::{ExperimentReport, Turn};

/// How an experiment went, beside what was measured in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExperimentCover {
    /// `finished`, `stopped`, or `running`.
    pub status: &'static str,
    /// Of how many variants and runs: `2 variants, 5 runs each after 1 warm-up, in turns`.
    pub title: String,
    /// Wall clock at its start.
    pub began_unix_ns: u64,
    /// In the order in which the runs were planned.
    pub turns: Vec<Turn>,
    /// Runs of that plan that were not made, each with the reason if it was not the experiment's end.
    pub missing: Vec<(Turn, Option<String>)>,
    /// Why the run's file is incomplete.
    pub gaps: Vec<(Turn, String)>,
}

/// Which run of all each was, from 1 on.
struct Places(BTreeMap<(bool, u32, usize), usize>);

impl Places {
    fn new(cover: &ExperimentCover) -> Self {
        Self(cover.turns.iter().zip(1..).map(|(turn, at)| (key(*turn), at)).collect())
    }

    /// `None` for a run that was not planned.
    fn of(&self, turn: Turn) -> Option<usize> {
        self.0.get(&key(turn)).copied()
    }
}

fn key(turn: Turn) -> (bool, u32, usize) {
    (turn.warmup, turn.round, turn.variant)
}

/// In which form to write an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExperimentFormat {
    /// A report to read, in one file.
    Html,
    /// The report as one object, as `compare --json` prints it.
    Json,
    /// The times as hyperfine exports them.
    Hyperfine,
    /// A table with a row a run.
    Csv,
}

impl ExperimentFormat {
    pub const ALL: [Self; 4] = [Self::Html, Self::Json, Self::Hyperfine, Self::Csv];

    pub fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Json => "json",
            Self::Hyperfine => "hyperfine",
            Self::Csv => "csv",
        }
    }

    /// Writes it to anything that takes bytes, with local times where the format has wall-clock times.
    pub fn write(
        self,
        report: &ExperimentReport,
        cover: &ExperimentCover,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Self::Html => write_experiment_html(report, cover, &TimeZone::system(), out),
            Self::Json => {
                serde_json::to_writer_pretty(&mut *out, report)?;
                writeln!(out)
            }
            Self::Hyperfine => write_hyperfine(report, out),
            Self::Csv => write_experiment_csv(report, cover, out),
        }
    }
}

/// By the name that [`ExperimentFormat::name`] gives; else what is allowed.
impl FromStr for ExperimentFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        super::by_name(&Self::ALL, Self::name, text)
    }
}

/// Writes an experiment to a file, whole or not at all, and never over a run or an experiment.
pub fn export_experiment(
    report: &ExperimentReport,
    cover: &ExperimentCover,
    format: ExperimentFormat,
    path: &Path,
) -> Result<(), ExportError> {
    let fail = |source| ExportError { path: path.to_owned(), source };
    spare_run(path).map_err(fail)?;
    write_atomically(path, |out| format.write(report, cover, out)).map_err(fail)
}

/// Writes the page. Its times of the day are those of the zone.
pub fn write_experiment_html(
    report: &ExperimentReport,
    cover: &ExperimentCover,
    zone: &TimeZone,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(&title(report));
    sections::header(&mut page, report, cover, &moment(cover.began_unix_ns, zone));
    sections::findings(&mut page, report);
    sections::verdict(&mut page, report);
    sections::variants(&mut page, report);
    sections::all_runs(&mut page, report);
    series::workers(&mut page, report);
    series::chunks(&mut page, report);
    time::worker_time(&mut page, report);
    sections::pairs(&mut page, report);
    sections::runs(&mut page, report, cover);
    specs::specs(&mut page, report);
    specs::host(&mut page, report);
    page.markup("</main>\n");
    out.write_all(page.finish().as_bytes())
}

/// `threads × 2 and processes × 2`; for more than three, how many there are.
fn title(report: &ExperimentReport) -> String {
    let names: Vec<String> = report.variants.iter().map(|variant| sections::named(&variant.name)).collect();
    match &names[..] {
        [] => "An experiment without variants".to_owned(),
        [only] => format!("Experiment: {only}"),
        [first @ .., last] if first.len() < 3 => format!("Experiment: {} and {last}", first.join(", ")),
        all => format!("Experiment: {} variants, {} to {}", all.len(), all[0], all[all.len() - 1]),
    }
}

fn moment(unix_ns: u64, zone: &TimeZone) -> String {
    let time = Timestamp::from_nanosecond(i128::from(unix_ns)).unwrap_or(Timestamp::MAX);
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}
