//! What colours and patterns of the timeline mean, and how often each occurs.

use eframe::egui::{Align2, Painter, Pos2, Rect, Sense, Ui, pos2, vec2};

use super::{
    LEGEND_HEIGHT,
    layout::OffCpu,
    model::{Counts, State},
    paint::LanePainter,
    paint_title,
};
use crate::{
    event::LockKind,
    gui::{
        plots::{small_font, time_rect},
        theme::{self, Palette},
    },
    spec::Telemetry,
    store::RunStore,
    units,
};

const SWATCH: eframe::egui::Vec2 = vec2(16.0, 10.0);

/// Only the states that occur, with how often. Gives back its place, and from where on that is free.
pub(super) fn legend_ui(ui: &mut Ui, store: &RunStore, totals: &Counts) -> (Rect, f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), LEGEND_HEIGHT), Sense::hover());
    let painter = ui.painter_at(rect);
    let palette = Palette::of(ui);
    let y = rect.center().y;
    paint_title(&painter, rect.left(), y, &palette);
    let mut lane = LanePainter::new(&painter, palette);
    let mut x = time_rect(rect).left();
    let place = |x: f32| Rect::from_min_size(pos2(x, y - SWATCH.y * 0.5), SWATCH);
    let text = |x: &mut f32, words: String| {
        let at = pos2(*x + SWATCH.x + theme::GAP_SMALL, y);
        *x = painter.text(at, Align2::LEFT_CENTER, words, small_font(), palette.text_weak).right()
            + theme::GAP * 1.5;
    };
    for state in State::ALL.into_iter().filter(|&state| totals.of(state) > 0) {
        lane.pattern(place(x), state);
        if matches!(state, State::Failed | State::Crashed) {
            lane.cross(place(x).center(), 3.5, palette.on_bar);
        }
        text(&mut x, format!("{} {}", state.word(), units::count(totals.of(state))));
    }
    let running = store.lanes.iter().filter(|lane| lane.running.is_some()).count();
    if running > 0 {
        lane.rect(place(x), palette.running);
        text(&mut x, format!("running {running}"));
    }
    if store.queue.iter().any(|sample| sample.queued > 0) {
        lane.starved(place(x).left(), place(x).right(), place(x));
        text(&mut x, "idle while tasks wait".to_owned());
    }
    if let Some(words) = locks_words(store) {
        lane.pattern(place(x), State::Ok);
        lane.wait(place(x), 1.0, palette.ok);
        text(&mut x, words);
    }
    for (off_cpu, words) in off_cpu_words(store) {
        lane.rect(place(x), palette.ok);
        lane.off_cpu(place(x), off_cpu);
        text(&mut x, words.to_owned());
    }
    if store.lanes.iter().any(|lane| lane.lives.iter().any(|life| life.exited_ns.is_some() && !life.expected))
    {
        lane.cross(place(x).center(), 4.0, palette.error);
        text(&mut x, "worker died".to_owned());
    }
    if !store.pauses.is_empty() {
        lane.rect(place(x), palette.text_weak.gamma_multiply(0.3));
        text(&mut x, "paused".to_owned());
    }
    lane.finish();
    if let Some(simulation) = store.info.as_ref().and_then(|info| info.spec.backend.simulation()) {
        x = paint_note(&painter, simulation, pos2(x, y), time_rect(rect).right(), &palette);
    }
    (rect, x)
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
