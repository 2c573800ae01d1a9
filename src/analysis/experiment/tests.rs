mod many;

use super::*;
use crate::{
    analysis::{AttemptTotals, Background, PartsTotal},
    event::Status,
    spec::Draft,
    store::Tally,
};

const MS: u64 = 1_000_000;

/// A run of 64 tasks that all ended ok.
fn figures(ready_ms: u64, work_ms: u64) -> Figures {
    let tally = Tally { total: 64, ok: 64, ..Tally::default() };
    let wall_ns = (ready_ms + work_ms) * MS;
    let mut parts = [0; crate::analysis::PARTS];
    parts[Part::Useful as usize] = work_ms * MS;
    parts[Part::Starting as usize] = ready_ms * MS;
    Figures {
        status: Status::Finished,
        reason: None,
        tasks: tally,
        wall_ns,
        ready_ns: Some(ready_ms * MS),
        work_ns: Some(work_ms * MS),
        throughput: Some(64e9 / wall_ns as f64),
        task_ns: None,
        task_cpu_ns: None,
        worker_time_ns: PartsTotal::new(parts),
        cpu_ns: work_ms * MS,
        peak_memory_bytes: None,
        bytes_moved: 0,
        lock_wait_ns: 0,
        background: None,
        checksum: "00".to_owned(),
        attempts: AttemptTotals::default(),
    }
}

/// Variants with the runs of each, in rounds.
struct Made {
    variants: Vec<Variant>,
    runs: Vec<Vec<Figures>>,
    /// What stands out in each run of a variant.
    found: Vec<Vec<KeptFinding>>,
}

impl Made {
    fn new(fields: &[(&str, &str)], runs: Vec<Vec<Figures>>) -> Self {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let variants = Draft::from_fields(fields).expect("fields").variants().expect("valid");
        assert_eq!(variants.len(), runs.len());
        let found = vec![Vec::new(); variants.len()];
        Self { variants, runs, found }
    }

    fn measured(&self) -> Vec<VariantRuns<'_>> {
        let turns = |variant: usize| (0..).map(move |round| Turn { warmup: false, round, variant });
        let run = |at: usize, (figures, turn)| MeasuredRun {
            turn,
            figures,
            calm: true,
            file: None,
            findings: &self.found[at],
        };
        let variants = self.variants.iter().zip(&self.runs).zip(0..);
        variants
            .map(|((variant, runs), at)| {
                let runs = runs.iter().zip(turns(at)).map(|one| run(at, one)).collect();
                VariantRuns { variant, runs }
            })
            .collect()
    }

    fn report(&self) -> ExperimentReport {
        let host = Host { usable_cores: 2.0, ..Host::default() };
        ExperimentReport::new(&self.measured(), Some(host))
    }
}

fn two(of_a: &[(u64, u64)], of_b: &[(u64, u64)]) -> Made {
    let runs = |of: &[(u64, u64)]| of.iter().map(|&(ready, work)| figures(ready, work)).collect();
    Made::new(&[("backend", "threads,processes"), ("workers", "2")], vec![runs(of_a), runs(of_b)])
}

#[test]
fn equal_work_with_another_start_is_said_to_be_that() {
    let a = [(1, 500), (1, 504), (2, 498), (1, 501), (1, 499), (2, 502), (1, 500)];
    let b = a.map(|(ready, work)| (ready + 9, work + ready % 2));
    let report = two(&a, &b).report();
    let difference = report.difference.clone().expect("of two");
    assert!(difference.contains("once ready: no difference seen (ratio 1.00"), "{difference}");
    assert!(
        difference.contains("processes took 9.00 ms longer to start (9.00 ms to 9.00 ms)"),
        "{difference}"
    );
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
    let moved = &report.ratios[0].moved;
    assert_eq!(moved[0], ("starting", 9 * MS.cast_signed()));
}

#[test]
fn what_takes_twice_as_long_is_twice_as_slow_whoever_comes_first() {
    let a = [(1, 500), (1, 504), (2, 498), (1, 501), (1, 499), (2, 502)];
    let b = a.map(|(ready, work)| (ready, work * 2));
    let slower = two(&a, &b).report();
    let words = &slower.ratios[0].of(Quantity::Work).expect("measured").text;
    assert!(words.starts_with("threads is 2.00x faster"), "{words}");
    let faster = two(&b, &a).report();
    let words = &faster.ratios[0].of(Quantity::Work).expect("measured").text;
    assert!(words.starts_with("processes is 2.00x faster"), "{words}");
    let speedup = faster.variants[1].speedup.expect("same work");
    assert!((speedup.value - 2.0).abs() < 0.01, "{speedup:?}");
}

