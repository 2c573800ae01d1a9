//! What can be told of a window's looks from its tree of widgets: whether anything overlaps, is cut or has no name.

use std::collections::HashMap;

use eframe::egui::{
    Rect,
    accesskit::{Node, NodeId, Role, TreeUpdate},
    pos2,
};

/// What somebody can press, turn or write into, or must be able to see as a whole.
const CONTROLS: [Role; 10] = [
    Role::Button,
    Role::CheckBox,
    Role::ComboBox,
    Role::DisclosureTriangle,
    Role::Link,
    Role::ProgressIndicator,
    Role::RadioButton,
    Role::Slider,
    Role::SpinButton,
    Role::TextInput,
];
/// Neighbours may touch, and rounding may take half a point.
const TOUCH: f32 = 0.75;

/// The widgets of a window.
pub(crate) struct Looks {
    nodes: HashMap<NodeId, Node>,
    parents: HashMap<NodeId, NodeId>,
    window: Rect,
}

/// A widget that is shown at least in part.
#[derive(Clone, Debug)]
struct Shown {
    id: NodeId,
    name: String,
    /// The part of it that is not scrolled out of sight.
    area: Rect,
    whole: Rect,
}

impl Looks {
    pub(crate) fn new(tree: TreeUpdate, (width, height): (u32, u32)) -> Self {
        let nodes: HashMap<NodeId, Node> = tree.nodes.into_iter().collect();
        let parents =
            nodes.iter().flat_map(|(id, node)| node.children().iter().map(|child| (*child, *id))).collect();
        let window = Rect::from_min_max(pos2(0.0, 0.0), pos2(width as f32, height as f32));
        Self { nodes, parents, window }
    }

    /// Everything that is wrong, in words.
    pub(crate) fn faults(&self, may_be_cut: &[&str]) -> Vec<String> {
        let (controls, texts) = (self.controls(), self.texts());
        let mut faults = self.nameless();
        for (at, control) in controls.iter().enumerate() {
            faults.extend(self.outside(control));
            for other in &controls[at + 1..] {
                if overlap(control, other) && !is_part(control, other) && !is_part(other, control) {
                    faults.push(format!("{} overlaps {}", told(control), told(other)));
                }
            }
        }
        for (at, text) in texts.iter().enumerate() {
            faults.extend(self.outside(text));
            let mine = |other: &&Shown| self.is_within(text.id, other.id);
            let others = texts[at + 1..].iter().chain(controls.iter().filter(|control| !mine(control)));
            faults.extend(
                others
                    .filter(|other| overlap(text, other))
                    .map(|other| format!("{} runs into {}", told(text), told(other))),
            );
        }
        faults.extend(self.cut(may_be_cut));
        faults
    }

    /// Words and pictures that stand below a height, as far as they are shown.
    pub(crate) fn said_below(&self, y: f32) -> Vec<String> {
        let figures = self.shown(|node| node.role() == Role::Figure || node.role() == Role::Image);
        let below = self.texts().into_iter().chain(figures).filter(|shown| shown.area.top() > y);
        below.map(|shown| shown.name).filter(|name| !name.trim().is_empty()).collect()
    }

    fn controls(&self) -> Vec<Shown> {
        self.shown(|node| CONTROLS.contains(&node.role()))
    }

    fn texts(&self) -> Vec<Shown> {
        // Labels without lines of text are scrolled out of sight, or no more than names of what is painted.
        let has_lines = |node: &Node| !node.children().is_empty() && node.value().is_some();
        self.shown(|node| node.role() == Role::Label && has_lines(node))
    }

    fn nameless(&self) -> Vec<String> {
        let is_nameless = |node: &&Node| {
            CONTROLS.contains(&node.role()) && node.label().unwrap_or_default().trim().is_empty()
        };
        self.nodes
            .values()
            .filter(is_nameless)
            .map(|node| format!("a {:?} at {:?} has no name", node.role(), node.bounds()))
            .collect()
    }

