//! What a hand does over a view of time: wheel, drag, keys and the cursor, as changes that take effect with the next frame.

use eframe::egui::{EventFilter, Key, PointerButton, Rect, Response, Ui};

use super::{Change, Cursor, TimeAxis, TimeScale, Wheel};

/// Points of wheel travel that zoom by a factor of e.
const WHEEL_ZOOM_POINTS: f32 = 250.0;
/// One press of an arrow key moves the view by this share of it.
const KEY_PAN_SHARE: f64 = 0.1;
const KEY_ZOOM: f64 = 1.25;

impl TimeAxis {
    /// Takes zoom, pan, fit and the cursor from the input over one plot.
    pub(crate) fn interact(&mut self, ui: &Ui, response: &Response, plot: Rect, wheel: Wheel) {
        let scale = self.own_scale(plot);
        let changes_before = self.changes.len();
        self.now_secs = ui.input(|input| input.time);
        self.take_back_and_forward(ui, response);
        let marks_before = self.marks;
        if self.marks.drag(ui, response, &scale, self.start_secs) {
            // It marks a range.
        } else if response.double_clicked() {
            self.changes.push(Change::Fit);
        } else if response.dragged_by(PointerButton::Primary) || response.dragged_by(PointerButton::Middle) {
            self.pan_points(response.drag_delta().x, &scale);
        }
        if ui.memory(|memory| memory.has_focus(response.id)) {
            self.marks.keys(ui);
            self.take_keys(ui, response);
        }
        if self.marks != marks_before {
            ui.ctx().request_repaint();
        }
        let pointer = ui.input(|input| input.pointer.hover_pos());
        if let Some(pointer) = pointer.filter(|_| response.contains_pointer() || response.dragged()) {
            if plot.x_range().contains(pointer.x) {
                let edges = (plot.left(), plot.right());
                self.next_cursor = Some(Cursor { x: pointer.x, edges, view: response.id });
            }
            self.take_wheel(ui, scale.secs_from_x(pointer.x.clamp(plot.left(), plot.right())), &scale, wheel);
        }
        // The views above were painted with the cursor of the frame before: one more frame brings them level. Only the
        // view under the pointer, or the one it left, asks for it; else two views would keep each other awake.
        // And only when the pointer moved: a sliding view under a resting pointer is repainted in its own time.
        let mine = |cursor: Option<Cursor>| {
            cursor.filter(|cursor| cursor.view == response.id).map(|cursor| cursor.x)
        };
        if mine(self.next_cursor) != mine(self.cursor) {
            ui.ctx().request_repaint();
        }
        if self.changes.len() > changes_before {
            ui.ctx().request_repaint();
        }
    }

    /// A click over one plot pins the cursor there.
    pub(crate) fn pin(&mut self, response: &Response, plot: Rect) {
        let scale = self.own_scale(plot);
        self.marks.click(response, &scale, self.start_secs);
    }

    /// By the thumb's buttons over any view.
    fn take_back_and_forward(&mut self, ui: &Ui, response: &Response) {
        if !response.contains_pointer() {
            return;
        }
        for (button, back) in [(PointerButton::Extra1, true), (PointerButton::Extra2, false)] {
            if ui.input(|input| input.pointer.button_pressed(button)) {
                self.retrace(back);
            }
        }
    }

    fn take_wheel(&mut self, ui: &Ui, at_secs: f64, scale: &TimeScale, wheel: Wheel) {
        let (pinch, scroll) = ui.input(|input| (input.zoom_delta(), input.smooth_scroll_delta()));
        let mut factor = f64::from(pinch);
        if wheel == Wheel::Zooms && scroll.y != 0.0 {
            factor *= f64::from((scroll.y / WHEEL_ZOOM_POINTS).exp());
        }
        if (factor - 1.0).abs() > f64::EPSILON && factor > 0.0 {
            self.changes.push(Change::Zoom { at_secs, factor });
        }
        self.pan_points(scroll.x, scale);
        // What was used here must not scroll a panel around the plot as well.
        ui.input_mut(|input| {
            input.smooth_scroll_delta.x = 0.0;
            if wheel == Wheel::Zooms {
                input.smooth_scroll_delta.y = 0.0;
            }
        });
    }

    fn pan_points(&mut self, points: f32, scale: &TimeScale) {
        if points != 0.0 {
            self.changes.push(Change::Pan { secs: -f64::from(points) * scale.secs_per_point() });
        }
    }

    fn take_keys(&mut self, ui: &Ui, response: &Response) {
        // Without this, egui moves the focus away on an arrow key.
        let marked = self.marks.range.is_some() || self.marks.pinned.is_some();
        let filter = EventFilter { horizontal_arrows: true, escape: marked, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let span = self.to_secs - self.from_secs;
        let middle = f64::midpoint(self.from_secs, self.to_secs);
        ui.input(|input| {
            for (key, change) in [
                (Key::ArrowLeft, Change::Pan { secs: -span * KEY_PAN_SHARE }),
                (Key::ArrowRight, Change::Pan { secs: span * KEY_PAN_SHARE }),
                (Key::Plus, Change::Zoom { at_secs: middle, factor: KEY_ZOOM }),
                (Key::Equals, Change::Zoom { at_secs: middle, factor: KEY_ZOOM }),
                (Key::Minus, Change::Zoom { at_secs: middle, factor: 1.0 / KEY_ZOOM }),
                (Key::Home, Change::Fit),
            ] {
                if input.key_pressed(key) && input.modifiers.is_none() {
                    self.changes.push(change);
                }
            }
        });
    }
}
