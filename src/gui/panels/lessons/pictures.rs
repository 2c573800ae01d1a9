//! The ordinary runs of a lesson as pictures: the lanes of their workers, under each other on one axis of time.

use eframe::egui::{Label, RichText, Ui, vec2};

use crate::{
    gui::{
        lessons::Series,
        runs::{Run, Runs},
        theme::{GAP, GAP_SMALL},
        timeline::lanes_ui,
    },
    time::secs,
};

const LANE: f32 = 24.0;
/// Above the lanes.
const TIME_LABELS: f32 = 16.0;

/// Of those runs that were begun.
pub(super) fn pictures_ui(ui: &mut Ui, series: &mut Series, runs: &Runs) {
    let ids = (0..).map_while(|at| series.row(at)).map(|(id, _)| id);
    let labels = series.runs().iter().map(|lab| lab.label.as_str());
    // Those that are still open: the window lets go of its oldest runs.
    let open = |(id, label)| runs.iter().find(|run| run.id == id).map(|run| (run, label));
    let begun: Vec<(&Run, &str)> = ids.zip(labels).filter_map(open).collect();
    let ends = begun.iter().map(|(run, _)| end_ns(run));
    let Some(longest_ns) = ends.max() else { return };
    ui.label(RichText::new("What the workers did").strong());
    let about = "A lane for each worker, on the same time in each run, and a bar for each task: full where it computes, dotted \
                 where it waits, lined where it waits for a lock, hatched where it waits for a core, crossed where it was lost.";
    ui.add(Label::new(RichText::new(about).weak()).wrap());
    series.axis.begin_frame(secs(longest_ns), begun.iter().any(|(run, _)| run.live));
    for (run, label) in begun {
        ui.add_space(GAP);
        ui.label(label);
        ui.add_space(GAP_SMALL);
        let store = &run.store;
        let lanes = store.lanes.len().max(1) as f32;
        let size = vec2(ui.available_width(), lanes * LANE + TIME_LABELS);
        ui.allocate_ui(size, |ui| {
            ui.set_min_size(size);
            lanes_ui(ui, &format!("run {} of a lesson", run.id.0), store, run.now_ns(), &mut series.axis);
        });
    }
}

/// As far as its workers or its tasks go.
fn end_ns(run: &Run) -> u64 {
    if run.live { run.now_ns() } else { run.store.last_end_ns.max(run.store.now_ns) }
}
