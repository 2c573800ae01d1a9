//! What colours and patterns of the timeline mean, and how often each occurs.

use eframe::egui::{Align2, Id, Painter, Pos2, Rect, Sense, Ui, pos2, vec2};

use super::{
    LEGEND_HEIGHT,
    cores::CoreIndex,
    finder,
    layout::OffCpu,
    mode::mode_ui,
    model::{Counts, State, totals},
    paint::LanePainter,
    paint_title,
};
use crate::{
    event::LockKind,
    gui::{
        plots::{TimeAxis, small_font, time_rect},
        theme::{self, Palette},
    },
    ids::WorkerId,
    spec::Telemetry,
    store::RunStore,
    units,
};

const SWATCH: eframe::egui::Vec2 = vec2(16.0, 10.0);
/// Colours of workers.
const COLORS: usize = Palette::WORKERS;
/// What the line to look for something needs at the right end, and from which width on it has that in any case.
const FINDER_ROOM: f32 = finder::WIDTH + theme::GAP * 2.0 + theme::AXIS_RIGHT;
const ROOMY: f32 = 800.0;
/// Kept free for the sign that there is more.
const MORE_WIDTH: f32 = 16.0;

/// What a mark of the legend looks like.
#[derive(Clone, Copy)]
enum Mark {
    State(State),
    Running,
    Starved,
    LockWait,
    OffCpu(OffCpu),
    Death,
    Pause,
    /// What other programs had of a core.
    Others,
    Worker(WorkerId),
    /// Several workers in one bar.
    Several,
    Moved,
    /// How an attempt ended, on a bar that is coloured by its worker.
    Outcome(State),
    /// Something to be said that looks like nothing.
    Note,
    QueueWait,
}

/// Only what occurs, with how often where that is counted, as far as there is room. Gives back its place, and from where on
/// that is free.
pub(super) fn legend_ui(
    ui: &mut Ui,
    id: Id,
    store: &RunStore,
    (cores, chosen): (Option<&CoreIndex>, bool),
    axis: &mut TimeAxis,
) -> (Rect, f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), LEGEND_HEIGHT), Sense::hover());
    let painter = ui.painter_at(rect);
    let palette = Palette::of(ui);
    let y = rect.center().y;
    paint_title(&painter, rect.left(), y, &palette);
    let mut lane = LanePainter::new(&painter, palette);
    let mut x = mode_ui(ui, id, rect, time_rect(rect).left(), axis) + theme::GAP * 1.5;
    // The panel's cross stands at the right end.
    let right = rect.right() - theme::CONTROL_ROW;
    // In a wide window the line to look for something keeps its place, whatever there is to be told.
    let finder = if rect.width() >= ROOMY { FINDER_ROOM } else { 0.0 };
    let end_of_entries = right - finder;
    let mut left_out = Vec::new();
    let entries = match cores {
        Some(cores) => core_entries(store, cores),
        None => entries(store, &totals(store), chosen),
    };
    for (mark, words) in entries {
        let galley = painter.layout_no_wrap(words.clone(), small_font(), palette.text_weak);
        let swatch = if matches!(mark, Mark::Note) { 0.0 } else { SWATCH.x + theme::GAP_SMALL };
        let at = pos2(x + swatch, y - galley.size().y * 0.5);
        let end = at.x + galley.size().x;
        // What is chosen tells of its waiting in words, too.
        if matches!(mark, Mark::QueueWait) && (!left_out.is_empty() || end > right - FINDER_ROOM - MORE_WIDTH)
        {
            continue;
        }
        if !left_out.is_empty() || end > end_of_entries - MORE_WIDTH {
            left_out.push(words);
            continue;
        }
        paint_mark(&mut lane, Rect::from_min_size(pos2(x, y - SWATCH.y * 0.5), SWATCH), mark, &palette);
        painter.galley(at, galley, palette.text_weak);
        x = end + theme::GAP * 1.5;
    }
    lane.finish();
    if !left_out.is_empty() {
        let place = Rect::from_min_max(pos2(x, rect.top()), pos2(x + MORE_WIDTH, rect.bottom()));
        painter.text(place.left_center(), Align2::LEFT_CENTER, "…", small_font(), palette.text_weak);
        ui.allocate_rect(place, Sense::hover()).on_hover_text(left_out.join(", "));
        x = if finder > 0.0 { place.right() } else { right };
    }
    if let Some(simulation) = store.info.as_ref().and_then(|info| info.spec.backend.simulation()) {
        x = paint_note(&painter, simulation, pos2(x, y), right, &palette);
    }
    (rect, x)
}

fn entries(store: &RunStore, totals: &Counts, chosen: bool) -> Vec<(Mark, String)> {
    let counted = State::ALL.into_iter().filter(|&state| totals.of(state) > 0);
    let mut entries: Vec<_> = counted
        .map(|state| (Mark::State(state), format!("{} {}", state.word(), units::count(totals.of(state)))))
        .collect();
    let running = store.lanes.iter().filter(|lane| lane.running.is_some()).count();
    if running > 0 {
        entries.push((Mark::Running, format!("running {running}")));
    }
    let mut lives = store.lanes.iter().flat_map(|lane| &lane.lives);
    if lives.any(|life| life.exited_ns.is_some() && !life.expected) {
        entries.push((Mark::Death, "worker died".to_owned()));
    }
    entries.extend(locks_words(store).map(|words| (Mark::LockWait, words)));
    entries.extend(
        off_cpu_words(store).into_iter().map(|(off_cpu, words)| (Mark::OffCpu(off_cpu), words.to_owned())),
    );
    if store.queue.iter().any(|sample| sample.queued > 0) {
        entries.push((Mark::Starved, "idle while tasks wait".to_owned()));
    }
    if !store.pauses.is_empty() {
        entries.push((Mark::Pause, "paused".to_owned()));
    }
    if chosen {
        entries.push((Mark::QueueWait, "the chosen task queued | handed over".to_owned()));
    }
    entries
}

