//! Of many variants: the one order of all, the one to take, and what was tested of what is advised.

use super::*;
use crate::{
    analysis::{Cause, random::Random},
    spec::portable_run_line,
};

/// Five runs about so many milliseconds, no two variants' alike.
fn about(ms: &[u64]) -> Vec<Vec<Figures>> {
    let runs = |(at, &ms): (usize, &u64)| (0..5).map(move |round| (at as u64 * 7 + round * 3) % 5 + ms);
    ms.iter().enumerate().map(|one| runs(one).map(|ms| figures(1, ms)).collect()).collect()
}

#[test]
fn many_variants_have_one_order_with_the_fastest_first() {
    let made = Made::new(&[("workers", "1..6")], about(&[800, 402, 400, 401, 600, 700]));
    let report = made.report();
    let ranking = report.ranking.as_ref().expect("of the same work");
    assert_eq!((ranking.fastest.as_str(), ranking.comparisons), ("3 workers", 15));
    let others: Vec<_> = ranking.others.iter().map(|one| (one.variant.as_str(), one.slower)).collect();
    let expected = [
        ("4 workers", false),
        ("2 workers", false),
        ("5 workers", true),
        ("6 workers", true),
        ("1 worker", true),
    ];
    assert_eq!(others, expected);
    let words = ranking.words();
    assert!(
        words.starts_with(
            "fastest: 3 workers; not told from it: 4 workers, 2 workers; slower: 5 workers 1.50x ("
        ),
        "{words}"
    );
    let pairs: Vec<_> = report.ratios.iter().map(|pair| (pair.a.as_str(), pair.b.as_str())).collect();
    let first = ["2 workers", "3 workers", "4 workers", "5 workers", "6 workers"].map(|b| ("1 worker", b));
    let fastest = ["2 workers", "4 workers", "5 workers", "6 workers"].map(|b| ("3 workers", b));
    assert_eq!(pairs, [&first[..], &fastest[..]].concat());
    let text = report.summary_lines().join("\n");
    assert!(
        text.contains("ranking      fastest: 3 workers") && text.contains("(15 comparisons, Bonferroni"),
        "{text}"
    );
    let json = serde_json::to_value(&report).expect("JSON");
    assert_eq!(json["ranking"]["fastest"], "3 workers");
    assert!(json["ranking"]["others"][2]["wall"]["low"].as_f64() > Some(1.4), "{}", json["ranking"]);
}

#[test]
fn where_the_first_is_the_fastest_it_is_compared_once_with_each() {
    let report = Made::new(&[("workers", "1..5")], about(&[400, 500, 600, 700, 800])).report();
    assert_eq!(report.ratios.len(), 4);
    assert!(report.ratios.iter().all(|pair| pair.a == "1 worker"));
}

#[test]
fn what_was_not_repeated_or_is_other_work_has_no_order() {
    let once = Made::new(&[("workers", "1..5")], [1, 2, 3, 4, 5].map(|ms| vec![figures(1, ms)]).to_vec());
    assert_eq!(once.report().ranking, None);
    let other = Made::new(&[("tasks", "64,65,66")], about(&[400, 500, 600]));
    assert_eq!(other.report().ranking, None);
    let two = Made::new(&[("workers", "1,2")], about(&[400, 500]));
    assert_eq!(two.report().ranking, None, "their difference says it");
}

/// Eight variants that do not differ: how often any of them is called slower than the luckiest.
#[test]
fn chance_alone_is_seldom_called_a_difference() {
    let mut random = Random::new(7);
    let mut wrong = 0;
    for _ in 0..400 {
        let runs = (0..8).map(|_| {
            let wall = |_| {
                let mut run = figures(1, 500);
                run.wall_ns = (5e8 * (0.05 * random.normal()).exp()) as u64;
                run
            };
            (0..4).map(wall).collect()
        });
        let made = Made::new(&[("workers", "1..8")], runs.collect());
        let ranking = Ranking::new(&made.measured()).expect("of the same work");
        wrong += u32::from(ranking.others.iter().any(|one| one.slower));
    }
    assert!(wrong <= 20, "{wrong} of 400");
}

