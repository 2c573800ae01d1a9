//! From the text of a role to its steps.

use std::fmt;

use super::{
    Act, Condition, Expression, Function, Step, Text, Whom,
    expression::{Reader, shown},
    words::{Word, words},
};
use crate::{event::Level, lesson::value::Value};

/// Lines that one role may have.
const MAX_LINES: usize = 200;
/// Blocks within blocks.
const DEEPEST: usize = 8;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// From 1.
    pub line: u32,
    pub what: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// A line that says something.
struct Line {
    number: u32,
    /// Spaces before it.
    indent: usize,
    words: Vec<Word>,
}

/// The steps of a role.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(text: &str) -> Result<Vec<Step>, ParseError> {
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let at = |what: String| ParseError { line: number, what };
        if number as usize > MAX_LINES {
            return Err(at(format!("more than {MAX_LINES} lines")));
        }
        let bare = line.trim_start_matches(' ');
        if bare.starts_with('\t') {
            return Err(at("a tab; blocks are indented by spaces".to_owned()));
        }
        let words = words(bare).map_err(at)?;
        if !words.is_empty() {
            lines.push(Line { number, indent: line.len() - bare.len(), words });
        }
    }
    let mut rest = lines.as_slice();
    let steps = block(&mut rest, 0, 0)?;
    match rest.first() {
        None => Ok(steps),
        Some(line) => Err(ParseError { line: line.number, what: "indented more than its block".to_owned() }),
    }
}

/// The lines that are indented by so much.
fn block(rest: &mut &[Line], indent: usize, depth: usize) -> Result<Vec<Step>, ParseError> {
    let mut steps = Vec::new();
    while let Some((line, after)) = rest.split_first() {
        if line.indent != indent {
            break;
        }
        *rest = after;
        let at = |what: String| ParseError { line: line.number, what };
        let opens = line.words.last() == Some(&Word::Sign(":"));
        let inside = match rest.first().filter(|_| opens) {
            Some(first) if first.indent > indent && depth < DEEPEST => block(rest, first.indent, depth + 1)?,
            Some(first) if first.indent > indent => {
                return Err(at(format!("blocks more than {DEEPEST} deep")));
            }
            _ if opens => return Err(at("a block without steps".to_owned())),
            _ => Vec::new(),
        };
        let words = if opens { &line.words[..line.words.len() - 1] } else { &line.words };
        let mut reader = Reader { words, at: 0, depth: 0 };
        let act = if opens { opening(&mut reader, inside) } else { act(&mut reader) }.map_err(at)?;
        reader.end().map_err(at)?;
        steps.push(Step { line: line.number, act });
    }
    Ok(steps)
}

/// A line that opens a block.
fn opening(reader: &mut Reader<'_>, steps: Vec<Step>) -> Result<Act, String> {
    match verb(reader)? {
        "for" => {
            let name = name(reader)?;
            expect_keyword(reader, "in")?;
            Ok(Act::For { name, over: reader.expression()?, steps })
        }
        "forever" => Ok(Act::Forever(steps)),
        "if" => Ok(Act::If(condition(reader)?, steps)),
        other => Err(format!("{other} opens no block; allowed: for, forever, if")),
    }
}

fn act(reader: &mut Reader<'_>) -> Result<Act, String> {
    let verb = verb(reader)?;
    moving(verb, reader)
        .or_else(|| sharing(verb, reader))
        .or_else(|| processes(verb, reader))
        .unwrap_or_else(|| plain(verb, reader))
}

/// Steps of one process by itself.
fn plain(verb: &str, reader: &mut Reader<'_>) -> Result<Act, String> {
    match verb {
        "print" => text(reader).map(Act::Print),
        "log" => text(reader).map(|text| Act::Log(Level::Info, text)),
        "warn" => text(reader).map(|text| Act::Log(Level::Warning, text)),
        "sleep" => reader.expression().map(Act::Sleep),
        "let" => {
            let name = name(reader)?;
            expect_sign(reader, "=")?;
            Ok(Act::Let { name, value: reader.expression()? })
        }
        "stop" => {
            expect_keyword(reader, "if")?;
            condition(reader).map(Act::StopIf)
        }
        "return" => reader.expression().map(Act::Return),
        "exit" => reader.expression().map(Act::Exit),
        "die" => Ok(Act::Die),
        "for" | "forever" | "if" => Err(format!("{verb} opens a block and ends with a colon")),
        other => Err(format!(
            "there is no step {other}; allowed: acquire, add, clear, close, die, exit, for, forever, get, if, join, \
             kill, let, log, map, meet, print, put, read, receive, release, return, send, set, sleep, start, stop, \
             wait, warn, write"
        )),
    }
}

