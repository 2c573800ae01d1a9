//! What is said of cores, in words.

use std::fmt::Write as _;

use super::{
    super::tooltip::{Rows, at},
    index::{CoreIndex, CoreTracks},
    layout::{Bar, Row, What},
};
use crate::{spec::Telemetry, store::RunStore, units};

fn some(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", units::count(n), if n == 1 { "" } else { "s" })
}

/// Why there is nothing to be shown, and what to do.
pub(super) fn nothing(store: &RunStore) -> String {
    let telemetry = store.info.as_ref().map(|info| info.telemetry);
    let why = match telemetry {
        Some(Telemetry::Full) | None => "No task of this run tells on which core it ran.".to_owned(),
        Some(level) => format!("This run was measured at telemetry {level}, which tells no task's core."),
    };
    format!("{why} Run it again with telemetry full, which records the core of each task.")
}

/// `core 1 lane: 120 tasks began here, 4 of them ended on another core, 3 came from one, 87 % busy`
pub(super) fn lane(
    core: usize,
    tracks: Option<&CoreTracks>,
    load: Option<&str>,
    others: Option<&str>,
) -> String {
    let (began, left, came) = tracks.map_or((0, 0, 0), |core| (core.began, core.left, core.came));
    let mut words = format!("core {core} lane: {} began here", some(began, "task"));
    if left > 0 {
        _ = write!(words, ", {} of them ended on another core", units::count(left));
    }
    if came > 0 {
        _ = write!(words, ", {} came from another", units::count(came));
    }
    if let Some(load) = load {
        _ = write!(words, ", {load} busy with everything on the machine");
    }
    if let Some(others) = others {
        _ = write!(words, ", other programs had {others} of it on average");
    }
    words
}

/// `Timeline by core: 2 cores, 40 tasks, 3 of them ended on another core than they began on`
pub(super) fn title(index: &CoreIndex, count: usize) -> String {
    let known: u64 = index.cores.iter().map(|core| core.began).sum();
    let mut words = format!("Timeline by core: {}, {}", some(count as u64, "core"), some(known, "task"));
    if index.moved > 0 {
        _ = write!(words, ", {} ended on another core than they began on", units::count(index.moved));
    }
    if index.unknown > 0 {
        _ = write!(words, ", {} more without a known core", units::count(index.unknown));
    }
    words
}

/// What is told of attempts that share a bar.
pub(super) fn merged_rows(bar: &Bar, core: usize, row: &Row, zero_secs: f64) -> Rows {
    let What::Merged { attempts, sum, busy, .. } = &bar.what else { return Rows::new() };
    let mut rows = vec![("core", format!("core {core}")), ("tasks", units::count(*attempts as u64))];
    if sum.not_ok > 0 {
        rows.push((
            "not ok",
            format!("{}, at worst {}", units::count(u64::from(sum.not_ok)), sum.worst.word()),
        ));
    }
    if sum.moved > 0 {
        rows.push((
            "moved",
            format!("{} began or ended on another core", units::count(u64::from(sum.moved))),
        ));
    }
    let mostly = sum
        .leader()
        .map_or_else(|| "several, none for half of the time".to_owned(), |worker| format!("mostly {worker}"));
    rows.push(("workers", mostly));
    rows.push(("from", at(sum.start_ns, zero_secs)));
    rows.push(("over", units::duration(sum.width_ns())));
    let tracks = row.tracks.len() as f64;
    let busy = f64::from(*busy);
    if row.tracks.len() > 1 {
        rows.push(("at once", format!("{:.1} on average, at most {tracks}", busy * tracks)));
        rows.push(("", "More at once than there are rows for: shown as one.".to_owned()));
    } else {
        rows.push(("busy", units::percent(busy)));
        rows.push(("", "Too short to be drawn one by one: zoom in to see each.".to_owned()));
    }
    rows
}
