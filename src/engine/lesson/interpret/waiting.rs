//! Steps on what processes wait for: locks, semaphores, events and barriers.

use super::{super::shared::Object, Flow, Interpreter, fail, missing};
use crate::{event::Level, lesson::program::Act, mp::Acquired};

impl Interpreter<'_> {
    pub(super) fn synchronise(&mut self, act: &Act, on: &str) -> Flow {
        let Some(object) = self.objects.get(on) else { return missing(on) };
        match (act, object) {
            (Act::Acquire(_), Object::Lock(lock)) => {
                if let Acquired::AfterDeath { pid } = lock.acquire() {
                    let text = format!(
                        "{on} was held by process {pid}, which has died; it goes on to {}",
                        self.household.person.name
                    );
                    self.household.voice.logs(Level::Warning, text);
                }
            }
            (Act::Acquire(_), Object::Semaphore(semaphore)) => {
                let _permit_of_a_dead_holder_is_as_good = semaphore.acquire();
            }
            (Act::Release(_), Object::Lock(lock)) => tried!(lock.release()),
            (Act::Release(_), Object::Semaphore(semaphore)) => tried!(semaphore.release()),
            (Act::Set(_), Object::Event(event)) => event.set(),
            (Act::Clear(_), Object::Event(event)) => event.clear(),
            (Act::Wait(_), Object::Event(event)) => event.wait(),
            (Act::Meet(_), Object::Barrier(barrier)) => {
                tried!(barrier.wait());
            }
            _ => return missing(on),
        }
        self.household.voice.settle(None);
        Flow::Continue(())
    }
}
