//! The plot of an experiment: speedup over workers, time over chunks, or the times of all runs.

use eframe::egui::{Color32, Ui};
use egui_plot::{GridMark, Legend, Line, LineStyle, MarkerShape, Plot, PlotPoints, PlotUi, Points};

use crate::{
    analysis::{ChunkSeries, ExperimentReport, WorkersSeries},
    gui::{
        action::{Action, Actions},
        experiments::Shown,
        theme::Palette,
    },
    units,
};

/// A curve has so many pieces.
const PIECES: u32 = 96;
/// How near a click must be to a point, in points of the screen.
const NEAR: f32 = 10.0;
const INTERVAL_WIDTH: f32 = 1.5;
const RADIUS: f32 = 4.0;

pub(super) fn title(report: &ExperimentReport) -> &'static str {
    if !report.workers.is_empty() {
        "Speedup"
    } else if !report.chunks.is_empty() {
        "Time over chunk"
    } else {
        "Times"
    }
}

pub(super) fn plot_ui(
    ui: &mut Ui,
    shown: &Shown,
    report: &ExperimentReport,
    height: f32,
    actions: &mut Actions,
) {
    let palette = Palette::of(ui);
    let clicked = if !report.workers.is_empty() {
        speedup_ui(ui, &report.workers, height, &palette)
    } else if let Some(series) = report.chunks.first() {
        chunks_ui(ui, series, height, &palette)
    } else {
        times_ui(ui, report, height, &palette)
    };
    // A point stands for several runs: the one nearest to the median shows what they have in common.
    let typical = clicked.and_then(|name| typical_run(shown, report, &name));
    if let Some(file) = typical {
        actions.push(Action::OpenRuns(vec![file]));
    }
}

pub(super) fn typical_run(
    shown: &Shown,
    report: &ExperimentReport,
    name: &str,
) -> Option<std::path::PathBuf> {
    let (at, variant) = report.variants.iter().enumerate().find(|(_, variant)| variant.name == name)?;
    let median = variant.wall_ns.as_ref()?.median;
    let distance = |ns: u64| (ns as f64 - median).abs();
    let turns =
        shown.experiment.plan.turns.iter().enumerate().filter(|(_, turn)| turn.variant == at && !turn.warmup);
    let ended = turns.filter_map(|(place, _)| {
        let figures = &shown.experiment.runs[place].record()?.figures;
        figures.is_whole().then_some((place, figures.wall_ns))
    });
    let (place, _) = ended.min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)))?;
    shown.run_file(place)
}

fn plot<'a>(id: &str, height: f32, palette: &Palette) -> Plot<'a> {
    Plot::new(id)
        .grid_color(palette.grid)
        .height(height)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .show_crosshair(false)
        .legend(Legend::default().position(egui_plot::Corner::RightBottom))
}

/// A point with its interval, and what a click on it means.
struct Dot {
    at: [f64; 2],
    interval: Option<(f64, f64)>,
    variant: String,
}

fn dots(plot_ui: &mut PlotUi<'_>, name: &str, dots: &[Dot], color: Color32, shape: MarkerShape) {
    for dot in dots {
        if let Some((low, high)) = dot.interval {
            let ends = vec![[dot.at[0], low], [dot.at[0], high]];
            plot_ui.line(Line::new("", ends).color(color).width(INTERVAL_WIDTH).allow_hover(false));
        }
    }
    let points: PlotPoints<'_> = dots.iter().map(|dot| dot.at).collect();
    plot_ui.points(Points::new(name, points).color(color).radius(RADIUS).shape(shape));
}

/// Which dot was clicked.
fn clicked(plot_ui: &PlotUi<'_>, dots: &[Dot]) -> Option<String> {
    if !plot_ui.response().clicked() {
        return None;
    }
    let pointer = plot_ui.response().interact_pointer_pos()?;
    let distance = |dot: &Dot| plot_ui.screen_from_plot(dot.at.into()).distance(pointer);
    let nearest = dots.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    (distance(nearest) <= NEAR).then(|| nearest.variant.clone())
}

fn speedup_ui(ui: &mut Ui, all: &[WorkersSeries], height: f32, palette: &Palette) -> Option<String> {
    let points = || all.iter().flat_map(|series| &series.points);
    let most = points().map(|point| point.workers).max().unwrap_or(1);
    let fewest = points().map(|point| point.workers).min().unwrap_or(1).max(1);
    let highest = points()
        .map(|point| point.speedup.interval.map_or(point.speedup.value, |interval| interval.high))
        .fold(1.0, f64::max);
    plot("speedup", height, palette)
        // Speedups rise to the right.
        .legend(Legend::default().position(egui_plot::Corner::LeftTop))
        .x_axis_label("workers")
        .y_axis_label("speedup")
        .include_x(0.0)
        .include_x(f64::from(most) + 0.5)
        .include_y(0.0)
        .include_y(highest * 1.1)
        .x_axis_formatter(|mark: GridMark, _: &_| whole(mark.value))
        .label_formatter(|_| None)
        .show(ui, |plot_ui| {
            // No further than the data, or it would press them to the ground.
            let end = (highest * 1.1 * f64::from(fewest)).min(f64::from(most) + 0.5);
            let ideal = vec![[0.0, 0.0], [end, end / f64::from(fewest)]];
            let line = Line::new("ideal", ideal).color(palette.text_weak).style(LineStyle::dotted_dense());
            plot_ui.line(line.allow_hover(false));
            let mut clickable = Vec::new();
            for (at, series) in all.iter().enumerate() {
                let color = palette.core(at);
                curves(plot_ui, series, (fewest, most), palette, all.len() == 1);
                let mut of_series: Vec<Dot> = series
                    .points
                    .iter()
                    .map(|point| Dot {
                        at: [f64::from(point.workers), point.speedup.value],
                        interval: point.speedup.interval.map(|interval| (interval.low, interval.high)),
                        variant: point.variant.clone(),
                    })
                    .collect();
                let name = [series.backend.label(), &series.name].join(" ");
                dots(plot_ui, name.trim(), &of_series, color, shape(at));
                clickable.append(&mut of_series);
            }
            clicked(plot_ui, &clickable)
        })
        .inner
}

