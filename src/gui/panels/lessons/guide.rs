//! The left of a lesson: what it is about, what to predict, what to look at and where to go on.

use eframe::egui::{
    Align, Button, Id, Label, Panel, Response, RichText, ScrollArea, Ui, style::ScrollAnimation, vec2,
};

use super::{
    PageState,
    marks::{Mark, in_sight, mark_ui, progress_words, wrong_sign},
    questions::questions_ui,
};
use crate::gui::{
    action::{Action, Actions},
    icons::Icon,
    lessons::{LessonAction, Lessons, Place},
    theme::{GAP, GAP_SMALL, Palette, TITLE_TEXT, TOOL},
};

pub(super) fn guide_ui(
    ui: &mut Ui,
    lessons: &Lessons,
    place: Place,
    state: PageState<'_>,
    actions: &mut Actions,
) {
    let begun = lessons.has_run(place, state.runs);
    let (attempt, judged) = (lessons.attempt(place), lessons.judged());
    Panel::bottom("lesson run").frame(eframe::egui::Frame::NONE).show_separator_line(true).show(ui, |ui| {
        ui.add_space(GAP);
        run_ui(ui, lessons, place, begun, state, actions);
        let questions = attempt.answers.len();
        let words = match &judged {
            Some(judged) if judged.iter().all(|judged| judged.given.is_none()) => {
                "Nothing was predicted: try again".to_owned()
            }
            Some(judged) => {
                let right = judged.iter().filter(|judged| judged.is_right()).count();
                format!("You were right in {right} of {questions}")
            }
            None if begun && state.busy => "It runs".to_owned(),
            None if begun && lessons.run(place, state.runs).is_none() && lessons.series(place).is_none() => {
                "Its run is no longer open here: run it again".to_owned()
            }
            None if begun => "This run tells nothing: run it again".to_owned(),
            None => match attempt.unanswered() {
                0 => "All is predicted: run it".to_owned(),
                1 => "Predict first: 1 question without an answer".to_owned(),
                more => format!("Predict first: {more} questions without an answer"),
            },
        };
        if judged.is_none() && !begun && attempt.unanswered() > 0 {
            ui.colored_label(Palette::of(ui).warning, words);
        } else {
            ui.weak(words);
        }
        ui.add_space(GAP_SMALL);
    });
    ui.spacing_mut().scroll.floating_allocated_width = GAP + 2.0;
    let scroll = ScrollArea::vertical().auto_shrink(false).id_salt(("lesson guide", place));
    scroll.show(ui, |ui| {
        head_ui(ui, place, state);
        variants_ui(ui, place, actions);
        ui.add(Label::new(&place.variant().about).wrap());
        heading(ui, "What to know");
        place.lesson().before.iter().for_each(|sentence| bullet(ui, sentence));
        let head = heading(ui, if judged.is_some() { "What you predicted" } else { "Predict, then run" });
        to_the_answers(ui, place, judged.is_some(), &head);
        questions_ui(ui, &place.variant().questions, &attempt, (begun, judged.as_deref()), actions);
        // Before it is run, they would tell what is to be predicted.
        if begun {
            heading(ui, "What to look at");
            place.variant().look.iter().for_each(|sentence| bullet(ui, sentence));
            heading(ui, "What to try next");
            place.variant().next.iter().for_each(|sentence| bullet(ui, sentence));
        }
        ui.add_space(GAP);
        next_ui(ui, place, actions);
        ui.add_space(GAP);
    });
}

fn head_ui(ui: &mut Ui, place: Place, state: PageState<'_>) {
    let progress = state.learned.of(place);
    ui.horizontal(|ui| {
        mark_ui(ui, Mark::of(progress));
        let all = Place::bases().count();
        let which = if place.is_base() { "" } else { "this variant " };
        ui.weak(format!("Lesson {} of {all} · {which}{}", place.number(), progress_words(progress)));
    });
    ui.add(Label::new(RichText::new(&place.lesson().title).size(TITLE_TEXT).strong()).wrap());
    ui.add(Label::new(&place.lesson().goal).wrap());
    ui.add_space(GAP);
}