/// Steps that move messages; `None` for any other.
fn moving(verb: &str, reader: &mut Reader<'_>) -> Option<Result<Act, String>> {
    let read = || match verb {
        "put" => Ok(Act::Put { on: name(reader)?, value: reader.expression()? }),
        "get" => Ok(Act::Get { on: name(reader)?, into: into(reader)? }),
        "send" => Ok(Act::Send { on: name(reader)?, value: reader.expression()? }),
        "receive" => {
            let (on, into) = (name(reader)?, into(reader)?);
            let or_stop = reader.keyword("or");
            if or_stop {
                expect_keyword(reader, "stop")?;
            }
            Ok(Act::Receive { on, into, or_stop })
        }
        "close" => name(reader).map(Act::Close),
        _ => Err(String::new()),
    };
    ["put", "get", "send", "receive", "close"].contains(&verb).then(read)
}

/// Steps on memory and on what processes wait for; `None` for any other.
fn sharing(verb: &str, reader: &mut Reader<'_>) -> Option<Result<Act, String>> {
    const VERBS: [&str; 9] = ["read", "write", "add", "acquire", "release", "set", "clear", "wait", "meet"];
    let read = || match verb {
        "read" => {
            let on = name(reader)?;
            match index(reader)? {
                Some(index) => Ok(Act::Read { on, index, into: into(reader)? }),
                None => Ok(Act::ReadAll { on, into: into(reader)? }),
            }
        }
        "write" => {
            let (on, index) = (name(reader)?, index(reader)?.unwrap_or_else(first));
            expect_sign(reader, "=")?;
            Ok(Act::Write { on, index, value: reader.expression()? })
        }
        "add" => {
            let (on, index) = (name(reader)?, index(reader)?.unwrap_or_else(first));
            expect_keyword(reader, "by")?;
            let by = reader.expression()?;
            let times = if reader.keyword("times") { reader.expression()? } else { once() };
            Ok(Act::Add { on, index, by, times })
        }
        "acquire" => name(reader).map(Act::Acquire),
        "release" => name(reader).map(Act::Release),
        "set" => name(reader).map(Act::Set),
        "clear" => name(reader).map(Act::Clear),
        "wait" => {
            expect_keyword(reader, "for")?;
            name(reader).map(Act::Wait)
        }
        _ => name(reader).map(Act::Meet),
    };
    VERBS.contains(&verb).then(read)
}

/// Steps on other processes; `None` for any other.
fn processes(verb: &str, reader: &mut Reader<'_>) -> Option<Result<Act, String>> {
    let read = || match verb {
        "start" => {
            let role = name(reader)?;
            let own = if reader.keyword("as") { Some(text(reader)?) } else { None };
            let mut with = Vec::new();
            if reader.keyword("with") {
                loop {
                    let parameter = name(reader)?;
                    expect_sign(reader, "=")?;
                    with.push((parameter, reader.expression()?));
                    if !reader.sign(",") {
                        break;
                    }
                }
            }
            Ok(Act::Start { role, name: own, with })
        }
        "join" if reader.keyword("all") => Ok(Act::Join(Whom::All)),
        "join" => process(reader).map(|text| Act::Join(Whom::One(text))),
        "kill" => process(reader).map(Act::Kill),
        _ => map(reader),
    };
    ["start", "join", "kill", "map"].contains(&verb).then(read)
}

fn map(reader: &mut Reader<'_>) -> Result<Act, String> {
    let function = if reader.sign("(") {
        let parameter = name(reader)?;
        expect_sign(reader, "->")?;
        let body = reader.expression()?;
        expect_sign(reader, ")")?;
        Function::Unnamed { parameter, body }
    } else {
        Function::Role(name(reader)?)
    };
    expect_keyword(reader, "over")?;
    let over = reader.expression()?;
    expect_keyword(reader, "with")?;
    let workers = reader.expression()?;
    expect_keyword(reader, "workers")?;
    Ok(Act::Map { function, over, workers, into: into(reader)? })
}

fn first() -> Expression {
    Expression::Value(Value::Int(0))
}

fn once() -> Expression {
    Expression::Value(Value::Int(1))
}

fn verb<'w>(reader: &mut Reader<'w>) -> Result<&'w str, String> {
    match reader.next() {
        Some(Word::Name(name)) => Ok(name),
        Some(other) => Err(format!("a line begins with what is to be done, and not with {}", shown(other))),
        None => Err("a line begins with what is to be done".to_owned()),
    }
}

