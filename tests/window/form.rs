//! The form and its fields.

use eframe::egui::{Key, Modifiers};

use super::open;

#[test]
fn an_invalid_field_says_what_is_allowed_and_run_waits() {
    let Some(mut window) = open() else { return };
    window.fill("Workers", "0");
    window.wait_text("1 to 1024");
    assert!(window.find("Run").disabled);
    window.fill("Workers", "2");
    window.wait_for("Run enabled", |widget| widget.label == "Run" && !widget.disabled);
}

/// The hints beside and below fields come and go with what is typed; whoever types must not lose the field by it.
#[test]
fn a_field_keeps_the_focus_while_what_is_typed_turns_valid_and_invalid() {
    let Some(mut window) = open() else { return };
    for (label, text) in [("Seed", "47"), ("Retries", "3"), ("Size", "123"), ("Prefetch", "12")] {
        window.click(label);
        window.key(Key::A, Modifiers::COMMAND);
        window.key(Key::Backspace, Modifiers::NONE);
        for letter in text.chars() {
            window.type_text(&letter.to_string());
        }
        assert_eq!(window.find(label).value, text, "{label}");
    }
}
