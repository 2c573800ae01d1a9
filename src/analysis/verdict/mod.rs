//! What cost a run its time, in plain sentences, each with the evidence behind it and the command that tests it.
//!
//! Every cause has one rule, and [`RULES`] lists them with what each needs to speak. A rule is silent where its evidence
//! is thin, or where what was measured may have another cause: a sentence less is better than a wrong one. Findings are
//! ranked by the share of the workers' time that their cause took. Where something else would be reached by removing it,
//! such as cores that have nothing left to give, the share is no more than that.

mod chunk;
mod cores;
mod hand_out;
mod kept;
mod locks;
mod memory;
mod outlook;
mod scene;
mod start;
mod tail;
#[cfg(test)]
mod testing;
mod waiting;

pub use self::kept::KeptFinding;

use serde::{Deserialize, Serialize, Serializer};

use super::{Figures, Part};
use crate::{
    ids::{TaskId, WorkerId},
    spec::{Spec, portable_run_line},
    store::RunStore,
};
use scene::Scene;

/// Below this share of the workers' time nothing is worth a sentence: a run differs from the next by as much.
const LEAST_SHARE: f64 = 0.1;

/// What may cost a pool its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// More workers want to compute than there are cores for them.
    Oversubscribed,
    /// One long task ended last, while other workers had nothing left to do.
    Straggler,
    /// Handing out tasks takes long beside the tasks.
    ChunkTooSmall,
    /// Workers had nothing to do while others held all that was left in their chunks.
    ChunkTooLarge,
    /// Moving data between processes takes long beside the work on it.
    PayloadBound,
    /// Tasks wait for the lock that they share.
    LockBound,
    /// Tasks wait for the simulated interpreter lock.
    GilBound,
    /// Tasks wait for something outside, and cores stay free.
    IoBound,
    /// Tasks take more CPU time when others run beside them.
    MemoryBound,
    /// Starting the pool takes long beside its work.
    StartupDominates,
    /// Others had the cores that the pool wanted.
    NoisyMachine,
}

impl Cause {
    pub const ALL: [Self; 11] = [
        Self::Oversubscribed,
        Self::Straggler,
        Self::ChunkTooSmall,
        Self::ChunkTooLarge,
        Self::PayloadBound,
        Self::LockBound,
        Self::GilBound,
        Self::IoBound,
        Self::MemoryBound,
        Self::StartupDominates,
        Self::NoisyMachine,
    ];

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Oversubscribed => "more workers than cores",
            Self::Straggler => "one long task at the end",
            Self::ChunkTooSmall => "chunks too small",
            Self::ChunkTooLarge => "chunks too large",
            Self::PayloadBound => "moving data",
            Self::LockBound => "shared lock",
            Self::GilBound => "simulated GIL",
            Self::IoBound => "waiting for input or output",
            Self::MemoryBound => "memory or caches",
            Self::StartupDominates => "starting the pool",
            Self::NoisyMachine => "others on the machine",
        }
    }

    /// What a sentence about it rests on, as the end of a sentence.
    pub fn rests_on(self) -> &'static str {
        RULES.iter().find(|rule| rule.cause == self).map_or("", |rule| rule.rests_on)
    }
}

/// Where in a run a finding can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The part of the workers' time that shows it; `None` where no single one does.
    pub part: Option<Part>,
    pub from_ns: u64,
    pub to_ns: u64,
    pub worker: Option<WorkerId>,
    pub task: Option<TaskId>,
}

/// One sentence or two about a run, and what to try.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub cause: Cause,
    pub text: String,
    /// Of all workers' time, 0 to 1: what the cause took. Where the advice is to end sooner, it is at most what the run
    /// could be shorter by, since cores that computed throughout have nothing to give.
    pub share: f64,
    /// The spec that tests it, serialized as the command that runs it.
    #[serde(rename = "try", serialize_with = "as_command")]
    pub tried_by: Spec,
    /// `None` for what is seen only between runs.
    pub evidence: Option<Evidence>,
}

impl Finding {
    /// The command that tests it. It takes a moment to make: keep it where it is shown often.
    pub fn command(&self) -> String {
        portable_run_line(&self.tried_by)
    }
}

fn as_command<S: Serializer>(spec: &Spec, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&portable_run_line(spec))
}

/// How one cause is found.
struct Rule {
    cause: Cause,
    find: fn(&Scene<'_>) -> Option<Finding>,
    rests_on: &'static str,
}

/// One rule a cause. Those of one family stand in one file, because they must tell each other's cases apart.
const RULES: [Rule; Cause::ALL.len()] = [
    Rule {
        cause: Cause::Oversubscribed,
        find: cores::oversubscribed,
        rests_on: "time ready to run without a core, as the kernel counted it or samples of the workers' states show, \
                   with more workers than usable cores, less what others took",
    },
    Rule {
        cause: Cause::Straggler,
        find: tail::straggler,
        rests_on: "a task at least three times as long as the median that ran through half of the idle time at the end",
    },
    Rule {
        cause: Cause::ChunkTooSmall,
        find: hand_out::chunk_too_small,
        rests_on: "time between chunks of less than a millisecond, beyond what each task costs in any chunk",
    },
    Rule {
        cause: Cause::ChunkTooLarge,
        find: chunk::chunk_too_large,
        rests_on: "time in which a worker had nothing to do and the queue was empty, while others went on from task to \
                   task of their chunks",
    },
    Rule {
        cause: Cause::PayloadBound,
        find: hand_out::payload_bound,
        rests_on: "time between tasks of worker processes that were sent or sent back 16 KiB each or more, where the \
                   bytes explain the time",
    },
    Rule {
        cause: Cause::LockBound,
        find: locks::lock_bound,
        rests_on: "time in tasks spent waiting for the shared lock, by the workers' own clocks",
    },
    Rule {
        cause: Cause::GilBound,
        find: locks::gil_bound,
        rests_on: "time in tasks spent waiting for the simulated GIL, by the workers' own clocks",
    },
    Rule {
        cause: Cause::IoBound,
        find: waiting::io_bound,
        rests_on: "time in tasks without need of a core or a lock, while cores stayed free",
    },
    Rule {
        cause: Cause::MemoryBound,
        find: memory::memory_bound,
        rests_on: "CPU time of tasks of equal work, those that ran alone beside those that ran together; of an \
                   experiment, runs with one worker beside runs with more",
    },
    Rule {
        cause: Cause::StartupDominates,
        find: start::startup_dominates,
        rests_on: "time until workers were ready and had their first task, as far as cores stayed unused",
    },
    Rule {
        cause: Cause::NoisyMachine,
        find: cores::noisy_machine,
        rests_on: "cores' load that is neither the pool's nor its session's, while workers waited for a core",
    },
];

/// What stands out in a run that has ended, the most important first; nothing in most runs.
pub fn verdict(store: &RunStore, figures: &Figures) -> Vec<Finding> {
    // A lesson is not about being fast, and has nothing that could be tried otherwise.
    if !store.lesson.is_empty() {
        return Vec::new();
    }
    let Some(scene) = Scene::new(store, figures) else { return Vec::new() };
    ranked(RULES.iter().filter_map(|rule| (rule.find)(&scene)).collect())
}

/// What stands out between runs of the same work, the most important first. Causes that one run shows by itself are
/// [`verdict`]'s.
pub fn verdict_of_experiment(runs: &[(&Spec, &Figures)]) -> Vec<Finding> {
    ranked(memory::of_experiment(runs))
}

fn ranked(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| b.share.total_cmp(&a.share));
    findings
}

#[cfg(test)]
mod tests;
