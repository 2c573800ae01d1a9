//! Steps on memory that processes share: arrays and values.

use super::{super::shared::Object, Flow, Interpreter, fail, missing};
use crate::lesson::{
    Value,
    program::{Act, Expression},
};

impl Interpreter<'_> {
    pub(super) fn use_memory(&mut self, act: &Act) -> Flow {
        match act {
            Act::Read { on, index, into } => {
                let at = tried!(self.index(index));
                let value = match self.objects.get(on) {
                    Some(Object::Array(array)) => tried!(array.get(at)),
                    Some(Object::Value(value)) if at == 0 => value.get(),
                    _ => return missing(on),
                };
                self.names.insert(into.clone(), Value::Int(value));
            }
            Act::ReadAll { on, into } => {
                let value = match self.objects.get(on) {
                    Some(Object::Array(array)) => {
                        Value::List(array.to_vec().into_iter().map(Value::Int).collect())
                    }
                    Some(Object::Value(value)) => Value::Int(value.get()),
                    _ => return missing(on),
                };
                self.names.insert(into.clone(), value);
            }
            Act::Write { on, index, value } => {
                let at = tried!(self.index(index));
                let number = tried!(self.whole(value));
                match self.objects.get(on) {
                    Some(Object::Array(array)) => tried!(array.set(at, number)),
                    Some(Object::Value(value)) if at == 0 => value.set(number),
                    _ => return missing(on),
                }
            }
            Act::Add { on, index, by, times } => {
                let (at, by, times) =
                    (tried!(self.index(index)), tried!(self.whole(by)), tried!(self.whole(times)));
                for _ in 0..times {
                    match self.objects.get(on) {
                        Some(Object::Array(array)) => {
                            tried!(array.read_modify_write(at, |value| value.wrapping_add(by)));
                        }
                        Some(Object::Value(value)) if at == 0 => {
                            value.read_modify_write(|value| value.wrapping_add(by));
                        }
                        _ => return missing(on),
                    }
                }
            }
            _ => {}
        }
        self.household.voice.settle(None);
        Flow::Continue(())
    }

    fn whole(&self, expression: &Expression) -> Result<i64, String> {
        match self.value(expression)? {
            Value::Int(number) => Ok(number),
            other => Err(format!("a whole number is wanted, and not {}", other.kind())),
        }
    }

    fn index(&self, expression: &Expression) -> Result<usize, String> {
        let number = self.whole(expression)?;
        usize::try_from(number).map_err(|_| format!("{number} is no place in an array"))
    }
}
