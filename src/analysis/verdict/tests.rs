use super::{
    testing::{Attempt, Made},
    *,
};
use crate::{
    analysis::Figures,
    event::Event,
    spec::{Backend, Telemetry},
    store::testing::*,
};

fn four_on_two() -> Made {
    Made::new(Backend::Processes, 4).even(20, 10.0, |task| Attempt { cpu: 0.5, core_wait: 0.5, ..task })
}

#[test]
fn every_cause_has_its_rule_in_the_order_of_the_causes() {
    assert_eq!(RULES.map(|rule| rule.cause), Cause::ALL);
    for cause in Cause::ALL {
        assert!(!cause.rests_on().is_empty() && !cause.rests_on().ends_with('.'), "{cause:?}");
    }
}

#[test]
fn whatever_happened_the_verdict_is_sound() {
    let mut said = 0;
    for seed in 0..200 {
        for events in [random_run(seed), mangled(seed)] {
            let store = store(events.iter().map(stretched));
            let Some(figures) = Figures::new(&store, 0) else { continue };
            let findings = verdict(&store, &figures);
            for finding in &findings {
                assert!((0.0..=1.0).contains(&finding.share), "seed {seed}: {finding:?}");
                assert!(finding.command().starts_with("poolscope run"), "seed {seed}: {finding:?}");
                let evidence = finding.evidence.expect("of one run");
                assert!(evidence.from_ns <= evidence.to_ns && evidence.to_ns <= figures.wall_ns);
            }
            assert!(findings.is_sorted_by(|a, b| a.share >= b.share), "seed {seed}");
            said += findings.len();
        }
    }
    assert!(said > 50, "only {said}");
}

/// The same a hundred thousand times as slow: random runs are over within microseconds, about which nothing is said.
fn stretched(event: &Event) -> Event {
    fn stretch(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    match value.as_u64().filter(|_| name.ends_with("_ns")) {
                        Some(ns) => *value = ns.saturating_mul(100_000).into(),
                        None => stretch(value),
                    }
                }
            }
            serde_json::Value::Array(values) => values.iter_mut().for_each(stretch),
            _ => {}
        }
    }
    let mut json = serde_json::to_value(event).expect("JSON");
    stretch(&mut json);
    serde_json::from_value(json).expect("the same shape")
}

#[test]
fn a_healthy_run_has_nothing_to_say() {
    for backend in [Backend::Threads, Backend::Processes, Backend::Gil] {
        let workers = if backend == Backend::Gil { 1 } else { 2 };
        let run =
            Made::new(backend, workers).even(100, 5.0, |task| Attempt { cpu: 0.98, core_wait: 0.02, ..task });
        assert_eq!(run.causes(), []);
    }
}

#[test]
fn a_live_run_and_one_that_was_lost_are_not_judged() {
    let made = four_on_two();
    let mut run = made.store();
    let figures = made.figures(&run);
    assert_eq!(verdict(&run, &figures).len(), 1);
    assert_eq!(verdict(&run, &Figures { status: crate::event::Status::Lost, ..figures }), []);
    run.phase = crate::store::Phase::Running;
    assert_eq!(Figures::new(&run, 0), None);
}

#[test]
fn of_a_short_run_only_its_start_is_spoken_of() {
    let mut made =
        Made::new(Backend::Processes, 4).even(4, 10.0, |task| Attempt { cpu: 0.5, core_wait: 0.5, ..task });
    assert_eq!(made.causes(), [], "40 ms are a few of the scheduler's slices");
    made.ready = 30.0;
    for attempt in &mut made.attempts {
        for t in [&mut attempt.given, &mut attempt.from, &mut attempt.to] {
            *t = 30.0 + *t / 4.0;
        }
    }
    assert_eq!(made.causes(), [Cause::StartupDominates]);
}

#[test]
fn the_largest_share_comes_first() {
    let mut made = four_on_two();
    // And a start that takes longer than all of it.
    made.ready = 300.0;
    for attempt in &mut made.attempts {
        for t in [&mut attempt.given, &mut attempt.from, &mut attempt.to] {
            *t += 300.0;
        }
    }
    assert_eq!(made.causes(), [Cause::StartupDominates, Cause::Oversubscribed]);
}

#[test]
fn json_is_as_documented() {
    let mut made = four_on_two();
    made.spec.telemetry = Telemetry::Full;
    let json = serde_json::to_value(made.verdict()).expect("serializes");
    let finding = &json[0];
    assert_eq!(finding["cause"], "oversubscribed");
    assert_eq!(finding["share"], 0.5);
    assert!(
        finding["text"].as_str().is_some_and(|text| text.starts_with("50 % of the workers' time was spent"))
    );
    assert!(finding["try"].as_str().is_some_and(|line| line.starts_with("poolscope run ")));
    assert_eq!(
        finding["evidence"],
        serde_json::json!({"part": "waiting_for_core", "from_ns": 0, "to_ns": 200_000_000,
                           "worker": null, "task": null})
    );
}

mod corners {
    use super::super::{
        Cause,
        testing::{Attempt, Made, lock_use},
    };
    use crate::{event::LockKind, spec::Backend};

    /// Four workers: each task computes 10 ms inside of the lock and sleeps 16 ms outside; the lock is never free.
    #[test]
    fn more_and_fewer_workers_are_not_advised_at_once() {
        let mut made =
            Made::new(Backend::Threads, 4).even(20, 40.0, |t| Attempt { cpu: 0.25, core_wait: 0.0, ..t });
        made.spec.tasks = 80;
        for at in 0..20 {
            for worker in 0..4 {
                let from = f64::from(at) * 40.0;
                let got = from + f64::from(worker) * 10.0;
                // Waits for its turn (0 to 30 ms, of which the average is 15), then computes 10 ms inside; sleeps the rest.
                made.events.push(lock_use(worker, LockKind::Shared, [from, got, got + 10.0]));
            }
        }
        let found = made.verdict();
        let causes: Vec<_> = found.iter().map(|f| f.cause).collect();
        assert!(!(causes.contains(&Cause::LockBound) && causes.contains(&Cause::IoBound)), "{causes:?}");
    }
}