fn name(reader: &mut Reader<'_>) -> Result<String, String> {
    match reader.next() {
        Some(Word::Name(name)) => Ok(name.clone()),
        Some(other) => Err(format!("{} where a name should be", shown(other))),
        None => Err("a name is missing".to_owned()),
    }
}

/// A process, by a name as it stands or by a text.
fn process(reader: &mut Reader<'_>) -> Result<Text, String> {
    match reader.peek() {
        Some(Word::Text(_)) => text(reader),
        _ => name(reader).map(|name| Text(vec![super::Piece::Plain(name)])),
    }
}

fn text(reader: &mut Reader<'_>) -> Result<Text, String> {
    match reader.next() {
        Some(Word::Text(text)) => Text::parse(text),
        Some(other) => Err(format!("{} where a text in double quotes should be", shown(other))),
        None => Err("a text in double quotes is missing".to_owned()),
    }
}

/// `[EXPRESSION]`, if it is there.
fn index(reader: &mut Reader<'_>) -> Result<Option<Expression>, String> {
    if !reader.sign("[") {
        return Ok(None);
    }
    let index = reader.expression()?;
    expect_sign(reader, "]")?;
    Ok(Some(index))
}

fn into(reader: &mut Reader<'_>) -> Result<String, String> {
    expect_sign(reader, "->")?;
    name(reader)
}

fn condition(reader: &mut Reader<'_>) -> Result<Condition, String> {
    let left = reader.expression()?;
    expect_keyword(reader, "is")?;
    let negated = reader.keyword("not");
    Ok(Condition { left, right: reader.expression()?, negated })
}

fn expect_keyword(reader: &mut Reader<'_>, word: &str) -> Result<(), String> {
    if reader.keyword(word) { Ok(()) } else { Err(missing(reader, word)) }
}

fn expect_sign(reader: &mut Reader<'_>, sign: &str) -> Result<(), String> {
    if reader.sign(sign) { Ok(()) } else { Err(missing(reader, sign)) }
}

fn missing(reader: &Reader<'_>, wanted: &str) -> String {
    match reader.peek() {
        Some(word) => format!("{} where {wanted} should be", shown(word)),
        None => format!("{wanted} is missing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_read() {
        let text = "\
for n in 1..4:
    start worker as \"p{n}\" with number = n, other = 2
join all
join producer
kill \"p{2}\"
forever:
    get queue -> item
    stop if item is none
    if item is not 4:
        print \"{item}\"

# A line for people.
put queue none
send left \"x\" * 3
receive right -> m or stop
receive right -> m
close left
read cells[1] -> v
read cells -> all
write cells[n - 1] = v ** 2
write counter = 0
add counter by 1 times 500
acquire lock
release lock
set go
clear go
wait for go
meet gate
map square over 1..9 with 4 workers -> out
map (x -> x * x) over [1, 2] with 2 workers -> out
let y = 2
sleep 0.5
log \"m\"
warn \"m\"
return y
exit 3
die";
        let steps = parse(text).expect("a program");
        assert_eq!(steps.len(), 30);
        assert_eq!((steps[0].line, steps[1].line, steps.last().expect("some").line), (1, 3, 37));
        let Act::Forever(inside) = &steps[4].act else { panic!("{:?}", steps[4]) };
        let Act::If(condition, inner) = &inside[2].act else { panic!("{:?}", inside[2]) };
        assert!(condition.negated && inner.len() == 1);
        assert!(matches!(&steps[19].act, Act::Wait(name) if name == "go"), "{:?}", steps[19]);
        assert!(matches!(&steps[22].act, Act::Map { function: Function::Unnamed { .. }, .. }));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line, part) in [
            ("print 3", 1, "a text in double quotes"),
            ("print \"a\"\nfly", 2, "there is no step fly"),
            ("for n in [1]:", 1, "without steps"),
            ("for n in [1]", 1, "colon"),
            ("put queue 1 2", 1, "2 is too much"),
            ("print \"a\"\n  print \"b\"", 2, "indented"),
            ("\tprint \"a\"", 1, "tab"),
            ("get queue", 1, "-> is missing"),
            ("stop when x", 1, "when where if should be"),
            ("print \"a\":\n  die", 1, "opens no block"),
            ("3", 1, "begins with what is to be done"),
            ("map square on [1] with 2 workers -> x", 1, "on where over should be"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.line == line && error.what.contains(part), "{text:?}: {error}");
        }
        let deep: Vec<String> = (0..20).map(|depth| format!("{}forever:", " ".repeat(depth))).collect();
        assert!(parse(&deep.join("\n")).is_err());
        assert!(parse(&"die\n".repeat(1000)).is_err());
    }
}