/// The lesson as it should be, and how it goes otherwise.
fn variants_ui(ui: &mut Ui, place: Place, actions: &mut Actions) {
    if place.lesson().variants.len() > 1 {
        for other in place.variants() {
            let title = other.variant_title();
            let size = vec2(ui.available_width(), 0.0);
            let button = if other.goes_wrong() {
                Button::selectable(other == place, (wrong_sign(ui), title))
            } else {
                Button::selectable(other == place, title)
            };
            let response = in_sight(ui.add(button.min_size(size))).accessible_name(title);
            if response.on_hover_text(&other.variant().about).clicked() {
                actions.push(Action::Lesson(LessonAction::Go(other)));
            }
        }
        ui.add_space(GAP);
    }
}

fn heading(ui: &mut Ui, text: &str) -> Response {
    ui.add_space(GAP);
    let response = ui.label(RichText::new(text).heading());
    ui.add_space(GAP_SMALL);
    response
}

/// Brings the answers into view at the moment at which there are some.
fn to_the_answers(ui: &Ui, place: Place, answered: bool, head: &Response) {
    let id = Id::unique(("answered lesson", place));
    let before = ui.data_mut(|data| std::mem::replace(data.get_temp_mut_or(id, answered), answered));
    if answered && !before {
        // At once: nothing in this window is animated.
        head.scroll_to_me_animation(Some(Align::TOP), ScrollAnimation::none());
    }
}

fn bullet(ui: &mut Ui, sentence: &str) {
    ui.horizontal_top(|ui| {
        ui.weak("•");
        ui.add(Label::new(sentence).wrap());
    });
    ui.add_space(GAP_SMALL);
}

fn next_ui(ui: &mut Ui, place: Place, actions: &mut Actions) {
    let steps = [("Next: ", place.next_variant()), ("Next lesson: ", place.next_lesson())];
    for (before, target) in steps {
        let Some(target) = target else { continue };
        let name = if target.is_base() { &target.lesson().title } else { target.variant_title() };
        let button = Button::new(format!("{before}{name}")).wrap().min_size(vec2(ui.available_width(), TOOL));
        if in_sight(ui.add(button)).clicked() {
            actions.push(Action::Lesson(LessonAction::Go(target)));
        }
    }
}

/// Always in sight.
fn run_ui(
    ui: &mut Ui,
    lessons: &Lessons,
    place: Place,
    begun: bool,
    state: PageState<'_>,
    actions: &mut Actions,
) {
    ui.horizontal_wrapped(|ui| {
        let tool = vec2(0.0, TOOL);
        if state.busy {
            let stop = ui.add(Button::new((Icon::Stop.atom(), "Stop")).min_size(tool));
            if stop.on_hover_text("End what runs (Space)").accessible_name("Stop").clicked() {
                actions.push(Action::Stop);
            }
        } else {
            let name = if begun { "Run again" } else { "Run" };
            let run = ui.add(Button::new((Icon::Play.atom(), name)).min_size(tool));
            if run.on_hover_text("Start the processes of this lesson (Space)").accessible_name(name).clicked()
            {
                actions.push(Action::Lesson(LessonAction::Run));
            }
        }
        if begun {
            let again = ui.add_enabled(!state.busy, Button::new("Try again").min_size(tool));
            if again.on_hover_text("Forget the answers, and predict once more").clicked() {
                actions.push(Action::Lesson(LessonAction::TryAgain));
            }
        }
        let lab = place.variant().lab.as_ref();
        let may = lessons.run(place, state.runs).is_some() || lab.is_some();
        let open = ui.add_enabled(may, Button::new("Open in the lab").min_size(tool));
        let hint = lab.map_or("Show this run with all that the lab tells of a run", |lab| &lab.about);
        if open.on_hover_text(hint).on_disabled_hover_text("Run it first").clicked() {
            actions.push(Action::Lesson(LessonAction::OpenInLab));
        }
    });
}
