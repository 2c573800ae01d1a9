//! Tasks that take no time: nothing, and the square of a number, as the first programs with a pool compute it.

use super::{TaskContext, Value};
use crate::{ids::TaskId, spec::Spec};

/// In longer runs nobody would read a line a task, and writing it would cost more than the task.
const TASKS_THAT_TALK: u32 = 100;

/// Logs a line for the task, where the run is short enough for that.
pub(super) fn say(spec: &Spec, context: &dyn TaskContext, line: impl FnOnce() -> String) {
    if spec.tasks <= TASKS_THAT_TALK {
        context.log(&line());
    }
}

/// The square of the task's number, counted from 1.
pub(super) fn square(spec: &Spec, task: TaskId, context: &dyn TaskContext) -> Value {
    let n = u64::from(task.0) + 1;
    let squared = n * n;
    say(spec, context, || format!("square of {n} is {squared}"));
    Value::Number(squared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        spec::MAX_TASKS,
        workload::testing::{Fake, spec},
    };

    #[test]
    fn the_last_possible_square_fits() {
        let n = u64::from(MAX_TASKS);
        let spec = spec("workload=square");
        assert_eq!(square(&spec, TaskId(MAX_TASKS - 1), &Fake::patient()), Value::Number(n * n));
    }
}
