//! Under whom a run was lost.

use crate::{
    event::Outcome,
    ids::{TaskId, WorkerId},
    store::RunStore,
};

/// Suspects named one by one.
const NAMED: usize = 3;

/// Which attempts were cut off last, as the end of a sentence: `under task 32 on worker 1`. `None` where none was.
///
/// Threads die together. Where the spec gave one of their tasks a fault, that is who did it; else any of them may have.
pub fn culprit(store: &RunStore) -> Option<String> {
    let mut suspects: Vec<(u64, TaskId, WorkerId)> = (0..)
        .zip(&store.lanes)
        .filter_map(|(worker, lane)| {
            let span = lane.spans.last()?;
            matches!(span.outcome, Outcome::Crashed(_)).then_some((span.end_ns, span.task, WorkerId(worker)))
        })
        .collect();
    let last_ns = suspects.iter().map(|suspect| suspect.0).max()?;
    suspects.retain(|suspect| suspect.0 == last_ns);
    let fault = |task: TaskId| store.info.as_ref().and_then(|info| info.spec.fault_at(task));
    if let Some((_, task, worker)) = suspects.iter().find(|suspect| fault(suspect.1).is_some()) {
        let fault = fault(*task).map(|fault| format!(" (fault {fault})"));
        return Some(format!("under {task} on {worker}{}", fault.unwrap_or_default()));
    }
    let names: Vec<String> =
        suspects.iter().take(NAMED).map(|(_, task, worker)| format!("{task} on {worker}")).collect();
    Some(match (suspects.len(), suspects.len().saturating_sub(NAMED)) {
        (1, _) => format!("under {}", names.join("")),
        (_, 0) => format!("while these ran: {}", names.join(", ")),
        (_, more) => format!("while these ran: {} and {more} more", names.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::Exit,
        spec::{Backend, Fault, FaultKind},
        store::testing::*,
    };

    const DEAD: &str = "the engine died: SIGSEGV";

    /// Threads that each ran a task when their engine died.
    fn lost(workers: u32, faults: Vec<Fault>) -> RunStore {
        let mut spec = spec(Backend::Threads, workers, 8);
        spec.faults = faults;
        let mut store = store([run_started(spec)]);
        for worker in 0..workers {
            store.apply(spawned(0, worker, 0));
            store.apply(ready(1, worker));
            store.apply(started(2, worker, worker, 0));
        }
        store.lost(9, Some(Exit::Signal(11)), DEAD.to_owned());
        store
    }

    #[test]
    fn the_only_task_that_ran_is_the_culprit() {
        assert_eq!(culprit(&lost(1, Vec::new())).as_deref(), Some("under task 0 on worker 0"));
    }

    #[test]
    fn of_several_the_one_with_a_fault_is_named_and_else_all_are() {
        let fault = Fault { kind: FaultKind::Segfault, task: 1 };
        let named = culprit(&lost(3, vec![fault]));
        assert_eq!(named.as_deref(), Some("under task 1 on worker 1 (fault segfault@1)"));
        let all = culprit(&lost(2, Vec::new()));
        assert_eq!(all.as_deref(), Some("while these ran: task 0 on worker 0, task 1 on worker 1"));
        assert!(culprit(&lost(5, Vec::new())).is_some_and(|words| words.ends_with(" and 2 more")));
    }

    #[test]
    fn nobody_is_blamed_where_nothing_ran() {
        let mut store = store([run_started(spec(Backend::Threads, 2, 8))]);
        store.lost(9, Some(Exit::Signal(11)), DEAD.to_owned());
        assert_eq!(culprit(&store), None);
    }
}
