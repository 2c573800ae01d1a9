//! What can be asked of a lesson of ordinary runs, when all of them are over.

use super::{Answered, LabReport};
use crate::{
    lesson::{Condition, Measure, Measured, Variant},
    time::NS_PER_S,
};

/// What is asked of one run.
#[derive(Clone, Debug, PartialEq)]
struct Facts<'r> {
    label: &'r str,
    ended: &'r str,
    ok: u32,
    wall_ns: u64,
    memory_bytes: u64,
}

/// The questions of a variant with what its runs say to each choice.
pub fn answered_by_runs(variant: &Variant, runs: &[LabReport]) -> Vec<Answered> {
    let facts: Vec<Facts<'_>> = runs
        .iter()
        .map(|run| Facts {
            label: &run.label,
            ended: &run.ended,
            ok: run.run.tasks.ok,
            wall_ns: run.run.wall_ns,
            memory_bytes: run.memory_bytes,
        })
        .collect();
    super::answers(variant, |condition| Some(condition.holds(&measure(&facts, condition)?)))
}

/// `None` for what is not asked of runs, and where they do not tell.
fn measure(runs: &[Facts<'_>], condition: &Condition) -> Option<Measured> {
    let run = || runs.iter().find(|run| Some(run.label) == condition.of.as_deref());
    match condition.measure {
        Measure::Fastest => {
            let finished = runs.iter().filter(|run| run.ended == "finished");
            Some(Measured::Word(finished.min_by_key(|run| run.wall_ns)?.label.to_owned()))
        }
        Measure::Run => Some(Measured::Word(run()?.ended.to_owned())),
        Measure::TasksOk => Some(Measured::Number(run()?.ok.into())),
        Measure::Speedup => ratio(runs.first()?.wall_ns, run()?.wall_ns),
        Measure::Memory => ratio(run()?.memory_bytes, runs.first()?.memory_bytes),
        Measure::Seconds => {
            let all: u64 = runs.iter().map(|run| run.wall_ns).sum();
            Some(Measured::Number(all as f64 / NS_PER_S as f64))
        }
        _ => None,
    }
}

fn ratio(part: u64, whole: u64) -> Option<Measured> {
    (whole > 0).then(|| Measured::Number(part as f64 / whole as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(label: &'static str, ended: &'static str, wall_ns: u64) -> Facts<'static> {
        Facts { label, ended, ok: 7, wall_ns, memory_bytes: wall_ns / 10 }
    }

    #[test]
    fn runs_are_measured_against_the_first() {
        let runs = [facts("a", "finished", 300), facts("b", "finished", 100), facts("c", "lost", 10)];
        let condition = |measure, of: Option<&str>| Condition {
            measure,
            of: of.map(str::to_owned),
            is: None,
            at_least: None,
            at_most: None,
        };
        let word = |text: &str| Some(Measured::Word(text.to_owned()));
        for (asked, of, expected) in [
            (Measure::Fastest, None, word("b")),
            (Measure::Run, Some("c"), word("lost")),
            (Measure::Run, Some("d"), None),
            (Measure::TasksOk, Some("b"), Some(Measured::Number(7.0))),
            (Measure::Speedup, Some("b"), Some(Measured::Number(3.0))),
            (Measure::Speedup, Some("a"), Some(Measured::Number(1.0))),
            (Measure::Memory, Some("c"), Some(Measured::Number(1.0 / 30.0))),
            (Measure::Pids, None, None),
        ] {
            assert_eq!(measure(&runs, &condition(asked, of)), expected, "{asked:?} of {of:?}");
        }
        assert_eq!(measure(&[], &condition(Measure::Fastest, None)), None);
        let never = [facts("a", "lost", 0), facts("b", "finished", 0)];
        assert_eq!(measure(&never, &condition(Measure::Speedup, Some("b"))), None);
    }
}
