//! Measured sides as Markdown for people and as JSON for programs.

use poolscope::units;
use serde_json::{Value, json};

use crate::{
    load::BUSY_SHARE,
    rounds::{Measured, Miss, Spread, ratios},
};

const NOT_SUPPORTED: &str = "not supported";

/// What a table shows its values in.
#[derive(Clone, Copy)]
pub(crate) struct Unit {
    pub(crate) name: &'static str,
    /// So many of what was measured make one.
    pub(crate) size: f64,
}

pub(crate) const MICROSECONDS: Unit = Unit { name: "µs", size: 1e3 };
pub(crate) const MILLISECONDS: Unit = Unit { name: "ms", size: 1e6 };
pub(crate) const MEGABYTES: Unit = Unit { name: "MB", size: 1e6 };
pub(crate) const BYTES: Unit = Unit { name: "bytes", size: 1.0 };
pub(crate) const SHARE: Unit = Unit { name: "share", size: 1.0 };

pub(crate) enum Columns {
    /// One for each column of the sides; every cell shows this metric.
    OfSides(&'static str),
    /// One for each metric, with its heading; a row is one side.
    OfMetrics(&'static [(&'static str, &'static str)]),
}

pub(crate) struct Table {
    /// Stands over the names of the rows.
    pub(crate) heading: &'static str,
    pub(crate) unit: Unit,
    pub(crate) columns: Columns,
}

/// A cell by its row and column.
pub(crate) type Cell = (String, String);

/// One side's metric over another's.
pub(crate) struct Ratio {
    pub(crate) label: String,
    pub(crate) over: Cell,
    pub(crate) under: Cell,
    pub(crate) metric: &'static str,
}

/// How a section is shown.
pub(crate) struct Report {
    pub(crate) title: &'static str,
    pub(crate) notes: Vec<String>,
    pub(crate) tables: Vec<Table>,
    pub(crate) ratios: Vec<Ratio>,
}

/// `others_share` is what was used of the cores by anybody else while this was measured.
pub(crate) fn markdown(report: &Report, results: &[Measured], others_share: Option<f64>) -> String {
    let mut lines = vec![format!("\n## {}\n", report.title)];
    lines.extend(report.notes.iter().map(|note| format!("{note}\n")));
    for (index, table) in report.tables.iter().enumerate() {
        lines.extend(table_lines(table, results, index == 0));
        lines.push(String::new());
    }
    let quotients: Vec<(&Ratio, Spread)> = report
        .ratios
        .iter()
        .filter_map(|ratio| Some((ratio, Spread::of(&quotients(ratio, results))?)))
        .collect();
    if !quotients.is_empty() {
        lines.push("| ratio, within rounds | median (lowest to highest) |\n|---|---|".to_owned());
        lines.extend(
            quotients
                .into_iter()
                .map(|(ratio, spread)| format!("| {} | {} |", ratio.label, text(spread, 1.0))),
        );
        lines.push(String::new());
    }
    let misses = miss_lines(results);
    if !misses.is_empty() {
        lines.extend(misses);
        lines.push(String::new());
    }
    if let Some(share) = others_share {
        let busy = if share > BUSY_SHARE { "**Warning:** the machine was busy. " } else { "" };
        lines.push(format!("{busy}Others used {} of the cores meanwhile.", units::percent(share)));
    }
    lines.join("\n")
}

fn table_lines(table: &Table, results: &[Measured], is_first: bool) -> Vec<String> {
    let headings = match table.columns {
        Columns::OfSides(_) => distinct(results.iter().map(|side| side.column.as_str())),
        Columns::OfMetrics(metrics) => metrics.iter().map(|(_, heading)| *heading).collect(),
    };
    let mut lines = vec![
        format!("| {}, {} | {} |", table.heading, table.unit.name, headings.join(" | ")),
        format!("|---|{}", "---|".repeat(headings.len())),
    ];
    for row in distinct(results.iter().map(|side| side.row.as_str())) {
        let sides: Vec<&Measured> = results.iter().filter(|side| side.row == row).collect();
        let cells = row_cells(table, &sides, &headings);
        // A further table leaves out who has nothing to show in it; the first one says why.
        let has_value = cells.iter().any(|cell| cell.starts_with(|first: char| first.is_ascii_digit()));
        if is_first || has_value {
            lines.push(format!("| {row} | {} |", cells.join(" | ")));
        }
    }
    lines
}

fn row_cells(table: &Table, sides: &[&Measured], headings: &[&str]) -> Vec<String> {
    if sides.iter().all(|side| matches!(side.miss, Some(Miss::NotSupported(_)))) {
        // Once is enough.
        let mut cells = vec![NOT_SUPPORTED.to_owned()];
        cells.resize(headings.len(), String::new());
        return cells;
    }
    let shown = |side: Option<&&Measured>, metric: &str| {
        side.map_or_else(String::new, |side| cell(side, metric, table.unit))
    };
    match table.columns {
        Columns::OfSides(metric) => headings
            .iter()
            .map(|heading| shown(sides.iter().find(|side| side.column == *heading), metric))
            .collect(),
        Columns::OfMetrics(metrics) => {
            metrics.iter().map(|(metric, _)| shown(sides.first(), metric)).collect()
        }
    }
}

fn cell(side: &Measured, metric: &str, unit: Unit) -> String {
    match &side.miss {
        Some(Miss::NotSupported(_)) => NOT_SUPPORTED.to_owned(),
        Some(Miss::Failed(_)) => "failed".to_owned(),
        None => Spread::of(&side.series(metric)).map_or_else(String::new, |spread| text(spread, unit.size)),
    }
}

fn text(spread: Spread, size: f64) -> String {
    let [median, low, high] = [spread.median, spread.low, spread.high].map(|value| figures(value / size));
    // A single round has no spread.
    if low == high { median } else { format!("{median} ({low} to {high})") }
}

/// Three significant figures, or four decimals where that would take more; no exponent.
fn figures(value: f64) -> String {
    match value {
        0.0..0.09995 => format!("{value:.4}"),
        0.09995..0.9995 => format!("{value:.3}"),
        0.9995..9.995 => format!("{value:.2}"),
        9.995..99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// Each reason once, with who gave it.
fn miss_lines(results: &[Measured]) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for side in results {
        let reason = match &side.miss {
            Some(Miss::NotSupported(reason)) => format!("{NOT_SUPPORTED}: {reason}"),
            Some(Miss::Failed(reason)) => format!("failed: {reason}"),
            None => continue,
        };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, rows)) if rows.contains(&side.row.as_str()) => {}
            Some((_, rows)) => rows.push(&side.row),
            None => reasons.push((reason, vec![&side.row])),
        }
    }
    reasons.into_iter().map(|(reason, rows)| format!("- {}: {reason}", rows.join("; "))).collect()
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut known = Vec::new();
    for name in names {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    known
}

fn quotients(ratio: &Ratio, results: &[Measured]) -> Vec<f64> {
    let series = |(row, column): &Cell| {
        let side = results.iter().find(|side| side.row == *row && side.column == *column);
        assert!(side.is_some(), "the ratio {} names {row} / {column}, which nobody measures", ratio.label);
        side.map_or_else(Vec::new, |side| side.series(ratio.metric))
    };
    ratios(&series(&ratio.over), &series(&ratio.under))
}

/// Every value of every round, in nanoseconds, bytes and shares.
pub(crate) fn json(name: &str, report: &Report, results: &[Measured], others_share: Option<f64>) -> Value {
    let sides: Vec<Value> = results
        .iter()
        .map(|side| {
            let (status, reason) = match &side.miss {
                None => ("measured", None),
                Some(Miss::NotSupported(reason)) => (NOT_SUPPORTED, Some(reason)),
                Some(Miss::Failed(reason)) => ("failed", Some(reason)),
            };
            let rounds: Vec<Value> =
                side.rounds.iter().map(|sample| sample.iter().map(|(name, value)| (*name, *value)).collect()).collect();
            json!({ "row": side.row, "column": side.column, "status": status, "reason": reason, "rounds": rounds })
        })
        .collect();
    let ratios: Vec<Value> = report
        .ratios
        .iter()
        .map(|ratio| {
            let rounds = quotients(ratio, results);
            let median = Spread::of(&rounds).map(|spread| spread.median);
            json!({ "label": ratio.label, "metric": ratio.metric, "rounds": rounds, "median": median })
        })
        .collect();
    json!({ "name": name, "sides": sides, "ratios": ratios, "others_share": others_share })
}
