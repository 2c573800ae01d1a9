//! For tests of what a death leaves behind: a worker process can be told to stop itself between two steps of telling
//! about a task, and is then killed exactly there.

use rustix::process::{Signal, getpid, kill_process};

/// `STEP:N`: stop at the `N`th time (from 1) that the worker comes to `STEP`.
const VARIABLE: &str = "POOLSCOPE_STOP_AT";

/// The places between which a death could leave a half-told story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A task is begun, and its start not written.
    Begun,
    StartWritten,
    StartPublished,
    /// A result too long for a record has left as a frame.
    FrameSent,
    EndWritten,
    EndPublished,
    /// The engine was found asleep, and is about to be woken.
    BeforeBell,
    /// Not a stop: nonsense is written over the ring.
    Scribble,
}

impl Step {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Begun, "begun"),
        (Self::StartWritten, "start-written"),
        (Self::StartPublished, "start-published"),
        (Self::FrameSent, "frame-sent"),
        (Self::EndWritten, "end-written"),
        (Self::EndPublished, "end-published"),
        (Self::BeforeBell, "before-bell"),
        (Self::Scribble, "scribble"),
    ];
}

/// Nothing, unless the environment asks for a stop.
#[derive(Debug, Default)]
pub(super) struct Steps {
    armed: Option<(Step, u64)>,
}

impl Steps {
    pub(super) fn from_environment() -> Self {
        let wish = std::env::var(VARIABLE).ok();
        Self { armed: wish.as_deref().and_then(parse) }
    }

    /// True when this is the step and the time that was asked for.
    pub(super) fn is_due(&mut self, step: Step) -> bool {
        match &mut self.armed {
            Some((armed, left)) if *armed == step => {
                *left -= 1;
                let due = *left == 0;
                if due {
                    self.armed = None;
                }
                due
            }
            _ => false,
        }
    }

    /// Stops this process if it is due, until somebody continues or kills it.
    pub(super) fn pass(&mut self, step: Step) {
        if self.is_due(step) {
            // A process may always stop itself.
            let _stopped_and_continued = kill_process(getpid(), Signal::STOP);
        }
    }
}

fn parse(wish: &str) -> Option<(Step, u64)> {
    let (name, times) = wish.split_once(':')?;
    let (step, _) = Step::ALL.into_iter().find(|(_, known)| *known == name)?;
    Some((step, times.parse().ok().filter(|times| *times > 0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_names_a_step_and_a_time() {
        for (wish, parsed) in [
            ("begun:1", Some((Step::Begun, 1))),
            ("end-published:12", Some((Step::EndPublished, 12))),
            ("begun:0", None),
            ("begun", None),
            ("nowhere:1", None),
            ("begun:x", None),
        ] {
            assert_eq!(parse(wish), parsed, "{wish}");
        }
    }

    #[test]
    fn a_step_is_due_once() {
        let mut steps = Steps { armed: parse("begun:3") };
        let due: Vec<bool> = (0..5).map(|_| steps.is_due(Step::Begun)).collect();
        assert_eq!(due, [false, false, true, false, false]);
        assert!(!steps.is_due(Step::Scribble));
    }
}
