//! How many processes and tasks a program has, known before it runs.

use super::{
    Act, Condition, Program, Step,
    expression::{Expression, Names},
};
use crate::lesson::value::Value;

/// Processes that one lesson may have.
pub const MAX_PROCESSES: u32 = 64;
/// Steps that are looked at: loops in loops could else take for ever to count.
const MOST_STEPS: u32 = 1 << 22;
/// Roles that start roles that start roles.
const DEEPEST: usize = 8;

/// What a program comes to if every one of its processes is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// `main` included, and the workers of its pools.
    pub processes: u32,
    /// One for each process but the workers of pools, and one for each item of a `map`.
    pub tasks: u32,
}

/// Walks through the program as it would run, with the values that are known beforehand. What depends on a message is
/// counted once, and so is what is done for ever.
pub fn counts(program: &Program) -> Counts {
    let mut walk = Walk { program, counts: Counts { processes: 1, tasks: 1 }, seen: 0 };
    walk.role("main", Names::new(), 0);
    walk.counts
}

/// On its way through a program.
struct Walk<'p> {
    program: &'p Program,
    counts: Counts,
    seen: u32,
}

impl Walk<'_> {
    fn role(&mut self, role: &str, names: Names, depth: usize) {
        if let Some(role) = self.program.role(role)
            && depth < DEEPEST
        {
            let mut names = names;
            self.steps(&role.steps, &mut names, depth);
        }
    }

    fn steps(&mut self, steps: &[Step], names: &mut Names, depth: usize) {
        for step in steps {
            self.seen += 1;
            if self.counts.processes > MAX_PROCESSES || self.seen > MOST_STEPS {
                return;
            }
            match &step.act {
                Act::Let { name, value } => match value.value(names) {
                    Ok(value) => {
                        names.insert(name.clone(), value);
                    }
                    Err(_) => {
                        names.remove(name);
                    }
                },
                Act::Start { role, with, .. } => {
                    self.counts.processes += 1;
                    self.counts.tasks += 1;
                    let given = with
                        .iter()
                        .filter_map(|(name, value)| Some((name.clone(), value.value(names).ok()?)));
                    self.role(role, given.collect(), depth + 1);
                }
                Act::Map { over, workers, .. } => {
                    self.counts.processes += whole(workers, names);
                    let items = list(over, names).map_or(1, |items| items.len() as u32);
                    self.counts.tasks = self.counts.tasks.saturating_add(items);
                }
                Act::For { name, over, steps } => match list(over, names) {
                    Some(items) => {
                        for item in items {
                            names.insert(name.clone(), item);
                            self.steps(steps, names, depth);
                        }
                    }
                    None => self.steps(steps, names, depth),
                },
                Act::Forever(steps) => self.steps(steps, names, depth),
                Act::If(condition, steps) if may_hold(condition, names) => {
                    self.steps(steps, names, depth);
                }
                _ => {}
            }
        }
    }
}

fn list(expression: &Expression, names: &Names) -> Option<Vec<Value>> {
    match expression.value(names) {
        Ok(Value::List(items)) => Some(items),
        _ => None,
    }
}

fn whole(expression: &Expression, names: &Names) -> u32 {
    match expression.value(names) {
        Ok(Value::Int(number)) => u32::try_from(number).unwrap_or(MAX_PROCESSES).min(MAX_PROCESSES),
        _ => 1,
    }
}

fn may_hold(condition: &Condition, names: &Names) -> bool {
    match (condition.left.value(names), condition.right.value(names)) {
        (Ok(left), Ok(right)) => (left == right) != condition.negated,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::parse, *};
    use crate::lesson::program::Role;

    fn program(main: &str) -> Program {
        let role = |name: &str, text: &str| Role {
            name: name.to_owned(),
            parameters: Vec::new(),
            text: text.to_owned(),
            steps: parse(text).expect("steps"),
        };
        Program {
            shared: Vec::new(),
            roles: vec![
                role("main", main),
                role("child", "print \"a\""),
                role("parent", "start child\nstart child"),
                role("itself", "start itself"),
            ],
        }
    }

    #[test]
    fn starts_and_items_are_counted_before_the_run() {
        for (main, processes, tasks) in [
            ("print \"a\"", 1, 1),
            ("for n in 1..4:\n start child", 5, 5),
            ("let many = [1, 2]\nfor n in many:\n for m in many:\n  start child", 5, 5),
            ("start parent", 4, 4),
            ("map child over 1..9 with 4 workers -> out", 5, 10),
            ("if 1 is 2:\n start child", 1, 1),
            ("get queue -> x\nif x is 2:\n start child", 2, 2),
        ] {
            assert_eq!(counts(&program(main)), Counts { processes, tasks }, "{main}");
        }
    }

    #[test]
    fn what_would_never_end_is_cut_off() {
        assert!(counts(&program("start itself")).processes > 5);
        assert!(counts(&program("for n in 1..1000000:\n start child")).processes > MAX_PROCESSES);
        let loops = "for a in 1..100000:\n for b in 1..100000:\n  for c in 1..100000:\n   print \"a\"";
        assert_eq!(counts(&program(loops)), Counts { processes: 1, tasks: 1 });
    }
}
