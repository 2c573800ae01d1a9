//! An experiment in words.

use super::{ExperimentReport, MOST_PAIRED, PairReport, Quantity, VariantReport, WorkersSeries};
use crate::{
    analysis::{ChunkAdvice, Part, Sample, WorkersAdvice},
    spec::one_line,
    units,
};

/// Parts of the workers' time below this share everywhere are left out.
const SMALL: f64 = 0.005;
/// From this share of the workers' time on, what they do is waiting.
const WAITING: f64 = 0.4;
/// Variants up to this many have their parts of time in a table.
const MOST_COLUMNS: usize = 6;

/// Of two variants: what differs, or that nothing is seen to. `None` for more, and where their work is not the same.
///
/// The pools' work stands for itself, since a pool that takes long to start makes a short run slow and a long one hardly so.
pub(super) fn difference(pairs: &[PairReport]) -> Option<Vec<String>> {
    let [pair] = pairs else { return None };
    let mut parts = vec![format!("{}: {}", Quantity::Wall.label(), pair.of(Quantity::Wall)?.text)];
    parts.extend(pair.of(Quantity::Work).map(|work| format!("once ready: {}", work.text)));
    parts.extend(pair.ready_words());
    Some(parts)
}

impl ExperimentReport {
    /// What to take from it: how two variants differ, or which number of workers or which chunk to take.
    pub fn conclusions(&self) -> Vec<String> {
        let mut lines = difference(&self.ratios).unwrap_or_default();
        lines.extend(self.recommended.as_ref().map(|overall| format!("Recommended: {}", overall.words())));
        lines.extend(self.ranking.as_ref().map(|ranking| capitalized(&ranking.words())));
        if self.are_paired() && self.workers.is_empty() && self.chunks.is_empty() {
            let wall = |pair: &PairReport| {
                Some(format!("{} and {}: {}", pair.a, pair.b, pair.of(Quantity::Wall)?.text))
            };
            lines.extend(self.ratios.iter().filter_map(wall));
        }
        for series in &self.workers {
            let words =
                |advice: WorkersAdvice| format!("Recommended for {}: {}", series.pool(), advice.words());
            lines.extend(series.advice.map(words));
            lines.extend(self.waiting_scales(series));
        }
        for series in &self.chunks {
            let words =
                |advice: ChunkAdvice| format!("Recommended for {}: {}", series.pool(), advice.words());
            lines.extend(series.advice.map(words));
        }
        lines
    }

    /// All pairs are there, and more than the one that the difference is of.
    fn are_paired(&self) -> bool {
        (3..=MOST_PAIRED).contains(&self.variants.len())
    }

    /// Where more workers than cores are recommended, why that helps.
    fn waiting_scales(&self, series: &WorkersSeries) -> Option<String> {
        let advice = series.advice?;
        let usable = self.host.as_ref()?.usable_cores;
        if f64::from(advice.workers) <= usable.ceil() {
            return None;
        }
        let point = series.points.iter().find(|point| point.workers == advice.workers)?;
        let variant = self.variants.iter().find(|variant| variant.name == point.variant)?;
        // Else the time without a core hides in what is called blocked.
        let mut counted = variant.runs.iter().filter(|run| run.counted);
        let known = counted.all(|run| run.figures.attempts.core_wait_known);
        let blocked = variant.worker_time_ns.share(Part::Blocked);
        (known && blocked >= WAITING).then(|| {
            format!(
                "Waiting work scales past the cores: {} workers on {usable} usable cores waited {} of their time for \
                 something other than a core.",
                advice.workers,
                units::percent(blocked),
            )
        })
    }

    /// For a terminal: aligned lines, the most important first.
    pub fn summary_lines(&self) -> Vec<String> {
        let mut lines = vec![String::new()];
        lines.extend(self.variant_table());
        lines.push(String::new());
        let parts = difference(&self.ratios).unwrap_or_default();
        let label = |at| if at == 0 { "difference" } else { "" };
        lines.extend(parts.iter().zip(0..).map(|(text, at)| labelled(label(at), text)));
        lines.extend(self.recommended.as_ref().map(|overall| labelled("recommended", &overall.words())));
        if let Some(ranking) = &self.ranking {
            lines.extend([labelled("ranking", &ranking.words()), labelled("", &ranking.note())]);
        }
        // A series tells the same by its speedups.
        if self.are_paired() && self.workers.is_empty() && self.chunks.is_empty() {
            lines.extend(self.ratios.iter().filter_map(|pair| {
                let wall = pair.of(Quantity::Wall)?;
                Some(labelled("difference", &format!("{} and {}: {}", pair.a, pair.b, wall.text)))
            }));
        }
        for series in &self.workers {
            lines.extend(self.series_lines(series));
            lines.extend(self.waiting_scales(series).map(|text| labelled("", &text)));
        }
        for series in &self.chunks {
            let words = |advice: ChunkAdvice| {
                labelled("recommended", &format!("{}: {}", series.pool(), advice.words()))
            };
            lines.extend(series.advice.map(words));
            let cost = series.cost_per_chunk_ns.map(|ns| {
                labelled("dispatch", &format!("{} of worker time for each chunk", units::duration(ns as u64)))
            });
            lines.extend(cost);
        }
        lines.push(String::new());
        lines.extend(self.time_table());
        if !self.verdict.is_empty() {
            lines.push(String::new());
        }
        for finding in &self.verdict {
            lines.push(labelled("verdict", &finding.words()));
            lines.extend(finding.command().map(|command| labelled("try", command)));
        }
        lines.push(String::new());
        lines.extend(self.interval_note());
        if !self.warnings.is_empty() {
            lines.extend(self.warnings.iter().map(|warning| labelled("warning", warning)));
        }
        // Where a part between two others is empty, one line is enough.
        lines.dedup_by(|line, before| line.is_empty() && before.is_empty());
        // Names and sentences may come from a file that somebody else has made.
        lines.iter().map(|line| one_line(line)).collect()
    }

