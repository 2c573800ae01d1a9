//! Two runs side by side.

use super::{open, set_sleepers};

#[test]
fn both_backends_run_one_after_the_other_and_are_compared() {
    let Some(mut window) = open() else { return };
    set_sleepers(&mut window, "2", "10", 20);
    window.click("Run both");
    window.wait_text("A: processes × 2");
    window.wait_text("B: threads × 2");
    window.wait_text("Finished: 10 of 10 tasks ok");
    let [a, b] = ["Queue plot of A", "Queue plot of B"].map(|name| window.find(name));
    assert!(a.value.starts_with("axes up to 10 tasks and "), "{a:?}");
    assert!(a.value == b.value && a.bounds.y1 < b.bounds.y0, "{a:?} {b:?}");
    for row in ["wall time", "time until ready", "CPU time", "peak memory", "throughput", "context switches"]
    {
        window.wait_text(row);
    }
    // Which of the two took longer to start is the machine's affair.
    window.wait_for("a difference in words", |widget| {
        [" longer to start", "about the same"].iter().any(|words| widget.value.contains(words))
    });
}

#[test]
fn runs_that_are_timed_are_watched_quietly_unless_somebody_wants_to_look() {
    let Some(mut window) = open() else { return };
    window.find("Quiet");
    set_sleepers(&mut window, "2", "30", 200);
    window.click("Run both");
    window.wait_text("Quiet (timing)");
    window.click("Quiet (timing)");
    window.wait_for("as often as before", |widget| widget.label == "Quiet");
    window.click("Stop");
    window.wait_text("Interrupted: ");
    window.find("Quiet");
}
