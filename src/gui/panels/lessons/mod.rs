//! The page of lessons: all of them as cards, or one with its program, its questions and what comes of it.

mod cards;
mod code;
mod fold;
mod guide;
mod highlight;
mod in_lab;
mod marks;
mod output;
mod pictures;
mod program;
mod questions;
mod runs;
mod stage;

pub(crate) use in_lab::in_lab_ui;

use eframe::egui::{CentralPanel, Frame, Margin, Panel, ScrollArea, Ui};

use crate::{
    gui::{
        action::Actions,
        lessons::{Learned, Lessons, Place},
        runs::Runs,
        theme::GAP,
    },
    lesson::What,
};

/// Below this width the code stands below the stage, and only once somebody asks for it.
const WIDE: f32 = 1240.0;
/// Room for the buttons at its foot.
const GUIDE_WIDTH: f32 = 316.0;
/// Of the width: at the narrowest, what the longest line of the first lessons' programs needs.
const CODE_PART: f32 = 0.305;
const CODE_WIDEST: f32 = 520.0;
/// What was printed and logged: a share of the height beyond what the picture needs, within these.
const PICTURE_HEIGHT: f32 = 300.0;
const OUTPUT_PART: f32 = 0.4;
const OUTPUT_HEIGHTS: (f32, f32) = (100.0, 280.0);
/// Of the height, with the code beside what was printed.
const CODE_SHARE: f32 = 0.42;

/// What the page must know beside the lessons.
#[derive(Clone, Copy)]
pub(crate) struct PageState<'a> {
    pub(crate) runs: &'a Runs,
    pub(crate) learned: &'a Learned,
    /// A run or an experiment goes.
    pub(crate) busy: bool,
}

pub(crate) fn page_ui(ui: &mut Ui, lessons: &mut Lessons, state: PageState<'_>, actions: &mut Actions) {
    match lessons.place() {
        None => cards::cards_ui(ui, state.learned, actions),
        Some(place) => lesson_ui(ui, lessons, place, state, actions),
    }
}

fn pane(ui: &Ui) -> Frame {
    Frame::side_top_panel(ui.style()).inner_margin(Margin::same(GAP as i8))
}

fn lesson_ui(ui: &mut Ui, lessons: &mut Lessons, place: Place, state: PageState<'_>, actions: &mut Actions) {
    let wide = ui.available_width() >= WIDE;
    let (frame, most) = (pane(ui), ui.available_width() * 0.45);
    let left = Panel::left("lesson guide").frame(frame).default_size(GUIDE_WIDTH).size_range(240.0..=most);
    left.resizable(true).show(ui, |ui| guide::guide_ui(ui, lessons, place, state, actions));
    let code_open = lessons.code_open.unwrap_or(wide);
    if code_open && wide {
        let width = (ui.ctx().content_rect().width() * CODE_PART).min(CODE_WIDEST);
        let right = Panel::right("lesson code").frame(frame).default_size(width).size_range(220.0..=most);
        right.resizable(true).show(ui, |ui| code::code_ui(ui, lessons, place, state, actions));
    }
    let below = code_open && !wide;
    let whole = Frame::central_panel(ui.style()).inner_margin(0.0);
    CentralPanel::default().frame(whole).show(ui, |ui| {
        let has_output = matches!(place.variant().what, What::Program(_));
        if has_output || below {
            let (id, height) = if below {
                ("lesson output and code", ui.available_height() * CODE_SHARE)
            } else {
                (
                    "lesson output",
                    ((ui.available_height() - PICTURE_HEIGHT) * OUTPUT_PART)
                        .clamp(OUTPUT_HEIGHTS.0, OUTPUT_HEIGHTS.1),
                )
            };
            let most = ui.available_height() * 0.6;
            let panel = Panel::bottom(id).frame(frame).default_size(height).size_range(70.0..=most);
            panel.resizable(true).show(ui, |ui| {
                if below {
                    let gap = Margin { left: GAP as i8, ..Margin::ZERO };
                    let share = if has_output { ui.available_width() * 0.6 } else { ui.available_width() };
                    let right = Panel::right("lesson code below").frame(Frame::NONE.inner_margin(gap));
                    right.resizable(false).exact_size(share).show(ui, |ui| {
                        code::code_ui(ui, lessons, place, state, actions);
                    });
                }
                if has_output {
                    output::output_ui(ui, lessons, place, state, actions);
                }
            });
        }
        CentralPanel::default().frame(frame).show(ui, |ui| {
            if has_output {
                stage::stage_ui(ui, lessons, place, state, code_open, actions);
            } else {
                stage::head_ui(ui, "The runs", code_open, actions);
                ScrollArea::vertical().auto_shrink(false).id_salt("lesson runs").show(ui, |ui| {
                    runs::runs_ui(ui, lessons, place, state.runs, actions);
                });
            }
        });
    });
}
