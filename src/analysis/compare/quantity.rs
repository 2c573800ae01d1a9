//! Values and what stands between two of them, in words.

use crate::units;

#[derive(Clone, Copy)]
pub(super) enum Unit {
    Ns,
    Bytes,
    TasksPerSecond,
    Count,
    /// A part of a whole, 0 to 1.
    Share,
}

impl Unit {
    pub(super) fn human(self, value: f64) -> String {
        match self {
            Self::Ns => units::duration(value as u64),
            Self::Bytes => units::bytes(value as u64),
            Self::TasksPerSecond => units::rate_of(value, "tasks"),
            Self::Count => units::count(value as u64),
            Self::Share => units::percent(value),
        }
    }

    pub(super) fn exact(self, value: f64) -> String {
        match self {
            Self::Ns => units::exact_duration(value as u64),
            Self::Bytes => units::exact_bytes(value as u64),
            Self::TasksPerSecond => units::exact_rate_of(value, "tasks"),
            Self::Count => units::count(value as u64),
            Self::Share => units::exact_percent(value),
        }
    }

    /// As in JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ns => "ns",
            Self::Bytes => "bytes",
            Self::TasksPerSecond => "tasks/s",
            Self::Count => "",
            Self::Share => "share",
        }
    }
}

/// `1.9×`, with more digits where they matter.
pub(super) fn times(ratio: f64) -> String {
    match ratio {
        ..0.0995 => format!("{ratio:.3}×"),
        ..1.095 => format!("{ratio:.2}×"),
        ..9.95 => format!("{ratio:.1}×"),
        _ => format!("{ratio:.0}×"),
    }
}

/// Two values that differ, the smaller first, each with the name of its run.
pub(super) struct Pair<'a> {
    pub(super) unit: Unit,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) low_name: &'a str,
    pub(super) high_name: &'a str,
}

impl Pair<'_> {
    pub(super) fn more(&self) -> String {
        self.unit.human(self.high - self.low)
    }

    pub(super) fn times(&self) -> String {
        times(self.high / self.low)
    }
}
