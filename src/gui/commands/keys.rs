//! The keys of the commands: how they are written, and who gets them.

use eframe::egui::{Context, Key, KeyboardShortcut, ModifierNames, Modifiers};

use super::Command;
use crate::gui::action::Actions;

pub(crate) fn key_text(key: KeyboardShortcut) -> String {
    // The sign rather than its name, as it stands on the key.
    let names = key.format(&ModifierNames::NAMES, false);
    let signs = [("Plus", "+"), ("Minus", "−"), ("OpenBracket", "["), ("CloseBracket", "]")];
    signs.into_iter().fold(names, |names, (name, sign)| names.replace(name, sign))
}

pub(super) const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

pub(super) const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}

pub(super) const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

pub(super) const fn shift_ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers { shift: true, ..Modifiers::COMMAND }, key)
}

pub(super) const SPACE: [KeyboardShortcut; 1] = [plain(Key::Space)];
/// Where plus needs the shift key, some keyboards tell of the key's other sign.
pub(super) const PLUS: [KeyboardShortcut; 2] = [plain(Key::Plus), plain(Key::Equals)];
pub(super) const MINUS: [KeyboardShortcut; 1] = [plain(Key::Minus)];
pub(super) const DIGITS: [Key; 10] = [
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
    Key::Num0,
];

/// Whether a text field that has the focus wants this key for itself. It has steps back and forth of its own.
fn is_for_text(key: KeyboardShortcut) -> bool {
    !key.modifiers.command || matches!(key.logical_key, Key::Z | Key::Y)
}

/// What is asked for by the keys that were pressed. They are taken away from whatever else would look at them, also where
/// the command is off: a space bar that cannot run must not press the button that was clicked last.
pub(crate) fn take_keys(
    ctx: &Context,
    commands: &[Command],
    may_take: impl Fn(KeyboardShortcut) -> bool,
) -> Actions {
    let typing = ctx.text_edit_focused();
    let mut keys: Vec<KeyboardShortcut> =
        commands.iter().flat_map(|command| &command.keys).copied().collect();
    // `Ctrl+Z` would take `Ctrl+Shift+Z` as well: the longer ones go first.
    keys.sort_by_key(|key| !key.modifiers.shift);
    keys.dedup();
    keys.retain(|&key| !(typing && is_for_text(key)) && may_take(key));
    keys.retain(|key| ctx.input_mut(|input| input.consume_shortcut(key)));
    keys.iter()
        .filter_map(|key| commands.iter().find(|command| command.off.is_none() && command.keys.contains(key)))
        .map(|command| command.action.clone())
        .collect()
}
