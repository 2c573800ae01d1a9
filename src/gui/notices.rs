//! What the window has to tell: errors, which stay in their order until somebody dismisses them, and what went well,
//! which fades by itself.

use std::time::Duration;

use crate::time::NS_PER_S;

/// Errors kept; beyond that the oldest make room, and it is told how many did.
const KEEP: usize = 50;
/// What went well is told plainly for so long, then weakly, then no longer.
const PLAIN_NS: u64 = 10 * NS_PER_S;
const GONE_NS: u64 = 15 * NS_PER_S;

/// What an error is about, so that a success can take it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Export,
    Other,
}

/// Names an error within this window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoticeId(u64);

#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) id: NoticeId,
    pub(crate) text: String,
    /// How often it was told one after another.
    pub(crate) times: u32,
    topic: Topic,
}

/// What went well, as the status bar tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    pub(crate) text: &'a str,
    pub(crate) weak: bool,
    /// Until this changes.
    pub(crate) next: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Notices {
    errors: Vec<Notice>,
    last_id: u64,
    /// Errors that had to make room.
    dropped: u32,
    said: Option<(String, u64)>,
}

impl Notices {
    pub(crate) fn error(&mut self, text: impl Into<String>) {
        self.error_about(Topic::Other, text);
    }

    pub(crate) fn error_about(&mut self, topic: Topic, text: impl Into<String>) {
        let text = text.into();
        if let Some(last) = self.errors.last_mut().filter(|last| last.text == text) {
            last.times = last.times.saturating_add(1);
            return;
        }
        self.last_id += 1;
        self.errors.push(Notice { id: NoticeId(self.last_id), text, times: 1, topic });
        if self.errors.len() > KEEP {
            self.errors.remove(0);
            self.dropped += 1;
        }
    }

    /// What failed before has succeeded now.
    pub(crate) fn mended(&mut self, topic: Topic) {
        self.errors.retain(|error| error.topic != topic);
        self.forget_dropped();
    }

    pub(crate) fn dismiss(&mut self, id: NoticeId) {
        self.errors.retain(|error| error.id != id);
        self.forget_dropped();
    }

    pub(crate) fn dismiss_all(&mut self) {
        self.errors.clear();
        self.forget_dropped();
    }

    fn forget_dropped(&mut self) {
        if self.errors.is_empty() {
            self.dropped = 0;
        }
    }

    /// Oldest first.
    pub(crate) fn errors(&self) -> &[Notice] {
        &self.errors
    }

    pub(crate) fn dropped(&self) -> u32 {
        self.dropped
    }

    /// Something went well.
    pub(crate) fn say(&mut self, text: impl Into<String>, now_ns: u64) {
        self.said = Some((text.into(), now_ns));
    }

    pub(crate) fn hush(&mut self) {
        self.said = None;
    }

    pub(crate) fn said(&self, now_ns: u64) -> Option<Said<'_>> {
        let (text, at_ns) = self.said.as_ref()?;
        let age_ns = now_ns.saturating_sub(*at_ns);
        let next_ns = if age_ns < PLAIN_NS { PLAIN_NS } else { GONE_NS };
        let next = Duration::from_nanos(next_ns.checked_sub(age_ns).filter(|left| *left > 0)?);
        Some(Said { text, weak: age_ns >= PLAIN_NS, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(notices: &Notices) -> Vec<&str> {
        notices.errors().iter().map(|error| &*error.text).collect()
    }

    #[test]
    fn errors_keep_their_order_until_each_is_dismissed() {
        let mut notices = Notices::default();
        for text in ["a", "b", "c"] {
            notices.error(text);
        }
        assert_eq!(texts(&notices), ["a", "b", "c"]);
        notices.dismiss(notices.errors()[1].id);
        assert_eq!(texts(&notices), ["a", "c"]);
        notices.dismiss_all();
        assert!(notices.errors().is_empty());
    }

    #[test]
    fn an_error_that_repeats_is_counted_and_not_stacked() {
        let mut notices = Notices::default();
        for text in ["a", "a", "a", "b", "a"] {
            notices.error(text);
        }
        let counted: Vec<_> = notices.errors().iter().map(|error| (&*error.text, error.times)).collect();
        assert_eq!(counted, [("a", 3), ("b", 1), ("a", 1)]);
    }

    #[test]
    fn what_makes_room_is_counted() {
        let mut notices = Notices::default();
        for at in 0..KEEP + 3 {
            notices.error(at.to_string());
        }
        assert_eq!((notices.errors().len(), notices.dropped()), (KEEP, 3));
        assert_eq!(notices.errors()[0].text, "3");
        notices.dismiss_all();
        assert_eq!(notices.dropped(), 0);
    }

    #[test]
    fn a_success_takes_back_errors_of_its_own_topic_only() {
        let mut notices = Notices::default();
        notices.error_about(Topic::Export, "no room");
        notices.error("no library");
        notices.mended(Topic::Export);
        assert_eq!(texts(&notices), ["no library"]);
    }

    #[test]
    fn what_went_well_fades_in_two_steps() {
        let mut notices = Notices::default();
        notices.say("Saved x", 100);
        let plain = notices.said(100).expect("it was just said");
        assert_eq!((plain.text, plain.weak, plain.next), ("Saved x", false, Duration::from_nanos(PLAIN_NS)));
        let weak = notices.said(100 + PLAIN_NS).expect("it is still there");
        assert_eq!((weak.weak, weak.next), (true, Duration::from_nanos(GONE_NS - PLAIN_NS)));
        assert_eq!(notices.said(100 + GONE_NS), None);
        notices.hush();
        assert_eq!(notices.said(100), None);
    }
}
