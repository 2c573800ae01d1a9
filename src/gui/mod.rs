//! The window: a form for a pool and its work, live plots of what it does, and comparisons.
//!
//! `app` owns all state and is the only one that acts; everything else reads state, draws, and returns actions. Runs
//! happen in engines of their own ([`crate::session`]), so that nothing here sits inside what is measured.

mod acting;
mod action;
mod app;
mod beside;
mod changes;
mod commands;
mod comparing;
mod dialogs;
mod dock;
mod experiments;
mod explaining;
mod exporting;
mod facts;
mod form;
mod history;
mod icons;
mod keeping;
mod layout;
mod lessons;
mod looking;
mod memory;
mod motion;
mod notices;
mod opening;
mod pacing;
mod palette;
mod panels;
mod plots;
mod probe;
mod progress;
mod questions;
mod recents;
mod replay;
mod resizing;
mod runs;
mod shelf;
mod shot;
mod teaching;
mod theme;
mod timeline;
mod trying;

use std::path::PathBuf;

pub use probe::{FrameCost, TimelineProbe};

use eframe::egui::{IconData, ViewportBuilder};

use crate::{
    engine::sampler,
    session::Launcher,
    spec::{Draft, SpecError},
};

const TITLE: &str = "Poolscope";
const APP_ID: &str = "poolscope";
const SIZE: [f32; 2] = [1280.0, 800.0];
const LEAST_SIZE: [f32; 2] = [900.0, 560.0];
const ICON: &[u8] = include_bytes!("../../assets/icon.png");

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum GuiError {
    #[error(
        "the window needs a display and there is none (neither WAYLAND_DISPLAY nor DISPLAY is set); \
         `poolscope run` does the same work without one"
    )]
    NoDisplay,
    #[error("the window could not open: {0}; `poolscope run` does the same work without one")]
    Window(String),
    #[error("the form has no valid defaults on this machine: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Defaults(Vec<SpecError>),
    #[error("the window needs OpenGL and got none: {0}; `poolscope run` does the same work without a window")]
    Graphics(String),
}

impl From<eframe::Error> for GuiError {
    fn from(error: eframe::Error) -> Self {
        match error {
            eframe::Error::Glutin(_) | eframe::Error::NoGlutinConfigs(..) | eframe::Error::OpenGL(_) => {
                Self::Graphics(error.to_string())
            }
            _ => Self::Window(without_place(&error.to_string()).to_owned()),
        }
    }
}

/// Opens the window with these runs, and returns when it is closed.
pub fn run(files: Vec<PathBuf>) -> Result<(), GuiError> {
    if !has_display(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
        return Err(GuiError::NoDisplay);
    }
    let mut viewport = ViewportBuilder::default()
        .with_title(TITLE)
        .with_app_id(APP_ID)
        .with_inner_size(SIZE)
        .with_min_inner_size(LEAST_SIZE);
    if let Some(icon) = icon() {
        viewport = viewport.with_icon(icon);
    }
    let options = eframe::NativeOptions { viewport, ..eframe::NativeOptions::default() };
    let usable_cores = sampler::host().usable_cores;
    let spec = Draft::default().validate().map_err(GuiError::Defaults)?;
    let launcher = Launcher::this_program();
    eframe::run_native(
        TITLE,
        options,
        Box::new(|creation| {
            Ok(Box::new(app::App::new(&creation.egui_ctx, launcher, &spec, usable_cores, files)))
        }),
    )?;
    Ok(())
}

/// The windowing library leads its reason by a place in its own sources, which tells a person nothing.
fn without_place(text: &str) -> &str {
    match text.split_once("os error at ") {
        Some((_, rest)) => rest.rsplit(": ").next().unwrap_or(rest),
        None => text,
    }
}

/// Whether the environment names a Wayland or X11 display.
fn has_display(is_set: impl Fn(&str) -> bool) -> bool {
    ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"].into_iter().any(is_set)
}

/// The program's icon; `None` if the picture that was built in cannot be read, which costs only the icon.
fn icon() -> Option<IconData> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(ICON)).read_info().ok()?;
    let mut rgba = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut rgba).ok()?;
    (info.color_type == png::ColorType::Rgba).then_some(IconData {
        rgba,
        width: info.width,
        height: info.height,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_the_three_variables_names_a_display() {
        assert!(!has_display(|_| false));
        for name in ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"] {
            assert!(has_display(|asked| asked == name), "{name}");
        }
    }

    #[test]
    fn the_error_for_no_display_names_the_way_without_one() {
        assert!(GuiError::NoDisplay.to_string().contains("`poolscope run`"));
    }

    #[test]
    fn a_reason_is_told_without_a_place_in_the_sources() {
        let text = "winit EventLoopError: os error at /src/linux/mod.rs:788: Failed to open connection";
        assert_eq!(without_place(text), "Failed to open connection");
        assert_eq!(without_place("no configs"), "no configs");
    }

    #[test]
    fn the_icon_can_be_read() {
        let icon = icon().unwrap();
        assert_eq!((icon.width, icon.height), (256, 256));
        assert_eq!(icon.rgba.len(), 256 * 256 * 4);
    }
}
