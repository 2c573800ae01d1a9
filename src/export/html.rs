//! A run as one page to read, print and keep: HTML without scripts, and without anything from elsewhere.
//!
//! The page follows the reader's choice of light or dark, and prints light. Its plots are those of
//! [`super::write_svg`], inline. Everything that a run brings along is escaped; a policy in the page forbids whatever
//! might slip through to run or to load.

mod sections;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    page::Page,
    svg::{Plot, figure},
};
use crate::{
    analysis::{Observer, RunReport},
    record::Label,
    store::RunStore,
};

/// Writes the page. Its times of the day are those of the zone; a name that a person gave is its title.
pub fn write_html(
    store: &RunStore,
    observer: Observer,
    label: &Label,
    zone: &TimeZone,
    out: &mut dyn Write,
) -> io::Result<()> {
    let report = RunReport::new(store, observer);
    let title = store.title().unwrap_or_else(|| "A run that did not start".to_owned());
    let mut page = Page::new(if label.name.is_empty() { &title } else { &label.name });
    if !label.name.is_empty() {
        page.paragraph("", &title);
    }
    for line in label.note.lines() {
        page.paragraph("", line);
    }
    sections::outcome(&mut page, store, &report, began(store, zone).as_deref());
    sections::numbers(&mut page, &report);
    sections::verdict(&mut page, &report);
    sections::worker_time(&mut page, store);
    page.open("Plots", "plots");
    for plot in Plot::ALL {
        page.figure(&figure(store, plot, None));
    }
    page.close();
    sections::workers(&mut page, store);
    sections::failures(&mut page, store);
    sections::spec(&mut page, store);
    sections::log(&mut page, store);
    out.write_all(page.finish().as_bytes())
}

/// When the run began, by the wall clock.
fn began(store: &RunStore, zone: &TimeZone) -> Option<String> {
    let unix_ns = store.info.as_ref()?.clock.unix_ns;
    let time = Timestamp::from_nanosecond(i128::from(unix_ns)).unwrap_or(Timestamp::MAX);
    Some(time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string())
}
