use std::collections::HashSet;

use roxmltree::Document;

use super::*;
use crate::{
    event::{Ended, Event, Exit, LockKind, Outcome, Status},
    spec::Backend,
    store::testing::*,
};

fn drawn(store: &RunStore, plot: Plot) -> String {
    let mut bytes = Vec::new();
    write_svg(store, plot, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Well-formed XML of elements we know, whose references lead somewhere and whose shapes lie on the picture.
fn assert_sound(text: &str) {
    let document = Document::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let root = document.root_element();
    let size = |name: &str| root.attribute(name).unwrap().parse::<f64>().unwrap();
    let (width, height) = (size("width"), size("height"));
    let known = ["svg", "style", "rect", "path", "line", "text", "title", "pattern", "circle"];
    let ids: HashSet<_> = document.descendants().filter_map(|node| node.attribute("id")).collect();
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        assert!(known.contains(&node.tag_name().name()), "{node:?}");
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on") && attribute.name() != "href", "{attribute:?}");
        }
        if let Some(id) = node.attribute("fill").and_then(|fill| fill.strip_prefix("url(#")) {
            assert!(ids.contains(id.trim_end_matches(')')), "{id}");
        }
        let number = |name: &str| node.attribute(name).map_or(0.0, |text| text.parse::<f64>().unwrap());
        if node.tag_name().name() == "rect" {
            assert!(number("x") >= 0.0 && number("y") >= 0.0, "{node:?}");
            assert!(number("x") + number("width") <= width + 1.0, "{node:?}");
            assert!(number("y") + number("height") <= height + 1.0, "{node:?}");
        }
    }
}

#[test]
fn pictures_are_sound_xml_whatever_happened() {
    for seed in 0..60 {
        for store in [store(random_run(seed)), store(mangled(seed)), RunStore::default()] {
            for plot in Plot::ALL {
                assert_sound(&drawn(&store, plot));
            }
        }
    }
}

#[test]
fn hostile_text_is_text() {
    let hostile = "</title><script>alert(1)</script>\u{0}\u{1b}&\"'";
    let store = store([
        run_started(spec(Backend::Processes, 1, 2)),
        done(Ended { start_ns: 0, ..ended(50, 0, 0, Outcome::Failed(hostile.into())) }),
        Event::RunEnded { t_ns: 60, status: Status::Finished, reason: None },
    ]);
    let text = drawn(&store, Plot::Timeline);
    assert_sound(&text);
    let document = Document::parse(&text).unwrap();
    let tips: Vec<_> = document.descendants().filter_map(|node| node.text()).collect();
    let shown = "failed: </title><script>alert(1)</script>\u{fffd}\u{fffd}&\"'";
    assert!(tips.iter().any(|tip| tip.contains(shown)), "{tips:?}");
}

fn fills(text: &str) -> Vec<String> {
    let document = Document::parse(text).unwrap();
    document.descendants().filter_map(|node| node.attribute("fill").map(str::to_owned)).collect()
}

#[test]
fn every_state_has_a_pattern_and_a_word() {
    let outcomes = [
        Outcome::Ok,
        Outcome::Failed("no".into()),
        Outcome::Crashed(Exit::Signal(11)),
        Outcome::TimedOut,
        Outcome::Cancelled,
    ];
    let mut run = store([run_started(spec(Backend::Processes, 1, 9)), spawned(0, 0, 0), ready(4, 0)]);
    for (task, outcome) in (0..).zip(outcomes) {
        let end_ns = 100 * (u64::from(task) + 1);
        run.apply(done(Ended { start_ns: end_ns - 90, ..ended(end_ns, 0, task, outcome) }));
    }
    run.apply(started(505, 0, 6, 0));
    run.apply(Event::Paused { t_ns: 510 });
    run.apply(Event::Resized { t_ns: 520, workers: 3 });
    run.apply(locked(0, 6, LockKind::Shared, [521, 560, 570]));
    run.apply(exited(600, 0, Exit::Signal(11), false));
    run.apply(done(Ended { start_ns: 505, ..ended(600, 0, 6, Outcome::Crashed(Exit::Signal(11))) }));
    let text = drawn(&run, Plot::Timeline);
    assert_sound(&text);
    let fills = fills(&text);
    for pattern in ["crashed", "cancelled", "timed-out", "failed", "paused", "lock"] {
        let found = fills.iter().filter(|fill| **fill == format!("url(#timeline-{pattern})")).count();
        assert!(found >= 2, "once in the legend and once on the plot: {pattern}: {found}");
    }
    for word in ["ok", "cancelled", "timed out", "failed", "crashed", "starting", "death", "→ 3 workers"] {
        assert!(text.contains(&format!(">{word}</text>")), "{word}");
    }
    assert!(text.contains("worker 0 died: SIGSEGV"));
}

#[test]
fn a_picture_does_not_grow_with_its_run() {
    for workers in [2, 40, 1024] {
        let mut run = store([run_started(spec(Backend::Processes, workers, 200_000))]);
        for task in 0..200_000_u32 {
            let start_ns = u64::from(task / workers) * 1000;
            let length = 300 + u64::from(task % 7) * 90;
            let outcome = if task % 5003 == 0 { Outcome::TimedOut } else { Outcome::Ok };
            run.apply(done(Ended { start_ns, ..ended(start_ns + length, task % workers, task, outcome) }));
            if task % 4 == 0 {
                run.apply(Event::Queue { t_ns: start_ns, queued: 200_000 - task, in_flight: 2, done: task });
            }
            if task % 40 == 0 {
                let loads = vec![crate::event::CoreLoad::default(); 256];
                run.apply(Event::Cores { t_ns: start_ns, loads });
            }
        }
        for plot in Plot::ALL {
            let text = drawn(&run, plot);
            assert!(text.len() < 1_000_000, "{workers} workers, {plot}: {} bytes", text.len());
        }
        let text = drawn(&run, Plot::Timeline);
        assert!(fills(&text).iter().any(|fill| fill == "url(#timeline-timed-out)"), "what went wrong shows");
        assert_sound(&text);
    }
}
