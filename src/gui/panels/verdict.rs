//! Why a run took as long as it did: sentences with their evidence, and a bar for each worker.

use eframe::egui::{Align, Label, Layout, RichText, ScrollArea, Ui, vec2};

use crate::{
    analysis::Finding,
    gui::{
        action::{Action, Actions},
        explaining::{Account, Explainer},
        plots::run_key,
        runs::Run,
        theme::{GAP, GAP_SMALL},
    },
    ids::WorkerId,
    units,
};

use super::{
    cells::empty,
    parts::{bar_ui, legend_ui},
};

/// What sentences need to stand beside the bars.
const SENTENCES_WIDTH: f32 = 460.0;
const BARS_WIDTH: f32 = 420.0;

pub(crate) fn verdict_ui(ui: &mut Ui, shown: Option<&Run>, explainer: &Explainer, actions: &mut Actions) {
    explainer.see();
    let Some(run) = shown else {
        empty(ui, "What cost a run its time is said here, with the evidence, once one has ended.");
        return;
    };
    let Some(account) = explainer.account(run_key(run.whole())) else {
        ui.weak("Looking where the time went…");
        return;
    };
    let size = ui.available_size();
    let column = Layout::top_down(Align::Min);
    if size.x >= SENTENCES_WIDTH + BARS_WIDTH {
        ui.horizontal_top(|ui| {
            ui.allocate_ui_with_layout(vec2(SENTENCES_WIDTH, size.y), column, |ui| {
                ScrollArea::vertical().id_salt("verdict").auto_shrink(false).show(ui, |ui| {
                    ui.set_max_width(SENTENCES_WIDTH - GAP * 2.0);
                    findings_ui(ui, run, account, actions);
                });
            });
            ui.separator();
            let rest = ui.available_size();
            ui.allocate_ui_with_layout(rest, column, |ui| {
                ScrollArea::vertical().id_salt("parts").auto_shrink(false).show(ui, |ui| {
                    bars_ui(ui, account, explainer, actions);
                });
            });
        });
    } else {
        ScrollArea::vertical().id_salt("verdict").auto_shrink(false).show(ui, |ui| {
            findings_ui(ui, run, account, actions);
            ui.add_space(GAP);
            bars_ui(ui, account, explainer, actions);
        });
    }
}

fn findings_ui(ui: &mut Ui, run: &Run, account: &Account, actions: &mut Actions) {
    if run.live {
        ui.weak("The verdict comes with the run's end; the bars show where the time went until now.");
        return;
    }
    if account.findings.is_empty() {
        ui.label("Nothing stands out in this run.").on_hover_text(
            "Causes are named only where they took a tenth of the workers' time and the evidence is sound",
        );
        return;
    }
    for (finding, command) in &account.findings {
        finding_ui(ui, finding, command, actions);
        ui.add_space(GAP);
    }
}

fn finding_ui(ui: &mut Ui, finding: &Finding, command: &str, actions: &mut Actions) {
    let name = finding.cause.label();
    let title = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
    ui.label(RichText::new(format!("{title} · {}", units::percent(finding.share))).strong())
        .on_hover_text(format!("Rests on {}", finding.cause.rests_on()));
    ui.add(Label::new(&finding.text).wrap());
    ui.add_space(GAP_SMALL);
    ui.horizontal_wrapped(|ui| {
        if let Some(evidence) = &finding.evidence
            && ui
                .small_button("Show it")
                .on_hover_text("In the timeline: the time it is about, with the intervals that show it")
                .accessible_name(format!("Show {name}"))
                .clicked()
        {
            actions.push(Action::ShowEvidence(*evidence));
        }
        if ui
            .small_button("Set it up")
            .on_hover_text("Fill the setup with what tests it")
            .accessible_name(format!("Set up what tests {name}"))
            .clicked()
        {
            actions.push(Action::SetUp(Box::new(finding.tried_by.clone())));
        }
        if ui.small_button("Copy").accessible_name(format!("Copy the command for {name}")).clicked() {
            actions.push(Action::Copy(command.to_owned()));
        }
        ui.add(Label::new(RichText::new(command).monospace()).truncate()).on_hover_text(command);
    });
}

fn bars_ui(ui: &mut Ui, account: &Account, explainer: &Explainer, actions: &mut Actions) {
    let bars: Vec<_> = std::iter::once(&account.total).chain(&account.per_worker).collect();
    legend_ui(ui, &bars);
    let names = (0..account.per_worker.len()).map(|worker| WorkerId(worker as u32).to_string());
    let mut chosen = None;
    for (name, parts) in std::iter::once("all workers".to_owned()).chain(names).zip(bars) {
        bar_ui(ui, &name, parts, explainer.lit, &mut chosen);
    }
    if let Some(part) = chosen {
        actions.push(Action::Light(Some(part).filter(|_| explainer.lit != Some(part))));
    }
    if let Some(part) = explainer.lit {
        ui.horizontal(|ui| {
            ui.weak(format!("In the timeline: {}", part.label()));
            if ui.small_button("Clear").accessible_name("Show no part in the timeline").clicked() {
                actions.push(Action::Light(None));
            }
        });
    }
}
