use roxmltree::Node;
use serde_json::json;

use super::*;
use crate::{
    analysis::{AttemptTotals, Background, Figures, MeasuredRun, VariantRuns},
    event::{Host, Status},
    export::page::testing::{assert_sound, parsed, texts},
    spec::{Draft, Variant},
    store::Tally,
};

const MS: u64 = 1_000_000;
const HOSTILE: &str = "</td><script>alert(1)</script>\u{0}&\"'";

/// A run of so long, with some of everything.
pub(super) fn figures(wall_ns: u64) -> Figures {
    let part = wall_ns / 8;
    let parts = json!({
        "useful": part * 5, "waiting_for_core": part, "lock": part, "blocked": part / 2, "starting": part / 3,
        "first_task": part / 9, "dispatch": part / 7, "transfer": part / 6, "tail": part / 4,
        "restarting": part / 5, "paused": part / 8,
    });
    Figures {
        status: Status::Finished,
        reason: None,
        tasks: Tally { total: 64, ok: 64, ..Tally::default() },
        wall_ns,
        ready_ns: Some(wall_ns / 10),
        work_ns: Some(wall_ns / 10 * 9),
        throughput: Some(64e9 / wall_ns.max(1) as f64),
        task_ns: None,
        task_cpu_ns: None,
        worker_time_ns: serde_json::from_value(parts).expect("parts"),
        cpu_ns: wall_ns,
        peak_memory_bytes: Some(12_000_000),
        bytes_moved: 0,
        lock_wait_ns: 5,
        background: Some(Background { cores: 0.25, steal_cores: 0.0 }),
        checksum: "00".to_owned(),
        attempts: AttemptTotals::default(),
    }
}

pub(super) struct Made {
    pub(super) variants: Vec<Variant>,
    pub(super) runs: Vec<Vec<(Turn, Figures)>>,
}

impl Made {
    /// The first run of each variant is its warm-up.
    pub(super) fn new(fields: &[(&str, &str)], walls: impl Fn(usize) -> Vec<u64>) -> Self {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let variants = Draft::from_fields(fields).expect("fields").variants().expect("valid");
        let turn = |variant, at: u32| Turn { warmup: at == 0, round: at.saturating_sub(1), variant };
        let runs = (0..variants.len())
            .map(|at| (0..).zip(walls(at)).map(|(n, ns)| (turn(at, n), figures(ns))).collect())
            .collect();
        Self { variants, runs }
    }

    pub(super) fn report(&self) -> ExperimentReport {
        let measured = self.variants.iter().zip(&self.runs).map(|(variant, runs)| {
            let run = |(turn, figures)| MeasuredRun {
                turn,
                figures,
                calm: true,
                file: Some("001-a.pscope"),
                findings: &[],
            };
            VariantRuns { variant, runs: runs.iter().map(|(turn, figures)| run((*turn, figures))).collect() }
        });
        let host = Host { cpu: HOSTILE.to_owned(), cores: 4, usable_cores: 2.0, ..Host::default() };
        ExperimentReport::new(&measured.collect::<Vec<_>>(), Some(host))
    }

    pub(super) fn cover(&self) -> ExperimentCover {
        ExperimentCover {
            status: "finished",
            title: "some variants, in turns".to_owned(),
            began_unix_ns: 1_738_324_800_000_000_000,
            turns: self.runs.iter().flatten().map(|run| run.0).collect(),
            ..ExperimentCover::default()
        }
    }
}

