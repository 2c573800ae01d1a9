//! The panels of the window's centre: which are open, how they are arranged, which of several tabs is in front.
//!
//! `egui_tiles` divides the space and takes the drags: of the two known libraries it alone shows panels without a bar of
//! tabs above each, which plots that share an axis need. What is kept of it between launches is an [`Arrangement`].

mod arrangement;
mod panes;

use eframe::egui::Id;
use egui_tiles::{Container, Linear, LinearDir, Tabs, Tile, TileId, Tiles, Tree};

pub(crate) use arrangement::Layout;
use arrangement::{Arrangement, SHARES};
pub(crate) use panes::Stage;

use super::action::Panel;

pub(crate) struct Dock {
    tree: Tree<Panel>,
    closed: Vec<Panel>,
}

impl Dock {
    /// Of a layout that [is sound](Layout::is_sound).
    pub(crate) fn new(layout: &Layout) -> Self {
        let mut tiles = Tiles::default();
        let root = build(&layout.arrangement, &mut tiles);
        let tree = Tree::new(Id::unique("panels"), root, tiles);
        let mut dock = Self { tree, closed: layout.closed.clone() };
        dock.closed.retain(|panel| Panel::ALL.contains(panel));
        dock.apply(|_| true);
        dock
    }

    pub(crate) fn layout(&self) -> Layout {
        let arrangement = self.tree.root().and_then(|root| read(&self.tree.tiles, root));
        match arrangement {
            Some(arrangement) => Layout { arrangement, closed: self.closed.clone() },
            None => Layout::default(),
        }
    }

    pub(crate) fn is_open(&self, panel: Panel) -> bool {
        !self.closed.contains(&panel)
    }

    /// Opens a panel where it was, or closes it.
    pub(crate) fn set_open(&mut self, panel: Panel, open: bool) {
        self.closed.retain(|other| *other != panel);
        if !open {
            self.closed.push(panel);
        }
        self.apply(|_| true);
    }

    /// Opens a panel, and puts it before the tabs it shares its place with.
    pub(crate) fn bring(&mut self, panel: Panel) {
        self.set_open(panel, true);
        self.tree.make_active(|_, tile| matches!(tile, Tile::Pane(other) if *other == panel));
    }

    /// The panel can be seen: it is open, and no other tab is before it.
    pub(crate) fn is_in_front(&self, panel: Panel) -> bool {
        let tiles = &self.tree.tiles;
        self.is_open(panel)
            && self
                .tree
                .active_tiles()
                .into_iter()
                .any(|id| matches!(tiles.get(id), Some(Tile::Pane(other)) if *other == panel))
    }

