//! What people and programs read, word for word: the plan in both forms and the events of its run, for the shipped
//! stack.yaml on a fresh world, on one that was changed by hand, and at the end.
//!
//! To write the files in `tests/golden/` anew after a change that is meant, and to read what changed:
//!
//! ```text
//! UPDATE_GOLDEN=1 cargo test --test it golden && git diff tests/golden
//! ```
//!
//! Times, durations, digests and ids are taken out before the comparison. Runs are made one step at a time, so that
//! their events come in one order; what is waited for is left out, because it is a matter of the clock.

use crate::stage::{self, REGION, SPEED};
use cruddur_infra::sandbox::store::Store;
use cruddur_infra::sandbox::timing::Timing;
use cruddur_infra::sandbox::world::World;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

/// A folder with the shipped stack, and the program in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        std::fs::copy(root.join("stack.yaml"), dir.path().join("stack.yaml")).unwrap();
        for folder in ["lambda", "sql"] {
            stage::copy_dir(&root.join(folder), &dir.path().join(folder));
        }
        Folder(dir)
    }

    fn run(&self, code: i32, args: &[&str]) -> Output {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_cruddur-infra"))
            .args([
                "--sandbox",
                "--sandbox-speed",
                &SPEED.to_string(),
                "--color",
                "never",
            ])
            .args(args)
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", std::env::var_os("HOME").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .env("COLUMNS", "100")
            .env("CRUDDUR_INFRA_CACHE", stage::cache_dir())
            .env("CRUDDUR_INFRA_OWNER", "ana")
            .env("CRUDDUR_INFRA_WORKSPACE", "laptop")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{args:?}\n{}\n{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        output
    }

    fn change(&self, change: impl FnOnce(&mut World)) {
        let dir = self.0.path().join(".cruddur/sandbox/stack.yaml");
        let store = Store::open(&dir, REGION, Timing::scaled(SPEED)).unwrap();
        store
            .write(|w| {
                change(w);
                Ok(())
            })
            .unwrap();
    }
}

impl Drop for Folder {
    /// However the test ended, its database ends with it.
    fn drop(&mut self) {
        let reset = std::process::Command::new(env!("CARGO_BIN_EXE_cruddur-infra"))
            .args(["--sandbox", "sandbox", "reset"])
            .current_dir(self.0.path())
            .output();
        if !reset.is_ok_and(|r| r.status.success()) {
            eprintln!("the sandbox in {} was not reset", self.0.path().display());
        }
    }
}

/// Compares with a file of `tests/golden/`, or writes it.
fn compare(name: &str, text: &str, wrong: &mut Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    let text = normal(text);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    if golden == text {
        return;
    }
    let (mut old, mut new) = (golden.lines(), text.lines());
    let mut line = 1;
    let (left, right) = loop {
        match (old.next(), new.next()) {
            (a, b) if a == b => line += 1,
            (a, b) => break (a.unwrap_or("(the end)"), b.unwrap_or("(the end)")),
        }
    };
    wrong.push(format!(
        "tests/golden/{name}:{line}\n  - {left}\n  + {right}"
    ));
}

/// Takes out what differs from run to run.
fn normal(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        let word = |more: &str| {
            let fits = |c: &char| c.is_ascii_alphanumeric() || more.contains(*c);
            at + chars[at..].iter().take_while(|c| fits(c)).count()
        };
        let text_to = |end: usize| chars[at..end].iter().collect::<String>();
        let begins = at == 0 || !chars[at - 1].is_ascii_alphanumeric();
        if begins {
            let mut end = word("-:.");
            while end > at && chars[end - 1] == '.' {
                end -= 1;
            }
            let stamp = text_to(end);
            if is_moment(&stamp) {
                out.push_str("<time>");
                at = end;
                continue;
            }
            if let Some(rest) = day(&stamp) {
                out.push_str("<day>");
                at += stamp.len() - rest.len();
                continue;
            }
            if stamp.starts_with("127.") && stamp.matches('.').count() == 3 {
                let address = stamp.split(':').next().unwrap_or(&stamp);
                out.push_str("<loopback>");
                at += address.len();
                continue;
            }
            // a size on the disk is a matter of the server's version
            let number = text_to(word("."));
            let unit: String = chars[at + number.chars().count()..]
                .iter()
                .take(4)
                .collect();
            if number.parse::<f64>().is_ok() && [" KiB", " MiB"].contains(&unit.as_str()) {
                out.push_str("<size>");
                at += number.chars().count() + unit.len();
                continue;
            }
            let end = word("+/=");
            let digest = text_to(end);
            if digest.len() == 12 && chars.get(end) == Some(&'…') {
                out.push_str("<digest>");
                at = end;
                continue;
            }
            if digest.len() == 44 && digest.ends_with('=') {
                out.push_str("<digest>");
                at = end;
                continue;
            }
            let end = word("");
            let run = text_to(end);
            if is_hex(&run) {
                out.push_str("<hex>");
                at = end;
                continue;
            }
            out.push_str(&run);
            at = end.max(at);
            if !run.is_empty() {
                continue;
            }
        }
        out.push(chars[at]);
        at += 1;
    }
    out
}

/// `2026-11-23T05:30:37.072Z`.
fn is_moment(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape.starts_with("0000-00-00T00:00") && shape.ends_with('Z')
}

/// `20261123-053037`, and what comes after it.
fn day(text: &str) -> Option<&str> {
    let (head, rest) = text.split_at_checked(15)?;
    let shape: String = head
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    (shape == "00000000-000000").then_some(rest)
}

/// An id or a digest, not a word and not an account.
fn is_hex(run: &str) -> bool {
    run.len() >= 12
        && run.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
        && run.chars().any(|c| c.is_ascii_digit())
        && run.chars().any(|c| c.is_ascii_lowercase())
}

