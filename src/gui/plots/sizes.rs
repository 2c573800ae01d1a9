//! Where the pool was resized: a broken line through a plot, with the number of workers from there on.

use eframe::egui::{Color32, Mesh, Pos2, Rect, Ui, pos2, vec2};

use super::{Frame, TimeAxis, TimeScale, paint_mesh, small_font};
use crate::{gui::theme, store::RunStore, time, units};

/// Length of a dash, and of the space after it.
const DASH: f32 = 3.0;
/// The pointer is at a mark that is no further away.
const NEAR: f32 = 5.0;

/// One resize in view.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Mark {
    x: f32,
    t_ns: u64,
    from: u32,
    to: u32,
}

impl Mark {
    /// `at` is when, as the axis tells it.
    fn words(&self, at: &str) -> String {
        let Self { from, to, t_ns, .. } = *self;
        let exact = units::exact_duration(t_ns);
        format!("The pool was resized from {from} to {to} workers at {at}\n{exact} since its run's start")
    }
}

fn marks(sizes: &[(u64, u32)], scale: &TimeScale) -> Vec<Mark> {
    let pairs = sizes.windows(2).map(|pair| (pair[0].1, pair[1]));
    pairs
        .filter_map(|(from, (t_ns, to))| {
            let x = scale.x_from_ns(t_ns);
            (scale.left..=scale.right).contains(&x).then_some(Mark { x, t_ns, from, to })
        })
        .collect()
}

/// How many workers the pool was to have at a moment; `None` where it never changed.
pub(super) fn size_at(store: &RunStore, secs: f64) -> Option<u32> {
    let t_ns = time::ns_from_secs(secs);
    let at = store.sizes.partition_point(|size| size.0 <= t_ns);
    (store.sizes.len() > 1).then(|| store.sizes.get(at.saturating_sub(1)).map(|size| size.1))?
}

/// Paints the marks on one plot, with their numbers where `named` and where there is room, and explains the one under the
/// pointer.
pub(super) fn sizes_ui(ui: &Ui, frame: &Frame, store: &RunStore, axis: &TimeAxis, plot: Rect, named: bool) {
    let marks = marks(&store.sizes, &axis.scale(plot));
    if marks.is_empty() {
        return;
    }
    let mut mesh = Mesh::default();
    let mut texts = Vec::new();
    for (at, mark) in marks.iter().enumerate() {
        add_dashes(&mut mesh, mark.x.round(), plot, frame.palette.text_weak);
        if !named {
            continue;
        }
        let next_x = marks.get(at + 1).map_or(plot.right(), |next| next.x);
        let fits = |text: String| {
            let galley = frame.painter.layout_no_wrap(text, small_font(), frame.palette.text);
            let size = galley.size() + vec2(2.0 * theme::GAP_HAIR, 0.0);
            (mark.x + size.x + theme::GAP_SMALL <= next_x).then_some((galley, size))
        };
        let noun = if mark.to == 1 { "worker" } else { "workers" };
        if let Some((galley, size)) =
            fits(format!("{} {noun}", mark.to)).or_else(|| fits(mark.to.to_string()))
        {
            let place = Rect::from_min_size(pos2(mark.x + theme::GAP_HAIR, plot.top()), size);
            mesh.add_colored_rect(place, frame.palette.plot);
            texts.push((place, galley));
        }
    }
    paint_mesh(&frame.painter, mesh);
    for (place, galley) in texts {
        frame.painter.galley(place.min + vec2(theme::GAP_HAIR, 0.0), galley, frame.palette.text);
    }
    let pointer = ui.input(|input| input.pointer.hover_pos()).filter(|_| frame.response.contains_pointer());
    let near = |pointer: Pos2| {
        let distance = |mark: &&Mark| (mark.x - pointer.x).abs();
        marks.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).filter(|mark| distance(mark) <= NEAR)
    };
    if let Some(mark) = pointer.filter(|at| plot.expand(1.0).contains(*at)).and_then(near) {
        frame.response.clone().on_hover_text_at_pointer(mark.words(&axis.moment(time::secs(mark.t_ns))));
    }
}

fn add_dashes(mesh: &mut Mesh, x: f32, plot: Rect, color: Color32) {
    let mut y = plot.top();
    while y < plot.bottom() {
        let bottom = (y + DASH).min(plot.bottom());
        mesh.add_colored_rect(Rect::from_min_max(pos2(x, y), pos2(x + 1.0, bottom)), color);
        y += 2.0 * DASH;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::NS_PER_S;

    const SIZES: [(u64, u32); 3] = [(0, 2), (NS_PER_S, 4), (3 * NS_PER_S, 1)];

    #[test]
    fn every_resize_in_view_has_a_mark_and_the_first_size_has_none() {
        let scale = |to_secs| TimeScale { from_secs: 0.0, to_secs, left: 100.0, right: 500.0 };
        let seen = |to_secs| {
            marks(&SIZES, &scale(to_secs)).iter().map(|mark| (mark.x, mark.from, mark.to)).collect::<Vec<_>>()
        };
        assert_eq!(seen(4.0), [(200.0, 2, 4), (400.0, 4, 1)]);
        assert_eq!(seen(2.0), [(300.0, 2, 4)]);
        assert!(marks(&SIZES[..1], &scale(4.0)).is_empty());
        assert!(marks(&[], &scale(4.0)).is_empty());
    }

    #[test]
    fn a_mark_says_from_what_to_what_and_when_exactly() {
        let mark = Mark { x: 0.0, t_ns: 1_240_000_001, from: 2, to: 4 };
        assert_eq!(
            mark.words("1.24 s"),
            "The pool was resized from 2 to 4 workers at 1.24 s\n1\u{202f}240\u{202f}000\u{202f}001 ns since its run's start"
        );
    }

    #[test]
    fn the_size_holds_from_its_resize_on() {
        let mut store = RunStore::default();
        assert_eq!(size_at(&store, 1.0), None);
        store.sizes = SIZES[..1].to_vec();
        assert_eq!(size_at(&store, 1.0), None, "a pool that never changed needs no line");
        store.sizes = SIZES.to_vec();
        for (secs, size) in [(0.0, 2), (0.5, 2), (1.0, 4), (9.0, 1)] {
            assert_eq!(size_at(&store, secs), Some(size), "{secs}");
        }
    }
}
