//! Sizes of text, spaces between things, and the heights of rows: the only ones there are.

/// Labels inside plots and bars, notes under fields, the status line's figures.
pub(crate) const SMALL_TEXT: f32 = 11.0;
/// Numbers and names that must line up.
pub(crate) const MONO_TEXT: f32 = 12.0;
pub(crate) const BODY_TEXT: f32 = 13.0;
pub(crate) const HEADING_TEXT: f32 = 15.0;
/// What an empty window says first.
pub(crate) const TITLE_TEXT: f32 = 20.0;

/// Between a mark and its word.
pub(crate) const GAP_HAIR: f32 = 2.0;
/// Gap between things that belong together.
pub(crate) const GAP_SMALL: f32 = 4.0;
/// Gap between unrelated things, and the margin of a panel.
pub(crate) const GAP: f32 = 8.0;
/// Gap between groups.
pub(crate) const GAP_LARGE: f32 = 16.0;

/// A row of a table that is only read.
pub(crate) const ROW: f32 = 20.0;
/// A row with something to click.
pub(crate) const CONTROL_ROW: f32 = 22.0;
/// A button of the toolbar.
pub(crate) const TOOL: f32 = 26.0;
/// The progress bar, and what stands out of it.
pub(crate) const BAR: f32 = 8.0;
pub(crate) const BAR_TALL: f32 = 14.0;
/// The disc that tells a state beside its word.
pub(crate) const DOT_RADIUS: f32 = 4.0;
/// Kept free right of numbers: glyphs may reach a little beyond their advance, and cells clip.
pub(crate) const NUMBER_MARGIN: f32 = GAP_SMALL;
/// Edge of a field that holds what is not allowed, lines of plots, rings of states.
pub(crate) const LINE: f32 = 1.5;

/// A lane of the timeline grows up to this where there is room.
pub(crate) const LANE_HEIGHT_MAX: f32 = 44.0;
/// Below this the lanes scroll.
pub(crate) const LANE_HEIGHT_MIN: f32 = 15.0;
/// Width kept free left of every plot that shares the time axis, so that their zeros stand under each other.
pub(crate) const AXIS_WIDTH: f32 = 92.0;
/// And right of it, where the timeline has its scroll bar.
pub(crate) const AXIS_RIGHT: f32 = 12.0;
