//! What the page tells of variants and runs, section by section.

use super::{ExperimentCover, Places, plots};
use crate::{
    analysis::{
        Background, Difference, ExperimentReport, Interval, PairReport, Part, Quantity, Ratio, RunLine,
        Sample, VariantReport, WorkersSeries,
    },
    export::{
        page::{Column, Page},
        svg::{escaped, shortened},
    },
    units,
};

/// Characters of a name, which comes from a file.
const MAX_NAME: usize = 120;
/// Characters of any other text.
const MAX_TEXT: usize = 2000;
/// Recommendations or differences that are told in words above the tables.
const MOST_TOLD: usize = 6;
/// Rows of the table of runs.
const MOST_RUNS: usize = 3000;
/// Parts of the workers' time that are named of a pair.
const MOST_MOVED: usize = 3;
const UNKNOWN: &str = "–";
/// The speedup of what others' speedups are over.
pub(super) const BASE: &str = "1 (base)";

pub(super) fn named(name: &str) -> String {
    shortened(name, MAX_NAME)
}

/// How it went; ends the header.
pub(super) fn header(page: &mut Page, report: &ExperimentReport, cover: &ExperimentCover, began: &str) {
    let runs = || report.variants.iter().flat_map(|variant| &variant.runs);
    let bad = runs().filter(|run| run.failing().is_some()).count();
    let good = cover.status == "finished" && bad == 0 && cover.missing.is_empty();
    let (class, sign) = if good { ("good", "✓") } else { ("bad", "✗") };
    let (class, sign) = if cover.status == "running" { ("weak", "…") } else { (class, sign) };
    let all = runs().count();
    let but = if bad > 0 { format!(", {bad} of {all} runs did not end well") } else { String::new() };
    page.markup(&format!(
        "<p><span class=\"state {class}\">{sign} {}{but}</span></p>\n",
        escaped(cover.status)
    ));
    page.paragraph("", &cover.title);
    let mut line = vec![format!("Began {began}")];
    if let Some(host) = &report.host {
        let cpu = if host.cpu.is_empty() { "unknown CPU" } else { &host.cpu };
        let cpu = shortened(cpu, MAX_NAME);
        line.push(format!("{cpu}, {} cores, {}", host.cores, shortened(&host.os, MAX_NAME)));
    }
    page.paragraph("weak", &line.join(" · "));
    page.markup("</header>\n<main>\n");
}

/// In words first: what to take, what differs, and what is doubtful.
pub(super) fn findings(page: &mut Page, report: &ExperimentReport) {
    page.open("What it shows", "findings");
    let mut words: Vec<String> = Vec::new();
    words.extend(report.recommended.as_ref().map(|overall| format!("Recommended: {}.", overall.words())));
    words.extend(report.ranking.as_ref().map(|ranking| format!("By wall time, {}.", ranking.words())));
    let series = recommendations(report);
    words.extend(if series.is_empty() { differences(report) } else { series });
    if words.is_empty() {
        words.push("Nothing can be set against each other.".to_owned());
    }
    for text in words {
        page.paragraph("lead", &text);
    }
    if let Some(ranking) = &report.ranking {
        page.notes(std::iter::once(ranking.note().as_str()));
    }
    page.close();
    if !report.warnings.is_empty() {
        page.open("Warnings", "warnings");
        page.notes(report.warnings.iter().map(String::as_str));
        page.close();
    }
}

/// What cost the variants their time.
pub(super) fn verdict(page: &mut Page, report: &ExperimentReport) {
    if report.verdict.is_empty() {
        return;
    }
    page.open("Verdict", "verdict");
    for found in &report.verdict {
        page.paragraph("", &found.words());
        if let Some(command) = found.command() {
            page.command(command);
        }
        page.paragraph("weak", &format!("It rests on {}.", found.finding.cause.rests_on()));
    }
    page.close();
}

/// The series with the highest throughput first.
fn recommendations(report: &ExperimentReport) -> Vec<String> {
    let highest = |series: &WorkersSeries| {
        series.points.iter().map(|point| point.throughput.median).fold(0.0, f64::max)
    };
    let mut by_workers: Vec<&WorkersSeries> = report.workers.iter().collect();
    by_workers.sort_by(|a, b| highest(b).total_cmp(&highest(a)));
    let of_workers = by_workers.into_iter().filter_map(|series| {
        let advice = series.advice?;
        Some(format!("Recommended, {}: {}.", super::series::workers_name(report, series), advice.words()))
    });
    let of_chunks = report.chunks.iter().filter_map(|series| {
        let advice = series.advice?;
        Some(format!("Recommended, {}: {}.", super::series::chunks_name(series), advice.words()))
    });
    told(of_workers.chain(of_chunks), "recommendations are below, or in the JSON export")
}

/// The first few, and how many more there are.
fn told(words: impl Iterator<Item = String>, more_are: &str) -> Vec<String> {
    let mut told: Vec<String> = words.collect();
    if told.len() > MOST_TOLD {
        let more = told.len() - MOST_TOLD;
        told.truncate(MOST_TOLD);
        told.push(format!("{more} more {more_are}."));
    }
    told
}

