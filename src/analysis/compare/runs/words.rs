//! Several runs in aligned lines, as a terminal shows them.

use super::{Cell, RunsComparison};
use crate::{analysis::Difference, spec::one_line};

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
        if anecdotes || !self.warnings.is_empty() {
            lines.push(String::new());
        }
        if anecdotes {
            let note =
                "one run or two cannot tell a difference from chance: runs of equal specs become one column";
            lines.push(format!("note      {note}"));
        }
        lines.extend(self.warnings.iter().map(|warning| format!("warning   {}", one_line(warning))));
        lines
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
    if cell.against.is_empty() { cell.text.clone() } else { format!("{}  {}", cell.text, cell.against) }
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
