//! How the window looks: its colours, its sizes of text and its spaces. Nothing else names a colour or a size of text.

mod palette;
mod scale;
mod shades;

use eframe::egui::{
    Color32, Context, FontId, Stroke, TextStyle, Theme, Visuals,
    style::{ScrollAnimation, WidgetVisuals},
    vec2,
};

pub(crate) use self::{palette::Palette, scale::*, shades::shade};

fn set_widget(widget: &mut WidgetVisuals, fill: Color32, edge: Color32, text: Color32) {
    (widget.weak_bg_fill, widget.bg_fill) = (fill, fill);
    widget.bg_stroke = Stroke::new(1.0, edge);
    widget.fg_stroke.color = text;
}

/// Text strong enough to be read, and backgrounds that go with the plots.
fn set_colours(visuals: &mut Visuals) {
    let palette = Palette::for_visuals(visuals);
    let widgets = &mut visuals.widgets;
    widgets.noninteractive.fg_stroke.color = palette.text;
    widgets.noninteractive.bg_stroke.color = palette.grid;
    // Fields need an edge on a light background.
    set_widget(&mut widgets.inactive, palette.control, palette.grid, palette.text);
    set_widget(&mut widgets.hovered, palette.control_hovered, palette.text_weak, palette.text);
    set_widget(&mut widgets.active, palette.control_active, palette.text, palette.text);
    set_widget(&mut widgets.open, palette.control_hovered, palette.grid, palette.text);
    visuals.selection.bg_fill = palette.selection;
    visuals.selection.stroke.color = palette.text;
    visuals.weak_text_color = Some(palette.text_weak);
    visuals.hyperlink_color = palette.text;
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.error;
    visuals.panel_fill = palette.panel;
    visuals.window_fill = palette.panel;
    visuals.window_stroke.color = palette.control_active;
    visuals.extreme_bg_color = palette.plot;
    visuals.code_bg_color = palette.control;
    visuals.faint_bg_color = palette.lane_alternate;
}

/// Sets both themes' visuals and the type scale. Which of them is shown is chosen, and remembered, elsewhere.
/// Nothing is animated: an animation would paint while nothing changes. `reduced_motion` stops what scrolls by itself too.
pub(crate) fn install(ctx: &Context, reduced_motion: bool) {
    for theme in [Theme::Dark, Theme::Light] {
        ctx.style_mut_of(theme, |style| set_colours(&mut style.visuals));
    }
    ctx.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Small, FontId::proportional(SMALL_TEXT)),
            (TextStyle::Body, FontId::proportional(BODY_TEXT)),
            (TextStyle::Button, FontId::proportional(BODY_TEXT)),
            (TextStyle::Heading, FontId::proportional(HEADING_TEXT)),
            (TextStyle::Monospace, FontId::monospace(MONO_TEXT)),
        ]
        .into();
        style.spacing.item_spacing = vec2(6.0, GAP_SMALL);
        style.spacing.button_padding = vec2(GAP, 3.0);
        style.spacing.interact_size.y = CONTROL_ROW;
        style.animation_time = 0.0;
        style.visuals.text_cursor.blink = false;
        if reduced_motion {
            style.scroll_animation = ScrollAnimation::none();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_toolkits_own_colours_are_those_of_the_palette() {
        let ctx = Context::default();
        install(&ctx, true);
        for theme in [Theme::Dark, Theme::Light] {
            let visuals = ctx.style_of(theme).visuals.clone();
            let palette = Palette::for_visuals(&visuals);
            let widgets = &visuals.widgets;
            for widget in
                [widgets.noninteractive, widgets.inactive, widgets.hovered, widgets.active, widgets.open]
            {
                assert_eq!(widget.fg_stroke.color, palette.text, "{theme:?}");
            }
            assert_eq!(visuals.weak_text_color(), palette.text_weak, "{theme:?}");
            assert_eq!(visuals.selection.bg_fill, palette.selection, "{theme:?}");
            assert_eq!(visuals.selection.stroke.color, palette.text, "{theme:?}");
            assert_eq!(
                (visuals.panel_fill, visuals.window_fill),
                (palette.panel, palette.panel),
                "{theme:?}"
            );
        }
    }
}