fn differences(report: &ExperimentReport) -> Vec<String> {
    if let [pair] = &report.ratios[..] {
        let compared = [("Wall time", Quantity::Wall), ("Once ready", Quantity::Work)]
            .into_iter()
            .filter_map(|(name, quantity)| Some(format!("{name}: {}.", pair.of(quantity)?.text)));
        return compared.chain(pair.ready_words().map(|words| format!("{words}."))).collect();
    }
    // Of many, the ranking says it.
    let few = report.ratios.iter().filter(|_| report.variants.len() <= MOST_TOLD);
    let words = few.filter_map(|pair| {
        let wall = pair.of(Quantity::Wall)?;
        Some(format!("{} and {}: {}.", named(&pair.a), named(&pair.b), wall.text))
    });
    told(words, "pairs are in the table of differences below")
}

pub(super) fn variants(page: &mut Page, report: &ExperimentReport) {
    page.open("Variants", "variants");
    let heading = interval_heading(report);
    let words = if heading == "interval" { interval_words } else { range };
    let columns = [
        ("variant", Column::Short),
        ("runs", Column::Number),
        ("wall time", Column::Number),
        (heading.as_str(), Column::Number),
        ("ready after", Column::Number),
        ("working time", Column::Number),
        ("CPU time", Column::Number),
        ("peak memory", Column::Number),
        ("throughput", Column::Number),
        ("speedup", Column::Number),
    ];
    let rows = report.variants.iter().enumerate().map(|(at, variant)| variant_row(variant, at == 0, words));
    page.table("", &columns, rows);
    page.paragraph(
        "weak",
        "Medians of the runs that count. Wall time is from the pool's start to the last task's end, working time from the \
         first task's start. The speedup is over the first variant, round by round.",
    );
    page.close();
}

/// `75 % interval`, where all have the same coverage; else each says its own.
fn interval_heading(report: &ExperimentReport) -> String {
    let walls = report.variants.iter().filter_map(|variant| variant.wall_ns.as_ref());
    let mut coverages = walls.filter_map(|wall| wall.median_interval).map(coverage);
    match coverages.next() {
        Some(first) if coverages.all(|other| other == first) => format!("{first} interval"),
        _ => "interval".to_owned(),
    }
}

/// Rounded down: nobody is promised more than there is.
fn coverage(interval: Interval) -> String {
    format!("{} %", (interval.coverage * 100.0).floor())
}

fn variant_row(variant: &VariantReport, is_first: bool, words: fn(Interval) -> String) -> Vec<String> {
    let median = |sample: &Option<Sample>, words: fn(f64) -> String| {
        sample.as_ref().map_or_else(|| UNKNOWN.to_owned(), |sample| words(sample.median))
    };
    let all = variant.runs.iter().filter(|run| !run.turn.warmup).count();
    let counted = variant.counted();
    vec![
        named(&variant.name),
        if counted == all { counted.to_string() } else { format!("{counted} of {all}") },
        median(&variant.wall_ns, ns),
        variant.wall_ns.as_ref().and_then(|wall| wall.median_interval).map_or_else(dash, words),
        median(&variant.ready_ns, ns),
        median(&variant.work_ns, ns),
        median(&variant.cpu_ns, ns),
        median(&variant.peak_memory_bytes, |bytes| units::bytes(bytes.round() as u64)),
        median(&variant.throughput, |rate| units::rate_of(rate, "tasks")),
        variant.speedup.map_or_else(dash, |speedup| if is_first { BASE.to_owned() } else { times(speedup) }),
    ]
}

fn dash() -> String {
    UNKNOWN.to_owned()
}

pub(super) fn ns(value: f64) -> String {
    units::duration(value.round() as u64)
}

/// `98.0 ms to 103 ms`
fn range(interval: Interval) -> String {
    format!("{} to {}", ns(interval.low), ns(interval.high))
}

/// `98.0 ms to 103 ms (75 %)`
pub(super) fn interval_words(interval: Interval) -> String {
    format!("{} ({})", range(interval), coverage(interval))
}

/// `1.86x (1.80 to 1.87)`
pub(super) fn times(ratio: Ratio) -> String {
    let value = format!("{:.2}x", ratio.value);
    match ratio.interval {
        Some(interval) => format!("{value} ({:.2} to {:.2})", interval.low, interval.high),
        None => value,
    }
}

pub(super) fn all_runs(page: &mut Page, report: &ExperimentReport) {
    page.open("Every run", "every-run");
    page.figure(&plots::dots(report));
    page.paragraph(
        "weak",
        "In each row the runs stand in the order in which they ran, the first at the top.",
    );
    page.close();
}