#[test]
fn runs_that_did_not_end_well_do_not_count_and_are_told_of() {
    let mut made = two(&[(1, 500), (1, 504), (2, 498)], &[(1, 500), (1, 504), (2, 498)]);
    made.runs[0][1].status = Status::Lost;
    made.runs[1][0].tasks = Tally { total: 64, ok: 63, crashed: 1, ..Tally::default() };
    made.runs[1][2].tasks = made.runs[1][0].tasks;
    let report = made.report();
    assert_eq!(report.variants[0].counted(), 2);
    assert_eq!(report.variants[1].counted(), 1);
    assert_eq!(report.variants[0].runs.len(), 3, "all runs are there");
    assert_eq!(
        report.warnings[..2],
        [
            "threads: 1 run did not end well (its engine died) and does not count",
            "processes: 2 runs did not end well (63 ok, 1 crashed) and do not count",
        ]
    );
    for run in &mut made.runs[1] {
        run.status = Status::Failed;
    }
    let report = made.report();
    assert!(
        report
            .warnings
            .iter()
            .any(|text| text == "processes: no run counts, so that nothing can be said of it")
    );
    assert_eq!(report.difference, None);
}

#[test]
fn an_outlier_is_flagged_and_counts() {
    let calm = [(1, 500), (1, 504), (2, 498), (1, 501), (1, 499), (2, 502), (1, 503)];
    let mut odd = calm;
    odd[4].1 = 900;
    let report = two(&calm, &odd).report();
    let flagged: Vec<_> =
        report.variants[1].runs.iter().filter(|run| run.outlier).map(|run| run.turn.round).collect();
    assert_eq!(flagged, [4]);
    assert_eq!(report.variants[1].counted(), 7);
    assert!(report.warnings[0].starts_with("processes: round 5 took 901 ms"), "{:?}", report.warnings);
}

#[test]
fn a_drift_and_others_load_are_told() {
    let mut made = two(&[(1, 500); 7], &[(1, 500); 7]);
    for runs in &mut made.runs {
        for (round, run) in (0..).zip(runs.iter_mut()) {
            run.wall_ns += round * 20 * MS;
        }
    }
    let warnings = made.report().warnings;
    assert!(warnings.iter().any(|text| text.starts_with("runs became slower by")), "{warnings:?}");
    let mut made = two(&[(1, 500); 3], &[(1, 500); 3]);
    made.runs[0][1].background = Some(Background { cores: 0.4, steal_cores: 0.3 });
    let warnings = made.report().warnings;
    assert!(warnings[0].starts_with("during 1 of 6 runs others used more than 15 %"), "{warnings:?}");
}

#[test]
fn different_work_is_not_set_against_each_other() {
    let runs = vec![vec![figures(1, 500); 3], vec![figures(1, 900); 3]];
    let report = Made::new(&[("tasks", "64,128")], runs).report();
    assert!(report.difference.is_none() && report.variants[1].speedup.is_none());
    assert!(report.ratios[0].compared.is_empty());
    assert!(report.warnings[0].starts_with("the variants do different work"), "{:?}", report.warnings);
}

