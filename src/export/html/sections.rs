//! What the page tells, section by section.

use crate::export::experiment::plots::stacks;
use crate::{
    analysis::{Distribution, Part, PartsNs, PartsTotal, RunReport, WorkerTime},
    event::{Outcome, Status},
    export::{
        page::{Column, Page},
        svg::{Anchor, Num, Rect, Svg, shortened},
    },
    ids::WorkerId,
    spec::Spec,
    store::{LogLine, Phase, RunStore, Tally},
    units,
};

/// Attempts that went wrong and are listed.
const MAX_FAILURES: usize = 100;
/// Log lines at each end of a longer log that are shown.
const MAX_LOG_END: usize = 400;
/// Characters of one text that a worker wrote.
const MAX_TEXT: usize = 2000;
/// Workers that have a bar of their own.
const MAX_BARS: usize = 64;

/// How the run went, in words; ends the header.
pub(super) fn outcome(page: &mut Page, store: &RunStore, report: &RunReport, began: Option<&str>) {
    let good = matches!(store.phase, Phase::Ended(Status::Finished)) && store.tally.all_ok();
    let (class, sign) = if good { ("good", "✓") } else { ("bad", "✗") };
    let (class, sign) = if store.phase.is_live() { ("weak", "…") } else { (class, sign) };
    let status = store.phase.name();
    let Tally { total, ok, .. } = store.tally;
    let left = units::count(u64::from(total - ok));
    let all = units::count(u64::from(total));
    let but = if total == ok || store.phase.is_live() {
        String::new()
    } else {
        format!(", {left} of {all} tasks not ok")
    };
    page.markup(&format!("<p><span class=\"state {class}\">{sign} {status}{but}</span></p>\n"));
    if let Some(reason) = &report.reason {
        page.paragraph("bad", &shortened(reason, MAX_TEXT));
    }
    if let Some(spec) = &report.spec {
        page.paragraph("", &spec_words(spec));
        if let Some(simulation) = spec.backend.simulation() {
            page.paragraph("weak", &format!("Simulation: {simulation}."));
        }
    }
    let mut line = Vec::new();
    line.extend(began.map(|began| format!("Began {began}")));
    if let Some(host) = &report.host {
        let cpu = if host.cpu.is_empty() { "unknown CPU" } else { &host.cpu };
        line.push(format!("{cpu}, {} cores, {}", host.cores, host.os));
    }
    if !line.is_empty() {
        page.paragraph("weak", &line.join(" · "));
    }
    page.markup("</header>\n<main>\n");
}

/// What was asked for, as a sentence.
fn spec_words(spec: &Spec) -> String {
    let plural = if spec.workers == 1 { "" } else { "s" };
    let chunk = match spec.chunk_tasks() {
        1 => "one by one".to_owned(),
        n => format!("in chunks of {}", units::count(u64::from(n))),
    };
    let seed = spec.seed;
    format!(
        "{} tasks of the workload {} with size {} and lengths {}, handed out {chunk} to {} worker{plural} of the \
         backend {}; seed {seed}.",
        units::count(u64::from(spec.tasks)),
        spec.workload,
        units::count(spec.size),
        spec.lengths,
        spec.workers,
        spec.backend.label(),
    )
}

