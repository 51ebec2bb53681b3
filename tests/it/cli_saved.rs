//! Saved plans: exactly what was read is done, or nothing.

use crate::cli::Workplace;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

fn mode(work: &Workplace, name: &str) -> u32 {
    std::fs::metadata(work.path(name))
        .unwrap()
        .permissions()
        .mode()
        & 0o777
}

#[test]
fn a_saved_plan_is_done_exactly_or_not_at_all() {
    let work = Workplace::light();
    work.run(&["plan", "--out", "p.json"])
        .code(0)
        .says("cruddur-infra --sandbox apply p.json");
    assert_eq!(mode(&work, "p.json"), 0o600);
    let printed = work.run(&["plan", "--format", "json"]).code(0).json();
    let saved: Value = serde_json::from_str(&work.read("p.json")).unwrap();
    assert_eq!(saved, printed, "what is saved is what is printed");
    assert_eq!(saved["format_version"], 1);

    work.run(&["apply", "p.json"]).code(0).says("11 done");
    work.has_one_of_each();
    work.is_settled();

    // it was for a world in which nothing was
    refused(
        &work,
        "p.json",
        &["the saved plan does not hold any more", "plan again"],
    );

    // the world moves between the plan and the apply
    work.edit("memory: 256", "memory: 512");
    work.run(&["plan", "--detailed-exitcode", "--out", "p.json"])
        .code(2);
    work.run(&["refresh-ip", "--ip", "8.8.4.4"]).code(0);
    refused(&work, "p.json", &["security_group_rule.workspace"]);
    work.run(&["refresh-ip"]).code(0);
    // and back: then it holds again
    work.run(&["apply", "p.json"]).code(0).says("1 done");
    work.is_settled();

    // the file, or what it names, changes between
    work.edit("memory: 512", "memory: 256");
    work.run(&["plan", "--out", "p.json"]).code(0);
    work.edit("memory: 256", "memory: 320");
    refused(
        &work,
        "p.json",
        &["stack.yaml, or a file that it names, has changed"],
    );
    work.edit("memory: 320", "memory: 256");
    let source = work.read("lambda/post_confirmation/lambda_function.py");
    work.write(
        "lambda/post_confirmation/lambda_function.py",
        &format!("{source}\n# more\n"),
    );
    refused(&work, "p.json", &["has changed"]);
    work.write("lambda/post_confirmation/lambda_function.py", &source);
    work.run(&["apply", "p.json"]).code(0).says("1 done");
    work.is_settled();

    // the same for a destroy
    work.run(&["destroy", "--skip-final-snapshot", "--out", "d.json"])
        .code(0);
    assert_eq!(mode(&work, "d.json"), 0o600);
    work.has_one_of_each();
    work.run(&["apply", "d.json"]).code(0).says("11 done");
    work.has_nothing();
    assert!(
        work.snapshots().is_empty(),
        "the options are part of the plan"
    );
    refused(&work, "d.json", &["does not hold any more"]);
}

/// Fails where a saved plan is not refused, or something changes all the same.
#[track_caller]
fn refused(work: &Workplace, plan: &str, why: &[&str]) {
    let before = work.world();
    let mut output = work.run(&["apply", plan]).code(1);
    for text in why {
        output = output.says(text);
    }
    assert_eq!(work.world(), before, "{output:?}");
}

/// A plan that was planned with an address of its own is applied with the same.
#[test]
fn a_saved_plan_keeps_the_address_that_it_was_made_for() {
    let work = Workplace::light();
    work.run(&["apply"]).code(0);
    work.run(&["plan", "--ip", "8.8.4.4", "--out", "p.json"])
        .code(0);
    work.run(&["apply", "p.json", "--ip", "8.8.4.4"])
        .code(0)
        .says("1 done");
    assert_eq!(
        work.output("security_group_rule.workspace.cidr"),
        "8.8.4.4/32"
    );
}

#[test]
fn what_is_no_plan_of_ours_is_refused_with_a_reason() {
    let work = Workplace::light();
    work.run(&["plan", "--out", "p.json"]).code(0);
    let good: Value = serde_json::from_str(&work.read("p.json")).unwrap();
    let with = |edit: &dyn Fn(&mut Value)| {
        let mut plan = good.clone();
        edit(&mut plan);
        plan.to_string()
    };
    let table: Vec<(&str, String, &str)> = vec![
        ("garbage", "\u{0}\u{1}not json".into(), "is no saved plan"),
        ("empty", String::new(), "is no saved plan"),
        ("another object", "{}".into(), "is no saved plan"),
        (
            "cut short",
            work.read("p.json")[..2000].to_owned(),
            "is no saved plan",
        ),
        (
            "a later version",
            with(&|p| p["format_version"] = json!(2)),
            "format version 2",
        ),
        (
            "a later version that looks different",
            json!({"format_version": 7, "steps": []}).to_string(),
            "format version 7",
        ),
        (
            "one that was changed",
            with(&|p| p["stack"] = json!("others")),
            "is not the plan that was saved",
        ),
        (
            "one without its digest",
            with(&|p| drop(p.as_object_mut().unwrap().remove("digest"))),
            "is not the plan that was saved",
        ),
        (
            "a field twice",
            work.read("p.json").replacen('{', "{\"stack\": \"x\",", 1),
            "is no saved plan: duplicate field",
        ),
    ];
    for (what, text, why) in table {
        println!("{what}");
        work.write("q.json", &text);
        work.run(&["apply", "q.json"])
            .code(1)
            .says(why)
            .keeps_silent_about("panicked");
        work.has_nothing();
    }
    work.run(&["apply", "nowhere.json"])
        .code(1)
        .says("nowhere.json");
    work.run(&["apply", "p.json", "--prune"]).code(1);
    work.has_nothing();
    // untouched it still holds
    work.run(&["apply", "p.json"]).code(0);
    work.has_one_of_each();
}