#[test]
fn a_sweep_recommends_the_fewest_workers_that_are_as_good() {
    let runs =
        [800, 402, 401, 404].map(|work| vec![figures(1, work), figures(1, work + 1), figures(1, work - 1)]);
    let report =
        Made::new(&[("backend", "threads"), ("workers", "1..4"), ("workload", "spin")], runs.to_vec())
            .report();
    assert_eq!(report.recommended_workers, Some(2));
    let series = &report.workers[0];
    assert_eq!(series.points.iter().map(|point| point.workers).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let efficiency = series.points[3].efficiency.expect("known");
    assert!((efficiency - 0.495).abs() < 0.01, "{efficiency}");
    assert!(series.fits.usl.is_some() && series.fits.amdahl.is_some());
    assert_eq!(report.recommended_chunk, None);
}

#[test]
fn a_serial_run_is_the_first_point_of_every_series() {
    let runs = [900, 450, 300].map(|work| vec![figures(1, work); 3]);
    let made = Made::new(&[("backend", "serial,threads"), ("workers", "2,3")], runs.to_vec());
    let series = made.report().workers;
    assert_eq!(series.len(), 1);
    assert_eq!(series[0].points.iter().map(|point| point.workers).collect::<Vec<_>>(), [1, 2, 3]);
    assert!((series[0].points[2].speedup.value - 3.0).abs() < 0.02);
}

#[test]
fn handing_out_a_chunk_costs_what_more_chunks_cost_more() {
    // 64, 16 and 4 chunks, each of which costs 0.1 ms beside the tasks.
    let runs = [(64, 600), (16, 520), (4, 515)].map(|(chunks, work)| {
        let mut run = figures(1, work);
        let mut parts = [0; crate::analysis::PARTS];
        parts[Part::Useful as usize] = work * MS;
        parts[Part::Dispatch as usize] = chunks * MS / 10;
        run.worker_time_ns = PartsTotal::new(parts);
        vec![run; 3]
    });
    let report = Made::new(&[("workers", "2"), ("chunk", "1,4,16")], runs.to_vec()).report();
    let series = &report.chunks[0];
    let cost = series.cost_per_chunk_ns.expect("it differs");
    assert!((cost - 1e5).abs() < 1.0, "{cost}");
    assert_eq!(report.recommended_chunk, Some(4), "4 and 16 are within 5 %, the smaller balances better");
    assert_eq!(report.recommended_workers, None);
}

#[test]
fn shares_sum_to_one_and_lines_name_every_variant() {
    let report = two(&[(1, 500); 3], &[(9, 510); 3]).report();
    let json = serde_json::to_value(&report).expect("JSON");
    let shares = json["variants"][0]["worker_time"].as_object().expect("shares");
    let sum: f64 = shares.values().filter_map(serde_json::Value::as_f64).sum();
    assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    assert_eq!(json["variants"][1]["wall_ns"]["median"], 519e6);
    assert_eq!(json["variants"][0]["runs"][2]["round"], 2);
    let text = report.summary_lines().join("\n");
    assert!(text.contains("threads") && text.contains("519 ms") && text.contains("useful"), "{text}");
}

#[test]
fn nothing_measured_is_no_report_of_anything() {
    let report = two(&[], &[]).report();
    assert_eq!((report.difference.as_ref(), report.recommended_workers), (None, None));
    assert!(report.variants.iter().all(|variant| variant.wall_ns.is_none()));
    assert!(!report.summary_lines().is_empty());
    assert_eq!(ExperimentReport::new(&[], None).variants, []);
}

#[test]
fn of_three_backends_each_is_compared_with_each() {
    let runs = [900, 450, 451].map(|work| (0..6).map(|round| figures(1, work + round)).collect());
    let made = Made::new(&[("backend", "serial,threads,processes"), ("workers", "2")], runs.to_vec());
    let report = made.report();
    let pairs: Vec<_> = report.ratios.iter().map(|pair| format!("{}, {}", pair.a, pair.b)).collect();
    assert_eq!(pairs, ["serial, threads × 2", "serial, processes × 2", "threads × 2, processes × 2"]);
    assert!(report.workers.is_empty(), "one number of workers is no series");
    let conclusions = report.conclusions();
    assert!(
        conclusions[3].starts_with("threads × 2 and processes × 2: no difference seen"),
        "{conclusions:?}"
    );
    assert_eq!(report.difference, None);
}

mod corners {
    use super::*;

    fn of(ms: &[u64]) -> Vec<Figures> {
        ms.iter().map(|&ms| figures(1, ms)).collect()
    }
    fn bad(n: usize) -> Vec<Figures> {
        (0..n).map(|_| Figures { status: Status::Interrupted, ..figures(1, 100) }).collect()
    }

    /// A failing variant must not silence the warning about drift.
    #[test]
    fn drift_is_told_with_a_variant_that_has_no_run() {
        let rising: Vec<u64> = (0..8).map(|at| 500 + at * 50).collect();
        let both = Made::new(&[("workers", "1,2,4")], vec![of(&rising), of(&rising), of(&rising)]);
        assert!(both.report().warnings.iter().any(|w| w.contains("slower")));
        let one_bad = Made::new(&[("workers", "1,2,4")], vec![of(&rising), of(&rising), bad(8)]);
        assert!(
            one_bad.report().warnings.iter().any(|w| w.contains("slower")),
            "{:?}",
            one_bad.report().warnings
        );
    }

    /// The text promises ratios round by round.
    #[test]
    fn ratios_are_paired_if_the_warning_says_so() {
        let a: Vec<u64> = vec![100, 120, 140, 160, 180, 200, 220, 240];
        let b: Vec<u64> = a.iter().map(|ms| ms * 11 / 10).collect();
        let mut of_b = of(&b);
        of_b[0].status = Status::Interrupted;
        let made = Made::new(&[("workers", "1,2")], vec![of(&a), of_b]);
        let report = made.report();
        assert!(
            report.warnings.iter().any(|w| w.contains("round by round and hold all the same")),
            "{:?}",
            report.warnings
        );
        let speedup = report.variants[1].speedup.unwrap();
        assert!(speedup.paired, "{speedup:?} {:?}", report.difference);
    }

    /// The others can still be told apart.
    #[test]
    fn a_series_outlives_its_smallest_number() {
        let made =
            Made::new(&[("workers", "1,2,4")], vec![bad(3), of(&[500, 501, 502]), of(&[250, 251, 252])]);
        let report = made.report();
        assert_eq!(report.recommended_workers, Some(4));
    }

    #[test]
    fn serial_of_other_work_is_no_base() {
        let made = Made::new(
            &[("backend", "serial,threads"), ("workers", "2,4"), ("tasks", "100,1000")],
            vec![
                of(&[100, 101]),
                of(&[1000, 1001]),
                of(&[50, 51]),
                of(&[500, 501]),
                of(&[25, 26]),
                of(&[250, 251]),
            ],
        );
        let report = made.report();
        let names: Vec<_> = report
            .workers
            .iter()
            .map(|s| {
                (
                    s.name.clone(),
                    s.points.iter().map(|p| (p.variant.clone(), p.speedup.value)).collect::<Vec<_>>(),
                )
            })
            .collect();
        let second = &report.workers[1];
        assert!((second.points[2].speedup.value - 4.0).abs() < 0.1, "{names:?}");
    }

    #[test]
    fn chunk_and_workers_are_of_the_same_pool() {
        let slow = |ms: u64| of(&[ms, ms + 1, ms + 2]);
        let made = Made::new(
            &[("backend", "threads,processes"), ("workers", "2,4"), ("chunk", "1,8")],
            vec![slow(1000), slow(2000), slow(900), slow(1900), slow(400), slow(200), slow(200), slow(100)],
        );
        let report = made.report();
        assert_eq!(report.recommended_workers, Some(4));
        // The fastest of all is processes x 4 with chunk 8, at 100 ms.
        assert_eq!(report.recommended_chunk, Some(8), "{:?}", report.conclusions());
    }

    /// Where waiting for a core was not measured it hides in `blocked`.
    #[test]
    fn waiting_for_a_core_is_not_called_something_else() {
        let with = |ms: u64| -> Vec<Figures> {
            (0..3)
                .map(|at| {
                    let mut f = figures(1, ms + at);
                    let mut parts = [0; crate::analysis::PARTS];
                    parts[Part::Useful as usize] = 50 * MS;
                    parts[Part::Blocked as usize] = 50 * MS;
                    f.worker_time_ns = PartsTotal::new(parts);
                    f.attempts =
                        AttemptTotals { cpu_known: true, core_wait_known: false, ..AttemptTotals::default() };
                    f
                })
                .collect()
        };
        let made = Made::new(&[("workers", "2,4"), ("telemetry", "basic")], vec![with(100), with(90)]);
        let lines = made.report().conclusions();
        assert!(!lines.iter().any(|l| l.contains("something other than a core")), "{lines:?}");
    }

    #[test]
    fn hostile_parts_do_not_overflow() {
        let mut a = figures(1, 100);
        let mut parts = [0; crate::analysis::PARTS];
        parts[0] = 1 << 63;
        a.worker_time_ns = PartsTotal::new(parts);
        let made = Made::new(&[("workers", "1,2")], vec![of(&[100]), vec![a]]);
        let _ = made.report();
    }
}
