use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use super::super::error::Error;
use super::copy::{Copy, FORMAT, Form, State, TableCopy};
use super::{Copies, CopyProblem};

fn copy(id: &str) -> Copy {
    Copy {
        format: FORMAT,
        id: id.to_owned(),
        at: "2026-11-27T10:04:24.000001Z".to_owned(),
        database: "localhost:5432/cruddur".to_owned(),
        what: "the test".to_owned(),
        state: State::Kept,
        transaction: "7".to_owned(),
        taken_back: None,
        bytes: 3,
        script: None,
        sums: BTreeMap::new(),
        lacks: Vec::new(),
        tables: vec![TableCopy {
            schema: "public".to_owned(),
            name: "a".to_owned(),
            oid: 1,
            quoted: "public.a".to_owned(),
            columns: vec!["n".to_owned()],
            rows: 1,
            file: "1.rows".to_owned(),
            form: Form::Whole { after: None },
        }],
        objects: Vec::new(),
        sequences: Vec::new(),
    }
}

fn made(copies: &Copies, id: &str) -> Copy {
    let partial = copies.begin().unwrap();
    partial.file("1.rows").unwrap().write_all(b"1\n").unwrap();
    let mut copy = copy(id);
    partial.finish(&mut copy).unwrap();
    copy
}

fn names(dir: &std::path::Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name != ".gitignore")
        .collect();
    names.sort();
    names
}

#[test]
fn a_copy_is_whole_or_not_there_and_only_its_owner_may_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let copies = Copies::new(dir.path().join("x/undo"));
    assert_eq!(copies.list().unwrap(), (Vec::new(), Vec::new()));
    let partial = copies.begin().unwrap();
    partial.file("1.rows").unwrap().write_all(b"half").unwrap();
    assert_eq!(copies.list().unwrap().0, []);
    drop(partial);
    assert_eq!(names(copies.dir()), Vec::<String>::new());
    let (one, two) = (
        made(&copies, "20261127-100424"),
        made(&copies, "20261127-100424"),
    );
    assert_eq!(
        (one.id.as_str(), two.id.as_str()),
        ("20261127-100424", "20261127-100424-2")
    );
    assert_eq!(copies.list().unwrap().0, [one.clone(), two.clone()]);
    assert_eq!(names(&copies.path(&one.id)), ["1.rows", "manifest.json"]);
    let mode = |path: std::path::PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(copies.dir().to_owned()), 0o700);
    assert_eq!(mode(copies.path(&one.id)), 0o700);
    assert_eq!(mode(copies.path(&one.id).join("1.rows")), 0o600);
    assert_eq!(mode(copies.path(&one.id).join("manifest.json")), 0o600);
    copies.discard(&one.id).unwrap();
    assert_eq!(names(copies.dir()), [two.id]);
    assert!(copies.discard(&one.id).is_err());
}

/// A process that is killed leaves its folder, and the lock on it goes with the process.
#[test]
fn what_a_killed_run_left_is_removed_and_what_a_living_one_makes_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let copies = Copies::new(dir.path());
    let alive = copies.begin().unwrap();
    let dead = dir.path().join(".partial-1-0");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("lock"), "").unwrap();
    fs::write(dead.join("1.rows"), "half").unwrap();
    fs::create_dir(dir.path().join(".partial-x-going")).unwrap();
    copies.sweep().unwrap();
    assert_eq!(names(dir.path()).len(), 1, "{:?}", names(dir.path()));
    drop(alive);
    assert_eq!(names(dir.path()), Vec::<String>::new());
}

#[test]
fn a_description_that_leads_elsewhere_or_is_strange_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let copies = Copies::new(dir.path());
    let good = made(&copies, "good");
    let write = |change: &dyn Fn(&mut Copy)| {
        let mut bad = good.clone();
        change(&mut bad);
        let path = copies.path("good").join("manifest.json");
        fs::write(path, serde_json::to_vec(&bad).unwrap()).unwrap();
        copies.get("good")
    };
    let broken = |result: Result<Copy, Error>| matches!(result, Err(Error::Copy(p)) if matches!(*p, CopyProblem::Broken { .. }));
    assert_eq!(write(&|_| {}).unwrap(), good);
    assert!(broken(write(
        &|c| c.tables[0].file = "../../etc/passwd".to_owned()
    )));
    assert!(broken(write(
        &|c| c.tables[0].file = "/etc/passwd".to_owned()
    )));
    assert!(broken(write(&|c| c.tables[0].form = Form::Rows {
        key: Vec::new(),
        written: "a/b".to_owned(),
        written_rows: 0
    })));
    assert!(broken(write(&|c| c.format = 2)));
    assert!(broken(write(&|c| c.id = "other".to_owned())));
    fs::write(copies.path("good").join("manifest.json"), "{").unwrap();
    assert!(broken(copies.get("good")));
    assert_eq!(copies.list().unwrap().1, ["good"]);
    for id in ["", "..", ".", "../good", "a/b", "none"] {
        assert!(
            matches!(copies.get(id), Err(Error::Copy(p)) if matches!(*p, CopyProblem::Missing { .. })),
            "{id}"
        );
        assert!(copies.discard(id).is_err());
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let copies = Copies::new(dir.path().join("not/there/yet"));
    copies.room_for(1).unwrap();
    assert!(copies.room_for(u64::MAX).is_err());
    let small = copies.with_free(64 * 1024 * 1024 + 10);
    small.room_for(10).unwrap();
    let error = small.room_for(11).unwrap_err();
    assert!(error.to_string().contains("needs 1 MiB"), "{error}");
}

#[test]
fn a_copy_that_cannot_be_read_can_be_discarded() {
    let dir = tempfile::tempdir().unwrap();
    let copies = Copies::new(dir.path());
    made(&copies, "torn");
    made(&copies, "bare");
    fs::write(copies.path("torn").join("manifest.json"), "{").unwrap();
    fs::remove_file(copies.path("bare").join("manifest.json")).unwrap();
    assert_eq!(copies.list().unwrap().1, ["bare", "torn"]);
    for id in ["torn", "bare"] {
        let error = copies.get(id).unwrap_err();
        assert!(
            matches!(&error, Error::Copy(p) if matches!(**p, CopyProblem::Broken { .. })),
            "{error}"
        );
        copies.discard(id).unwrap();
    }
    assert_eq!(names(dir.path()), Vec::<String>::new());
}

#[test]
fn nothing_is_written_through_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let copies = Copies::new(dir.path().join("undo"));
    fs::create_dir(copies.dir()).unwrap();
    let (ignore, elsewhere) = (
        copies.dir().join(".gitignore"),
        dir.path().join("elsewhere"),
    );
    std::os::unix::fs::symlink(&elsewhere, &ignore).unwrap();
    made(&copies, "one");
    assert!(!elsewhere.exists());
    assert!(!ignore.is_symlink());
    assert_eq!(fs::read(&ignore).unwrap(), b"*\n");
    made(&copies, "two");
    let partial = copies.begin().unwrap();
    std::os::unix::fs::symlink(&elsewhere, partial.path("1.rows")).unwrap();
    partial.file("1.rows").unwrap_err();
    assert!(!elsewhere.exists());
}
