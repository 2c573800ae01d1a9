//! Where the workers' time went, side by side.

use super::{plots, sections::named};
use crate::{
    analysis::{ExperimentReport, Part, PartsTotal, VariantReport},
    export::page::{Column, Page},
    units,
};

/// Up to so many variants stand side by side, a row a part; more are a row each.
const MOST_COLUMNS: usize = 6;
/// Beside so many there is room to say what a part is.
const MOST_EXPLAINED: usize = 3;
/// Parts below this share everywhere are left out.
const SMALL: f64 = 0.0005;

pub(super) fn worker_time(page: &mut Page, report: &ExperimentReport) {
    let variants = &report.variants;
    let is_there = |part: &Part| variants.iter().any(|variant| variant.worker_time_ns.share(*part) >= SMALL);
    let parts: Vec<Part> = Part::ALL.into_iter().filter(is_there).collect();
    page.open("Where the workers' time went", "worker-time");
    if parts.is_empty() {
        page.paragraph("", "No run counts, so that there is no time to account for.");
        page.close();
        return;
    }
    let rows: Vec<(&str, PartsTotal)> =
        variants.iter().map(|variant| (variant.name.as_str(), variant.worker_time_ns)).collect();
    page.figure(&plots::stacks(&rows, "time of all workers together, a run"));
    if variants.len() <= MOST_COLUMNS {
        side_by_side(page, variants, &parts);
    } else {
        one_below_the_other(page, variants, &parts);
    }
    page.paragraph(
        "weak",
        "Means of the runs that count, of all workers together; every nanosecond is in one part.",
    );
    page.close();
}

fn side_by_side(page: &mut Page, variants: &[VariantReport], parts: &[Part]) {
    let names: Vec<String> = variants.iter().map(|variant| named(&variant.name)).collect();
    let mut columns = vec![("part", Column::Short)];
    columns.extend(names.iter().map(|name| (name.as_str(), Column::Number)));
    let pair = match variants {
        [a, b] => Some((&a.worker_time_ns, &b.worker_time_ns)),
        _ => None,
    };
    if pair.is_some() {
        columns.push(("change", Column::Number));
    }
    let explained = variants.len() <= MOST_EXPLAINED;
    if explained {
        columns.push(("is", Column::Wrap));
    }
    let part_row = |&part: &Part| {
        let mut row = vec![part.label().to_owned()];
        row.extend(variants.iter().map(|variant| cell(&variant.worker_time_ns, part)));
        row.extend(pair.map(|(a, b)| change(a.of(part), b.of(part))));
        row.extend(explained.then(|| part.about().to_owned()));
        row
    };
    let mut whole = vec!["all".to_owned()];
    whole.extend(variants.iter().map(|variant| units::duration(variant.worker_time_ns.whole_ns())));
    whole.extend(pair.map(|(a, b)| change(a.whole_ns(), b.whole_ns())));
    whole.extend(explained.then(String::new));
    page.table("", &columns, parts.iter().map(part_row).chain([whole]));
}

fn one_below_the_other(page: &mut Page, variants: &[VariantReport], parts: &[Part]) {
    let mut columns = vec![("variant", Column::Short)];
    columns.extend(parts.iter().map(|part| (part.label(), Column::Number)));
    columns.push(("all", Column::Number));
    let row = |variant: &VariantReport| {
        let mut row = vec![named(&variant.name)];
        row.extend(parts.iter().map(|&part| units::duration(variant.worker_time_ns.of(part))));
        row.push(units::duration(variant.worker_time_ns.whole_ns()));
        row
    };
    page.table("", &columns, variants.iter().map(row));
}

fn cell(parts: &PartsTotal, part: Part) -> String {
    format!("{} · {}", units::duration(parts.of(part)), units::percent(parts.share(part)))
}

/// `+9.00 ms`
fn change(a: u64, b: u64) -> String {
    match a.cmp(&b) {
        std::cmp::Ordering::Less => format!("+{}", units::duration(b - a)),
        std::cmp::Ordering::Equal => "0".to_owned(),
        std::cmp::Ordering::Greater => format!("−{}", units::duration(a - b)),
    }
}
