//! The command palette: a search line over the table of commands, for hands that stay on the keyboard.

use eframe::egui::{
    Button, Context, Id, Key, Label, Modal, Modifiers, RichText, ScrollArea, TextEdit, Ui, vec2,
};

use super::{
    action::{Action, Actions},
    commands::{Command, score},
    theme::{GAP, GAP_SMALL},
};

const WIDTH: f32 = 480.0;
/// Of the list. It keeps this height however few are found, so that the window stands still.
const HEIGHT: f32 = 330.0;
const ROW_HEIGHT: f32 = 24.0;
/// Rows that the page keys jump over.
const PAGE: usize = 10;

/// The palette while it is open.
#[derive(Debug, Default)]
pub(crate) struct CommandPalette {
    query: String,
    /// A place among those found.
    selected: usize,
    /// Somebody moved the selection, which must be in view then.
    moved: bool,
}

pub(crate) fn palette_ui(
    ctx: &Context,
    palette: &mut CommandPalette,
    commands: &[Command],
    actions: &mut Actions,
) {
    let found = found(&palette.query, commands);
    take_keys(ctx, palette, &found, actions);
    let response = Modal::new(Id::unique("command palette")).show(ctx, |ui| {
        let room = ctx.content_rect().size() - vec2(6.0, 12.0) * GAP;
        ui.set_width(WIDTH.min(room.x));
        let line = TextEdit::singleline(&mut palette.query)
            .hint_text("Type what you want to do")
            .desired_width(f32::INFINITY)
            .margin(vec2(GAP, GAP_SMALL + 2.0));
        let line = ui.add(line).accessible_name("Search commands");
        line.request_focus();
        if line.changed() {
            palette.selected = 0;
            palette.moved = true;
        }
        ui.add_space(GAP_SMALL);
        let height = HEIGHT.min(room.y);
        let list = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink(false);
        list.show(ui, |ui| rows_ui(ui, palette, &found, actions));
        ui.add_space(GAP_SMALL);
        // Of one height, with a reason or without.
        let why = found.get(palette.selected).and_then(|command| command.off.as_deref());
        let why = why.and_then(|why| why.lines().next()).unwrap_or(" ");
        ui.add(Label::new(RichText::new(why).weak()).truncate());
    });
    if response.should_close() {
        actions.push(Action::TogglePalette);
    }
}

/// Commands that answer the query, the best first; without one all of them, in their own order.
fn found<'a>(query: &str, commands: &'a [Command]) -> Vec<&'a Command> {
    let mut found: Vec<_> =
        commands.iter().filter_map(|command| Some((score(query, &command.name)?, command))).collect();
    // Of two that answer alike, the one that can be done.
    found.sort_by_key(|(score, command)| {
        (std::cmp::Reverse(*score), !query.is_empty() && command.off.is_some())
    });
    found.into_iter().map(|(_, command)| command).collect()
}

/// Taken before the search line sees them, which would move its cursor or let go of the focus.
fn take_keys(ctx: &Context, palette: &mut CommandPalette, found: &[&Command], actions: &mut Actions) {
    let last = found.len().saturating_sub(1);
    let before = palette.selected;
    ctx.input_mut(|input| {
        let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
        if pressed(Key::ArrowDown) {
            palette.selected = if before >= last { 0 } else { before + 1 };
        }
        if pressed(Key::ArrowUp) {
            palette.selected = before.checked_sub(1).unwrap_or(last);
        }
        if pressed(Key::PageDown) {
            palette.selected = (before + PAGE).min(last);
        }
        if pressed(Key::PageUp) {
            palette.selected = before.saturating_sub(PAGE);
        }
        if pressed(Key::Enter)
            && let Some(command) = found.get(before)
        {
            choose(command, actions);
        }
        // The focus stays in the search line.
        let _not_moved = pressed(Key::Tab);
    });
    palette.moved |= palette.selected != before;
    palette.selected = palette.selected.min(last);
}

fn choose(command: &Command, actions: &mut Actions) {
    if command.off.is_none() {
        actions.push(Action::TogglePalette);
        // A palette that opened itself again would never close.
        if command.action != Action::TogglePalette {
            actions.push(command.action.clone());
        }
    }
}

fn rows_ui(ui: &mut Ui, palette: &mut CommandPalette, found: &[&Command], actions: &mut Actions) {
    if found.is_empty() {
        ui.weak("No command has these words.");
    }
    ui.spacing_mut().item_spacing.y = 1.0;
    for (at, command) in found.iter().enumerate() {
        let selected = at == palette.selected;
        let mut name = RichText::new(&command.name);
        if command.off.is_some() {
            name = name.weak();
        }
        let row = Button::selectable(selected, name)
            .shortcut_text(RichText::new(command.key_text()).weak())
            .min_size(vec2(ui.available_width() - GAP, ROW_HEIGHT))
            .truncate();
        // Not disabled, so that the selection can be seen on it and its reason be read.
        let mut response = ui.add(row).accessible_name(&command.name);
        if let Some(why) = &command.off {
            response = response.on_hover_text(why);
        }
        if selected && std::mem::take(&mut palette.moved) {
            response.scroll_to_me(None);
        }
        if response.clicked() {
            choose(command, actions);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::{commands::commands, facts::Facts};

    #[test]
    fn what_can_be_done_comes_before_what_cannot() {
        let all = commands(&Facts { busy: true, ..Facts::default() });
        let names: Vec<&str> = found("stop", &all).iter().map(|command| command.name.as_str()).collect();
        assert_eq!(names[0], "Stop");
        assert_eq!(found("", &all).len(), all.len());
    }

    #[test]
    fn choosing_closes_the_palette_and_what_is_off_does_nothing() {
        let all = commands(&Facts::default());
        let choose = |name: &str| {
            let mut actions = Actions::new();
            choose(all.iter().find(|command| command.name == name).unwrap(), &mut actions);
            actions
        };
        assert_eq!(choose("Run"), [Action::TogglePalette, Action::Run]);
        assert_eq!(choose("Stop"), []);
        assert_eq!(choose("Command palette"), [Action::TogglePalette]);
    }
}
