//! Whether lines are those that a lesson says.

use crate::lesson::Lines;

/// What is otherwise; empty where nothing is.
pub(super) fn differences(what: &str, expected: &[Lines], found: &[&str]) -> Vec<String> {
    let mut rest = found;
    let mut wrong = Vec::new();
    for lines in expected {
        let group: &[String] = match lines {
            Lines::One(line) => std::slice::from_ref(line),
            Lines::AnyOrder(lines) => lines,
        };
        let (here, after) = rest.split_at(group.len().min(rest.len()));
        rest = after;
        let mut here = here.to_vec();
        for line in group {
            match here.iter().position(|found| matches(line, found)) {
                Some(at) => drop(here.remove(at)),
                None => wrong.push(format!("not {what}: {line}")),
            }
        }
        wrong.extend(here.into_iter().map(|line| format!("{what} out of its place: {line}")));
    }
    wrong.extend(rest.iter().map(|line| format!("{what} beyond what is expected: {line}")));
    wrong
}

/// `{pid}` and `{number}` stand for whole numbers.
fn matches(pattern: &str, line: &str) -> bool {
    let Some((plain, rest)) = pattern.split_once('{') else { return pattern == line };
    let Some((name, after)) = rest.split_once('}').filter(|(name, _)| ["pid", "number"].contains(name))
    else {
        return pattern == line;
    };
    let _either_is_a_number = name;
    let Some(line) = line.strip_prefix(plain) else { return false };
    let digits = line.find(|c: char| !c.is_ascii_digit()).unwrap_or(line.len());
    digits > 0 && matches(after, &line[digits..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_come_in_order_and_their_lines_in_any() {
        let expected = [
            Lines::AnyOrder(vec!["pid {pid}: 1".to_owned(), "pid {pid}: 2".to_owned()]),
            Lines::One("end".to_owned()),
        ];
        let differ = |found: &[&str]| differences("printed", &expected, found).len();
        assert_eq!(differ(&["pid 12: 2", "pid 7: 1", "end"]), 0);
        assert_eq!(differ(&["pid 12: 2", "end", "pid 7: 1"]), 4);
        assert_eq!(differ(&["pid 12: 2", "pid 12: 2", "end"]), 2);
        assert_eq!(differ(&["pid : 2", "pid 7: 1", "end", "more"]), 3);
        assert_eq!(differ(&[]), 3);
    }

    #[test]
    fn braces_that_stand_for_nothing_are_themselves() {
        assert!(matches("a {x} b", "a {x} b") && !matches("a {x} b", "a 1 b"));
        assert!(matches("{number} of {number}", "3 of 40") && !matches("{number} of {number}", "3 of x"));
    }
}
