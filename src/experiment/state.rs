//! How far an experiment has come.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Calm, Plan};
use crate::{
    analysis::{Figures, KeptFinding},
    event::Host,
};

/// One run of an experiment that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Wall clock at its start.
    pub began_unix_ns: u64,
    /// Its run file, beside the experiment's; `None` where runs are not recorded.
    pub file: Option<String>,
    /// Why that file is incomplete, if it is.
    pub gap: Option<String>,
    /// How the machine was before it.
    pub calm: Calm,
    pub figures: Figures,
    /// What stood out in it.
    #[serde(default)]
    pub findings: Vec<KeptFinding>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    #[default]
    Planned,
    /// Waiting until others let go of the machine, of which they use so many cores.
    Waiting {
        others_cores: f64,
    },
    Running,
    Ended(Arc<RunRecord>),
    /// Its engine could not be started.
    NotStarted(String),
    /// The experiment was stopped before it.
    Left,
}

impl RunState {
    pub fn record(&self) -> Option<&RunRecord> {
        match self {
            Self::Ended(record) => Some(record),
            _ => None,
        }
    }

    /// It will not change any more.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Ended(_) | Self::NotStarted(_) | Self::Left)
    }
}

/// Where an experiment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    Going,
    /// Asked to stop, while a run still ends.
    Stopping,
    /// All runs were tried.
    Finished,
    /// What was done until then is kept.
    Stopped,
}

/// A plan, and what has become of each of its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    pub plan: Arc<Plan>,
    pub began_unix_ns: u64,
    /// The machine, as the first run found it.
    pub host: Option<Arc<Host>>,
    /// One for each step of the plan.
    pub runs: Vec<RunState>,
    pub moment: Moment,
}

impl Experiment {
    pub(super) fn new(plan: Arc<Plan>, began_unix_ns: u64) -> Self {
        let runs = vec![RunState::Planned; plan.turns.len()];
        Self { plan, began_unix_ns, host: None, runs, moment: Moment::Going }
    }

    /// As it is once nobody goes on with it.
    pub(super) fn cut_short(&self) -> Self {
        let runs =
            self.runs.iter().map(|run| if run.is_over() { run.clone() } else { RunState::Left }).collect();
        Self { runs, moment: Moment::Stopped, ..self.clone() }
    }

    pub fn is_over(&self) -> bool {
        matches!(self.moment, Moment::Finished | Moment::Stopped)
    }

    /// Runs that are over, of all.
    pub fn progress(&self) -> (usize, usize) {
        (self.runs.iter().filter(|run| run.is_over()).count(), self.runs.len())
    }

    /// The step that goes on now, by its place in the plan.
    pub fn current(&self) -> Option<usize> {
        self.runs.iter().position(|run| matches!(run, RunState::Waiting { .. } | RunState::Running))
    }
}
