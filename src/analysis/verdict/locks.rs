//! Workers that wait for one another.

use super::{
    Cause, Evidence, Finding, LEAST_SHARE,
    scene::{Scene, of_workers_time, room_words},
};
use crate::{
    analysis::{LockTotals, LocksReport, Part},
    event::LockKind,
    ids::WorkerId,
    spec::{Backend, Spec},
    store::LockSpan,
    units,
};

/// From here on a lock is what the run takes: whoever lets go of it, the next one has it at once.
const FULL: f64 = 0.8;
/// The parameter of the workload that says how long its lock is held.
const HOLD: &str = "hold";

/// One lock's part in the waiting, and the share of the run in which somebody held it.
struct Contention {
    share: f64,
    held: f64,
    totals: LockTotals,
}

impl Contention {
    fn of(scene: &Scene<'_>, kind: LockKind) -> Option<Self> {
        let report = LocksReport::new(scene.store).filter(|_| scene.is_long())?;
        let totals = match kind {
            LockKind::Gil => report.gil,
            LockKind::Shared => report.shared,
        }?;
        let part_of_it = totals.waited_ns as f64 / report.waited_ns().max(1) as f64;
        let share = scene.part(Part::Lock) * part_of_it;
        let held = (totals.held_ns as f64 / scene.figures.wall_ns as f64).min(1.0);
        (share >= LEAST_SHARE).then_some(Self { share, held, totals })
    }
}

/// A lock is as good as never free: nobody gains by more workers.
pub(super) fn is_never_free(scene: &Scene<'_>) -> bool {
    let Some(report) = LocksReport::new(scene.store) else { return false };
    let full = |totals: LockTotals| totals.held_ns as f64 >= FULL * scene.figures.wall_ns as f64;
    [report.gil, report.shared].into_iter().flatten().any(full)
}

/// Speaks from 10 % on, where there are cores for processes.
pub(super) fn gil_bound(scene: &Scene<'_>) -> Option<Finding> {
    let contention = Contention::of(scene, LockKind::Gil)?;
    let room = scene.room_of(scene.usable_cores);
    if room < LEAST_SHARE {
        return None;
    }
    let text = format!(
        "{} was spent waiting for the simulated GIL, which lets one thread compute at a time: somebody held it for {} of \
         the run. Each process has a lock of its own.{}",
        of_workers_time(contention.share),
        units::percent(contention.held),
        room_words(contention.share, room),
    );
    let evidence = longest_wait(scene, LockKind::Gil);
    let tried_by = scene.with_backend(Backend::Processes);
    Some(scene.finding(Cause::GilBound, contention.share.min(room), text, tried_by, evidence))
}

/// Speaks from 10 % on. Where the lock was as good as never free, the run cannot take less than it was held, and as many
/// workers as keep it busy suffice; else less work inside of it is what to try.
pub(super) fn lock_bound(scene: &Scene<'_>) -> Option<Finding> {
    let contention = Contention::of(scene, LockKind::Shared)?;
    let fewer = scene.most_workers.saturating_sub(1).max(1);
    let (tried_by, advice) = if contention.held >= FULL {
        // What a worker does outside of the lock, asleep or not, keeps it from being inside.
        let doing = scene.part(Part::Useful) + scene.part(Part::Blocked);
        let busy_ns = doing * scene.mean_workers * scene.figures.wall_ns as f64;
        // Less a hair: the little that is done outside is no work for one more.
        let enough = (busy_ns / contention.totals.held_ns.max(1) as f64 - 0.1).ceil() as u32;
        let enough = enough.clamp(1, fewer);
        let plural = if enough == 1 { "" } else { "s" };
        let text = format!("One worker at a time is inside, so {enough} worker{plural} can keep it as busy.");
        (scene.with_workers(enough), text)
    } else if scene.room() < LEAST_SHARE {
        // Whoever waits for the lock leaves its core to somebody else, who computes.
        return None;
    } else if let Some(spec) = with_half_the_hold(scene.spec) {
        (spec, "With less work inside of it, fewer would have to wait.".to_owned())
    } else {
        (scene.with_workers(fewer), "Fewer workers would wait less for each other.".to_owned())
    };
    let text = format!(
        "{} was spent waiting for the shared lock, which somebody held for {} of the run. {advice}",
        of_workers_time(contention.share),
        units::percent(contention.held),
    );
    let evidence = longest_wait(scene, LockKind::Shared);
    Some(scene.finding(Cause::LockBound, contention.share, text, tried_by, evidence))
}

