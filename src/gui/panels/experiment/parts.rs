//! Where the workers' time went: a bar for each variant.

use eframe::egui::{ScrollArea, Ui};

use crate::{
    analysis::ExperimentReport,
    gui::{
        action::{Action, Actions},
        experiments::Shown,
        panels::parts::{bar_ui, legend_ui},
    },
};

use super::plot::typical_run;

/// `height` is given where the bars are to scroll by themselves.
pub(super) fn parts_ui(
    ui: &mut Ui,
    shown: &Shown,
    report: &ExperimentReport,
    height: Option<f32>,
    actions: &mut Actions,
) {
    let mut contents = |ui: &mut Ui| {
        let bars: Vec<_> = report.variants.iter().map(|variant| &variant.worker_time_ns).collect();
        legend_ui(ui, &bars);
        for variant in &report.variants {
            let mut chosen = None;
            bar_ui(ui, &variant.name, &variant.worker_time_ns, None, &mut chosen);
            // The mean of several runs is in none of them: the most typical one is opened, and shows when it was.
            if let Some(part) = chosen
                && let Some(file) = typical_run(shown, report, &variant.name)
            {
                actions.push(Action::OpenRuns(vec![file]));
                actions.push(Action::Light(Some(part)));
            }
        }
    };
    match height {
        Some(height) => {
            let area = ScrollArea::vertical().id_salt("parts of time").max_height(height).auto_shrink(false);
            _ = area.show(ui, contents);
        }
        None => contents(ui),
    }
}
