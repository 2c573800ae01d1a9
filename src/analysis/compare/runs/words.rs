//! Several runs in aligned lines, as a terminal shows them.

use super::{Cell, RunsComparison};
use crate::{
    analysis::{Difference, Interval, sample::USUAL_COVERAGE},
    spec::one_line,
};

/// Between two columns.
const GAP: usize = 3;

impl RunsComparison {
    /// The table, and below it what makes it doubtful.
    pub fn summary_lines(&self) -> Vec<String> {
        let mut table = vec![self.heads(), self.runs()];
        table.extend(self.settings.iter().map(|(name, values)| {
            std::iter::once(format!("set: {name}")).chain(values.iter().cloned()).collect()
        }));
        table.extend(
            self.rows.iter().map(|row| {
                std::iter::once(row.name.clone()).chain(row.cells.iter().map(cell_text)).collect()
            }),
        );
        // Names and sentences may come from files that somebody else has made.
        let table: Vec<Vec<String>> =
            table.iter().map(|row: &Vec<String>| row.iter().map(|text| one_line(text)).collect()).collect();
        let mut lines = aligned(&table);
        let anecdotal = |cell: &Cell| {
            cell.ratio.is_some_and(|ratio| matches!(Difference::of(ratio), Difference::CannotTell { .. }))
        };
        let anecdotes = self.rows.iter().flat_map(|row| &row.cells).any(anecdotal);
        let interval_note = self.interval_note();
        if anecdotes || interval_note.is_some() || !self.warnings.is_empty() {
            lines.push(String::new());
        }
        if anecdotes {
            let note =
                "one run or two cannot tell a difference from chance: runs of equal specs become one column";
            lines.push(format!("note      {note}"));
        }
        lines.extend(interval_note);
        lines.extend(self.warnings.iter().map(|warning| format!("warning   {}", one_line(warning))));
        lines
    }

    /// What the intervals are worth, where that is less than people take for granted.
    fn interval_note(&self) -> Option<String> {
        let cells = || self.rows.iter().flat_map(|row| &row.cells);
        let medians = cells().filter_map(|cell| cell.value.as_ref()?.median_interval);
        let told = |cell: &Cell| {
            let ratio = cell.ratio?;
            (!matches!(Difference::of(ratio), Difference::CannotTell { .. })).then_some(ratio.interval)?
        };
        let kinds = [("median", least(medians)), ("ratio", least(cells().filter_map(told)))];
        let words: Vec<String> = kinds
            .into_iter()
            .filter_map(|(of, coverage)| {
                let percent = (coverage.filter(|coverage| *coverage < USUAL_COVERAGE)? * 100.0).floor();
                Some(format!("the true {of} with {percent:.0} %"))
            })
            .collect();
        let note = "of so few repeats it is a whole range, which holds";
        (!words.is_empty())
            .then(|| format!("interval  {note} {}; 6 repeats have one of 95 %", words.join(" and ")))
    }

    fn heads(&self) -> Vec<String> {
        let head = |(at, name): (usize, &String)| {
            if at == self.base { format!("{name} (base)") } else { name.clone() }
        };
        let names = self.columns.iter().map(|column| &column.name).enumerate();
        std::iter::once(String::new()).chain(names.map(head)).collect()
    }

    fn runs(&self) -> Vec<String> {
        let runs = self.columns.iter().map(|column| match column.runs.as_slice() {
            [run] => run.clone(),
            several => format!("{} repeats", several.len()),
        });
        std::iter::once("run".to_owned()).chain(runs).collect()
    }
}

fn cell_text(cell: &Cell) -> String {
    cell.ratio.map_or_else(|| cell.text.clone(), |ratio| format!("{}  {}", cell.text, ratio.cell_words()))
}

fn least(intervals: impl Iterator<Item = Interval>) -> Option<f64> {
    intervals.map(|interval| interval.coverage).min_by(f64::total_cmp)
}

/// Each column as wide as its longest text.
fn aligned(table: &[Vec<String>]) -> Vec<String> {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| table.iter().filter_map(|row| row.get(at)).map(|text| text.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or(0) + GAP).collect();
    let line = |row: &Vec<String>| {
        let padded = row.iter().zip(&widths).map(|(text, &width)| format!("{text:<width$}"));
        padded.collect::<String>().trim_end().to_owned()
    };
    table.iter().map(line).collect()
}
