//! A run in a few lines, as a terminal shows them.

use super::{RunReport, TelemetryReport, WorkerReport};
use crate::{
    analysis::{Distribution, LocksReport, PARTS, Part, WorkerTime},
    record::Label,
    spec::{Spec, one_line},
    store::resized_words,
    time::NS_PER_MS,
    units,
};

/// Of a shorter run hardly any rule speaks.
const SHORT_NS: u64 = 50 * NS_PER_MS;
/// With more workers than this each is not told of by itself.
const MOST_WORKERS: usize = 16;

impl RunReport {
    /// A short text for people, one aligned line a subject.
    pub fn summary_lines(&self) -> Vec<String> {
        let title = self.spec.as_ref().map_or_else(|| "no run".to_owned(), Spec::title);
        let because = self.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let resized = resized_words(self.resized.iter().map(|resize| resize.workers));
        let resized = resized.map(|words| format!(", {words}")).unwrap_or_default();
        let mut lines = vec![line(self.status, &format!("{title}{resized}{because}"))];
        let Some(spec) = &self.spec else { return lines };
        lines.extend(spec.backend.simulation().map(|simulation| line("simulation", simulation)));
        lines.push(line("tasks", &self.tasks.words()));
        lines.extend(self.first_failure.as_deref().map(|failure| line("failure", failure)));
        lines.push(line("time", &self.time_text()));
        for (name, spread) in [("task", self.task_ns), ("queued", self.wait_ns)] {
            lines.extend(spread.map(|spread| line(name, &spread_text(spread))));
        }
        lines.extend(self.worker_time.as_ref().map(|time| line("workers", &worker_time_text(time))));
        lines.extend(self.worker_lines());
        let locks = self.locks.iter().flat_map(LocksReport::lines);
        lines.extend(locks.map(|text| line("lock", &text)));
        for finding in &self.verdict {
            lines.extend([line("verdict", &finding.text), line("try", &finding.command())]);
        }
        if self.verdict.is_empty() && self.status == "finished" {
            let short = self.wall_ns < SHORT_NS;
            let words = if short { "nothing can be said of so short a run" } else { "nothing stands out" };
            lines.push(line("verdict", words));
        }
        lines.push(line("memory", &self.memory_text()));
        lines.extend(self.telemetry.map(|telemetry| line("telemetry", &telemetry_text(telemetry))));
        lines.push(line("checksum", &self.result.checksum));
        lines
    }

    /// Of few workers, where the time of each went: the largest parts of it.
    fn worker_lines(&self) -> Vec<String> {
        if !(2..=MOST_WORKERS).contains(&self.workers.len()) {
            return Vec::new();
        }
        let of_worker = |worker: &WorkerReport| {
            let time = worker.worker_time_ns?;
            let parts = Part::ALL.map(|part| (part, time.share(part)));
            let name = worker.name.clone().unwrap_or_else(|| format!("worker {}", worker.id));
            Some(line("", &format!("{name}: {}", parts_text(parts))))
        };
        self.workers.iter().filter_map(of_worker).collect()
    }

    fn time_text(&self) -> String {
        let mut texts = vec![units::duration(self.wall_ns)];
        texts.extend(self.ready_ns.map(|ready_ns| format!("ready after {}", units::duration(ready_ns))));
        texts.extend(self.throughput.map(|rate| units::rate_of(rate, "tasks")));
        texts.join(", ")
    }

    fn memory_text(&self) -> String {
        let known = |bytes: u64| if bytes == 0 { "not measured".to_owned() } else { units::bytes(bytes) };
        let largest = self.workers.iter().map(|worker| worker.max_rss_bytes).max().unwrap_or(0);
        format!("engine {}, largest worker {}", known(self.engine.max_rss_bytes), known(largest))
    }
}

/// What a person wrote about a run, as further lines of its summary.
pub fn label_lines(label: &Label) -> Vec<String> {
    let name = (!label.name.is_empty()).then(|| line("name", &label.name));
    name.into_iter().chain(label.note.lines().map(|text| line("note", text))).collect()
}

fn line(name: &str, text: &str) -> String {
    // Messages and reasons come from tasks and from files.
    format!("{name:<12}{}", one_line(text))
}

fn telemetry_text(telemetry: TelemetryReport) -> String {
    match telemetry.cost_ns {
        Some(cost_ns) => format!("{}, {} a task", telemetry.level, units::duration(cost_ns)),
        None => telemetry.level.to_string(),
    }
}

fn spread_text(spread: Distribution) -> String {
    let [median, p95, max] = [spread.median, spread.p95, spread.max].map(units::duration);
    format!("median {median}, p95 {p95}, max {max}")
}

/// Largest part first, those below half a percent left out.
fn worker_time_text(time: &WorkerTime) -> String {
    parts_text(Part::ALL.map(|part| (part, time.fraction(part))))
}

fn parts_text(mut parts: [(Part, f64); PARTS]) -> String {
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    let shown = parts.iter().filter(|part| part.1 >= 0.005);
    let texts: Vec<_> =
        shown.map(|(part, fraction)| format!("{} {}", part.label(), units::percent(*fraction))).collect();
    texts.join(", ")
}
