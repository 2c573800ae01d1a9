//! Pictures of the window as files: its title above what was asked for.

use std::path::Path;

use eframe::egui::{ColorImage, Rect};

use crate::{export, gui::shot};

/// What of the window becomes a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct View {
    /// From top to bottom, in points: where the title stands, and what it is the title of.
    pub(crate) parts: Vec<Rect>,
    pub(crate) title: String,
}

/// Cuts the view out of a screenshot and writes it, whole or not at all.
pub(super) fn write(
    image: &ColorImage,
    view: &View,
    pixels_per_point: f32,
    path: &Path,
) -> Result<(), String> {
    export::spare_run(path).map_err(|error| error.to_string())?;
    let cut = shot::stack(image, &view.parts, pixels_per_point).ok_or("the picture would be empty")?;
    let bytes = shot::encode(&cut, &view.title).map_err(|error| error.to_string())?;
    export::write_atomically(path, |out| out.write_all(&bytes)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_written_as_a_whole_file_and_an_empty_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let image = ColorImage::filled([4, 4], eframe::egui::Color32::BLACK);
        let view = |part| View { parts: vec![part], title: "threads × 2".to_owned() };
        let area = Rect::from_min_max((0.0, 0.0).into(), (2.0, 2.0).into());
        write(&image, &view(area), 1.0, &path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap()[1..4], *b"PNG");
        let run = folder.path().join("run.png");
        std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/v1.pscope"), &run).unwrap();
        assert!(write(&image, &view(area), 1.0, &run).is_err(), "a run is not written over");
        let outside = area.translate((9.0, 9.0).into());
        assert!(write(&image, &view(outside), 1.0, &path).is_err());
    }
}
