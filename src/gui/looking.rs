//! Which panels a person looks at: what they ask for, and where the window turns by itself when a run begins or a
//! comparison is there.

use super::{
    action::{Action, Panel},
    app::App,
    dock::{Dock, Layout},
    shelf::Job,
};
use crate::spec::Kind;

impl App {
    pub(super) fn apply_panels(&mut self, action: &Action) {
        match *action {
            Action::ShowPanel(panel) => {
                self.panel_chosen = true;
                self.dock.bring(panel);
                self.note_shown(panel);
            }
            Action::SetPanel(panel, open) => {
                self.dock.set_open(panel, open);
                if open {
                    self.note_shown(panel);
                } else if panel == Panel::Compare {
                    self.set_compared(false);
                }
            }
            Action::ToggleSetup => self.remembered.setup = !self.remembered.setup,
            Action::ResetLayout => {
                self.dock = Dock::new(&Layout::default());
                self.remembered.setup = true;
                self.set_compared(false);
            }
            _ => self.set_compared(!self.compared),
        }
    }

    fn note_shown(&mut self, panel: Panel) {
        if panel == Panel::Runs {
            // Other windows and `run --keep` add runs too.
            self.order(Job::List);
        }
        // Whoever puts the comparison away wants to see one run, and whoever takes it out two.
        if panel == Panel::Compare || !self.dock.is_in_front(Panel::Compare) {
            self.set_compared(panel == Panel::Compare);
        }
    }

    pub(super) fn set_compared(&mut self, compared: bool) {
        if compared != self.compared {
            self.axis.fit();
        }
        self.compared = compared;
    }

    /// Shows one run again.
    pub(super) fn leave_comparison(&mut self) {
        self.dock.leave(Panel::Compare, &[Panel::Workers]);
        self.set_compared(false);
    }

    /// Where to look when a run starts: never at a comparison of other runs, and at the picture that is painted, unless a
    /// person has chosen to look elsewhere.
    pub(super) fn look_at_new_run(&mut self, workload: Kind) {
        let painted = workload == Kind::Mandelbrot;
        self.dock.leave(Panel::Compare, &[if painted { Panel::Result } else { Panel::Workers }]);
        if painted && !self.panel_chosen {
            self.dock.leave(Panel::Workers, &[Panel::Result]);
        }
        self.set_compared(false);
    }
}
