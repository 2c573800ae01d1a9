//! What was run, and on which machine.

use super::sections::named;
use crate::{
    analysis::ExperimentReport,
    export::{
        page::{Column, Page},
        svg::{Num, shortened},
    },
    spec::{Draft, run_line},
    units,
};

/// Characters of one value; a list of faults may be long.
const MAX_VALUE: usize = 500;
const MAX_LINE: usize = 4000;

/// Fields in which the variants differ, fields that all share, and each variant's command line.
pub(super) fn specs(page: &mut Page, report: &ExperimentReport) {
    let fields: Vec<Vec<(String, String)>> =
        report.variants.iter().map(|variant| Draft::from_spec(&variant.spec).fields()).collect();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in fields.iter().flatten() {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let value = |of: &[(String, String)], name: &str| {
        of.iter()
            .find(|field| field.0 == name)
            .map_or_else(|| "–".to_owned(), |field| shortened(&field.1, MAX_VALUE))
    };
    let differs = |name: &&str| fields.iter().any(|one| value(one, name) != value(&fields[0], name));
    let (different, alike): (Vec<&str>, Vec<&str>) = names.into_iter().partition(differs);
    page.open("Specs", "specs");
    if !different.is_empty() {
        page.heading("In which they differ");
        let mut columns = vec![("variant", Column::Short)];
        columns.extend(different.iter().map(|name| (*name, Column::Wrap)));
        let rows = report.variants.iter().zip(&fields).map(|(variant, fields)| {
            let mut row = vec![named(&variant.name)];
            row.extend(different.iter().map(|name| value(fields, name)));
            row
        });
        page.table("", &columns, rows);
    }
    if let Some(first) = fields.first() {
        page.heading("What all share");
        page.facts(alike.iter().map(|name| ((*name).to_owned(), value(first, name))));
    }
    page.heading("Each on its own, as a command");
    let columns = [("variant", Column::Short), ("command", Column::Wrap)];
    let rows = report
        .variants
        .iter()
        .map(|variant| vec![named(&variant.name), shortened(&run_line(&variant.spec), MAX_LINE)]);
    page.table("lines", &columns, rows);
    page.close();
}

pub(super) fn host(page: &mut Page, report: &ExperimentReport) {
    let Some(host) = &report.host else { return };
    page.open("Machine", "machine");
    let facts = [
        ("system", format!("{} {}", host.os, host.kernel)),
        ("CPU", host.cpu.clone()),
        ("cores", format!("{}, of which {} usable", host.cores, Num(host.usable_cores))),
        ("memory", units::bytes(host.memory_bytes)),
    ];
    page.facts(facts.into_iter().map(|(name, value)| (name.to_owned(), shortened(&value, MAX_VALUE))));
    page.close();
}
