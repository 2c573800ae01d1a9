//! Everything that is known of what the pointer is over.

use eframe::egui::{Pos2, Response, RichText, Tooltip, Ui};

use super::{
    arrows::way,
    layout::{pieces, spots},
    model::{Mark, Message},
    scene::Scene,
    words::{self, lane_name},
};
use crate::{
    event::lesson::Verb,
    lesson::{What, find},
    store::RunStore,
    units,
};

/// So far from a thin thing it is still meant.
const SLACK: f32 = 5.0;
const WIDTH: f32 = 360.0;

/// What is under the pointer, by its place in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hit {
    Message(usize),
    Mark { lane: usize, mark: usize, line: u32 },
    Item { lane: usize, item: usize },
    Lane(usize),
    Row(usize),
}

impl Hit {
    /// The lane, and the line of its program.
    pub(super) fn place(&self) -> Option<(usize, Option<u32>)> {
        match self {
            Self::Mark { lane, line, .. } => Some((*lane, Some(*line).filter(|line| *line > 0))),
            Self::Item { lane, .. } | Self::Lane(lane) => Some((*lane, None)),
            Self::Message(_) | Self::Row(_) => None,
        }
    }
}

pub(super) fn hit(scene: &Scene<'_>, at: Pos2) -> Option<Hit> {
    let lane = (0..scene.model.lanes.len()).find(|lane| scene.lane(*lane).contains(at));
    let on_mark = lane.and_then(|lane| mark_at(scene, lane, at));
    if on_mark.is_some() {
        return on_mark;
    }
    let distance = |message: &Message| {
        let (from, to) = way(scene, message);
        to_segment(at, from, to)
    };
    let near = scene.model.messages.iter().enumerate().map(|(place, message)| (distance(message), place));
    let near = near.filter(|(distance, _)| *distance <= SLACK).min_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((_, message)) = near {
        return Some(Hit::Message(message));
    }
    let row = (0..scene.model.rows.len()).find(|row| scene.row(*row).contains(at));
    lane.map(Hit::Lane).or(row.map(Hit::Row))
}

fn mark_at(scene: &Scene<'_>, lane: usize, at: Pos2) -> Option<Hit> {
    let of = &scene.model.lanes[lane];
    if scene.items(lane).contains(at) {
        let item = of.items.iter().position(|item| {
            let right = scene.ruler.x(item.to_ns.unwrap_or(scene.end_ns));
            (scene.ruler.x(item.from_ns)..=right).contains(&at.x)
        })?;
        return Some(Hit::Item { lane, item });
    }
    if !scene.band(lane).expand(3.0).contains(at) {
        return None;
    }
    let spots = spots(of, &scene.ruler, scene.end_ns);
    let near = spots.iter().filter(|spot| (spot.x - at.x).abs() <= SLACK);
    let spot = near.min_by(|a, b| (a.x - at.x).abs().total_cmp(&(b.x - at.x).abs())).map(|spot| spot.mark);
    let wait = || {
        let for_ever = scene.model.stuck_at(lane, scene.end_ns).is_some();
        let pieces = pieces(of, &scene.ruler, scene.end_ns, for_ever);
        pieces.iter().find(|piece| (piece.left..piece.right).contains(&at.x)).and_then(|piece| piece.mark)
    };
    let mark = spot.or_else(wait)?;
    Some(Hit::Mark { lane, mark, line: of.marks[mark].line })
}

fn to_segment(at: Pos2, from: Pos2, to: Pos2) -> f32 {
    let along = to - from;
    let part = ((at - from).dot(along) / along.length_sq().max(1e-6)).clamp(0.0, 1.0);
    at.distance(from + along * part)
}

pub(super) fn tip_ui(response: &Response, scene: &Scene<'_>, store: &RunStore, hit: &Hit) {
    Tooltip::for_widget(response).at_pointer().gap(14.0).show(|ui| {
        ui.set_max_width(WIDTH);
        match hit {
            Hit::Message(message) => message_ui(ui, scene, &scene.model.messages[*message]),
            Hit::Mark { lane, mark, .. } => {
                mark_ui(ui, scene, store, *lane, &scene.model.lanes[*lane].marks[*mark]);
            }
            Hit::Item { lane, item } => {
                let item = &scene.model.lanes[*lane].items[*item];
                let lasted = item.to_ns.unwrap_or(scene.end_ns).saturating_sub(item.from_ns);
                ui.strong(format!("Item {} at {}", item.label, lane_name(scene.model, *lane)));
                ui.label(format!(
                    "from {}, {}: {}",
                    units::duration(item.from_ns),
                    units::duration(lasted),
                    words::item_outcome(item)
                ));
            }
            Hit::Lane(lane) => _ = ui.label(words::lane_accessible(scene.model, *lane, scene.shown_ns)),
            Hit::Row(row) => _ = ui.label(words::row_accessible(scene.model, *row, scene.shown_ns)),
        }
    });
}

fn message_ui(ui: &mut Ui, scene: &Scene<'_>, message: &Message) {
    let row = &scene.model.rows[message.row];
    ui.strong(format!("{} through {}", message.value, row.name));
    let (from, put_ns) = message.from;
    ui.label(format!("from {}, at {}", lane_name(scene.model, from), units::duration(put_ns)));
    ui.label(match message.to {
        Some((to, got_ns)) => format!(
            "taken by {} at {}, {} later",
            lane_name(scene.model, to),
            units::duration(got_ns),
            units::duration(got_ns.saturating_sub(put_ns))
        ),
        None => "nobody has taken it".to_owned(),
    });
}

fn mark_ui(ui: &mut Ui, scene: &Scene<'_>, store: &RunStore, lane: usize, mark: &Mark) {
    let name = lane_name(scene.model, lane);
    ui.strong(format!("{name}: {}", words::mark_label(scene.model, mark)));
    if mark.lasts() {
        let to =
            mark.to_ns.map_or("and goes on".to_owned(), |to_ns| format!("to {}", units::duration(to_ns)));
        ui.label(format!(
            "{}, from {} {to}: {}",
            words::wait_words(scene.model, mark),
            units::duration(mark.from_ns),
            words::lasted(mark, scene.end_ns)
        ));
    } else {
        ui.label(format!("at {}", units::duration(mark.at_ns())));
    }
    if let Some(value) = mark.value.as_ref().filter(|_| mark.verb.is_some()) {
        ui.label(format!("value: {value}"));
    }
    if mark.verb == Some(Verb::Write)
        && let Some((index, value)) = mark.cell
    {
        ui.label(format!("cell {index} is {value} from here on"));
    }
    if let Some(trouble) = words::trouble(&mark.end) {
        ui.label(trouble);
    }
    if let Some(waiting) = scene.model.stuck_at(lane, scene.shown_ns).filter(|_| mark.to_ns.is_none()) {
        ui.label(&*waiting.why);
    }
    if let Some(text) = line_of(store, &scene.model.lanes[lane].role, mark.line) {
        ui.label(RichText::new(format!("{:>3}  {text}", mark.line)).monospace());
    }
}

/// A line of a role's program.
fn line_of(store: &RunStore, role: &str, line: u32) -> Option<String> {
    let name = store.info.as_ref()?.spec.program_of()?;
    let What::Program(program) = &find(&name.name)?.variant(name.variant.as_deref())?.what else {
        return None;
    };
    let at = (line as usize).checked_sub(1)?;
    Some(program.role(role)?.text.lines().nth(at)?.trim().to_owned())
}
