//! What the lab is to show when a lesson is taken there.

use super::Place;
use crate::{
    lesson::{
        Value, What,
        program::{Act, Expression, Names, Program, Step},
    },
    spec::{Backend, Draft, Spec},
};

/// The corresponding setup.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lab {
    /// Its processes are no pool: only the run itself can be shown.
    Run,
    /// A pool as its `map` has it.
    Pool(Box<Spec>),
    /// An experiment with these backends on top of the spec.
    Experiment(Box<Spec>, Vec<Backend>),
}

pub(crate) fn lab_of(place: Place) -> Lab {
    match &place.variant().what {
        What::Program(program) => pool_of(program).map_or(Lab::Run, |spec| Lab::Pool(Box::new(spec))),
        What::Runs(runs) => {
            let Some(first) = runs.first() else { return Lab::Run };
            let backends = runs.iter().map(|run| run.spec.backend).collect();
            Lab::Experiment(Box::new(first.spec.clone()), backends)
        }
    }
}

/// The first `map` of a program as a pool that squares so many items.
fn pool_of(program: &Program) -> Option<Spec> {
    let (workers, tasks) = program.roles.iter().find_map(|role| map_in(&role.steps))?;
    let draft = Draft {
        backend: Some("processes".to_owned()),
        workload: Some("square".to_owned()),
        workers: Some(workers.to_string()),
        tasks: Some(tasks.to_string()),
        ..Draft::default()
    };
    draft.validate().ok()
}

/// Its workers and its items.
fn map_in(steps: &[Step]) -> Option<(usize, usize)> {
    steps.iter().find_map(|step| match &step.act {
        Act::Map { over, workers, .. } => Some((number(workers)?, length(over)?)),
        Act::For { steps, .. } | Act::Forever(steps) | Act::If(_, steps) => map_in(steps),
        _ => None,
    })
}

fn number(expression: &Expression) -> Option<usize> {
    match expression.value(&Names::new()) {
        Ok(Value::Int(number)) => usize::try_from(number).ok(),
        _ => None,
    }
}

fn length(expression: &Expression) -> Option<usize> {
    match expression.value(&Names::new()) {
        Ok(Value::List(items)) => Some(items.len()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Kind;

    fn lab(name: &str) -> Lab {
        lab_of(Place::of(&name.parse().unwrap()).unwrap())
    }

    #[test]
    fn a_lesson_becomes_a_pool_or_an_experiment_where_it_is_one() {
        assert_eq!(lab("queue"), Lab::Run);
        let Lab::Pool(spec) = lab("pool") else { panic!("a pool") };
        assert_eq!(
            (spec.backend, spec.workers, spec.workload, spec.tasks),
            (Backend::Processes, 4, Kind::Square, 9)
        );
        let Lab::Experiment(spec, backends) = lab("threads-or-processes") else { panic!("an experiment") };
        assert_eq!(spec.workload, Kind::Spin);
        assert_eq!(backends, [Backend::Threads, Backend::Processes, Backend::Gil]);
    }
}