fn page_of(report: &ExperimentReport, cover: &ExperimentCover) -> String {
    let mut bytes = Vec::new();
    write_experiment_html(report, cover, &TimeZone::UTC, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Every shape and every text lies on its picture.
fn assert_drawn(text: &str) {
    let document = parsed(text);
    for svg in document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "svg")))
    {
        let number = |node: Node<'_, '_>, name: &str| {
            node.attribute(name).map(|text| text.parse::<f64>().unwrap_or_else(|_| panic!("{name}: {text}")))
        };
        let (width, height) = (number(svg, "width").unwrap(), number(svg, "height").unwrap());
        let on_it = |from: f64, to: f64, most: f64, node: Node<'_, '_>| {
            assert!(from >= -2.0 && to <= most + 2.0, "{from} to {to} of {most}: {node:?}");
        };
        for node in svg.descendants().filter(Node::is_element) {
            if node.ancestors().any(|above| above.tag_name().name() == "pattern") {
                continue;
            }
            for (at, length, most) in [("x", "width", width), ("y", "height", height)] {
                if let Some(from) = number(node, at) {
                    on_it(from, from + number(node, length).unwrap_or(0.0), most, node);
                }
            }
            for (names, most) in [(["x1", "x2", "cx"], width), (["y1", "y2", "cy"], height)] {
                names.iter().filter_map(|name| number(node, name)).for_each(|at| on_it(at, at, most, node));
            }
            let data = node.attribute("d").unwrap_or_default();
            let numbers: Vec<f64> = data
                .split(|c: char| c.is_ascii_alphabetic() || c == ' ')
                .filter_map(|text| text.parse().ok())
                .collect();
            for pair in numbers.chunks_exact(2) {
                on_it(pair[0], pair[0], width, node);
                on_it(pair[1], pair[1], height, node);
            }
            if let (Some(anchor), Some(x)) = (node.attribute("text-anchor"), number(node, "x")) {
                let length = node.text().unwrap_or_default().chars().count() as f64 * 6.7;
                let before = match anchor {
                    "start" => 0.0,
                    "middle" => 0.5,
                    _ => 1.0,
                };
                on_it(x - length * before, x + length * (1.0 - before), width, node);
            }
        }
    }
}

fn two() -> Made {
    let walls = |at: usize| (0..8).map(|n| (500 + n % 3 + at as u64 * 80) * MS).collect();
    Made::new(&[("backend", "threads,processes"), ("workers", "2")], walls)
}

#[test]
fn a_page_tells_the_experiment() {
    let mut made = two();
    made.runs[1][4].1.wall_ns = 1900 * MS;
    made.runs[1][5].1.status = Status::Lost;
    made.runs[1][5].1.reason = Some("the engine died".to_owned());
    let mut cover = made.cover();
    let extra = Turn { warmup: false, round: 7, variant: 1 };
    cover.turns.push(extra);
    cover.missing = vec![(extra, None)];
    cover.gaps = vec![(made.runs[0][1].0, "disk full".to_owned())];
    let text = page_of(&made.report(), &cover);
    assert_sound(&text);
    assert_drawn(&text);
    let texts = texts(&text);
    for wanted in [
        "Experiment: threads and processes",
        "✗ finished, 1 of 16 runs did not end well",
        "What it shows",
        "Warnings",
        "6 of 7",
        "did not end well, does not count",
        "far from the others, counts",
        "warm-up, does not count",
        "Where the workers' time went",
        "waiting for core",
        "does not count: its engine died: the engine died",
        "its file is incomplete: disk full",
        "not run",
        "0.25 cores",
    ] {
        assert!(texts.iter().any(|text| text == wanted), "{wanted}");
    }
    for wanted in [
        "Wall time: threads is 1.16x faster",
        "Began 2025-01-31 12:00:00 +00:00",
        "poolscope run --backend threads",
    ] {
        assert!(texts.iter().any(|text| text.starts_with(wanted)), "{wanted}");
    }
}

#[test]
fn series_are_drawn_with_their_laws_and_their_advice() {
    let by_workers = Made::new(&[("backend", "threads,processes"), ("workers", "1..6")], |at| {
        (0..5).map(|n| 800 * MS / (at as u64 % 6 + 1).min(3) + n * MS).collect()
    });
    let text = page_of(&by_workers.report(), &by_workers.cover());
    assert_sound(&text);
    assert_drawn(&text);
    let told = texts(&text);
    for wanted in
        ["How many workers", "Amdahl", "USL", "Amdahl's law", "Universal Scalability Law", "ideal", "threads"]
    {
        assert!(told.iter().any(|text| text == wanted), "{wanted}");
    }
    assert!(told.iter().any(|text| text.starts_with("Recommended, threads: 3 workers")));
    assert!(text.contains("R²") && text.contains("residual deviation"));
    let by_chunk = Made::new(&[("workers", "2"), ("chunk", "1..4096*4"), ("tasks", "20000")], |at| {
        (0..5).map(|n| (900 >> at) * MS + n * MS).collect()
    });
    let text = page_of(&by_chunk.report(), &by_chunk.cover());
    assert_sound(&text);
    assert_drawn(&text);
    let told = texts(&text);
    assert!(told.iter().any(|text| text == "Which chunk"));
    assert!(told.iter().any(|text| text.starts_with("Recommended, processes × 2: chunk 4096")));
}

