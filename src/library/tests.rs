use super::*;
use crate::{spec::Draft, store::Tally};

/// A finished run of 100 bytes in `/runs`, begun and changed at this time.
pub(super) fn entry(stem: &str, unix_ns: u64, change: impl FnOnce(&mut Brief)) -> Entry {
    let mut brief = Brief {
        title: "a run".to_owned(),
        status: "finished".to_owned(),
        complete: true,
        started_unix_ns: Some(unix_ns),
        wall_ns: Some(1),
        tally: Tally::default(),
        lesson: None,
        label: Label::default(),
        is_recorded: false,
    };
    change(&mut brief);
    let path = PathBuf::from(format!("/runs/{stem}.pscope"));
    Entry { path, bytes: 100, modified_unix_ns: unix_ns, brief: Ok(brief) }
}

fn spec() -> Spec {
    Draft::default().validate().unwrap()
}

/// What a run knows of itself at its end.
fn ended() -> std::sync::Arc<crate::store::RunStore> {
    use crate::store::testing::{finished, run_started, store};
    store([run_started(spec()), finished(1)]).into()
}

fn library(folder: &tempfile::TempDir) -> Library {
    Library::at(folder.path().join("poolscope/runs")).unwrap()
}

#[test]
fn runs_are_recorded_under_names_of_their_own_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let mut library = library(&folder);
    assert!(library.list().unwrap().is_empty());
    let first = library.record(&spec()).unwrap();
    let second = library.record(&spec()).unwrap();
    assert_ne!(first.path(), second.path());
    let listed = library.list().unwrap();
    assert_eq!(listed.len(), 2);
    for entry in listed {
        assert_eq!((entry.name(), entry.status()), (spec().title(), "running"));
        assert!(entry.is_live() && entry.bytes > 0);
    }
}

/// A list is read at any time, also in the moments in which a record begins and comes to its end.
#[test]
fn a_list_never_spoils_the_end_of_a_record_nor_takes_one_for_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(&folder);
    let over = std::sync::atomic::AtomicBool::new(false);
    let read = |forgets: bool| {
        let mut reader = Library::at(library.folder().to_owned()).unwrap();
        while !over.load(std::sync::atomic::Ordering::Relaxed) {
            if forgets {
                reader.known.clear();
            }
            let cut_off = reader.list().unwrap().into_iter().find(|entry| entry.status() == "cut off");
            assert_eq!(cut_off, None);
        }
    };
    let ends: Vec<_> = thread::scope(|scope| {
        scope.spawn(|| read(true));
        scope.spawn(|| read(false));
        let ends = (0..40)
            .map(|_| {
                let recorder = library.record(&spec()).unwrap();
                recorder.finish(ended());
                recorder.wait()
            })
            .collect();
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        ends
    });
    assert_eq!(ends, vec![record::Recording::Complete; 40]);
}

#[test]
fn what_is_no_run_is_listed_with_the_reason_and_other_files_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut library = library(&folder);
    fs::write(library.folder().join("x.pscope"), "text").unwrap();
    fs::write(library.folder().join("y.txt"), "text").unwrap();
    fs::write(library.folder().join(".z.pscope"), "text").unwrap();
    let [entry] = &library.list().unwrap()[..] else { panic!("one file") };
    assert_eq!((entry.name(), entry.status()), ("x.pscope".to_owned(), "unreadable"));
    assert!(entry.brief.as_ref().is_err_and(|why| why.contains("no run of Poolscope")), "{entry:?}");
}

#[test]
fn a_label_is_changed_and_the_list_tells_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut library = library(&folder);
    let path = library.record(&spec()).unwrap().path().to_owned();
    library.list().unwrap();
    library.change_label(&path, |label| label.name = "mine".to_owned()).unwrap();
    library.change_label(&path, |label| label.pinned = true).unwrap();
    let [entry] = &library.list().unwrap()[..] else { panic!("one file") };
    assert_eq!((entry.name(), entry.is_pinned()), ("mine".to_owned(), true));
    assert!(library.change_label(&path.with_extension("none"), |_| ()).is_err());
}

#[test]
fn a_run_that_was_removed_for_good_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut library = library(&folder);
    let path = library.record(&spec()).unwrap().path().to_owned();
    assert_eq!(library.remove(&path, true).unwrap(), Removed::ForGood);
    assert!(library.list().unwrap().is_empty());
    assert!(files_of(&path).iter().all(|path| !path.exists()));
    assert!(library.remove(&path, false).is_err(), "it is gone already");
}

#[test]
fn room_is_made_by_the_oldest() {
    let folder = tempfile::tempdir().unwrap();
    let mut library = library(&folder);
    let paths: Vec<PathBuf> = (0..3).map(|_| library.record(&spec()).unwrap().path().to_owned()).collect();
    // As if they had been cut off long ago, one after the other.
    for (path, age) in paths.iter().zip([9, 8, 7]) {
        let then = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(age);
        for path in files_of(path) {
            File::open(path).unwrap().set_modified(then.into()).unwrap();
        }
    }
    let listed = library.list().unwrap();
    assert_eq!(listed[0].status(), "cut off");
    assert_eq!(library.make_room().unwrap(), Room::default(), "there is no limit at first");
    // Nobody's trash is touched.
    let limit = listed[0].bytes * 2;
    let room = library.let_go(limit, |_| Ok(Some(Removed::NoTrash))).unwrap();
    assert_eq!(room, Room { no_trash: true, ..Room::default() });
    assert_eq!(library.list().unwrap().len(), 3, "none goes for good unasked");
    let room =
        library.let_go(limit, |leaving| remove::remove(&files_of(leaving.path()), true).map(Some)).unwrap();
    assert_eq!(room, Room { for_good: 1, ..Room::default() });
    let left: Vec<PathBuf> = library.list().unwrap().into_iter().map(|entry| entry.path).collect();
    assert!(left.len() == 2 && !left.contains(&paths[0]), "{left:?}");
}

#[test]
fn a_run_that_was_pinned_since_it_was_listed_does_not_give_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut library = library(&folder);
    for _ in 0..2 {
        let recorder = library.record(&spec()).unwrap();
        recorder.finish(ended());
        recorder.wait();
    }
    let listed = library.list().unwrap();
    let [oldest] = &giving_way(&listed, &[], 0)[..] else { panic!("one") };
    assert!(oldest.still_may_go());
    library.change_label(oldest.path(), |label| label.pinned = true).unwrap();
    assert!(!oldest.still_may_go());
}

#[test]
fn a_record_that_ends_while_it_is_listed_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mut library = library(&folder);
    let recorder = library.record(&spec()).unwrap();
    let [live] = &library.list().unwrap()[..] else { panic!("one") };
    assert!(live.is_live());
    recorder.finish(ended());
    recorder.wait();
    assert_eq!(refreshed(live.clone()).status(), "finished", "and not cut off");
}
