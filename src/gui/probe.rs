//! The timeline alone, drawn into nothing: what a frame of it costs a processor, for benchmarks.

use eframe::egui::{Context, RawInput, Rect, pos2, vec2};

use super::{plots::TimeAxis, theme, timeline::timeline_ui};
use crate::{store::RunStore, time};

/// Seconds between frames, so that egui's clock goes on as in a window.
const FRAME_SECS: f64 = 1.0 / 60.0;

/// A timeline of one run, of a size in points.
#[expect(missing_debug_implementations, reason = "egui's context has nothing to say")]
pub struct TimelineProbe {
    ctx: Context,
    axis: TimeAxis,
    size: [f32; 2],
    frames: u32,
}

/// What one frame took of this process's CPU time, so that others on the machine do not count; nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct FrameCost {
    /// From spans to shapes.
    pub paint_ns: u64,
    /// From shapes to triangles, as they go to the graphics card.
    pub tessellate_ns: u64,
    pub triangles: usize,
}

impl TimelineProbe {
    pub fn new(size: [f32; 2]) -> Self {
        let ctx = Context::default();
        theme::install(&ctx, true);
        Self { ctx, axis: TimeAxis::default(), size, frames: 0 }
    }

    /// With a lane for every core instead of one for every worker.
    #[must_use]
    pub fn by_core(mut self) -> Self {
        self.axis.set_by_core(true);
        self
    }

    /// Draws the run with this interval in view, in nanoseconds since its start.
    pub fn frame(&mut self, store: &RunStore, from_ns: u64, to_ns: u64) -> FrameCost {
        self.axis.show(time::secs(from_ns), time::secs(to_ns));
        let screen = Rect::from_min_size(pos2(0.0, 0.0), vec2(self.size[0], self.size[1]));
        let seconds = f64::from(self.frames) * FRAME_SECS;
        self.frames += 1;
        let input = RawInput { screen_rect: Some(screen), time: Some(seconds), ..RawInput::default() };
        let began_ns = time::process_cpu_ns();
        let mut output = self.ctx.run_ui(input, |ui| {
            self.axis.begin_frame(time::secs(store.now_ns), false);
            timeline_ui(ui, "timeline", store, store.now_ns, &mut self.axis);
        });
        let painted_ns = time::process_cpu_ns();
        // There is no card that they could go to.
        output.textures_delta.clear();
        let primitives = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        let tessellate_ns = time::process_cpu_ns() - painted_ns;
        let triangles = primitives.iter().map(|primitive| match &primitive.primitive {
            eframe::egui::epaint::Primitive::Mesh(mesh) => mesh.indices.len() / 3,
            eframe::egui::epaint::Primitive::Callback(_) => 0,
        });
        FrameCost { paint_ns: painted_ns - began_ns, tessellate_ns, triangles: triangles.sum() }
    }
}