    fn shown(&self, which: impl Fn(&Node) -> bool) -> Vec<Shown> {
        let mut all: Vec<Shown> = self
            .nodes
            .iter()
            .filter(|(_, node)| which(node))
            .filter_map(|(id, node)| {
                let whole = rect(node)?;
                let area = whole.intersect(self.clip(*id));
                let name = node.label().or(node.value()).unwrap_or_default().to_owned();
                (area.width() > 0.0 && area.height() > 0.0).then_some(Shown { id: *id, name, area, whole })
            })
            .collect();
        all.sort_by(|a, b| {
            a.area.top().total_cmp(&b.area.top()).then(a.area.left().total_cmp(&b.area.left()))
        });
        all
    }

    /// What the areas around a widget that scroll leave of it. Such an area has its bar among its children, and shows nothing
    /// beyond the ends of the bar.
    fn clip(&self, id: NodeId) -> Rect {
        let mut clip = Rect::EVERYTHING;
        let mut at = id;
        while let Some(parent) = self.parents.get(&at) {
            let children = self.nodes.get(parent).map_or(&[][..], |node| node.children());
            for bar in children.iter().filter(|child| **child != at).filter_map(|child| self.nodes.get(child))
            {
                let Some(place) = rect(bar).filter(|_| bar.role() == Role::ScrollBar) else { continue };
                if place.height() > place.width() {
                    (clip.min.y, clip.max.y) = (clip.min.y.max(place.top()), clip.max.y.min(place.bottom()));
                } else {
                    (clip.min.x, clip.max.x) = (clip.min.x.max(place.left()), clip.max.x.min(place.right()));
                }
            }
            at = *parent;
        }
        clip
    }

    fn outside(&self, shown: &Shown) -> Option<String> {
        let inside = self.window.expand(TOUCH).contains_rect(shown.area);
        (!inside).then(|| format!("{} reaches out of the window", told(shown)))
    }

    /// Texts of which the end is left out, save those that are known to be long and begin with one of these words.
    fn cut(&self, may_be_cut: &[&str]) -> Vec<String> {
        let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
        let lines = |node: &Node| -> String {
            let lines = node.children().iter().filter_map(|child| self.nodes.get(child));
            lines.filter_map(|line| line.value()).collect()
        };
        self.texts()
            .into_iter()
            .filter(|text| !may_be_cut.iter().any(|begin| text.name.starts_with(begin)))
            .filter(|text| {
                let node = &self.nodes[&text.id];
                letters(node.value().unwrap_or_default()) != letters(&lines(node))
            })
            .map(|text| format!("{} is cut", told(&text)))
            .collect()
    }

    fn is_within(&self, id: NodeId, outer: NodeId) -> bool {
        std::iter::successors(Some(id), |id| self.parents.get(id).copied()).any(|id| id == outer)
    }
}

fn rect(node: &Node) -> Option<Rect> {
    let bounds = node.bounds()?;
    let (min, max) = (pos2(bounds.x0 as f32, bounds.y0 as f32), pos2(bounds.x1 as f32, bounds.y1 as f32));
    Some(Rect::from_min_max(min, max))
}

fn overlap(a: &Shown, b: &Shown) -> bool {
    let both = a.area.intersect(b.area);
    both.width() > TOUCH && both.height() > TOUCH
}

/// The cross on a tab is a part of it.
fn is_part(part: &Shown, of: &Shown) -> bool {
    part.name == format!("Close {}", of.name) && of.whole.contains_rect(part.whole)
}

fn told(shown: &Shown) -> String {
    let Rect { min, max } = shown.whole;
    format!("{:?} [{:.0} {:.0} {:.0} {:.0}]", shown.name, min.x, min.y, max.x, max.y)
}

#[cfg(test)]
mod tests {
    use eframe::egui::accesskit::{Rect as Bounds, TreeId, TreeInfo};

    use super::*;

