//! Runs the Python program beside every lesson, where there is a Python, and holds it to what the lesson expects.

mod support;

use std::{
    fs::{self, File},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};

use poolscope::lesson::{Lesson, Python, Variant, all, compare_lines, log_message};
use support::folder;

/// For a program that ends.
const DEADLINE: Duration = Duration::from_secs(20);
/// A program that waits for ever is watched for so long, and longer if it has not printed everything yet.
const PATIENCE: Duration = Duration::from_secs(4);
/// Programs at a time: most of them wait most of the time.
const AT_ONCE: usize = 6;
const PYTHON: &str = "python3";

/// A Python program and the processes that it starts, ended as one when this is dropped.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // Processes may be left of a group whose first has ended, and it need not have any.
        let group = format!("-{}", self.0.id());
        Command::new("kill")
            .args(["-KILL", "--", &group])
            .stderr(Stdio::null())
            .status()
            .expect("kill can be run");
        self.0.wait().expect("it can be reaped");
    }
}

fn start(python: &Python, folder: &Path, out: &Path, err: &Path) -> Group {
    fs::write(folder.join(python.file), python.text).expect("the program can be written");
    // All its processes write into the same file, each at its end.
    let file =
        |path: &Path| File::options().create(true).append(true).open(path).expect("a file can be made");
    let child = Command::new(PYTHON)
        .arg(python.file)
        .current_dir(folder)
        // It would have Python write the end of each line by itself, so that two processes mix theirs up.
        .env_remove("PYTHONUNBUFFERED")
        .stdin(Stdio::null())
        .stdout(file(out))
        .stderr(file(err))
        .process_group(0)
        .spawn()
        .expect("Python starts");
    Group(child)
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// How it ended, or `None` if it had not after so long.
fn wait(group: &mut Group, limit: Duration, mut enough: impl FnMut(Duration) -> bool) -> Option<ExitStatus> {
    let began = Instant::now();
    loop {
        if let Some(status) = group.0.try_wait().expect("it can be waited for") {
            return Some(status);
        }
        if began.elapsed() >= limit || enough(began.elapsed()) {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Everything that is not as the lesson says.
fn judge(lesson: &Lesson, variant: &Variant) -> Result<(), String> {
    let python = variant.python.as_ref().ok_or("there is no Python")?;
    let place = folder();
    let work = place.path().join("work");
    fs::create_dir(&work).expect("a folder can be made");
    let (out, err) = (place.path().join("out"), place.path().join("err"));
    let expect = &variant.expect;
    let mut group = start(python, &work, &out, &err);
    if python.hangs {
        let all_is_there =
            |waited| waited >= PATIENCE && compare_lines(&expect.printed, &lines(&out)).is_ok();
        if let Some(status) = wait(&mut group, DEADLINE, all_is_there) {
            return Err(format!("it should wait for ever, but ended: {status}"));
        }
    } else {
        let status = wait(&mut group, DEADLINE, |_| false).ok_or("it did not end in time")?;
        let main = expect.died.iter().find(|(who, _)| who == "main").map_or("exit 0", |(_, how)| how);
        let how = status
            .signal()
            .map_or_else(|| format!("exit {}", status.code().unwrap_or(-1)), |n| format!("signal {n}"));
        if how != main {
            return Err(format!("it ended with {how}, and not with {main}: {}", lines(&err).join("\n")));
        }
    }
    drop(group);
    compare_lines(&expect.printed, &lines(&out))
        .map_err(|wrong| format!("printed: {wrong}; its errors: {}", lines(&err).join("\n")))?;
    if let Some(log) = &lesson.log {
        let written = lines(&work.join(&log.file));
        let messages: Vec<&str> = written
            .iter()
            .map(|line| {
                log_message(&log.format, line).ok_or_else(|| format!("{line:?} is not {}", log.format))
            })
            .collect::<Result<_, _>>()?;
        compare_lines(&expect.logged, &messages).map_err(|wrong| format!("logged: {wrong}"))?;
    }
    Ok(())
}

fn there_is_a_python() -> bool {
    Command::new(PYTHON)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
fn every_program_beside_a_lesson_does_what_the_lesson_says() {
    if !there_is_a_python() {
        eprintln!("no {PYTHON} here: nothing was run");
        return;
    }
    let mut programs: Vec<(&Lesson, &Variant)> = all()
        .iter()
        .flat_map(|lesson| lesson.variants.iter().map(move |variant| (lesson, variant)))
        .collect();
    // Those that only wait to be ended come last, and wait together.
    programs.sort_by_key(|(_, variant)| variant.python.is_none_or(|python| !python.hangs));
    let (waiting, wrong) = (Mutex::new(programs), Mutex::new(Vec::new()));
    let next = || waiting.lock().expect("no thread panics with it").pop();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((lesson, variant)) = next() {
                    if let Err(what) = judge(lesson, variant) {
                        let line = format!("{}: {what}", lesson.name_of(variant));
                        wrong.lock().expect("no thread panics with it").push(line);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no thread panics with it");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
