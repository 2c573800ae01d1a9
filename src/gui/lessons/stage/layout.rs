//! Where things stand on a stage: moments from left to right, lanes and objects from top to bottom. Pure.

use std::ops::Range;

use super::model::{Doing, Lane, Mark, Model};
use crate::{
    event::lesson::ObjectKind,
    gui::plots::TimeScale,
    time::{self, NS_PER_MS},
};

/// Up to so many moments a run is shown by order at first: in time, most of them would stand on one spot.
pub(super) const ORDER_UP_TO: usize = 60;
/// A growing run is shown by order up to the next multiple of this.
const ORDER_STEP: usize = 10;
/// The shortest interval in view, in seconds and in moments.
const LEAST_SECS: f64 = 1e-6;
const LEAST_MOMENTS: f64 = 2.0;
/// Heights of lanes and rows, where there is little room and where there is much.
const LANE: (f32, f32) = (30.0, 96.0);
/// More for the items of a pool's worker.
pub(super) const ITEMS: f32 = 16.0;
const ROW: f32 = 26.0;
/// More for what stands in boxes.
const BOXES: f32 = 24.0;
const GAP: f32 = 6.0;
/// Things that stand closer than this are one, in points.
const TOGETHER: f32 = 1.0;

/// What the way from left to right stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Time, to scale.
    Time,
    /// One moment after the other, all at the same distance.
    Order,
}

impl Mode {
    pub(super) fn at_first(model: &Model) -> Self {
        // Where somebody sleeps, how long things take is what it is about.
        let sleeps = model.lanes.iter().flat_map(|lane| &lane.marks).any(|mark| mark.doing == Doing::Sleeps);
        if model.moments.len() < ORDER_UP_TO && !sleeps { Self::Order } else { Self::Time }
    }
}

/// All there is from left to right, in seconds or in moments.
pub(super) fn whole(mode: Mode, model: &Model, now_ns: u64, live: bool) -> (f64, f64) {
    match mode {
        Mode::Time if live => {
            // In steps, so that the axis stands still for a while instead of creeping.
            let mut end_ns = 100 * NS_PER_MS;
            while end_ns < now_ns {
                end_ns = end_ns.saturating_mul(3) / 2;
            }
            (0.0, time::secs(end_ns))
        }
        Mode::Time => (0.0, time::secs(now_ns).max(LEAST_SECS) * 1.02),
        Mode::Order if live => (0.0, (model.moments.len() + 1).next_multiple_of(ORDER_STEP) as f64),
        // What waits for ever is seen to go on.
        Mode::Order => (0.0, model.moments.len() as f64 + if model.stuck.is_some() { 1.5 } else { 0.5 }),
    }
}

/// An interval that lies within all there is, and is not too short.
pub(super) fn within(mode: Mode, (from, to): (f64, f64), whole: (f64, f64)) -> (f64, f64) {
    let all = whole.1 - whole.0;
    let least = if mode == Mode::Time { LEAST_SECS } else { LEAST_MOMENTS };
    let span = (to - from).clamp(least.min(all), all);
    let from = from.clamp(whole.0, whole.1 - span);
    (from, from + span)
}

/// Where times stand on the pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ruler<'a> {
    pub(super) mode: Mode,
    pub(super) moments: &'a [u64],
    /// Its seconds are moments where those are in order.
    pub(super) scale: TimeScale,
}

impl Ruler<'_> {
    fn position(&self, t_ns: u64) -> f64 {
        if self.mode == Mode::Time {
            return time::secs(t_ns);
        }
        let after = self.moments.partition_point(|moment| *moment <= t_ns);
        let Some(before) = after.checked_sub(1) else { return 0.0 };
        let from_ns = self.moments[before];
        let part = match self.moments.get(after) {
            Some(next_ns) => (t_ns - from_ns) as f64 / (next_ns - from_ns).max(1) as f64,
            // What still goes on reaches over the last moment.
            None if t_ns > from_ns => 0.5,
            None => 0.0,
        };
        before as f64 + 0.5 + part
    }

    pub(super) fn x(&self, t_ns: u64) -> f32 {
        self.scale.x_from_secs(self.position(t_ns))
    }

    /// The moment at a place: the one just before it, or by order the nearest.
    pub(super) fn moment_at(&self, x: f32) -> Option<u64> {
        let place = self.scale.secs_from_x(x);
        let at = match self.mode {
            Mode::Order => place.floor().max(0.0) as usize,
            Mode::Time => {
                // Pointers are not exact to the pixel.
                let t_ns = time::ns_from_secs(place + self.scale.secs_per_point());
                self.moments.partition_point(|moment| *moment <= t_ns).saturating_sub(1)
            }
        };
        self.moments.get(at.min(self.moments.len().checked_sub(1)?)).copied()
    }
}

/// Rows from the top on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Places {
    pub(super) lanes: Vec<Range<f32>>,
    pub(super) rows: Vec<Range<f32>>,
    pub(super) height: f32,
}