    /// A window of 100 by 100 with these widgets in it, each with its lines of text; and with a bar to scroll them by.
    fn faults(widgets: &[(Role, &str, [f64; 4], &[&str])], bar: Option<[f64; 4]>) -> Vec<String> {
        let bounds = |[x0, y0, x1, y1]: [f64; 4]| Bounds { x0, y0, x1, y1 };
        let mut root = Node::new(Role::Window);
        let mut nodes = Vec::new();
        let mut next = 1;
        let mut add = |node: Node, nodes: &mut Vec<(NodeId, Node)>| {
            nodes.push((NodeId(next), node));
            next += 1;
            NodeId(next - 1)
        };
        for (role, name, place, lines) in widgets {
            let mut node = Node::new(*role);
            node.set_bounds(bounds(*place));
            if *role == Role::Label {
                node.set_value(*name);
            } else {
                node.set_label(*name);
            }
            for line in *lines {
                let mut run = Node::new(Role::TextRun);
                run.set_value(*line);
                node.push_child(add(run, &mut nodes));
            }
            root.push_child(add(node, &mut nodes));
        }
        if let Some(place) = bar {
            let mut node = Node::new(Role::ScrollBar);
            node.set_bounds(bounds(place));
            root.push_child(add(node, &mut nodes));
        }
        nodes.push((NodeId(0), root));
        let tree = TreeUpdate {
            nodes,
            tree: Some(TreeInfo::new(NodeId(0))),
            tree_id: TreeId::ROOT,
            focus: NodeId(0),
        };
        Looks::new(tree, (100, 100)).faults(&["title"])
    }

    #[test]
    fn what_is_in_order_has_no_faults() {
        let widgets: [(Role, &str, [f64; 4], &[&str]); 5] = [
            (Role::Button, "Log", [0.0, 0.0, 50.0, 20.0], &[]),
            (Role::Button, "Close Log", [40.0, 5.0, 48.0, 15.0], &[]),
            (Role::Button, "Runs", [50.0, 0.0, 100.0, 20.0], &[]),
            (Role::Label, "two lines", [0.0, 20.0, 50.0, 40.0], &["two ", "lines"]),
            (Role::Label, "title of a run", [50.0, 20.0, 100.0, 40.0], &["title…"]),
        ];
        assert_eq!(faults(&widgets, None), [""; 0]);
    }

    #[test]
    fn every_fault_is_found() {
        let button: (Role, &str, [f64; 4], &[&str]) = (Role::Button, "Run", [10.0, 10.0, 40.0, 30.0], &[]);
        for (role, name, place, lines, fault) in [
            (Role::Button, "Stop", [35.0, 10.0, 60.0, 30.0], &[][..], "overlaps"),
            (Role::Button, "Stop", [80.0, 10.0, 110.0, 30.0], &[], "reaches out"),
            (Role::Slider, " ", [50.0, 10.0, 60.0, 30.0], &[], "has no name"),
            (Role::Label, "a text", [30.0, 15.0, 60.0, 25.0], &["a text"], "runs into"),
            (Role::Label, "a text", [50.0, 95.0, 60.0, 105.0], &["a text"], "reaches out"),
            (Role::Label, "a text", [50.0, 15.0, 60.0, 25.0], &["a t…"], "is cut"),
        ] {
            let found = faults(&[button, (role, name, place, lines)], None);
            assert!(found.len() == 1 && found[0].contains(fault), "{fault}: {found:?}");
        }
    }

    #[test]
    fn what_is_scrolled_out_of_sight_is_in_nobodys_way() {
        let widgets: [(Role, &str, [f64; 4], &[&str]); 1] =
            [(Role::Button, "Run", [10.0, 90.0, 40.0, 130.0], &[])];
        assert_eq!(faults(&widgets, None).len(), 1);
        assert_eq!(faults(&widgets, Some([95.0, 0.0, 100.0, 100.0])), [""; 0]);
    }
}
