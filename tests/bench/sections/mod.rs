//! What is measured: one file a section.

mod dispatch;
mod efficiency;
mod memory;
mod ready;
mod record;
mod round_trip;
mod telemetry;

use clap::ValueEnum;

use crate::{
    bench::Bench,
    report::{Ratio, Report},
    rounds::Side,
};

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Section {
    /// The cost of handing out a task that does nothing
    Dispatch,
    /// One task at a time, from hand-over to answer
    RoundTrip,
    /// How much of the workers' time is work
    Efficiency,
    /// From nothing to a pool that works
    Ready,
    /// What workers, engine and session take
    Memory,
    /// What measuring each task costs
    Telemetry,
    /// What a run file costs, and opening it
    Record,
}

/// A section, ready to be measured.
pub(crate) struct Plan<'a> {
    pub(crate) name: String,
    pub(crate) sides: Vec<Side<'a>>,
    pub(crate) report: Report,
}

impl Section {
    pub(crate) fn plan(self, bench: &Bench) -> Plan<'_> {
        let (sides, report) = match self {
            Self::Dispatch => dispatch::plan(bench),
            Self::RoundTrip => round_trip::plan(bench),
            Self::Efficiency => efficiency::plan(bench),
            Self::Ready => ready::plan(bench),
            Self::Memory => memory::plan(bench),
            Self::Telemetry => telemetry::plan(bench),
            Self::Record => record::plan(bench),
        };
        let name = self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        Plan { name, sides, report }
    }
}

/// `over ÷ under` of two rows of one column.
fn rows_ratio(over: &str, under: &str, column: &str, metric: &'static str) -> Ratio {
    let lead = if column.is_empty() { String::new() } else { format!("{column}: ") };
    let cell = |row: &str| (row.to_owned(), column.to_owned());
    Ratio { label: format!("{lead}{over} ÷ {under}"), over: cell(over), under: cell(under), metric }
}

/// `over ÷ under` of two columns of one row.
fn columns_ratio(row: &str, over: &str, under: &str, metric: &'static str) -> Ratio {
    let cell = |column: &str| (row.to_owned(), column.to_owned());
    Ratio { label: format!("{row}: {over} ÷ {under}"), over: cell(over), under: cell(under), metric }
}