    fn series_lines(&self, series: &WorkersSeries) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(
            series
                .advice
                .map(|advice| labelled("recommended", &format!("{}: {}", series.pool(), advice.words()))),
        );
        lines.extend(series.fits.amdahl.as_ref().map(|fit| {
            let limit =
                fit.limit.map_or_else(String::new, |limit| format!(", so never more than {limit:.1}x"));
            let cores = self.beyond_cores(series);
            labelled(
                "Amdahl",
                &format!("as if {} of the work were serial{limit}{cores}", units::percent(fit.serial)),
            )
        }));
        lines.extend(series.fits.usl.as_ref().map(|fit| {
            let peak = fit.peak_words();
            labelled("USL", &format!("contention α {:.3}, crosstalk β {:.5}, {peak}", fit.alpha, fit.beta))
        }));
        lines
    }

    /// A law knows workers and no cores: where there were more workers, it takes the want of cores for something else.
    fn beyond_cores(&self, series: &WorkersSeries) -> String {
        let Some(usable) = self.host.as_ref().map(|host| host.usable_cores) else { return String::new() };
        let most = series.points.iter().map(|point| point.workers).max().unwrap_or(0);
        if f64::from(most) <= usable.ceil() {
            return String::new();
        }
        format!("; with {most} workers on {usable} usable cores, the want of cores counts as serial work")
    }

    /// What the intervals are worth, where that is less than people take for granted.
    fn interval_note(&self) -> Option<String> {
        let samples = self.variants.iter().filter_map(|variant| variant.wall_ns.as_ref());
        let least = samples.min_by_key(|sample| sample.n)?;
        let note = match least.median_interval {
            None => "one run has no interval: repeat it".to_owned(),
            Some(interval) if interval.coverage < 0.9 => format!(
                "of {} runs it is their whole range, which holds the true median with {:.0} %; 6 runs have one of 95 %",
                least.n,
                (interval.coverage * 100.0).floor(),
            ),
            Some(_) => return None,
        };
        Some(labelled("interval", &note))
    }

    fn variant_table(&self) -> Vec<String> {
        let header = ["variant", "wall time", "interval", "ready", "working time", "CPU time", "speedup"];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        rows.extend(self.variants.iter().map(variant_row));
        aligned(&rows, 1)
    }

    /// Seconds of all workers by what they went into, side by side.
    fn time_table(&self) -> Vec<String> {
        let shown = &self.variants[..self.variants.len().min(MOST_COLUMNS)];
        let mut header = vec!["worker time".to_owned()];
        header.extend(shown.iter().map(|variant| variant.name.clone()));
        let mut rows = vec![header];
        for part in Part::ALL {
            if shown.iter().any(|variant| variant.worker_time_ns.share(part) >= SMALL) {
                let cell = |variant: &VariantReport| {
                    let parts = &variant.worker_time_ns;
                    format!("{} {:>6}", units::duration(parts.of(part)), units::percent(parts.share(part)))
                };
                let mut row = vec![part.label().to_owned()];
                row.extend(shown.iter().map(cell));
                rows.push(row);
            }
        }
        let mut lines = aligned(&rows, 1);
        let more = self.variants.len() - shown.len();
        if more > 0 {
            lines.push(format!("(and {more} more variants)"));
        }
        lines
    }
}

fn variant_row(variant: &VariantReport) -> Vec<String> {
    let median = |sample: &Option<Sample>| {
        sample.as_ref().map_or_else(|| "not measured".to_owned(), |sample| ns(sample.median))
    };
    let interval = variant.wall_ns.as_ref().and_then(|wall| wall.median_interval);
    let speedup = variant.speedup.as_ref().map_or_else(String::new, |ratio| match ratio.interval {
        Some(interval) => format!("{:.2}x ({:.2} to {:.2})", ratio.value, interval.low, interval.high),
        None => format!("{:.2}x", ratio.value),
    });
    vec![
        variant.name.clone(),
        median(&variant.wall_ns),
        interval
            .map_or_else(String::new, |interval| format!("{} to {}", ns(interval.low), ns(interval.high))),
        median(&variant.ready_ns),
        median(&variant.work_ns),
        median(&variant.cpu_ns),
        speedup,
    ]
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn ns(value: f64) -> String {
    units::duration(value.round() as u64)
}

fn labelled(name: &str, text: &str) -> String {
    format!("{name:<13}{text}")
}

/// Columns side by side: the first `left` ones to the left, numbers to the right.
fn aligned(rows: &[Vec<String>], left: usize) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(at, (cell, &width))| {
            if at < left { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
