//! Lessons: predicted, run and judged, remembered, and taken to the lab.

use eframe::egui::{Key, Modifiers, accesskit::Role};

use poolscope::lesson::{Ending, Lines, What, all};

use super::{SIZE, open};
use crate::support::{folder, path, window::Window};

/// What the page says of a run that was not as it should be.
const OTHERWISE: &str = "otherwise than the lesson says";
const QUEUE: &str = "Open lesson 5. Producer and consumer";

fn open_queue(window: &mut Window) {
    window.click("Lessons");
    window.wait_text("0 of 11 lessons understood");
    window.click(QUEUE);
    window.wait_text("You can hand work from one process to another");
}

#[test]
fn a_lesson_is_predicted_run_and_judged_and_so_is_how_it_goes_wrong() {
    let Some(mut window) = open() else { return };
    open_queue(&mut window);
    window.wait_text("Predict first: 2 questions without an answer");
    window.click("No: it waits for a fifth name");
    window.wait_text("Predict first: 1 question without an answer");
    window.click("Run");
    window.wait_text("You were right in 0 of 2");
    window.wait_text("Not so: this run did something else.");
    window.wait_text("No: it waits for a fifth name (your answer)");
    window.wait_text("You did not predict this.");
    window.wait_text("All processes have ended");
    for name in ["Rahim", "Karim", "Fahim", "Rohan"] {
        window.wait_text(name);
    }
    // Nothing can be answered any more before it is tried again.
    let radios = window.widgets().into_iter().filter(|widget| widget.role == Role::RadioButton).count();
    assert_eq!(radios, 0);
    window.click("Try again");
    window.wait_text("Predict first: 2 questions without an answer");
    window.wait_text("Not run yet");

    window.click("The sentinel is missing");
    window.click("It waits for ever");
    window.wait_text("All is predicted: run it");
    window.key(Key::Space, Modifiers::NONE);
    window.wait_text("You were right in 1 of 1");
    window.wait_text("They wait for ever");
    window.wait_text("so Poolscope has ended the lesson");
    window.wait_text("consumer waits for ever");
    window.click("Python");
    window.wait_text("lesson-queue-missing-sentinel.py");
    window.click("Next lesson");
    window.wait_text("Lesson 6 of 11");
    window.key(Key::Escape, Modifiers::NONE);
    window.wait_text("lesson queue/missing-sentinel");
    window.find("Run both");
}

#[test]
fn the_log_of_a_lesson_is_saved_as_its_file_would_have_it() {
    let Some(mut window) = open() else { return };
    window.key(Key::F1, Modifiers::NONE);
    window.click("Open lesson 1. One process and its log");
    window.click("Two: main and the child");
    window.click("Run");
    window.wait_text("You were right in 1 of");
    window.wait_text("INFO-this is my multiprocessing program");
    window.click("Save log…");
    let folder = folder();
    let file = path(&folder, "multiprocess.txt");
    window.fill("Path", file.to_str().expect("UTF-8"));
    window.click("Save");
    window.wait_text("Saved ");
    let text = std::fs::read_to_string(file).expect("it was written");
    assert_eq!(text, "INFO-this is my main programme\nINFO-this is my multiprocessing program\n");
}

#[test]
fn the_log_is_as_it_stood_at_the_moment_of_the_stage() {
    let Some(mut window) = open() else { return };
    window.key(Key::F1, Modifiers::NONE);
    window.click("Open lesson 1. One process and its log");
    window.click("Run");
    let child = "INFO-this is my multiprocessing program";
    window.wait_text(child);
    step_back_to(&mut window, "child logs: this is my multiprocessing");
    window.wait_text(child);
    step_back_to(&mut window, "main logs: this is my main programme");
    window.wait_text("INFO-this is my main programme");
    window.wait_gone(child);
    step_back_to(&mut window, "Nothing is logged up to this moment.");
    window.click("End");
    window.wait_text(child);
}

/// From one moment to the one before, until something is said.
fn step_back_to(window: &mut Window, what: &str) {
    loop {
        let widgets = window.widgets();
        let says = |text: &str| widgets.iter().find(|w| w.label.contains(text) || w.value.contains(text));
        if says(what).is_some() {
            return;
        }
        let stage = says("Stage: ").expect("it was run").label.clone();
        assert!(!stage.contains("moment 1 of"), "no moment says {what}");
        window.click("Step back");
        window.wait_gone(&stage);
    }
}