/// Where the colours stand for workers.
fn core_entries(store: &RunStore, cores: &CoreIndex) -> Vec<(Mark, String)> {
    let mut entries = Vec::new();
    if let Some(progress) = cores.progress() {
        entries.push((Mark::Note, format!("reading {}", units::percent((progress * 100.0).floor() / 100.0))));
    }
    let workers = store.lanes.len();
    for worker in (0..workers.min(COLORS)).map(|at| WorkerId(at as u32)) {
        entries.push((Mark::Worker(worker), format!("w{}", worker.0)));
    }
    if workers > COLORS {
        entries.push((Mark::Note, "and again".to_owned()));
    }
    if workers > 1 {
        entries.push((Mark::Several, "several".to_owned()));
    }
    if cores.others.seen {
        entries.push((Mark::Others, "other programs".to_owned()));
    }
    if cores.moved > 0 {
        let words = format!("moved {}, half on each core", units::count(cores.moved));
        entries.push((Mark::Moved, words));
    }
    let totals = totals(store);
    let not_ok = State::ALL.into_iter().filter(|&state| state != State::Ok && totals.of(state) > 0);
    entries.extend(
        not_ok.map(|state| {
            (Mark::Outcome(state), format!("{} {}", state.word(), units::count(totals.of(state))))
        }),
    );
    if cores.unknown > 0 {
        entries.push((Mark::Note, format!("{} without a known core", units::count(cores.unknown))));
    }
    let running = store.lanes.iter().filter(|lane| lane.running.is_some()).count();
    if running > 0 {
        entries.push((Mark::Note, format!("outlined: running, {running}")));
    }
    let off_cpu = off_cpu_words(store).into_iter();
    entries.extend(off_cpu.map(|(off_cpu, words)| (Mark::OffCpu(off_cpu), words.to_owned())));
    entries
}

fn paint_mark(lane: &mut LanePainter<'_>, place: Rect, mark: Mark, palette: &Palette) {
    match mark {
        Mark::State(state) => {
            lane.pattern(place, state);
            if matches!(state, State::Failed | State::Crashed) {
                lane.cross(place.center(), 3.5, palette.on_bar);
            }
        }
        Mark::Running => lane.rect(place, palette.running),
        Mark::Starved => lane.starved(place.left(), place.right(), place),
        Mark::LockWait => {
            lane.pattern(place, State::Ok);
            lane.wait(place, 1.0, palette.ok);
        }
        Mark::OffCpu(off_cpu) => {
            lane.rect(place, palette.ok);
            lane.off_cpu(place, off_cpu);
        }
        Mark::Death => lane.cross(place.center(), 4.0, palette.error),
        Mark::Worker(worker) => lane.rect(place, palette.worker(worker)),
        Mark::Several => lane.rect(place, palette.text_weak),
        Mark::Moved => lane.moved_mark(place, palette.ok),
        Mark::Outcome(state) => {
            lane.rect(place, palette.text_weak);
            lane.outcome(place, state);
            if matches!(state, State::Failed | State::Crashed) {
                lane.cross(place.center(), 3.5, palette.on_bar);
            }
        }
        Mark::Note => {}
        Mark::Others => lane.others(place, 0.7),
        Mark::QueueWait => {
            let x = [place.left(), place.center().x + 2.0, place.right()];
            lane.queue_wait(x, place.expand2(vec2(0.0, 1.0)));
        }
        Mark::Pause => lane.rect(place, palette.text_weak.gamma_multiply(0.3)),
    }
}

/// A remark behind the legend, where there is room for it. Gives back where it ends.
fn paint_note(painter: &Painter, words: &str, left: Pos2, right: f32, palette: &Palette) -> f32 {
    let galley = painter.layout_no_wrap(words.to_owned(), small_font(), palette.text_weak);
    let end = left.x + galley.size().x;
    if end > right {
        return left.x;
    }
    painter.galley(pos2(left.x, left.y - galley.size().y * 0.5), galley, palette.text_weak);
    end
}

/// Which locks the run's workers wait for, if any.
fn locks_words(store: &RunStore) -> Option<String> {
    let used = |kind: LockKind| store.lanes.iter().any(|lane| !lane.locks.of(kind).is_empty());
    let kinds: Vec<&str> =
        LockKind::ALL.into_iter().filter(|&kind| used(kind)).map(LockKind::label).collect();
    (!kinds.is_empty()).then(|| format!("waiting for the {}", kinds.join(" or the ")))
}

/// What takes a part of the bars from the top down, where it was measured.
fn off_cpu_words(store: &RunStore) -> Vec<(OffCpu, &'static str)> {
    let telemetry = store.info.as_ref().map(|info| info.telemetry);
    let (ready, blocked) = (OffCpu { ready: 0.6, blocked: 0.0 }, OffCpu { ready: 0.0, blocked: 0.6 });
    match telemetry {
        Some(Telemetry::Full) => vec![(ready, "waiting for a core"), (blocked, "blocked")],
        Some(Telemetry::Basic) => vec![(ready, "without a core")],
        _ => Vec::new(),
    }
}
