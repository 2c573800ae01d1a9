//! Views of the time axis that a person has left, to go back to, and forward again.

/// As many as somebody may want to retrace.
const MOST: usize = 100;
/// What moves the view within this time of the move before is one movement.
const PAUSE_SECS: f64 = 0.6;

/// An interval in view, in seconds, or that the whole run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    Whole,
    Interval(f64, f64),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Views {
    past: Vec<Place>,
    future: Vec<Place>,
    /// When the view was moved last, by the window's clock.
    moved_secs: Option<f64>,
}

impl Views {
    /// The view is about to be moved away from here.
    pub(super) fn leave(&mut self, here: Place, now_secs: f64) {
        let goes_on = self.moved_secs.is_some_and(|moved_secs| now_secs - moved_secs < PAUSE_SECS);
        self.moved_secs = Some(now_secs);
        if goes_on || self.past.last() == Some(&here) {
            return;
        }
        if self.past.len() == MOST {
            self.past.remove(0);
        }
        self.past.push(here);
        self.future.clear();
    }

    pub(super) fn back(&mut self, here: Place) -> Option<Place> {
        let place = self.past.pop()?;
        self.future.push(here);
        self.moved_secs = None;
        Some(place)
    }

    pub(super) fn forward(&mut self, here: Place) -> Option<Place> {
        let place = self.future.pop()?;
        self.past.push(here);
        self.moved_secs = None;
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_back_by_movements_and_forward_until_another_way_is_taken() {
        let at = |secs: f64| Place::Interval(secs, secs + 1.0);
        let mut views = Views::default();
        assert_eq!(views.back(Place::Whole), None);
        views.leave(Place::Whole, 1.0);
        views.leave(at(1.0), 1.1); // The same movement goes on.
        views.leave(at(2.0), 5.0);
        assert_eq!(views.back(at(3.0)), Some(at(2.0)));
        assert_eq!(views.back(at(2.0)), Some(Place::Whole));
        assert_eq!(views.back(Place::Whole), None);
        assert_eq!(views.forward(Place::Whole), Some(at(2.0)));
        assert_eq!(views.forward(at(2.0)), Some(at(3.0)));
        assert_eq!(views.back(at(3.0)), Some(at(2.0)));
        views.leave(at(2.0), 9.0);
        assert_eq!(views.forward(at(7.0)), None, "another way was taken");
        for step in 0..2 * MOST {
            views.leave(at(step as f64), 20.0 * step as f64);
        }
        assert_eq!(views.past.len(), MOST);
    }
}
