//! Runs that are over before their pool has paid for itself.

use super::{
    Cause, Evidence, Finding,
    hand_out::MANY_BYTES,
    outlook::Outlook,
    scene::{Scene, of_workers_time, room_words},
};
use crate::{
    analysis::Part,
    spec::{Backend, MAX_TASKS, Spec},
    time::{NS_PER_MS, NS_PER_US},
    units,
};

/// Below a fifth, a run that is twice as long hardly shows its start any more.
const LEAST_SHARE: f64 = 0.2;
/// Nobody waits for a shorter run.
const SHORTEST_NS: u64 = NS_PER_MS;
/// The share to which more work should bring it down: so far below the one that is spoken of that a start which takes
/// longer beside the work is still not.
const GOAL: f64 = 0.05;
/// The same for pools of another size, which finish in this run's time.
const GOAL_OF_FEWER: f64 = 0.1;
/// A wall time this close to another is as good.
const CLOSE: f64 = 0.05;
/// What starting a thread takes at least, and beside a process at most: what makes those slow makes threads slow as well.
const THREAD_NS: f64 = 100.0 * NS_PER_US as f64;
const THREAD_TO_PROCESS: f64 = 0.5;

/// Speaks from 20 % on, in runs of a millisecond or longer: of a short run this is the one thing that is certain.
pub(super) fn startup_dominates(scene: &Scene<'_>) -> Option<Finding> {
    let starting = scene.part(Part::Starting);
    // A first task that brings much data along is late because of that.
    let first = if scene.bytes_each() >= MANY_BYTES { 0.0 } else { scene.part(Part::FirstTask) };
    let share = starting + first;
    let room = scene.room();
    let wall_ns = scene.figures.wall_ns;
    // Workers that had long been ready waited for something else than their start.
    if share.min(room) < LEAST_SHARE || wall_ns < SHORTEST_NS || starting * 4.0 < first {
        return None;
    }
    let (tried_by, advice) = advice(scene, first)?;
    let ready_ns = scene.figures.ready_ns.filter(|ready_ns| *ready_ns < wall_ns);
    let when = match ready_ns {
        Some(ready_ns) => {
            format!("the last of {} was ready after {}", scene.workers_words(), units::duration(ready_ns))
        }
        None => format!("not all of {} were ready when the last task ended", scene.workers_words()),
    };
    let of_which = if first >= 0.005 {
        format!(" ({}) and waiting for first tasks ({})", units::percent(starting), units::percent(first))
    } else {
        String::new()
    };
    let text = format!(
        "{} went into starting the pool{of_which}: {when}, and the whole run took {}.{} {advice}",
        of_workers_time(share),
        units::duration(wall_ns),
        room_words(share, room),
    );
    let to_ns = ready_ns.unwrap_or(wall_ns);
    let evidence = Evidence { part: Some(Part::Starting), from_ns: 0, to_ns, worker: None, task: None };
    Some(scene.finding(Cause::StartupDominates, share.min(room), text, tried_by, evidence))
}

/// A pool after which the start is small by the same account, so that following the advice ends it: the fewest workers
/// that are done as soon; else threads in place of processes, as many as are worth starting; else more work.
fn advice(scene: &Scene<'_>, first: f64) -> Option<(Spec, String)> {
    let first_ns = first * scene.figures.worker_time_ns.whole_ns() as f64;
    let outlook = Outlook::new(scene, first_ns)?;
    let workers = scene.most_workers;
    let limit_ns = outlook.wall_ns(workers) * (1.0 + CLOSE);
    let fewer = outlook.soonest(workers - 1, GOAL_OF_FEWER, CLOSE);
    if let Some(fewer) = fewer.filter(|fewer| outlook.wall_ns(*fewer) <= limit_ns) {
        let text = format!("{} be done as soon.", would(fewer));
        return Some((scene.with_workers(fewer), text));
    }
    if scene.spec.backend == Backend::Processes {
        let threads = outlook.started_in(THREAD_TO_PROCESS, THREAD_NS);
        // Work for less than a moment is done in one, however little of that it is.
        let enough = threads.soonest(workers, GOAL_OF_FEWER, CLOSE).unwrap_or(1);
        let as_many = threads.start_share(workers) <= GOAL_OF_FEWER;
        let mut text = "Threads have no process to start.".to_owned();
        let mut spec = scene.with_backend(Backend::Threads);
        if !as_many && enough < workers {
            spec.workers = enough;
            text = format!("Threads have no process to start, and {enough} will do.");
        }
        return Some((spec, text));
    }
    // As many tasks as the start of hundreds of workers is worth would be no answer where a few do this work as soon.
    let enough = (1..=workers).find(|fewer| outlook.wall_ns(*fewer) <= limit_ns)?;
    // But more of it should find all cores at work.
    let enough = enough.max(workers.min(scene.usable_cores as u32));
    let tasks = (f64::from(scene.spec.tasks) * outlook.times_for(enough, GOAL)).ceil();
    if tasks > f64::from(scene.spec.tasks) && tasks <= f64::from(MAX_TASKS) {
        let count = units::count(tasks as u64);
        let text = if enough < workers {
            format!("{} be done as soon; with {count} tasks their start matters no more.", would(enough))
        } else {
            format!("With {count} tasks it matters no more.")
        };
        return Some((Spec { tasks: tasks as u32, ..scene.with_workers(enough) }, text));
    }
    None
}