#[test]
fn reports_of_hardly_anything_and_of_very_much_are_sound() {
    let empty = ExperimentReport::new(&[], None);
    let fields = [("backend", "threads,processes"), ("workers", "1,2"), ("chunk", "1,8")];
    let mut lost = two();
    for run in lost.runs.iter_mut().flatten() {
        run.1.status = Status::Lost;
    }
    let mut cases = vec![(empty, ExperimentCover::default()), (lost.report(), lost.cover())];
    let walls: [&[u64]; 7] =
        [&[], &[5], &[5, MS], &[0, 0, 0], &[1, 1, u64::MAX / 2], &[u64::MAX; 4], &[7, MS, 60_000_000 * MS]];
    for walls in walls {
        let made = Made::new(&fields, |_| walls.to_vec());
        cases.push((made.report(), made.cover()));
        let made = Made::new(&fields, |at| walls.iter().map(|ns| ns >> (at * 5)).collect());
        cases.push((made.report(), made.cover()));
    }
    let many = Made::new(&[("workers", "1..16"), ("chunk", "1..128*2")], |at| {
        (0..4).map(|n| (90 + at as u64 * n) * MS).collect()
    });
    assert_eq!(many.variants.len(), 128);
    cases.push((many.report(), many.cover()));
    for (report, cover) in cases {
        let text = page_of(&report, &cover);
        assert_sound(&text);
        assert_drawn(&text);
        for variant in &report.variants {
            assert!(text.contains(&variant.name), "{}", variant.name);
        }
        for format in ExperimentFormat::ALL {
            let mut bytes = Vec::new();
            format.write(&report, &cover, &mut bytes).unwrap();
            assert!(!bytes.is_empty(), "{}", format.name());
        }
    }
}

#[test]
fn names_and_messages_are_text_and_never_markup() {
    let mut made = two();
    made.variants[1].name = HOSTILE.to_owned();
    made.variants[0].name = "x".repeat(100_000);
    made.runs[0][2].1.status = Status::Lost;
    made.runs[0][2].1.reason = Some(HOSTILE.to_owned());
    let turn = Turn { warmup: false, round: 3, variant: 9 };
    let mut cover = made.cover();
    cover.missing = vec![(turn, Some(HOSTILE.to_owned()))];
    let text = page_of(&made.report(), &cover);
    assert_sound(&text);
    assert_drawn(&text);
    assert!(!text.contains("<script"), "{text}");
    assert!(texts(&text).iter().any(|text| text == &HOSTILE.replace('\0', "\u{fffd}")));
}

#[test]
fn a_row_of_the_table_is_a_run() {
    let mut made = two();
    made.variants[0].name = "=1+1".to_owned();
    made.runs[1][2].1.background = None;
    let mut bytes = Vec::new();
    write_experiment_csv(&made.report(), &made.cover(), &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 17);
    assert_eq!(
        lines[1],
        "1,'=1+1,1,true,false,false,finished,64,64,500000000,50000000,450000000,500000000,128.0,12000000,5,0.25,true,00,001-a.pscope"
    );
    assert!(
        lines[11].starts_with("11,processes,2,false,true,false,") && lines[11].contains(",5,,true,"),
        "{text}"
    );
    assert_eq!(lines[0].split(',').count(), lines[1].split(',').count());
}

#[test]
fn formats_are_known_by_their_names() {
    for format in ExperimentFormat::ALL {
        assert_eq!(format.name().parse(), Ok(format));
    }
    assert_eq!("svg".parse::<ExperimentFormat>(), Err("html, json, hyperfine, csv".to_owned()));
}