#[test]
fn of_workers_and_chunks_together_one_pool_is_recommended() {
    // 4 and 2 workers are as fast; of chunks, those about 8 are.
    let fields = [("backend", "threads,processes"), ("workers", "1,2,4"), ("chunk", "1,8,64")];
    let threads = [900, 850, 870, 520, 405, 480, 500, 401, 470];
    let processes = [950, 900, 900, 600, 500, 550, 560, 480, 520];
    let report = Made::new(&fields, about(&[threads, processes].concat())).report();
    let overall = report.recommended.as_ref().expect("several series");
    assert_eq!((overall.backend, overall.workers, overall.chunk), (Backend::Threads, 2, Some(8)));
    assert_eq!(overall.best, "threads × 4, chunk 8");
    assert_eq!(report.recommended_backend, Some(Backend::Threads));
    let words = report.ranking.as_ref().expect("of the same work").words();
    assert!(words.contains("not told from it: threads × 2, chunk 8; slower: "), "{words}");
    assert!(words.contains(" | ") && words.ends_with(" | and 8 more"), "names have commas: {words}");
    assert_eq!((report.recommended_workers, report.recommended_chunk), (Some(2), Some(8)));
    assert_eq!(
        report.conclusions()[0],
        "Recommended: threads × 2, chunk 8: the smallest pool within 5 % of the fastest, threads × 4, chunk 8 (1.01x its \
         time)"
    );
    let json = serde_json::to_value(&report).expect("JSON");
    assert_eq!(
        (&json["recommended_backend"], &json["recommended"]["workers"]),
        (&"threads".into(), &2.into())
    );
    // The chunk in the middle of those that are as good, as long as that is as good as the best over all.
    let flat = [900, 850, 870, 404, 405, 406, 500, 401, 470];
    let report = Made::new(&fields[1..], about(&flat)).report();
    assert_eq!((report.recommended_workers, report.recommended_chunk), (Some(2), Some(8)));
    assert_eq!(report.recommended_backend, None, "there was one");
}

#[test]
fn a_single_series_needs_no_overall_recommendation() {
    let report = Made::new(&[("workers", "1,2,4")], about(&[900, 450, 440])).report();
    assert_eq!((report.recommended, report.recommended_workers), (None, Some(2)));
}

fn crowded(made: &Made, tried: usize, share: f64) -> KeptFinding {
    KeptFinding {
        cause: Cause::Oversubscribed,
        text: "They wait for a core.".to_owned(),
        share,
        command: portable_run_line(&made.variants[tried].spec),
    }
}

#[test]
fn what_was_tested_here_is_told_instead_of_advised() {
    for (ms, ending, contradicts) in [
        ([400, 401], "Tested here: 2 workers, 0.99x as fast (", false),
        ([400, 200], "Tested here: 2 workers, 1.9", false),
        ([400, 500], "Tested here: 2 workers, 0.80x as fast (", true),
    ] {
        let mut made = Made::new(&[("workers", "8,2")], about(&ms));
        made.found[0] = vec![crowded(&made, 1, 0.5)];
        let report = made.report();
        let found = &report.verdict[0];
        assert!(found.words().contains(ending), "{}", found.words());
        let tested = found.tested.as_ref().expect("2 workers were");
        assert_eq!((tested.contradicts, found.command()), (contradicts, None));
        assert_eq!(
            found.words().ends_with("so that this is no help here."),
            contradicts,
            "{}",
            found.words()
        );
        assert!(!report.summary_lines().iter().any(|line| line.starts_with("try ")));
    }
}

#[test]
fn what_was_not_tested_is_still_advised() {
    let mut made = Made::new(&[("workers", "8,4")], about(&[400, 401]));
    let own = portable_run_line(&made.variants[0].spec);
    let mut untested = crowded(&made, 1, 0.5);
    untested.command.push_str(" --chunk 3");
    // The same once more, as it is advised against noise, is no test.
    let again = KeptFinding { cause: Cause::NoisyMachine, command: own.clone(), ..untested.clone() };
    made.found[0] = vec![untested.clone(), again];
    let report = made.report();
    let commands: Vec<_> = report.verdict.iter().map(ExperimentFinding::command).collect();
    assert_eq!(commands, [Some(untested.command.as_str()), Some(own.as_str())]);
}

#[test]
fn advice_that_does_not_hold_comes_last() {
    let mut made = Made::new(&[("workers", "8,2")], about(&[400, 500]));
    let small = KeptFinding { cause: Cause::Straggler, command: String::new(), ..crowded(&made, 1, 0.2) };
    made.found[0] = vec![crowded(&made, 1, 0.5), small];
    let causes: Vec<_> = made.report().verdict.iter().map(|found| found.finding.cause).collect();
    assert_eq!(causes, [Cause::Straggler, Cause::Oversubscribed]);
}
