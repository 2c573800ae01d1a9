//! An experiment in a few words, as lists tell of it.

use std::sync::Arc;

use super::{Experiment, RunState};
use crate::event::Host;

/// Names of variants in a title.
const NAMED: usize = 4;

/// What a list says of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Brief {
    /// `experiment: threads, processes: 2 variants, 5 runs each after 1 warm-up, in turns`
    pub title: String,
    /// `sleep, 6 tasks`, of the first variant.
    pub work: String,
    pub status: &'static str,
    pub began_unix_ns: u64,
    /// From its start to the end of its last run.
    pub wall_ns: Option<u64>,
    pub variants: Vec<String>,
    pub runs: RunCounts,
    pub host: Option<Arc<Host>>,
}

/// Of all runs of an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunCounts {
    /// That were planned.
    pub total: usize,
    pub ended: usize,
    /// Of those, that did all of their tasks.
    pub ok: usize,
}

impl Brief {
    pub fn new(of: &Experiment) -> Self {
        Self {
            title: title(of),
            work: of.work(),
            status: of.status(),
            began_unix_ns: of.began_unix_ns,
            wall_ns: length_ns(of),
            variants: of.plan.variants.iter().map(|variant| variant.name.clone()).collect(),
            runs: counts(of),
            host: of.host.clone(),
        }
    }
}

fn title(of: &Experiment) -> String {
    let variants = &of.plan.variants;
    let names: Vec<&str> = variants.iter().take(NAMED).map(|variant| variant.name.as_str()).collect();
    let more = if variants.len() > NAMED { ", …" } else { "" };
    format!("experiment: {}{more}: {}", names.join(", "), of.title())
}

fn length_ns(of: &Experiment) -> Option<u64> {
    let ends = of.runs.iter().filter_map(RunState::record);
    let last = ends.map(|record| record.began_unix_ns.saturating_add(record.figures.wall_ns)).max()?;
    Some(last.saturating_sub(of.began_unix_ns))
}

fn counts(of: &Experiment) -> RunCounts {
    let ended: Vec<_> = of.runs.iter().filter_map(RunState::record).collect();
    let ok = ended.iter().filter(|record| record.figures.is_whole()).count();
    RunCounts { total: of.runs.len(), ended: ended.len(), ok }
}
