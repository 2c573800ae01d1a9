//! Finds the processes that will wait for ever: by what they told, and by whether they really sleep.

use std::time::{Duration, Instant};

use super::{super::super::sampler::is_asleep, Conductor, Cut};
use crate::{
    engine::lesson::{report::Inbox, waits::Waits},
    event::{
        Event, Level,
        lesson::{Told, Waiter},
    },
};

/// Who waits is looked at once nobody has said anything for so long, and then again and again.
pub(super) const SETTLE: Duration = Duration::from_millis(100);
/// A process that was asleep at two looks so far apart has looked in between at what it waits for, and it was not there: no
/// wait of our primitives sleeps for longer at a time.
const ASLEEP: Duration = Duration::from_millis(60);
/// As long as this must it sleep where all that was told speaks against it.
const ASLEEP_IN_DOUBT: Duration = Duration::from_secs(1);
/// How long a lesson in which nobody can go on is left standing, for whoever watches.
const LINGER: Duration = Duration::from_millis(700);
impl Conductor {
    /// Nobody has said anything for a while: perhaps nobody ever will.
    pub(super) fn look_for_stuck(&mut self) {
        let is_quiet = self.heard.elapsed() >= SETTLE && self.inbox.as_ref().is_some_and(Inbox::is_empty);
        if self.cut.is_some() || !is_quiet {
            return;
        }
        // If even all of them slept.
        let suspects = self.waits.stuck(|_, _| true);
        for waiter in &suspects {
            if let Some(known) = self.known.get_mut(&waiter.worker) {
                let is_asleep = is_asleep(known.pid) && known.is_there();
                known.asleep = is_asleep.then(|| known.asleep.unwrap_or_else(Instant::now));
            }
        }
        let known = &self.known;
        let stuck = self.waits.stuck(|worker, is_there| {
            let asleep = known.get(&worker).and_then(|known| known.asleep);
            asleep.is_some_and(|since| since.elapsed() >= if is_there { ASLEEP_IN_DOUBT } else { ASLEEP })
        });
        let is_new = |waiter: &Waiter| !self.stuck.iter().any(|old| is_same(old, waiter));
        if stuck.iter().any(is_new) {
            self.tell_standing();
            let text = Waits::words(&stuck);
            let t_ns = self.clock.now_ns();
            self.log(Level::Error, text.clone());
            let told = Told::Stuck { waiters: stuck.clone(), text: text.into() };
            self.emitter.emit(&Event::Lesson { t_ns, worker: None, told: Box::new(told) });
            self.emitter.flush();
            self.stuck = stuck;
            self.stuck_at = Some(Instant::now());
        } else if self.waits.all_stuck(&stuck) && self.stuck_at.is_some_and(|at| at.elapsed() > LINGER) {
            self.cut(Cut::Stuck(Waits::words(&stuck)));
        }
    }
}

/// The same process in the same wait; others may have ended meanwhile.
fn is_same(one: &Waiter, other: &Waiter) -> bool {
    (one.worker, one.verb, one.object, one.line) == (other.worker, other.verb, other.object, other.line)
}
