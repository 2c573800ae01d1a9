//! How panels are arranged, apart from any window: as it is written down and checked when it is read.

use serde::{Deserialize, Serialize};

use crate::gui::action::Panel;

/// Containers within containers beyond this are nobody's wish.
const DEEPEST: usize = 16;
/// Shares of a container's children are of the order of one.
pub(super) const SHARES: std::ops::RangeInclusive<f32> = 1e-3..=1e3;

/// A panel, or several beside or behind each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Arrangement {
    Panel(Panel),
    /// One below the other, each with its share of the height.
    Rows(Vec<(f32, Self)>),
    /// Side by side, each with its share of the width.
    Columns(Vec<(f32, Self)>),
    Tabs {
        front: usize,
        parts: Vec<Self>,
    },
}

/// Where all panels are, and which of them are closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Layout {
    pub(crate) arrangement: Arrangement,
    /// They keep their places.
    pub(crate) closed: Vec<Panel>,
}

impl Default for Layout {
    /// Plots above each other, and below them everything else, one at a time.
    fn default() -> Self {
        use Arrangement::{Panel as One, Rows, Tabs};
        let plots = vec![(0.24, One(Panel::Cpu)), (0.20, One(Panel::Queue)), (0.56, One(Panel::Timeline))];
        let tabs = [
            Panel::Workers,
            Panel::Log,
            Panel::Result,
            Panel::Verdict,
            Panel::Compare,
            Panel::Runs,
            Panel::Experiment,
        ];
        let tabs = Tabs { front: 0, parts: tabs.map(One).into() };
        Self { arrangement: Rows(vec![(0.63, Rows(plots)), (0.37, tabs)]), closed: Vec::new() }
    }
}

impl Layout {
    /// With panels that an older window did not know, behind the first tabs there are.
    pub(crate) fn completed(mut self) -> Self {
        let mut there = Vec::new();
        let _judged_later = self.arrangement.collect(&mut there, DEEPEST);
        let missing: Vec<Panel> = Panel::ALL.into_iter().filter(|panel| !there.contains(panel)).collect();
        if !missing.is_empty() && !self.arrangement.add(&missing, DEEPEST) {
            let tabs = missing.into_iter().map(Arrangement::Panel).collect();
            let tabs = Arrangement::Tabs { front: 0, parts: tabs };
            self.arrangement = Arrangement::Rows(vec![(0.63, self.arrangement), (0.37, tabs)]);
        }
        self
    }

    /// Every panel is there once, and nothing is out of proportion.
    pub(crate) fn is_sound(&self) -> bool {
        let mut panels = Vec::new();
        let sound = self.arrangement.collect(&mut panels, DEEPEST);
        sound && panels.len() == Panel::ALL.len() && Panel::ALL.iter().all(|panel| panels.contains(panel))
    }
}

impl Arrangement {
    /// Puts panels behind the first tabs that there are. False where there are none.
    fn add(&mut self, panels: &[Panel], deep: usize) -> bool {
        let Some(deeper) = deep.checked_sub(1) else { return false };
        match self {
            Self::Panel(_) => false,
            Self::Rows(parts) | Self::Columns(parts) => {
                parts.iter_mut().any(|(_, part)| part.add(panels, deeper))
            }
            Self::Tabs { parts, .. } => {
                parts.extend(panels.iter().copied().map(Self::Panel));
                true
            }
        }
    }

    /// Adds the panels to a list. False where something of it makes no sense.
    fn collect(&self, into: &mut Vec<Panel>, deep: usize) -> bool {
        let Some(deeper) = deep.checked_sub(1) else { return false };
        match self {
            Self::Panel(panel) => {
                into.push(*panel);
                true
            }
            Self::Rows(parts) | Self::Columns(parts) => {
                let mut sound = !parts.is_empty();
                for (share, part) in parts {
                    sound = sound && SHARES.contains(share) && part.collect(into, deeper);
                }
                sound
            }
            Self::Tabs { front, parts } => {
                *front < parts.len() && parts.iter().all(|part| part.collect(into, deeper))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Layout> {
        serde_json::from_str::<Layout>(text).ok().filter(Layout::is_sound)
    }

    #[test]
    fn the_first_layout_is_sound_and_reads_back() {
        let layout = Layout { closed: vec![Panel::Queue, Panel::Log], ..Layout::default() };
        assert!(layout.is_sound());
        assert_eq!(read(&serde_json::to_string(&layout).unwrap()), Some(layout));
    }

    #[test]
    fn panels_that_an_older_window_did_not_know_are_added() {
        let whole = serde_json::to_string(&Layout::default()).unwrap();
        let old = whole.replace(",{\"panel\":\"experiment\"}", "").replace(",{\"panel\":\"verdict\"}", "");
        assert_ne!(old, whole);
        let layout = serde_json::from_str::<Layout>(&old).unwrap();
        assert!(!layout.is_sound() && layout.completed().is_sound());
        let alone = Layout { arrangement: Arrangement::Panel(Panel::Cpu), closed: Vec::new() };
        assert!(alone.completed().is_sound());
        assert_eq!(Layout::default().completed(), Layout::default());
    }

    #[test]
    fn what_makes_no_sense_is_no_layout() {
        let whole = serde_json::to_string(&Layout::default()).unwrap();
        for (from, to) in [
            ("\"cpu\"", "\"queue\""),
            ("\"cpu\"", "\"clock\""),
            ("0.24", "0.0"),
            ("0.24", "-1.0"),
            ("0.24", "1e30"),
            ("0.24", "null"),
            ("\"front\":0", "\"front\":7"),
            ("{\"panel\":\"cpu\"}", "{\"rows\":[]}"),
        ] {
            assert!(whole.contains(from), "{from} in {whole}");
            assert_eq!(read(&whole.replacen(from, to, 1)), None, "{from} to {to}");
        }
        let deep = |levels: usize| {
            let (open, close) = ("{\"rows\":[[1.0,".repeat(levels), "]]}".repeat(levels));
            whole.replacen("{\"panel\":\"cpu\"}", &format!("{open}{{\"panel\":\"cpu\"}}{close}"), 1)
        };
        assert!(read(&deep(3)).is_some());
        assert_eq!(read(&deep(20)), None);
        assert_eq!(read(&deep(100_000)), None);
    }
}
