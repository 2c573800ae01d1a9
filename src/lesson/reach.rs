//! What of a program is ever used, beginning with `main`.

use std::collections::BTreeSet;

use super::{
    names::used,
    program::{Act, Function, Program, Shared, Step},
};

/// Roles that are started or mapped, and shared objects that their steps use.
#[derive(Debug, Default)]
pub(super) struct Reached {
    roles: BTreeSet<String>,
    objects: BTreeSet<String>,
}

impl Reached {
    pub(super) fn from_main(program: &Program) -> Self {
        let mut reached = Self::default();
        let mut waiting = vec!["main"];
        while let Some(name) = waiting.pop() {
            if let Some(role) = program.role(name)
                && reached.roles.insert(name.to_owned())
            {
                reached.walk(&role.steps, &mut waiting);
            }
        }
        reached
    }

    pub(super) fn role(&self, name: &str) -> bool {
        self.roles.contains(name)
    }

    /// A pipe is used if one of its ends is.
    pub(super) fn object(&self, shared: &Shared) -> bool {
        shared.names().iter().any(|name| self.objects.contains(*name))
    }

    fn walk<'p>(&mut self, steps: &'p [Step], waiting: &mut Vec<&'p str>) {
        for step in steps {
            match &step.act {
                Act::Start { role, .. } | Act::Map { function: Function::Role(role), .. } => {
                    waiting.push(role);
                }
                Act::For { steps, .. } | Act::Forever(steps) | Act::If(_, steps) => self.walk(steps, waiting),
                act => self.objects.extend(used(act).map(|(name, _)| name.clone())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::program::{Role, parse};

    #[test]
    fn what_is_started_by_what_is_started_is_reached() {
        let role = |name: &str, text: &str| Role {
            name: name.to_owned(),
            parameters: Vec::new(),
            text: text.to_owned(),
            steps: parse(text).expect("steps"),
        };
        let lock = |name: &str| Shared::Lock { name: name.to_owned(), robust: true };
        let pipe = Shared::Pipe { ends: ["left".to_owned(), "right".to_owned()], duplex: false };
        let program = Program {
            shared: vec![lock("a"), lock("b"), pipe],
            roles: vec![
                role("main", "for n in 1..2:\n  start parent"),
                role("parent", "map child over [1] with 1 workers -> x\nstart main"),
                role("child", "forever:\n  if 1 is 1:\n    acquire a\nclose right"),
                role("nobody", "acquire b"),
            ],
        };
        let reached = Reached::from_main(&program);
        let roles: Vec<bool> = program.roles.iter().map(|role| reached.role(&role.name)).collect();
        assert_eq!(roles, [true, true, true, false]);
        let objects: Vec<bool> = program.shared.iter().map(|shared| reached.object(shared)).collect();
        assert_eq!(objects, [true, false, true]);
    }
}