pub(super) fn numbers(page: &mut Page, report: &RunReport) {
    page.open("Summary", "summary");
    let mut tiles = vec![(units::duration(report.wall_ns), "from start to the last task's end")];
    tiles.extend(report.throughput.map(|rate| (units::rate_of(rate, "tasks"), "throughput")));
    tiles.extend(report.ready_ns.map(|ready_ns| (units::duration(ready_ns), "until every worker was ready")));
    let useful = report.worker_time.as_ref().map(|time| time.fraction(Part::Useful));
    tiles.extend(useful.map(|share| (units::percent(share), "of the workers' time was useful")));
    page.tiles(&tiles);
    let Tally { total, ok, failed, crashed, timed_out, cancelled, not_run } = report.tasks;
    let counts = [ok, failed, crashed, timed_out, cancelled, not_run, total];
    let names = ["ok", "failed", "crashed", "timed out", "cancelled", "not run", "tasks in all"];
    let columns = names.map(|name| (name, Column::Number));
    let cells = counts.iter().map(|&n| units::count(u64::from(n))).collect();
    page.table("", &columns, std::iter::once(cells));
    let spreads = [
        ("Run time of a task", report.task_ns),
        ("Time in the queue", report.wait_ns),
        ("From queue to result", report.round_trip_ns),
    ];
    let names = ["", "minimum", "mean", "median", "95th percentile", "99th percentile", "maximum"];
    let mut columns = names.map(|name| (name, Column::Number));
    columns[0].1 = Column::Text;
    let rows = spreads.into_iter().filter_map(|(name, spread)| {
        let Distribution { min, mean, median, p95, p99, max } = spread?;
        let values = [min, mean, median, p95, p99, max].map(units::duration);
        Some(std::iter::once(name.to_owned()).chain(values).collect())
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if !rows.is_empty() {
        page.table("", &columns, rows.into_iter());
    }
    page.close();
}

/// What stands out, with the evidence and what to try; no section where nothing does.
pub(super) fn verdict(page: &mut Page, report: &RunReport) {
    if report.verdict.is_empty() {
        return;
    }
    page.open("Verdict", "verdict");
    for finding in &report.verdict {
        page.paragraph("", &finding.text);
        page.command(&finding.command());
        page.paragraph("weak", &format!("It rests on {}.", finding.cause.rests_on()));
    }
    page.close();
}

/// Parts of the workers' time that there are, largest first.
pub(super) fn worker_time(page: &mut Page, store: &RunStore) {
    let Some(time) = WorkerTime::new(store) else { return };
    page.open("Where the workers' time went", "worker-time");
    let mut parts: Vec<_> =
        Part::ALL.into_iter().map(|part| (part, time.fraction(part))).filter(|part| part.1 > 0.0).collect();
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    page.figure(&bars(&parts));
    by_worker(page, &time);
    let columns =
        [("part", Column::Text), ("share", Column::Number), ("time", Column::Number), ("is", Column::Text)];
    let rows = parts.iter().map(|&(part, share)| {
        let ns =
            time.per_worker().iter().map(|parts: &PartsNs| u128::from(parts[part as usize])).sum::<u128>();
        let ns = units::duration(u64::try_from(ns).unwrap_or(u64::MAX));
        vec![part.label().to_owned(), units::percent(share), ns, part.about().to_owned()]
    });
    page.table("", &columns, rows);
    page.close();
}

/// A bar for each of the first workers.
fn by_worker(page: &mut Page, time: &WorkerTime) {
    let totals = time.totals();
    let names: Vec<String> =
        (0..).map(WorkerId).take(totals.len().min(MAX_BARS)).map(|id| id.to_string()).collect();
    let rows: Vec<(&str, PartsTotal)> =
        names.iter().map(String::as_str).zip(totals.iter().copied()).collect();
    page.figure(&stacks(&rows, "time of each worker"));
    if totals.len() > MAX_BARS {
        let more = units::count((totals.len() - MAX_BARS) as u64);
        page.paragraph("weak", &format!("{more} more workers are in the JSON export."));
    }
}

/// A bar a part, with its name and number: none of it is told by colour.
fn bars(parts: &[(Part, f64)]) -> String {
    const PITCH: f64 = 26.0;
    const WIDTH: f64 = 900.0;
    const LEFT: f64 = 150.0;
    let height = PITCH * parts.len() as f64;
    let mut svg = Svg::new(WIDTH, height, "Where the workers' time went", None);
    for (at, &(part, share)) in parts.iter().enumerate() {
        let y = PITCH * at as f64;
        let full = WIDTH - LEFT - 80.0;
        svg.rect("lane", Rect { x: LEFT, y: y + 4.0, w: full, h: PITCH - 8.0 }, None);
        let class = if part == Part::Useful { "ok" } else { "cancelled" };
        svg.rect(class, Rect { x: LEFT, y: y + 4.0, w: full * share, h: PITCH - 8.0 }, None);
        svg.label("name", (LEFT - 10.0, y + 17.0), Anchor::End, part.label());
        svg.label("name", (LEFT + full + 10.0, y + 17.0), Anchor::Start, &units::percent(share));
    }
    svg.finish()
}

pub(super) fn workers(page: &mut Page, store: &RunStore) {
    page.open("Workers", "workers");
    let columns = [
        ("worker", Column::Number),
        ("pid", Column::Number),
        ("tid", Column::Number),
        ("tasks ok", Column::Number),
        ("attempts", Column::Number),
        ("restarts", Column::Number),
        ("CPU time", Column::Number),
        ("most memory", Column::Number),
        ("useful", Column::Number),
        ("last exit", Column::Text),
    ];
    let time = WorkerTime::new(store);
    let rows = store.workers.iter().enumerate().map(|(at, row)| {
        let known = |n: u32| if n == 0 { "–".to_owned() } else { n.to_string() };
        let memory = if row.max_rss_bytes == 0 { "–".to_owned() } else { units::bytes(row.max_rss_bytes) };
        let parts = time.as_ref().and_then(|time| time.per_worker().get(at));
        let useful = parts.map_or_else(|| "–".to_owned(), |parts| units::percent(useful_share(parts)));
        vec![
            row.worker.0.to_string(),
            known(row.pid),
            known(row.tid),
            units::count(u64::from(row.tasks_ok)),
            units::count(u64::from(row.attempts)),
            units::count(u64::from(row.restarts)),
            units::duration(row.cpu_ns),
            memory,
            useful,
            row.exit.map_or_else(|| "–".to_owned(), |exit| exit.to_string()),
        ]
    });
    page.table("", &columns, rows);
    page.close();
}

fn useful_share(parts: &PartsNs) -> f64 {
    let whole: u128 = parts.iter().map(|&ns| u128::from(ns)).sum();
    parts[Part::Useful as usize] as f64 / whole.max(1) as f64
}

/// The first attempts that did not end ok; nothing where all did.
pub(super) fn failures(page: &mut Page, store: &RunStore) {
    let bad = store.placed_spans().filter(|(_, span)| span.outcome != Outcome::Ok);
    let mut spans: Vec<_> = bad.map(|(place, span)| (span.end_ns, span.task, place)).collect();
    if spans.is_empty() {
        return;
    }
    spans.sort_unstable();
    page.open("What went wrong", "failures");
    if spans.len() > MAX_FAILURES {
        let all = units::count(spans.len() as u64);
        page.paragraph("weak", &format!("The first {MAX_FAILURES} of {all} attempts that did not end ok."));
    }
    let columns = [
        ("task", Column::Number),
        ("attempt", Column::Number),
        ("worker", Column::Number),
        ("ended at", Column::Number),
        ("ran", Column::Number),
        ("outcome", Column::Wrap),
    ];
    let first = spans.iter().take(MAX_FAILURES);
    let rows = first.filter_map(|(.., place)| store.span(*place).map(|span| (place.worker, span)));
    let rows = rows.map(|(worker, span)| {
        vec![
            span.task.0.to_string(),
            (u64::from(span.attempt) + 1).to_string(),
            worker.0.to_string(),
            units::duration(span.end_ns),
            units::duration(span.run_ns()),
            shortened(&span.outcome.to_string(), MAX_TEXT),
        ]
    });
    page.table("", &columns, rows);
    page.close();
}

/// Spec and host, field by field.
pub(super) fn spec(page: &mut Page, store: &RunStore) {
    let Some(info) = store.info.as_deref() else { return };
    let spec = &info.spec;
    page.open("Spec and machine", "spec");
    let some = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    let faults: Vec<_> = spec.faults.iter().map(ToString::to_string).collect();
    let mut facts: Vec<(&str, String)> = vec![
        ("backend", spec.backend.label().to_owned()),
        ("workers", spec.workers.to_string()),
        ("workload", spec.workload.to_string()),
        ("tasks", units::count(u64::from(spec.tasks))),
        ("size", units::count(spec.size)),
    ];
    facts.extend(spec.params.iter().map(|param| (param.name.as_str(), param.value.to_string())));
    facts.extend([
        ("lengths", spec.lengths.to_string()),
        ("chunk", spec.chunk.to_string()),
        ("queue", spec.queue.to_string()),
        ("prefetch", spec.prefetch.to_string()),
        ("timeout", some(spec.timeout.map(|secs| format!("{secs} s")))),
        ("retries", spec.retries.to_string()),
        ("seed", spec.seed.to_string()),
        ("faults", some((!faults.is_empty()).then(|| shortened(&faults.join(", "), MAX_TEXT)))),
        ("transport", spec.transport.to_string()),
        ("telemetry", telemetry_words(store)),
        ("checksum of the results", format!("{:016x}", store.checksum)),
    ]);
    let host = &info.host;
    facts.extend([
        ("system", format!("{} {}", host.os, host.kernel)),
        ("CPU", host.cpu.clone()),
        ("cores", format!("{}, of which {} usable", host.cores, Num(host.usable_cores))),
        ("memory", units::bytes(host.memory_bytes)),
        ("engine", format!("pid {}, at most {}", info.engine_pid, units::bytes(store.engine_max_rss_bytes))),
    ]);
    page.facts(facts.into_iter().map(|(name, value)| (name.to_owned(), value)));
    page.close();
}

fn telemetry_words(store: &RunStore) -> String {
    let Some(info) = &store.info else { return String::new() };
    match info.telemetry_cost_ns {
        Some(cost_ns) => format!("{}, {} a task", info.telemetry, units::duration(cost_ns)),
        None => info.telemetry.to_string(),
    }
}

/// The log in order of time; the middle of a long one is left out.
pub(super) fn log(page: &mut Page, store: &RunStore) {
    let mut lines: Vec<&LogLine> = store.log.iter().collect();
    lines.sort_by_key(|line| line.t_ns);
    page.open("Log", "log");
    let columns = [
        ("time", Column::Number),
        ("level", Column::Text),
        ("worker", Column::Number),
        ("text", Column::Wrap),
    ];
    let row = |line: &LogLine| {
        vec![
            units::duration(line.t_ns),
            line.level.to_string(),
            line.worker.map_or_else(|| "–".to_owned(), |worker| worker.0.to_string()),
            shortened(&line.text, MAX_TEXT),
        ]
    };
    match lines.len().checked_sub(2 * MAX_LOG_END) {
        Some(left_out @ 1..) => {
            page.table("log", &columns, lines[..MAX_LOG_END].iter().map(|line| row(line)));
            let left_out = units::count(left_out as u64);
            page.paragraph("weak", &format!("{left_out} lines are left out here."));
            page.table("log", &columns, lines[lines.len() - MAX_LOG_END..].iter().map(|line| row(line)));
        }
        _ => page.table("log", &columns, lines.iter().map(|line| row(line))),
    }
    page.close();
    page.markup("</main>\n");
}
