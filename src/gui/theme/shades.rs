//! The colours of a picture of shades.

use eframe::egui::Color32;

/// Stops of the colours of a picture of shades, by shade. Brightness only rises, so that it also reads without colour.
const SHADES: [(u8, [u8; 3]); 6] = [
    (0, [0, 0, 0]),
    (1, [10, 18, 66]),
    (36, [22, 88, 158]),
    (78, [58, 168, 196]),
    (130, [246, 204, 112]),
    (255, [255, 250, 230]),
];

/// The colour of one shade of a picture; 0 is black.
pub(crate) fn shade(shade: u8) -> Color32 {
    let above = SHADES.iter().position(|(at, _)| *at >= shade).unwrap_or(SHADES.len() - 1);
    let ((low, from), (high, to)) = (SHADES[above.saturating_sub(1)], SHADES[above]);
    let part = f32::from(shade.saturating_sub(low)) / f32::from((high - low).max(1));
    let mix = |channel: usize| {
        let (from, to) = (f32::from(from[channel]), f32::from(to[channel]));
        (from + (to - from) * part).round() as u8
    };
    Color32::from_rgb(mix(0), mix(1), mix(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_begin_black_and_only_get_brighter() {
        assert_eq!(shade(0), Color32::BLACK);
        let brightness = |c: Color32| 2 * u32::from(c.r()) + 5 * u32::from(c.g()) + u32::from(c.b());
        let steps: Vec<u32> = (0..=255).map(|s| brightness(shade(s))).collect();
        assert!(steps.windows(2).all(|pair| pair[0] <= pair[1]), "{steps:?}");
        assert!(steps[255] > steps[1] + 1000);
    }
}