fn would(workers: u32) -> String {
    format!("{workers} worker{} would", if workers == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::verdict::testing::{Attempt, Made};

    fn run(backend: Backend, ready: f64, count: u32) -> Made {
        Made { ready, ..Made::new(backend, 2) }.even(count, 1.0, |task| task)
    }

    #[test]
    fn a_pool_that_starts_for_longer_than_it_works_says_so() {
        let finding = run(Backend::Processes, 20.0, 10).only();
        assert_eq!(finding.cause, Cause::StartupDominates);
        assert_eq!(finding.tried_by.backend, Backend::Threads);
        assert_eq!(
            finding.text,
            "67 % of the workers' time went into starting the pool: the last of 2 workers was ready after 20.0 ms, and the \
             whole run took 30.0 ms. Threads have no process to start."
        );
        let evidence = finding.evidence.expect("of one run");
        assert_eq!((evidence.from_ns, evidence.to_ns), (0, 20_000_000));
    }

    #[test]
    fn threads_are_given_more_to_do() {
        let finding = run(Backend::Threads, 20.0, 10).only();
        // Two thirds of the run: of 38 times the work they are a twentieth.
        assert_eq!(finding.tried_by.tasks, 20 * 38);
        assert_eq!(finding.tried_by.backend, Backend::Threads);
    }

    #[test]
    fn a_start_that_work_outweighs_is_not_spoken_of() {
        assert_eq!(run(Backend::Processes, 20.0, 200).causes(), []);
        assert_eq!(run(Backend::Processes, 0.5, 0).causes(), [], "no task at all");
    }

    #[test]
    fn a_moment_is_not_worth_a_sentence() {
        let made = Made { ready: 0.4, ..Made::new(Backend::Threads, 2) };
        assert_eq!(made.even(2, 0.1, |task| task).causes(), []);
    }

    #[test]
    fn workers_that_were_ready_early_waited_for_something_else() {
        let mut late = run(Backend::Processes, 1.0, 0);
        late.attempts = (0..2).map(|worker| Attempt::new(worker, 90.0, 100.0)).collect();
        assert_eq!(late.causes(), []);
    }

    /// A machine of two cores and a workload, on which any pool can be made up: how long a process and a thread take to
    /// start, each after the one before, and what a task does.
    #[derive(Clone, Copy, Debug)]
    struct Machine {
        process_ms: f64,
        thread_ms: f64,
        task_ms: f64,
        computes: bool,
    }

    impl Machine {
        /// Whoever is ready takes the next task; those who compute share the cores evenly.
        fn run(self, spec: &Spec) -> Made {
            let start_ms = if spec.backend == Backend::Processes { self.process_ms } else { self.thread_ms };
            let mut made = Made { ready: start_ms, pace: start_ms, ..Made::new(spec.backend, spec.workers) };
            made.spec = Spec { chunk: crate::spec::Chunk::Fixed(1), ..spec.clone() };
            let (mut now, mut started, mut left) = (0.0, 0, spec.tasks);
            let mut idle: Vec<u32> = Vec::new();
            // Who runs a task, since when, and how much of it is left.
            let mut running: Vec<(u32, f64, f64)> = Vec::new();
            while left > 0 || !running.is_empty() {
                while let Some(worker) = idle.pop_if(|_| left > 0) {
                    left -= 1;
                    running.push((worker, now, self.task_ms));
                }
                let crowd = if self.computes { (running.len() as f64 / made.cores).max(1.0) } else { 1.0 };
                let ends = running.iter().map(|task| now + task.2 * crowd).fold(f64::INFINITY, f64::min);
                let joins = f64::from(started + 1) * start_ms;
                let next = if started < spec.workers { ends.min(joins) } else { ends };
                for task in &mut running {
                    task.2 -= (next - now) / crowd;
                }
                now = next;
                if started < spec.workers && now >= joins {
                    idle.push(started);
                    started += 1;
                }
                let over = running.extract_if(.., |task| task.2 < 1e-9).collect::<Vec<_>>();
                for (worker, from, _) in over {
                    let busy = self.task_ms / (now - from);
                    let (cpu, core_wait) = if self.computes { (busy, 1.0 - busy) } else { (0.0, 0.0) };
                    made.attempts.push(Attempt { cpu, core_wait, ..Attempt::new(worker, from, now) });
                    idle.push(worker);
                }
            }
            made
        }

        fn finding(self, spec: &Spec) -> Option<Finding> {
            self.run(spec).verdict().into_iter().find(|finding| finding.cause == Cause::StartupDominates)
        }
    }

    #[test]
    fn who_does_what_it_says_is_not_told_again() {
        let mut told = [0; 3];
        for (backend, workers) in [Backend::Threads, Backend::Processes]
            .into_iter()
            .flat_map(|backend| [1, 2, 4, 16, 64, 256].map(|workers| (backend, workers)))
        {
            for (tasks, task_ms) in [(1, 1.0), (4, 20.0), (16, 0.1), (64, 1.0), (64, 20.0), (500, 0.5)] {
                for (process_ms, thread_ms) in [(1.0, 0.02), (5.0, 0.1), (30.0, 1.0)] {
                    for computes in [true, false] {
                        let machine = Machine { process_ms, thread_ms, task_ms, computes };
                        let made = Made::new(backend, workers);
                        let spec = Spec { tasks, ..made.spec };
                        let Some(finding) = machine.finding(&spec) else { continue };
                        let next = &finding.tried_by;
                        let knobs = [next.workers != workers, next.backend != backend, next.tasks != tasks];
                        for (told, turned) in told.iter_mut().zip(knobs) {
                            *told += u32::from(turned);
                        }
                        // Threads that take longer to start than any were seen to are another machine's.
                        if backend == Backend::Processes && thread_ms > THREAD_NS / NS_PER_MS as f64 {
                            continue;
                        }
                        let again = machine.finding(next);
                        assert_eq!(again, None, "{machine:?} {backend} {workers} {tasks}: {}", finding.text);
                    }
                }
            }
        }
        assert!(told.iter().all(|told| *told > 20), "{told:?}");
    }

    #[test]
    fn a_pool_too_large_for_its_work_should_be_smaller() {
        let machine = Machine { process_ms: 5.0, thread_ms: 0.1, task_ms: 20.0, computes: false };
        let spec = Spec { tasks: 20, ..Made::new(Backend::Threads, 256).spec };
        let finding = machine.finding(&spec).expect("most have nothing to do");
        assert_eq!((finding.tried_by.workers, finding.tried_by.tasks), (20, 20), "{}", finding.text);
        assert!(finding.text.ends_with("20 workers would be done as soon."), "{}", finding.text);
    }

    #[test]
    fn a_start_behind_full_cores_costs_nothing() {
        let mut behind = Made { ready: 1.0, pace: 20.0, ..Made::new(Backend::Threads, 4) };
        // The first two have computed all along, and the others find no core left.
        behind.attempts = (0..2)
            .flat_map(|worker| (0..10).map(move |at| (worker, f64::from(at) * 10.0)))
            .map(|(worker, from)| Attempt::new(worker, from, from + 10.0))
            .collect();
        assert_eq!(behind.causes(), []);
    }
}
