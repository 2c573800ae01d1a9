use super::*;
use crate::{
    event::{Event, Exit, Level, Outcome, Status},
    export::page::testing::{assert_sound, texts},
    ids::WorkerId,
    spec::Backend,
    store::testing::*,
};

fn page(store: &RunStore) -> String {
    let mut bytes = Vec::new();
    write_html(store, Observer::default(), &Label::default(), &TimeZone::UTC, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn pages_are_sound_whatever_happened() {
    for seed in 0..60 {
        for store in [store(random_run(seed)), store(mangled(seed)), RunStore::default()] {
            assert_sound(&page(&store));
        }
    }
}

#[test]
fn a_page_tells_the_run() {
    let store = store([
        run_started(spec(Backend::Gil, 2, 3)),
        spawned(1_000, 0, 0),
        ready(2_000, 0),
        ok(5_000_000, 0, 0),
        ok(6_000_000, 0, 1),
        done(ended(7_000_000, 0, 2, Outcome::Crashed(Exit::Signal(11)))),
        exited(7_000_000, 0, Exit::Signal(11), false),
        finished(8_000_000),
    ]);
    let text = page(&store);
    let texts = texts(&text);
    for wanted in [
        "gil (simulated) × 2, square, 3 tasks",
        "✗ finished, 1 of 3 tasks not ok",
        "Simulation: gil is a simulation of CPython's global interpreter lock.",
        "7.00 ms",
        "crashed (SIGSEGV)",
        "Where the workers' time went",
        "Timeline: gil (simulated) × 2, square, 3 tasks",
        "CPU per core: gil (simulated) × 2, square, 3 tasks",
        "Queue: gil (simulated) × 2, square, 3 tasks",
        "worker 0 (pid 1000) died: SIGSEGV, while running task 2",
    ] {
        assert!(texts.iter().any(|text| text == wanted), "{wanted}: {texts:?}");
    }
    assert!(texts.iter().any(|text| text.starts_with("Began 2025-01-31 12:00:00 +00:00")), "{texts:?}");
    assert!(text.contains("prefers-color-scheme:dark") && text.contains("@media print"));
}

#[test]
fn hostile_text_is_text_and_never_markup() {
    let hostile = [
        "<script>alert(1)</script>",
        "</td></table><img src=x onerror=alert(1)>",
        "\" onmouseover=\"alert(1)",
        "&lt;b&gt; &amp; &#60;",
        "]]><!-- <style>*{display:none}</style>",
        "a\u{0}b\u{1b}[31m\u{202e}",
    ];
    let mut run = store([run_started(spec(Backend::Processes, 1, 20))]);
    for (task, text) in (0..).zip(hostile) {
        run.apply(done(ended(u64::from(task), 0, task, Outcome::Failed(text.into()))));
        run.apply(Event::Log {
            t_ns: 5,
            worker: Some(WorkerId(0)),
            level: Level::Info,
            text: text.to_owned(),
        });
    }
    let reason = Some(hostile.concat());
    run.apply(Event::RunEnded { t_ns: 60, status: Status::Lost, reason });
    let text = page(&run);
    assert_sound(&text);
    let texts = texts(&text);
    for said in hostile {
        let shown = said.replace(['\u{0}', '\u{1b}'], "\u{fffd}");
        assert!(texts.contains(&shown), "{said}: as a log line");
        assert!(texts.contains(&format!("failed: {shown}")), "{said}: as a message");
    }
    for markup in ["<script", "<img", "<!--", "<style>*"] {
        assert!(!text.contains(markup), "{markup}");
    }
}

#[test]
fn a_page_does_not_grow_with_its_run() {
    let mut run = store([run_started(spec(Backend::Processes, 4, 100_000))]);
    for task in 0..100_000_u32 {
        let t_ns = u64::from(task) * 1000;
        run.apply(done(ended(t_ns, task % 4, task, Outcome::Failed("x".repeat(5000).into()))));
    }
    let text = page(&run);
    assert!(text.len() < 4_000_000, "{} bytes", text.len());
    assert!(text.contains("The first 100 of 100\u{202f}000 attempts that did not end ok."));
    assert!(text.contains("lines are left out here."));
}
