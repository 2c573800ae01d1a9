//! Steps that move messages: through queues and pipes.

use super::{
    super::{shared::Object, voice::moves},
    Flow, Interpreter, Leave, closed, fail, missing,
};
use crate::{
    lesson::{Value, program::Act},
    mp::RecvError,
};

impl Interpreter<'_> {
    pub(super) fn move_message(&mut self, act: &Act) -> Flow {
        let voice = &self.household.voice;
        match act {
            Act::Put { on, value } => {
                let value = tried!(self.value(value));
                let bytes = tried!(postcard::to_stdvec(&value));
                let Some(Object::Queue(queue)) = self.objects.get(on) else { return missing(on) };
                moves(&value);
                tried!(queue.put(&bytes));
                voice.settle(None);
            }
            Act::Get { on, into } => {
                let Some(Object::Queue(queue)) = self.objects.get(on) else { return missing(on) };
                let bytes = tried!(queue.get());
                let value: Value = tried!(postcard::from_bytes(&bytes));
                voice.settle(Some(value.to_string()));
                self.names.insert(into.clone(), value);
            }
            Act::Send { on, value } => {
                let value = tried!(self.value(value));
                let bytes = tried!(postcard::to_stdvec(&value));
                let Some(Object::End(Some(end))) = self.objects.get(on) else { return closed(on) };
                moves(&value);
                tried!(end.send(&bytes));
                voice.settle(None);
            }
            Act::Receive { on, into, or_stop } => {
                let Some(Object::End(Some(end))) = self.objects.get(on) else { return closed(on) };
                let bytes = match end.recv() {
                    Err(RecvError::Eof) if *or_stop => {
                        voice.settle(None);
                        return Flow::Break(Leave::Loop);
                    }
                    received => tried!(received),
                };
                let value: Value = tried!(postcard::from_bytes(&bytes));
                voice.settle(Some(value.to_string()));
                self.names.insert(into.clone(), value);
            }
            Act::Close(on) => {
                let Some(Object::End(end)) = self.objects.get(on) else { return missing(on) };
                let Some(end) = end.take() else { return closed(on) };
                end.close();
            }
            _ => {}
        }
        Flow::Continue(())
    }
}
