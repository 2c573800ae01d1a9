//! Pictures of a part of the window: cut out of a real screenshot and encoded as PNG.

use eframe::egui::{ColorImage, Rect};

/// Pixels, red green blue, row by row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rgb: Vec<u8>,
}

/// The part of a screenshot below `area`, which is in points. `None` where nothing of it is in the picture.
pub(crate) fn cut(image: &ColorImage, area: Rect, pixels_per_point: f32) -> Option<Cut> {
    let limit = |value: f32, most: usize| (value.max(0.0).round() as usize).min(most);
    let (left, right) = (
        limit(area.left() * pixels_per_point, image.width()),
        limit(area.right() * pixels_per_point, image.width()),
    );
    let (top, bottom) = (
        limit(area.top() * pixels_per_point, image.height()),
        limit(area.bottom() * pixels_per_point, image.height()),
    );
    if left >= right || top >= bottom {
        return None;
    }
    let mut rgb = Vec::with_capacity((right - left) * (bottom - top) * 3);
    for y in top..bottom {
        let row = &image.pixels[y * image.width()..(y + 1) * image.width()];
        for pixel in &row[left..right] {
            // The window is opaque; what little alpha a compositor leaves must not make holes in a file.
            rgb.extend([pixel.r(), pixel.g(), pixel.b()]);
        }
    }
    Some(Cut { width: (right - left) as u32, height: (bottom - top) as u32, rgb })
}

/// Cuts under each other, as wide as the widest; beside a narrower one its first pixel goes on. What is not in the
/// picture is left out, but the last part must be there.
pub(crate) fn stack(image: &ColorImage, parts: &[Rect], pixels_per_point: f32) -> Option<Cut> {
    let cuts: Vec<_> = parts.iter().map(|part| cut(image, *part, pixels_per_point)).collect();
    cuts.last()?.as_ref()?;
    let cuts: Vec<Cut> = cuts.into_iter().flatten().collect();
    let width = cuts.iter().map(|cut| cut.width).max()?;
    let mut rgb = Vec::new();
    for cut in &cuts {
        let beside = cut.rgb[..3].repeat((width - cut.width) as usize);
        for row in cut.rgb.chunks_exact(cut.width as usize * 3) {
            rgb.extend(row);
            rgb.extend(&beside);
        }
    }
    Some(Cut { width, height: cuts.iter().map(|cut| cut.height).sum(), rgb })
}

/// The cut as the bytes of a PNG file, with its title as a text in it.
pub(crate) fn encode(cut: &Cut, title: &str) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, cut.width, cut.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.add_itxt_chunk("Title".to_owned(), title.to_owned())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&cut.rgb)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use eframe::egui::{Color32, pos2};

    use super::*;

    /// Every pixel tells where it is.
    fn image() -> ColorImage {
        let pixels = (0..6_u8).flat_map(|y| (0..8_u8).map(move |x| Color32::from_rgb(x, y, 7))).collect();
        ColorImage::new([8, 6], pixels)
    }

    fn area(left: f32, top: f32, right: f32, bottom: f32) -> Rect {
        Rect::from_min_max(pos2(left, top), pos2(right, bottom))
    }

    #[test]
    fn a_cut_is_in_pixels_where_the_area_is_in_points() {
        let cut = cut(&image(), area(1.0, 1.0, 2.0, 2.5), 2.0).unwrap();
        assert_eq!((cut.width, cut.height), (2, 3));
        assert_eq!(cut.rgb[..6], [2, 2, 7, 3, 2, 7]);
        assert_eq!(cut.rgb[15..], [3, 4, 7]);
    }

    #[test]
    fn an_area_beyond_the_picture_is_cut_at_its_edge_and_one_outside_gives_nothing() {
        assert_eq!(
            cut(&image(), area(-5.0, 4.0, 99.0, 99.0), 1.0).map(|cut| (cut.width, cut.height)),
            Some((8, 2))
        );
        assert_eq!(cut(&image(), area(20.0, 0.0, 30.0, 5.0), 1.0), None);
    }

    #[test]
    fn an_encoded_cut_reads_back_the_same() {
        let cut = cut(&image(), area(0.0, 0.0, 8.0, 6.0), 1.0).unwrap();
        let bytes = encode(&cut, "threads × 4 · 日本").unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height, info.color_type), (8, 6, png::ColorType::Rgb));
        assert_eq!(pixels, cut.rgb);
        let title = reader.info().utf8_text.first().and_then(|text| text.get_text().ok());
        assert_eq!(title.as_deref(), Some("threads × 4 · 日本"));
    }

    #[test]
    fn a_title_stands_above_and_its_ground_goes_on_to_the_right() {
        let (title, plot) = (area(1.0, 0.0, 3.0, 1.0), area(0.0, 4.0, 4.0, 6.0));
        let cut = stack(&image(), &[title, plot], 1.0).unwrap();
        assert_eq!((cut.width, cut.height), (4, 3));
        assert_eq!(cut.rgb[..12], [1, 0, 7, 2, 0, 7, 1, 0, 7, 1, 0, 7]);
        assert_eq!(cut.rgb[12..15], [0, 4, 7]);
        let gone = area(20.0, 0.0, 30.0, 5.0);
        assert_eq!(stack(&image(), &[gone, plot], 1.0).map(|cut| cut.height), Some(2));
        assert_eq!(stack(&image(), &[title, gone], 1.0), None);
        assert_eq!(stack(&image(), &[], 1.0), None);
    }
}
