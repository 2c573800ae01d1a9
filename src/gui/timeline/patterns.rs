//! Patterns that fill a part of a bar, as triangles: they tell by form what colours tell.

use eframe::egui::{Color32, Mesh, Rect, pos2, vec2};

const DOT_STEP: f32 = 5.0;

/// Diagonal lines across a rectangle, cut at its edges.
pub(crate) fn add_hatch(mesh: &mut Mesh, rect: Rect, step: f32, color: Color32) {
    const HALF: f32 = 0.9;
    let height = rect.height();
    // Counted from a multiple of the step, so that a pattern stands still while its bar grows or is cut by the edge.
    let mut foot = ((rect.left() - height) / step).floor() * step;
    while foot < rect.right() {
        // From the foot at the bottom one goes up and right at 45 degrees.
        let from = (rect.left() + HALF - foot).clamp(0.0, height);
        let to = (rect.right() - HALF - foot).clamp(0.0, height);
        if to > from {
            let first = mesh.vertices.len() as u32;
            for (along, side) in [(from, -HALF), (from, HALF), (to, HALF), (to, -HALF)] {
                mesh.colored_vertex(pos2(foot + along + side, rect.bottom() - along), color);
            }
            mesh.add_triangle(first, first + 1, first + 2);
            mesh.add_triangle(first, first + 2, first + 3);
        }
        foot += step;
    }
}

pub(crate) fn add_dots(mesh: &mut Mesh, rect: Rect, color: Color32) {
    const SIZE: f32 = 2.0;
    let mut x = rect.left() + 2.0;
    while x + SIZE <= rect.right() {
        let mut y = rect.top() + 2.0;
        while y + SIZE <= rect.bottom() {
            mesh.add_colored_rect(Rect::from_min_size(pos2(x, y), vec2(SIZE, SIZE)), color);
            y += DOT_STEP;
        }
        x += DOT_STEP;
    }
}
