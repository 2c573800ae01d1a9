//! How much of what one worker logs in a run is kept: its text is held and shown for as long as the run is.

use crate::units;

/// Bytes kept of all the lines that fill one place of the pool, whoever fills it.
const KEPT_BYTES: u64 = 1 << 20;
/// What a line takes beside its text, so that empty ones count too.
const LINE_BYTES: u64 = 64;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LogLimit {
    kept_bytes: u64,
    left_out_lines: u64,
    left_out_bytes: u64,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Kept,
    /// The first that is left out.
    TooMuch,
    LeftOut,
}

impl LogLimit {
    /// Counts a line whose text has so many bytes. After one that was left out, none is kept: a log with holes misleads.
    pub(super) fn take(&mut self, text_bytes: usize) -> Line {
        let text_bytes = text_bytes as u64;
        if self.left_out_lines == 0 && self.kept_bytes + text_bytes + LINE_BYTES <= KEPT_BYTES {
            self.kept_bytes += text_bytes + LINE_BYTES;
            return Line::Kept;
        }
        self.left_out_lines += 1;
        self.left_out_bytes = self.left_out_bytes.saturating_add(text_bytes);
        if self.left_out_lines == 1 { Line::TooMuch } else { Line::LeftOut }
    }

    /// What to say of the place where the log breaks off.
    pub(super) fn too_much() -> String {
        format!("it has logged {}; what follows is not kept", units::bytes(KEPT_BYTES))
    }

    /// How much was left out, once the run is over.
    pub(super) fn left_out(&self) -> Option<String> {
        (self.left_out_lines > 0).then(|| {
            let (lines, bytes) = (self.left_out_lines, units::bytes(self.left_out_bytes));
            format!("{lines} more lines that it logged, {bytes}, were not kept")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_up_to_a_limit_and_counted_beyond() {
        for (text_bytes, kept_lines) in [(0, KEPT_BYTES / 64), (936, 1048), (KEPT_BYTES as usize, 0)] {
            let mut limit = LogLimit::default();
            let lines = kept_lines + 3;
            let fate: Vec<Line> = (0..lines).map(|_| limit.take(text_bytes)).collect();
            let kept = fate.iter().take_while(|line| **line == Line::Kept).count() as u64;
            assert_eq!(kept, kept_lines, "{text_bytes}");
            assert_eq!(fate[kept as usize..], [Line::TooMuch, Line::LeftOut, Line::LeftOut], "{text_bytes}");
            let told = limit.left_out().expect("three were");
            assert!(told.starts_with("3 more lines"), "{told}");
        }
    }

    #[test]
    fn nothing_follows_a_gap_and_nothing_is_told_without_one() {
        let mut limit = LogLimit::default();
        assert_eq!(limit.take(10), Line::Kept);
        assert_eq!(limit.left_out(), None);
        assert_eq!(limit.take(KEPT_BYTES as usize), Line::TooMuch);
        assert_eq!(limit.take(10), Line::LeftOut, "there would be room");
    }
}
