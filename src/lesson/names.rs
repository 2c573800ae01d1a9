//! Whether everything that a program names is there.

use super::program::{Act, Function, MAX_PROCESSES, Program, Role, Shared, Step};
use crate::spec::quoted;

/// The longest name of a role or of a shared object, in bytes.
const LONGEST_NAME: usize = 64;
/// Shared names: each process of the lesson has a few descriptors for each.
const MOST_SHARED: usize = 64;
/// Cells of one array: what is told of it must fit into one report, and into a picture.
const MOST_CELLS: usize = 4096;

/// Everything that is wrong, in the order of the roles.
pub fn check(program: &Program) -> Vec<String> {
    let mut wrong = Vec::new();
    if program.role("main").is_none() {
        wrong.push("there is no role main".to_owned());
    }
    for (at, role) in program.roles.iter().enumerate() {
        if program.roles[..at].iter().any(|other| other.name == role.name) {
            wrong.push(format!("the role {} is there twice", role.name));
        }
        steps(program, role, &role.steps, &mut wrong);
    }
    let names: Vec<&str> = program.shared.iter().flat_map(Shared::names).collect();
    let roles = program.roles.iter().map(|role| role.name.as_str());
    let is_name =
        |name: &&str| (1..=LONGEST_NAME).contains(&name.len()) && !name.chars().any(char::is_control);
    for name in roles.chain(names.iter().copied()).filter(|name| !is_name(name)) {
        let allowed = format!("1 to {LONGEST_NAME} bytes, of which none controls a terminal");
        wrong.push(format!("name: {} is not allowed; allowed: {allowed}", quoted(name)));
    }
    if names.len() > MOST_SHARED {
        wrong.push(format!("shared: there are {}; allowed: at most {MOST_SHARED}", names.len()));
    }
    wrong.extend(program.shared.iter().filter_map(size));
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            wrong.push(format!("the shared name {name} is there twice"));
        }
    }
    wrong
}

/// What is wrong with how much it holds, or of how many it is.
fn size(shared: &Shared) -> Option<String> {
    let (field, number, allowed) = match shared {
        Shared::Queue { bound: Some(0), .. } => ("bound", 0, "1 and more".to_owned()),
        // Permits belong to processes: who has none cannot give one back, so that nobody could ever get one.
        Shared::Semaphore { permits: 0, .. } => ("permits", 0, "1 and more".to_owned()),
        Shared::Array { cells, .. } if !(1..=MOST_CELLS).contains(&cells.len()) => {
            ("cells", cells.len(), format!("1 to {MOST_CELLS} of them"))
        }
        Shared::Barrier { parties, .. } if !(1..=MAX_PROCESSES).contains(parties) => {
            ("parties", *parties as usize, format!("1 to {MAX_PROCESSES}"))
        }
        _ => return None,
    };
    Some(format!(
        "shared {}, {field}: {number} is not allowed; allowed: {allowed}",
        shared.names().join(", ")
    ))
}

fn steps(program: &Program, role: &Role, all: &[Step], wrong: &mut Vec<String>) {
    for step in all {
        let mut say = |what: String| wrong.push(format!("role {}, line {}: {what}", role.name, step.line));
        match &step.act {
            Act::Start { role: name, with, .. } => match program.role(name) {
                None => say(format!("there is no role {name}")),
                Some(started) => {
                    let given: Vec<&String> = with.iter().map(|(name, _)| name).collect();
                    if !given.iter().copied().eq(&started.parameters) {
                        say(format!("the role {name} takes [{}]", started.parameters.join(", ")));
                    }
                }
            },
            Act::Map { function: Function::Role(name), .. } => match program.role(name) {
                Some(function) if function.parameters.len() == 1 => {}
                _ => say(format!("there is no role {name} with one parameter")),
            },
            Act::For { steps: inside, .. } | Act::Forever(inside) | Act::If(_, inside) => {
                steps(program, role, inside, wrong);
            }
            act => {
                if let Some((name, wanted)) = used(act)
                    && !program.shared.iter().any(|shared| {
                        shared.names().contains(&name.as_str()) && wanted.contains(&kind(shared))
                    })
                {
                    say(format!("there is no {} {name}", wanted.join(" or ")));
                }
            }
        }
    }
}

fn kind(shared: &Shared) -> &'static str {
    match shared {
        Shared::Queue { .. } => "queue",
        Shared::Pipe { .. } => "end of a pipe",
        Shared::Array { .. } => "array",
        Shared::Value { .. } => "value",
        Shared::Lock { .. } => "lock",
        Shared::Semaphore { .. } => "semaphore",
        Shared::Event { .. } => "event",
        Shared::Barrier { .. } => "barrier",
    }
}

/// The object that a step uses, and what it must be.
pub(super) fn used(act: &Act) -> Option<(&String, &'static [&'static str])> {
    match act {
        Act::Put { on, .. } | Act::Get { on, .. } => Some((on, &["queue"])),
        Act::Send { on, .. } | Act::Receive { on, .. } | Act::Close(on) => Some((on, &["end of a pipe"])),
        Act::Read { on, .. } | Act::ReadAll { on, .. } | Act::Write { on, .. } | Act::Add { on, .. } => {
            Some((on, &["array", "value"]))
        }
        Act::Acquire(on) | Act::Release(on) => Some((on, &["lock", "semaphore"])),
        Act::Set(on) | Act::Clear(on) | Act::Wait(on) => Some((on, &["event"])),
        Act::Meet(on) => Some((on, &["barrier"])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::program::parse, *};

    #[test]
    fn everything_that_is_named_must_be_there() {
        let role = |name: &str, parameters: &[&str], text: &str| Role {
            name: name.to_owned(),
            parameters: parameters.iter().map(|&name| name.to_owned()).collect(),
            text: text.to_owned(),
            steps: parse(text).expect("steps"),
        };
        let queue = Shared::Queue { name: "queue".to_owned(), bound: None };
        let program = Program {
            shared: vec![queue.clone(), queue],
            roles: vec![
                role("child", &["n"], "put queue n"),
                role("child", &[], "forever:\n acquire queue"),
                role("other", &[], "start child\nstart nobody\nmap other over [1] with 1 workers -> x"),
            ],
        };
        let wrong = check(&program);
        for part in [
            "no role main",
            "the role child is there twice",
            "role child, line 2: there is no lock or semaphore queue",
            "role other, line 1: the role child takes [n]",
            "role other, line 2: there is no role nobody",
            "role other, line 3: there is no role other with one parameter",
            "the shared name queue is there twice",
        ] {
            assert!(wrong.iter().any(|what| what.contains(part)), "{part} is not in {wrong:#?}");
        }
        assert_eq!(wrong.len(), 7, "{wrong:#?}");
    }
}