pub(super) fn pairs(page: &mut Page, report: &ExperimentReport) {
    if report.ratios.is_empty() {
        return;
    }
    page.open("Differences", "differences");
    let columns = [
        ("of", Column::Short),
        ("and", Column::Short),
        ("wall time", Column::Wrap),
        ("once ready", Column::Wrap),
        ("CPU time", Column::Wrap),
        ("start", Column::Wrap),
        ("worker time that moved most", Column::Wrap),
    ];
    let row = |pair: &PairReport| {
        let text = |quantity| pair.of(quantity).map_or_else(dash, |compared| compared.text.clone());
        vec![
            named(&pair.a),
            named(&pair.b),
            text(Quantity::Wall),
            text(Quantity::Work),
            cpu_words(pair).unwrap_or_else(dash),
            pair.ready_words().unwrap_or_else(dash),
            moved(pair),
        ]
    };
    page.table("", &columns, report.ratios.iter().map(row));
    page.close();
}

/// `waiting for core −19.1 ms, starting +5.62 ms`
fn moved(pair: &PairReport) -> String {
    let words = |&(name, ns): &(&'static str, i64)| {
        let part = Part::ALL.into_iter().find(|part| part.name() == name).map_or(name, Part::label);
        let sign = if ns < 0 { '−' } else { '+' };
        format!("{part} {sign}{}", units::duration(ns.unsigned_abs()))
    };
    let most: Vec<String> = pair.moved.iter().take(MOST_MOVED).map(words).collect();
    if most.is_empty() { dash() } else { most.join(", ") }
}

/// Whoever used less CPU time is not faster for it.
fn cpu_words(pair: &PairReport) -> Option<String> {
    let cpu = pair.of(Quantity::Cpu)?;
    let more = match cpu.difference {
        Difference::AFaster { .. } => &pair.b,
        Difference::BFaster { .. } => &pair.a,
        _ => return Some(cpu.text.clone()),
    };
    Some(format!("{} used {} as much", named(more), times(cpu.difference.ratio())))
}

/// All runs in the order in which they ran, and those that were planned and not made.
pub(super) fn runs(page: &mut Page, report: &ExperimentReport, cover: &ExperimentCover) {
    page.open("Runs", "runs");
    let places = Places::new(cover);
    let columns = [
        ("order", Column::Number),
        ("round", Column::Short),
        ("variant", Column::Short),
        ("wall time", Column::Number),
        ("others' load", Column::Number),
        ("file", Column::Short),
        ("remarks", Column::Wrap),
    ];
    let ran = report.variants.iter().flat_map(|variant| variant.runs.iter().map(move |run| (variant, run)));
    let mut rows: Vec<(Option<usize>, Vec<String>)> = ran
        .map(|(variant, run)| {
            let gap = cover.gaps.iter().find(|gap| gap.0 == run.turn).map(|gap| gap.1.as_str());
            let place = places.of(run.turn);
            (place, run_row(variant, run, place, gap))
        })
        .collect();
    rows.extend(cover.missing.iter().map(|(turn, why)| {
        let place = places.of(*turn);
        let name = report.variants.get(turn.variant).map_or_else(dash, |variant| named(&variant.name));
        let why = match why {
            Some(why) => format!("could not start: {}", shortened(why, MAX_TEXT)),
            None => "not run".to_owned(),
        };
        (place, vec![number(place), round(turn.warmup, turn.round), name, dash(), dash(), dash(), why])
    }));
    rows.sort_by_key(|row| row.0.unwrap_or(usize::MAX));
    let left_out = rows.len().saturating_sub(MOST_RUNS);
    page.table("", &columns, rows.into_iter().take(MOST_RUNS).map(|row| row.1));
    if left_out > 0 {
        let left_out = units::count(left_out as u64);
        page.paragraph(
            "weak",
            &format!("{left_out} runs are left out here; the CSV export has all of them."),
        );
    }
    page.close();
}

fn number(place: Option<usize>) -> String {
    place.map_or_else(dash, |place| units::count(place as u64))
}

fn round(warmup: bool, round: u32) -> String {
    let n = round.saturating_add(1);
    if warmup { format!("warm-up {n}") } else { n.to_string() }
}

fn run_row(variant: &VariantReport, run: &RunLine, place: Option<usize>, gap: Option<&str>) -> Vec<String> {
    let load = run.figures.background.map(Background::taken);
    let mut remarks = Vec::new();
    let warmup = if run.turn.warmup { "warm-up, " } else { "" };
    if let Some(why) = run.failing() {
        let reason = run.figures.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
        remarks.push(shortened(&format!("{warmup}does not count: {why}{reason}"), MAX_TEXT));
    } else if run.turn.warmup {
        remarks.push(format!("{warmup}does not count"));
    }
    if run.outlier {
        remarks.push("far from the others".to_owned());
    }
    if !run.calm {
        remarks.push("the machine was not calm before it".to_owned());
    }
    remarks.extend(gap.map(|gap| format!("its file is incomplete: {}", shortened(gap, MAX_TEXT))));
    vec![
        number(place),
        round(run.turn.warmup, run.turn.round),
        named(&variant.name),
        units::duration(run.figures.wall_ns),
        load.map_or_else(dash, |cores| format!("{cores:.2} cores")),
        run.file.as_deref().map_or_else(dash, named),
        remarks.join("; "),
    ]
}