#[test]
fn what_was_learnt_survives_a_restart() {
    let Some(mut window) = open() else { return };
    window.click("Begin with the lessons");
    window.click("Open lesson 2. Four processes, four numbers: One of the four dies");
    window.click("Run");
    window.wait_text("Nothing was predicted");
    window.click("All lessons");
    window.wait_text("Lesson 2 · run");
    // It is written a moment later.
    let began = std::time::Instant::now();
    while !std::fs::read_to_string(window.memory()).is_ok_and(|text| text.contains("lesson four/one-dies")) {
        assert!(began.elapsed().as_secs() < 20, "it is not written");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let mut window = window.reopen(SIZE);
    window.key(Key::F1, Modifiers::NONE);
    window.wait_text("Lesson 2 · run");
    window.wait_text("Lesson 1 · not begun");
}

#[test]
fn a_lesson_with_a_pool_sets_it_up_in_the_lab_and_its_run_leads_back() {
    let Some(mut window) = open() else { return };
    window.key(Key::F1, Modifiers::NONE);
    window.click("Open lesson 3. A pool of four");
    window.click("Run");
    window.wait_text("Nothing was predicted");
    window.click("Open in the lab");
    window.wait_text("Lesson 3 in the lab: Nine tasks of different lengths");
    for (field, value) in [("Workers", "4"), ("Tasks", "9")] {
        window.wait_for(field, |widget| widget.label == field && widget.value == value);
    }
    window.wait_text("main lane");
    window.click("Show the lesson");
    window.wait_text("Lesson 3 of 11");
    // The same from its file.
    let [file] = &window.kept()[..] else { panic!("one run: {:?}", window.kept()) };
    let mut other = Window::open_with(SIZE, &[file]);
    other.wait_text("Lesson 3 of 11");
    other.wait_text("Nothing was predicted");
    other.click("Back to the lab");
    other.click("Run both");
}

#[test]
fn a_lesson_of_ordinary_runs_runs_them_in_turn() {
    let Some(mut window) = open() else { return };
    // All cards are in sight.
    window.resize(1600, 1000);
    window.click("Lessons");
    window.click("Open lesson 11. Threads or processes: One task crashes");
    window.wait_text("not run yet");
    window.click("It is lost as a whole");
    window.click("Seven");
    window.click("Run");
    window.wait_text("You were right in 2 of 2");
    window.wait_text("7 ok, 1 crashed");
    window.wait_text("What the workers did");
    window.click("Open the run processes");
    window.wait_text("Finished: 7 of 8 tasks ok");
    window.click("Lessons");
    window.click("Open in the lab");
    window.wait_text("Lesson 11 in the lab: The same work with each of these backends: ");
    window.click("Close the line about the lesson");
    window.wait_gone("Lesson 11 in the lab");
}

#[test]
fn every_control_of_the_lessons_has_a_name() {
    let Some(mut window) = open() else { return };
    open_queue(&mut window);
    for size in [SIZE, (1024, 640)] {
        window.resize(size.0, size.1);
        for page in ["All lessons", QUEUE] {
            window.click(page);
            let nameless: Vec<_> = window
                .widgets()
                .into_iter()
                .filter(|widget| super::whole::CONTROLS.contains(&widget.role))
                .filter(|widget| widget.label.trim().is_empty())
                .collect();
            assert!(nameless.is_empty(), "{page}: {nameless:?}");
        }
    }
}

/// Every lesson and every variant of it, as a person would run it, ends as it says, and prints and logs what it says.
#[test]
fn every_lesson_and_every_variant_comes_out_in_the_window_as_it_says() {
    let Some(mut window) = open() else { return };
    // All cards are in sight.
    window.resize(1600, 1000);
    window.click("Lessons");
    for (number, lesson) in (1..).zip(all()) {
        for variant in &lesson.variants {
            let base = format!("Open lesson {number}. {}", lesson.title);
            window.click(&match variant.name {
                Some(_) => format!("{base}: {}", variant.title),
                None => base,
            });
            window.click("Run");
            // Said once the run is over and was judged.
            window.wait_text("Nothing was predicted");
            // What a lesson of ordinary runs prints, its Python prints.
            if let What::Program(_) = variant.what {
                window.wait_text(match variant.expect.ended {
                    Ending::Finished => "All processes have ended",
                    Ending::Stuck => "Stuck: nothing could happen any more",
                });
                // All of it was compared by the page itself; the last lines are in sight without scrolling.
                let (printed, logged) = (variant.expect.printed.last(), variant.expect.logged.last());
                for line in printed.into_iter().chain(logged).flat_map(lines) {
                    // What stands for a number is different each time.
                    window.wait_text(line.split('{').next().unwrap_or_default());
                }
            }
            let name = lesson.name_of(variant);
            let odd =
                window.widgets().into_iter().find(|widget| widget.value.to_lowercase().contains(OTHERWISE));
            assert!(odd.is_none(), "{name}: {odd:?}");
            window.click("All lessons");
        }
    }
    window.wait_text("0 of 11 lessons understood");
}

fn lines(lines: &Lines) -> &[String] {
    match lines {
        Lines::One(line) => std::slice::from_ref(line),
        Lines::AnyOrder(lines) => lines,
    }
}