    /// The panels that share the place of this one, itself included; empty where it stands by itself.
    pub(crate) fn tabs_of(&self, panel: Panel) -> Vec<Panel> {
        let tiles = &self.tree.tiles;
        let Some(id) = tiles.find_pane(&panel) else { return Vec::new() };
        match tiles.parent_of(id).and_then(|parent| tiles.get_container(parent)) {
            Some(Container::Tabs(tabs)) => {
                let panels = tabs.children.iter().filter_map(|child| tiles.get_pane(child));
                panels.copied().filter(|panel| self.is_open(*panel)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Puts another tab before this panel: one of those that are `wanted`, or else any.
    pub(crate) fn leave(&mut self, panel: Panel, wanted: &[Panel]) {
        let others: Vec<Panel> = self.tabs_of(panel).into_iter().filter(|other| *other != panel).collect();
        let next = wanted.iter().find(|panel| others.contains(panel)).or(others.first());
        if let Some(next) = next.copied().filter(|_| self.is_in_front(panel)) {
            self.bring(next);
        }
    }

    /// Shows the open panels that pass, in the space of those that do not.
    fn apply(&mut self, passes: impl Fn(Panel) -> bool) {
        for panel in Panel::ALL {
            if let Some(id) = self.tree.tiles.find_pane(&panel) {
                let visible = self.is_open(panel) && passes(panel);
                self.tree.set_visible(id, visible);
            }
        }
    }
}

fn build(arrangement: &Arrangement, tiles: &mut Tiles<Panel>) -> TileId {
    match arrangement {
        Arrangement::Panel(panel) => tiles.insert_pane(*panel),
        Arrangement::Rows(parts) => build_linear(LinearDir::Vertical, parts, tiles),
        Arrangement::Columns(parts) => build_linear(LinearDir::Horizontal, parts, tiles),
        Arrangement::Tabs { front, parts } => {
            let children: Vec<TileId> = parts.iter().map(|part| build(part, tiles)).collect();
            let mut tabs = Tabs::new(children);
            if let Some(front) = tabs.children.get(*front).copied() {
                tabs.set_active(front);
            }
            tiles.insert_container(tabs)
        }
    }
}

fn build_linear(dir: LinearDir, parts: &[(f32, Arrangement)], tiles: &mut Tiles<Panel>) -> TileId {
    let mut linear = Linear { dir, ..Linear::default() };
    for (share, part) in parts {
        let child = build(part, tiles);
        linear.children.push(child);
        linear.shares.set_share(child, *share);
    }
    tiles.insert_container(linear)
}

fn read(tiles: &Tiles<Panel>, id: TileId) -> Option<Arrangement> {
    let parts = |linear: &Linear| -> Vec<(f32, Arrangement)> {
        let parts = linear.children.iter();
        parts
            .filter_map(|child| {
                Some((linear.shares[*child].clamp(*SHARES.start(), *SHARES.end()), read(tiles, *child)?))
            })
            .collect()
    };
    Some(match tiles.get(id)? {
        Tile::Pane(panel) => Arrangement::Panel(*panel),
        Tile::Container(Container::Linear(linear)) => match linear.dir {
            LinearDir::Vertical => Arrangement::Rows(parts(linear)),
            LinearDir::Horizontal => Arrangement::Columns(parts(linear)),
        },
        Tile::Container(Container::Tabs(tabs)) => {
            let front = tabs.children.iter().position(|child| tabs.is_active(*child)).unwrap_or(0);
            let parts = tabs.children.iter().filter_map(|child| read(tiles, *child)).collect();
            Arrangement::Tabs { front, parts }
        }
        // Nothing here makes grids.
        Tile::Container(Container::Grid(_)) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_survives_the_tree() {
        let mut layout = Layout::default();
        assert_eq!(Dock::new(&layout).layout(), layout);
        layout.closed = vec![Panel::Cpu];
        let columns = vec![(0.3, layout.arrangement.clone())];
        let layout = Layout { arrangement: Arrangement::Columns(columns), ..layout };
        assert_eq!(Dock::new(&layout).layout(), layout);
    }

    #[test]
    fn a_closed_panel_keeps_its_place_and_is_opened_by_bringing_it() {
        let mut dock = Dock::new(&Layout::default());
        dock.set_open(Panel::Log, false);
        assert!(!dock.is_open(Panel::Log) && !dock.tabs_of(Panel::Workers).contains(&Panel::Log));
        dock.bring(Panel::Log);
        assert!(dock.is_in_front(Panel::Log) && !dock.is_in_front(Panel::Workers));
        let Arrangement::Rows(parts) = dock.layout().arrangement else { panic!("rows") };
        assert!(matches!(parts[1].1, Arrangement::Tabs { front: 1, .. }));
    }

    #[test]
    fn whoever_leaves_a_tab_gets_the_one_that_is_wanted() {
        let mut dock = Dock::new(&Layout::default());
        dock.bring(Panel::Compare);
        dock.leave(Panel::Compare, &[Panel::Timeline, Panel::Result]);
        assert!(dock.is_in_front(Panel::Result));
        dock.leave(Panel::Compare, &[Panel::Log]);
        assert!(dock.is_in_front(Panel::Result), "it was not in front");
        dock.bring(Panel::Compare);
        dock.leave(Panel::Compare, &[]);
        assert!(dock.is_in_front(Panel::Workers));
    }

    #[test]
    fn plots_stand_by_themselves() {
        let dock = Dock::new(&Layout::default());
        assert!(dock.tabs_of(Panel::Cpu).is_empty());
        assert_eq!(dock.tabs_of(Panel::Log).len(), 7);
        assert!(Panel::ALL[..4].iter().all(|panel| dock.is_in_front(*panel)));
    }
}
