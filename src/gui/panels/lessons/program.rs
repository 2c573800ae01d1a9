//! What each kind of process does, a step a line, and where every process stands in it.

use std::fmt::Write as _;

use eframe::egui::{Label, Rect, RichText, Sense, Stroke, StrokeKind, Ui, WidgetText, pos2, vec2};

use super::highlight;
use crate::{
    gui::{
        icons::Icon,
        runs::Run,
        theme::{GAP, GAP_SMALL, LINE, Palette},
    },
    ids::WorkerId,
    lesson::program::{Program, Role, Shared},
    store::LessonStore,
};

const GUTTER: f32 = 14.0;
/// Of a role's steps below its head.
const INDENT: f32 = 10.0;

/// Where a process stands.
pub(super) struct Stand {
    name: String,
    role: Box<str>,
    line: u32,
    /// What it does there, where that is more than passing by.
    doing: Option<String>,
}

/// All of it as one text.
pub(super) fn text(program: &Program) -> String {
    let mut text = String::new();
    for shared in &program.shared {
        let _ = writeln!(text, "shared {}", shared_words(shared));
    }
    for role in &program.roles {
        let _ = write!(text, "\n{}\n", role_head(role));
        for line in role.text.trim_end().lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    text
}

/// `chosen` is a line of a role that somebody wants to see.
pub(super) fn program_ui(ui: &mut Ui, program: &Program, stands: &[Stand], chosen: Option<(&str, u32)>) {
    let palette = Palette::of(ui);
    ui.spacing_mut().item_spacing.y = 3.0;
    // Text, not buttons: lines may stand as close as text does.
    ui.spacing_mut().interact_size.y = 0.0;
    for shared in &program.shared {
        let words = format!("shared {}", shared_words(shared));
        ui.add(Label::new(highlight::line(&words, highlight::SHARED, palette)).extend());
    }
    for role in &program.roles {
        ui.add_space(GAP);
        // Who is at no line yet, or waits for work between two calls, stands at the head.
        for (number, line) in (0..).zip(std::iter::once(None).chain(role.text.trim_end().lines().map(Some))) {
            let here: Vec<&Stand> =
                stands.iter().filter(|stand| stand.line == number && *stand.role == *role.name).collect();
            let (indent, text) = match line {
                Some(line) => (INDENT, highlight::line(line, highlight::STEPS, palette).into()),
                None => (0.0, RichText::new(role_head(role)).monospace().strong().into()),
            };
            line_ui(ui, (indent, text), &here, chosen == Some((role.name.as_str(), number)), palette);
        }
    }
}

fn line_ui(ui: &mut Ui, (indent, line): (f32, WidgetText), here: &[&Stand], chosen: bool, palette: Palette) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = GAP_SMALL;
        let (gutter, _) = ui.allocate_exact_size(vec2(GUTTER, GUTTER), Sense::hover());
        let ground = Rect::from_min_max(
            gutter.left_top(),
            pos2(ui.max_rect().right().max(gutter.right()), gutter.bottom()),
        )
        .expand2(vec2(0.0, 1.0));
        if chosen {
            ui.painter().rect_stroke(ground, 2.0, Stroke::new(LINE, palette.text), StrokeKind::Inside);
        }
        if !here.is_empty() {
            ui.painter().rect_filled(ground, 2.0, palette.selection);
            Icon::Play.paint(ui.painter(), gutter.shrink(2.0), palette.text);
        }
        ui.add_space(indent);
        ui.add(Label::new(line).extend());
        if !here.is_empty() {
            let words: Vec<String> = here
                .iter()
                .map(|stand| match &stand.doing {
                    Some(doing) => format!("{} {doing}", stand.name),
                    None => stand.name.clone(),
                })
                .collect();
            ui.add(Label::new(RichText::new(words.join(", ")).small()).extend());
        }
    });
}

/// The processes that have not ended at a moment of a run, or by now, with their lines. `told` is the lesson as it stood
/// then.
pub(super) fn stands(run: &Run, told: &LessonStore, moment: Option<u64>) -> Vec<Stand> {
    let stuck = |worker: WorkerId| {
        told.stuck.as_ref().is_some_and(|stuck| stuck.waiters.iter().any(|waiter| waiter.worker == worker))
    };
    let over = |worker: WorkerId| {
        let life = run.whole().lanes.get(worker.index()).and_then(|lane| lane.lives.last());
        let exited_ns = life.and_then(|life| life.exited_ns);
        exited_ns.is_some_and(|exited_ns| moment.is_none_or(|t_ns| exited_ns <= t_ns))
    };
    (0..)
        .map(WorkerId)
        .zip(&told.roles)
        .filter_map(|(worker, process)| Some((worker, process.as_ref()?)))
        .filter(|(worker, _)| stuck(*worker) || !over(*worker))
        .map(|(worker, process)| Stand {
            name: process.name.to_string(),
            role: process.role.clone(),
            line: process.open.as_ref().map_or(process.line, |(_, began)| began.line),
            doing: match &process.open {
                _ if stuck(worker) => Some("waits for ever".to_owned()),
                Some((_, began)) => Some(format!("in {}", began.verb)),
                None => None,
            },
        })
        .collect()
}

fn role_head(role: &Role) -> String {
    if role.parameters.is_empty() {
        format!("role {}:", role.name)
    } else {
        format!("role {} ({}):", role.name, role.parameters.join(", "))
    }
}

fn shared_words(shared: &Shared) -> String {
    match shared {
        Shared::Queue { name, bound: None } => format!("queue {name}"),
        Shared::Queue { name, bound: Some(bound) } => format!("queue {name}, for {bound} messages"),
        Shared::Pipe { ends: [first, second], duplex } => {
            let arrow = if *duplex { "and" } else { "from" };
            format!("pipe {first} {arrow} {second}")
        }
        Shared::Array { name, cells } => format!("array {name} = {cells:?}"),
        Shared::Value { name, value } => format!("value {name} = {value}"),
        Shared::Lock { name, robust: true } => format!("lock {name}"),
        Shared::Lock { name, robust: false } => format!("lock {name}, lost with who dies holding it"),
        Shared::Semaphore { name, permits } => format!("semaphore {name}, {permits} permits"),
        Shared::Event { name } => format!("event {name}"),
        Shared::Barrier { name, parties } => format!("barrier {name}, for {parties}"),
    }
}