/// One event a line; what is a matter of the clock is left out.
fn events(stdout: &[u8]) -> String {
    let mut out = String::new();
    for line in String::from_utf8(stdout.to_vec()).unwrap().lines() {
        let mut event: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        if matches!(event["event"].as_str(), Some("waiting" | "retrying")) {
            continue;
        }
        for seconds in ["/seconds", "/summary/seconds"] {
            if let Some(value) = event.pointer_mut(seconds) {
                assert!(value.is_number(), "{line}");
                *value = "<seconds>".into();
            }
        }
        if let Some(receipt) = event.get_mut("receipt") {
            of_the_clock(receipt);
        }
        out.push_str(&event.to_string());
        out.push('\n');
    }
    out
}

/// Interfaces go when their time is up, and sizes are a matter of the server's version.
fn of_the_clock(receipt: &mut Value) {
    if let Some(remains) = receipt["remains"].as_array_mut() {
        remains.retain(|r| r.get("passes").is_none());
    }
    for holding in receipt["held"].as_array_mut().into_iter().flatten() {
        for database in holding["databases"].as_array_mut().into_iter().flatten() {
            database["bytes"] = "<bytes>".into();
            for table in database["tables"].as_array_mut().into_iter().flatten() {
                table["bytes"] = "<bytes>".into();
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn golden_plans_and_runs() {
    let folder = Folder::new();
    let mut wrong = Vec::new();

    // nothing is there
    compare(
        "fresh/plan.txt",
        &text(&folder.run(0, &["plan"]).stdout),
        &mut wrong,
    );
    let json = folder.run(2, &["plan", "--format", "json", "--detailed-exitcode"]);
    compare("fresh/plan.json", &text(&json.stdout), &mut wrong);
    let run = folder.run(0, &["apply", "--format", "json", "--parallelism", "1"]);
    compare("fresh/events.jsonl", &events(&run.stdout), &mut wrong);

    // everything is as it should be
    let again = folder.run(0, &["plan", "--detailed-exitcode"]);
    compare("settled/plan.txt", &text(&again.stdout), &mut wrong);

    // somebody was here
    folder.change(drift);
    compare(
        "drift/plan.txt",
        &text(&folder.run(0, &["plan"]).stdout),
        &mut wrong,
    );
    let json = folder.run(2, &["plan", "--format", "json", "--detailed-exitcode"]);
    compare("drift/plan.json", &text(&json.stdout), &mut wrong);
    let run = folder.run(0, &["apply", "--format", "json", "--parallelism", "1"]);
    compare("drift/events.jsonl", &events(&run.stdout), &mut wrong);
    folder.run(0, &["plan", "--detailed-exitcode"]);

    // the end
    let plan = folder.run(0, &["destroy", "--out", "destroy.json"]);
    compare("destroy/plan.txt", &text(&plan.stderr), &mut wrong);
    let saved = std::fs::read_to_string(folder.0.path().join("destroy.json")).unwrap();
    compare("destroy/plan.json", &saved, &mut wrong);
    let run = folder.run(
        0,
        &[
            "destroy",
            "--format",
            "json",
            "--parallelism",
            "1",
            "--skip-final-snapshot",
        ],
    );
    compare("destroy/events.jsonl", &events(&run.stdout), &mut wrong);

    assert!(
        wrong.is_empty(),
        "{}\n\nIf that is meant: UPDATE_GOLDEN=1 cargo test --test it golden && git diff tests/golden",
        wrong.join("\n")
    );
}

/// What people do in the console: one change of each sort, and one thing that is nobody's business.
fn drift(world: &mut World) {
    let instance = world.rds.instances.values_mut().next().unwrap();
    instance.values.backup_retention = 3;
    instance.tags.insert("team".to_owned(), "data".to_owned());
    world.ec2.rules.retain(|r| r.tags.is_empty());
    let role = world.iam.roles.values_mut().next().unwrap();
    role.attached.clear();
    let function = world.lambda.functions.values_mut().next().unwrap();
    function.release.settings.timeout = 60;
    function
        .release
        .settings
        .environment
        .0
        .insert("DEBUG".to_owned(), "1".to_owned());
    function.statements.clear();
    let pool = &mut world.cognito.pools[0];
    if let Some(triggers) = pool.settings["LambdaConfig"].as_object_mut() {
        triggers.remove("PostConfirmation");
    }
}

#[test]
fn what_differs_from_run_to_run_is_taken_out() {
    for (from, to) in [
        ("at 2026-11-23T05:30:37.072Z.", "at <time>."),
        ("\"2026-11-23T05:30:37Z\"", "\"<time>\""),
        ("final-20261123-053037", "final-<day>"),
        ("sgr-0f2b6c8d4e1a97350", "sgr-<hex>"),
        ("sha256:4694d8591aab43994aec4f22 ", "sha256:<hex> "),
        ("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "<digest>"),
        ("content  SrCgFle2il3m…", "content  <digest>…"),
        (
            "\"127.83.101.30:5432/cruddur\"",
            "\"<loopback>:5432/cruddur\"",
        ),
        ("(7.5 MiB): 4 rows, 80.0 KiB", "(<size>): 4 rows, <size>"),
        // these say something
        ("52.94.76.10/32", "52.94.76.10/32"),
        ("account 123456789012", "account 123456789012"),
        (
            "arn:aws:lambda:us-west-2:123456789012:function:x",
            "arn:aws:lambda:us-west-2:123456789012:function:x",
        ),
        ("10 to create; 2012-10-17", "10 to create; 2012-10-17"),
        ("deadbeef decade facade", "deadbeef decade facade"),
    ] {
        assert_eq!(normal(from), to);
    }
}