fn with_half_the_hold(spec: &Spec) -> Option<Spec> {
    let mut spec = spec.clone();
    let hold = spec.params.iter_mut().find(|param| param.name == HOLD && param.value > 0.0)?;
    hold.value /= 2.0;
    Some(spec)
}

fn longest_wait(scene: &Scene<'_>, kind: LockKind) -> Evidence {
    let lanes = (0..).map(WorkerId).zip(&scene.store.lanes);
    let waits = lanes.flat_map(|(worker, lane)| lane.locks.of(kind).iter().map(move |wait| (worker, wait)));
    match waits.max_by_key(|(_, wait)| LockSpan::waited_ns(wait)) {
        Some((worker, wait)) => Evidence {
            part: Some(Part::Lock),
            from_ns: wait.asked_ns,
            to_ns: wait.got_ns,
            worker: Some(worker),
            task: None,
        },
        None => scene.throughout(Part::Lock),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::verdict::testing::{Attempt, Made, lock_use},
        spec::Param,
    };

    /// Two workers take turns of 10 ms at a lock, for 400 ms.
    fn turns(backend: Backend, kind: LockKind) -> Made {
        let mut made = Made::new(backend, 2).even(1, 400.0, |task| Attempt { cpu: 0.5, ..task });
        for turn in 0..20 {
            let asked = f64::from(turn) * 20.0;
            made.events.push(lock_use(0, kind, [asked, asked, asked + 10.0]));
            made.events.push(lock_use(1, kind, [asked, asked + 10.0, asked + 20.0]));
        }
        // Worker 0 waits while worker 1 holds it.
        for turn in 1..20 {
            let asked = f64::from(turn) * 20.0 - 10.0;
            made.events.push(lock_use(0, kind, [asked, asked + 10.0, asked + 10.0]));
        }
        made
    }

    #[test]
    fn threads_that_wait_for_the_interpreter_lock_should_be_processes() {
        let finding = turns(Backend::Gil, LockKind::Gil).only();
        assert_eq!((finding.cause, finding.tried_by.backend), (Cause::GilBound, Backend::Processes));
        assert!(
            finding.text.contains("simulated GIL") && finding.text.contains("100 % of the run"),
            "{finding:?}"
        );
        assert!((finding.share - 0.49).abs() < 0.02, "{finding:?}");
        let evidence = finding.evidence.expect("of one run");
        assert_eq!((evidence.part, evidence.to_ns - evidence.from_ns), (Some(Part::Lock), 10_000_000));
    }

    #[test]
    fn a_lock_that_is_never_free_wants_fewer_workers() {
        let finding = turns(Backend::Threads, LockKind::Shared).only();
        assert_eq!((finding.cause, finding.tried_by.workers), (Cause::LockBound, 1));
        assert!(finding.text.ends_with("One worker at a time is inside, so 1 worker can keep it as busy."));
    }

    #[test]
    fn a_lock_that_is_free_at_times_wants_less_work_inside() {
        let mut made = turns(Backend::Threads, LockKind::Shared);
        // Held for a tenth of the run, and waited for as long as before.
        made.events = (0..20)
            .map(|turn| {
                let asked = f64::from(turn) * 20.0;
                lock_use(1, LockKind::Shared, [asked, asked + 10.0, asked + 12.0])
            })
            .collect();
        made.spec.params = vec![Param { name: HOLD.to_owned(), value: 0.5 }];
        let finding = made.only();
        assert!((finding.tried_by.params[0].value - 0.25).abs() < 1e-9, "{finding:?}");
        assert_eq!(finding.tried_by.workers, 2);
    }

    #[test]
    fn each_lock_answers_for_its_own_part_of_the_waiting() {
        let mut both = turns(Backend::Gil, LockKind::Gil);
        both.events.push(lock_use(1, LockKind::Shared, [10.0, 20.0, 21.0]));
        assert_eq!(both.causes(), [Cause::GilBound], "10 of 400 ms are no matter");
    }

    #[test]
    fn a_lock_that_nobody_waits_for_is_not_spoken_of() {
        let mut free = Made::new(Backend::Threads, 2).even(1, 400.0, |task| task);
        free.events.push(lock_use(0, LockKind::Shared, [0.0, 0.0, 400.0]));
        assert_eq!(free.causes(), []);
    }
}
