//! Why somebody waits for ever, in words.

use super::{Waits, other_end};
use crate::{
    event::lesson::{Began, ObjectId, Verb, Waiter},
    ids::WorkerId,
};

impl Waits {
    pub(super) fn waiter(&self, worker: WorkerId, began: &Began, needs: Vec<WorkerId>) -> Waiter {
        let why = self.why(worker, began, &needs);
        Waiter { worker, verb: began.verb, object: began.object, line: began.line, needs, why: why.into() }
    }

    fn name(&self, worker: WorkerId) -> String {
        self.process(worker).map_or_else(|| worker.to_string(), |process| process.name.clone())
    }

    /// The reason in a sentence.
    fn why(&self, worker: WorkerId, began: &Began, needs: &[WorkerId]) -> String {
        let me = self.name(worker);
        let object = began.object.and_then(|id| self.objects.get(id.index()));
        let thing = object.map_or("it", |object| object.name.as_str());
        let only = |could: &str| match needs {
            [] => format!("no other process that is left could {could}"),
            [one] => format!("only {} could {could}, which waits for ever too", self.name(*one)),
            many => {
                let names: Vec<_> = many.iter().map(|worker| self.name(*worker)).collect();
                format!("only {} could {could}, which wait for ever too", names.join(" and "))
            }
        };
        match began.verb {
            Verb::Join => {
                let whom = began.whom.map_or_else(|| "it".to_owned(), |whom| self.name(whom));
                format!("{me} waits for the end of {whom}, which waits for ever too")
            }
            Verb::Get => format!("{me} waits for a message in {thing}, which is empty: {}", only("put one")),
            Verb::Put => format!("{me} waits for room in {thing}, which is full: {}", only("get from it")),
            Verb::Flush => format!(
                "{me} cannot end before what it put into {thing} is read, which is more than a pipe holds: {}",
                only("read it")
            ),
            Verb::Receive => {
                let itself = other_end(&self.objects, began.object.unwrap_or(ObjectId(u32::MAX)))
                    .is_some_and(|id| {
                        self.process(worker).is_some_and(|process| process.holds.contains(&id))
                    });
                let own = if itself { ", which it holds open itself" } else { "" };
                format!(
                    "{me} waits at {thing} for a message or for the end of the pipe{own}: {}",
                    only("send or close")
                )
            }
            Verb::Send => format!("{me} waits for room at {thing}: {}", only("receive")),
            Verb::Acquire => match object.and_then(|object| object.holder) {
                Some(holder) if !self.is_alive(holder) => {
                    format!(
                        "{me} waits for {thing}, which {} held when it died: nobody can let go of it",
                        self.name(holder)
                    )
                }
                Some(holder) if holder == worker => format!("{me} waits for {thing}, which it holds itself"),
                Some(holder) => {
                    format!(
                        "{me} waits for {thing}, which {} holds and will never let go of",
                        self.name(holder)
                    )
                }
                None => format!("{me} waits for a permit of {thing}: {}", only("release one")),
            },
            Verb::Wait => format!("{me} waits for {thing} to be set: {}", only("set it")),
            Verb::Meet => format!("{me} waits at {thing} for others: {}", only("come")),
            verb => format!("{me} waits in {verb}"),
        }
    }

    /// The finding in words.
    pub(in crate::engine::lesson) fn words(stuck: &[Waiter]) -> String {
        let why: Vec<&str> = stuck.iter().map(|waiter| &*waiter.why).collect();
        let what = if stuck.len() == 1 { "This process waits" } else { "These processes wait" };
        format!("{what} for ever: {}.", why.join("; "))
    }
}