/// The laws that were fitted; of several series they would only be a tangle.
fn curves(
    plot_ui: &mut PlotUi<'_>,
    series: &WorkersSeries,
    (fewest, most): (u32, u32),
    palette: &Palette,
    alone: bool,
) {
    if !alone {
        return;
    }
    let xs = || {
        let step = f64::from(most.saturating_sub(fewest)).max(0.1) / f64::from(PIECES);
        (0..=PIECES).map(move |at| f64::from(fewest) + step * f64::from(at))
    };
    if let Some(fit) = &series.fits.amdahl {
        let line: Vec<[f64; 2]> = xs().map(|x| [x, fit.speedup(x)]).collect();
        let line = Line::new("Amdahl", line).color(palette.rate).style(LineStyle::dashed_loose());
        plot_ui.line(line.allow_hover(false));
    }
    if let (Some(fit), Some(first)) = (&series.fits.usl, series.points.first()) {
        let base = first.throughput.median;
        let line: Vec<[f64; 2]> = xs().map(|x| [x, fit.throughput(x) / base]).collect();
        plot_ui.line(Line::new("USL", line).color(palette.crashed).allow_hover(false));
    }
}

fn chunks_ui(ui: &mut Ui, series: &ChunkSeries, height: f32, palette: &Palette) -> Option<String> {
    let dots_of: Vec<Dot> = series
        .points
        .iter()
        .map(|point| Dot {
            at: [f64::from(point.chunk).log2(), point.wall_ns.median / 1e9],
            interval: point.wall_ns.median_interval.map(|interval| (interval.low / 1e9, interval.high / 1e9)),
            variant: point.variant.clone(),
        })
        .collect();
    plot("chunks", height, palette)
        .x_axis_label("chunk, tasks")
        .y_axis_label("wall time")
        .include_y(0.0)
        .x_axis_formatter(
            |mark: GridMark, _: &_| {
                if whole(mark.value).is_empty() { String::new() } else { whole(mark.value.exp2()) }
            },
        )
        .y_axis_formatter(|mark: GridMark, _: &_| secs(mark.value))
        .label_formatter(|_| None)
        .show(ui, |plot_ui| {
            let line: Vec<[f64; 2]> = dots_of.iter().map(|dot| dot.at).collect();
            plot_ui.line(Line::new("", line).color(palette.core(0)).width(1.0).allow_hover(false));
            dots(plot_ui, "median", &dots_of, palette.core(0), shape(0));
            clicked(plot_ui, &dots_of)
        })
        .inner
}

/// Every run that counts, over the number of its variant.
fn times_ui(ui: &mut Ui, report: &ExperimentReport, height: f32, palette: &Palette) -> Option<String> {
    let names: Vec<String> = report.variants.iter().map(|variant| variant.name.clone()).collect();
    let shown = names.clone();
    plot("times", height, palette)
        .y_axis_label("wall time")
        .include_y(0.0)
        .include_x(-0.5)
        .include_x(names.len() as f64 - 0.5)
        .x_axis_formatter(move |mark: GridMark, _: &_| {
            let at = mark.value.round();
            let whole = (mark.value - at).abs() < 1e-6 && at >= 0.0;
            if whole { shown.get(at as usize).cloned().unwrap_or_default() } else { String::new() }
        })
        .y_axis_formatter(|mark: GridMark, _: &_| secs(mark.value))
        .label_formatter(|_| None)
        .show(ui, |plot_ui| {
            let mut medians = Vec::new();
            let mut runs: Vec<[f64; 2]> = Vec::new();
            for (at, variant) in report.variants.iter().enumerate() {
                let x = at as f64;
                let counted = variant.runs.iter().filter(|run| run.counted);
                runs.extend(counted.map(|run| [x + 0.12, run.figures.wall_ns as f64 / 1e9]));
                if let Some(wall) = &variant.wall_ns {
                    medians.push(Dot {
                        at: [x, wall.median / 1e9],
                        interval: wall
                            .median_interval
                            .map(|interval| (interval.low / 1e9, interval.high / 1e9)),
                        variant: names[at].clone(),
                    });
                }
            }
            let runs: PlotPoints<'_> = runs.into();
            plot_ui.points(Points::new("runs", runs).color(palette.text_weak).radius(2.5).filled(false));
            dots(plot_ui, "median and interval", &medians, palette.core(0), shape(0));
            clicked(plot_ui, &medians)
        })
        .inner
}

/// Series are told apart by more than their colour.
fn shape(at: usize) -> MarkerShape {
    [MarkerShape::Circle, MarkerShape::Square, MarkerShape::Diamond, MarkerShape::Up][at % 4]
}

fn whole(value: f64) -> String {
    if (value - value.round()).abs() < 1e-6 && value >= 0.0 {
        units::count(value.round() as u64)
    } else {
        String::new()
    }
}

fn secs(value: f64) -> String {
    if value <= 0.0 { "0".to_owned() } else { units::duration((value * 1e9).round() as u64) }
}