/// Lanes above, objects below, as high as there is room for.
pub(super) fn places(model: &Model, room: f32) -> Places {
    let rows: Vec<f32> =
        model.rows.iter().map(|row| ROW + if has_boxes(row.kind) { BOXES } else { 0.0 }).collect();
    let items: Vec<f32> =
        model.lanes.iter().map(|lane| if lane.items.is_empty() { 0.0 } else { ITEMS }).collect();
    let count = model.lanes.len().max(1) as f32;
    let fixed = rows.iter().sum::<f32>() + items.iter().sum::<f32>() + GAP * 2.0;
    let lane = ((room - fixed) / count).clamp(LANE.0, LANE.1).floor();
    let mut places = Places { height: GAP * 0.5, ..Places::default() };
    let mut take = |height: f32| {
        let from = places.height;
        places.height += height;
        from..places.height
    };
    places.lanes = items.iter().map(|more| take(lane + more)).collect();
    if !rows.is_empty() {
        take(GAP);
    }
    places.rows = rows.into_iter().map(take).collect();
    places.height += GAP * 0.5;
    places
}

/// What stands in it has values.
pub(super) fn has_boxes(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Queue | ObjectKind::PipeEnd | ObjectKind::Array | ObjectKind::Value)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Starting,
    Running,
    Waiting,
    Sleeping,
}

/// A stretch of a lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) look: Look,
    /// The wait or sleep, by its place; `None` where several are too close to be told apart.
    pub(super) mark: Option<usize>,
}

/// How far to the right something is drawn that lasts at the end: up to the edge where it does so for ever.
pub(super) fn reach(ruler: &Ruler<'_>, end_ns: u64, for_ever: bool) -> f32 {
    let end_x = ruler.x(end_ns);
    if for_ever { end_x.max(ruler.scale.right) } else { end_x }
}

/// The stretches of one lane from left to right, each beginning where the one before ends. What waits for ever reaches
/// up to the right edge.
pub(super) fn pieces(lane: &Lane, ruler: &Ruler<'_>, now_ns: u64, for_ever: bool) -> Vec<Piece> {
    let end_ns = lane.ended.map_or(now_ns, |(ended_ns, _)| ended_ns).max(lane.from_ns);
    let end_x = reach(ruler, end_ns, for_ever);
    let mut cut = Cut { pieces: Vec::new(), x: ruler.x(lane.from_ns) };
    let ready_ns = lane.ready_ns.unwrap_or(end_ns).min(end_ns);
    cut.upto(ruler.x(ready_ns), Look::Starting, None);
    for (at, mark) in lane.marks.iter().enumerate().filter(|(_, mark)| mark.lasts()) {
        cut.upto(ruler.x(mark.from_ns), Look::Running, None);
        let look = if mark.doing == Doing::Sleeps { Look::Sleeping } else { Look::Waiting };
        cut.upto(mark.to_ns.map_or(end_x, |to_ns| ruler.x(to_ns)), look, Some(at));
    }
    cut.upto(end_x, Look::Running, None);
    cut.pieces.retain(|piece| piece.right > ruler.scale.left && piece.left < ruler.scale.right);
    cut.pieces
}

struct Cut {
    pieces: Vec<Piece>,
    x: f32,
}

impl Cut {
    fn upto(&mut self, right: f32, look: Look, mark: Option<usize>) {
        if right <= self.x {
            return;
        }
        let left = std::mem::replace(&mut self.x, right);
        // Many short ones become one, of the look that asks most for attention.
        if let Some(last) = self.pieces.last_mut()
            && right - last.left < TOGETHER
        {
            last.right = right;
            if look == Look::Waiting || last.look == Look::Running {
                last.look = look;
            }
            last.mark = None;
            return;
        }
        self.pieces.push(Piece { left, right, look, mark });
    }
}

/// What is over at once, with its place and the room that its words have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spot {
    pub(super) x: f32,
    pub(super) room: f32,
    /// By its place among the lane's marks; the first where several stand together.
    pub(super) mark: usize,
    pub(super) count: usize,
}

pub(super) fn spots(lane: &Lane, ruler: &Ruler<'_>, now_ns: u64) -> Vec<Spot> {
    let mut spots: Vec<Spot> = Vec::new();
    let end_ns = lane.ended.map_or(now_ns, |(ended_ns, _)| ended_ns);
    let next_x = |mark: &Mark| if mark.lasts() { ruler.x(mark.from_ns) } else { ruler.x(mark.at_ns()) };
    for (at, mark) in lane.marks.iter().enumerate().filter(|(_, mark)| !mark.lasts()) {
        let x = ruler.x(mark.at_ns());
        if x < ruler.scale.left || x > ruler.scale.right {
            continue;
        }
        if let Some(last) = spots.last_mut()
            && x - last.x < TOGETHER * 2.0
        {
            last.count += 1;
            continue;
        }
        let next = lane.marks.get(at + 1).map_or_else(|| ruler.x(end_ns), next_x);
        spots.push(Spot { x, room: next - x, mark: at, count: 1 });
    }
    spots
}

#[cfg(test)]
mod tests;
