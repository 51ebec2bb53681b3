//! Whatever is changed in a saved plan is refused, or changes nothing.

use super::*;
use crate::model::{
    Action, Addr, ApiCall, Diagnostic, Diff, Effect, FieldChange, Force, OutputRef, PlanOptions,
    Purpose, Shown,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::json;

fn addr() -> impl Strategy<Value = Addr> {
    ("[a-c]", 0..6).prop_map(|(name, n)| Addr::new("thing", format!("{name}{n}")))
}

fn shown() -> impl Strategy<Value = Shown> {
    prop_oneof![
        Just(Shown::NOTHING),
        Just(Shown::Secret),
        "[a-f0-9]{4}".prop_map(Shown::Digest),
        any::<i64>().prop_map(Shown::from),
        any::<bool>().prop_map(Shown::from),
        "\\PC{0,8}".prop_map(Shown::from),
        Just(Shown::Value(json!({"list": [1, {"b": null, "a": 1.5}]}))),
    ]
}

fn field() -> impl Strategy<Value = FieldChange> {
    let force = prop::sample::select(vec![
        Force::Update,
        Force::Consent,
        Force::Replace,
        Force::Refuse,
    ]);
    let effect = prop::sample::select(vec![Effect::None, Effect::Restart, Effect::Deferred]);
    (
        "[a-z.]{1,6}",
        shown(),
        shown(),
        force,
        effect,
        prop::option::of("[a-z ]{1,5}"),
    )
        .prop_map(|(path, before, after, force, effect, why)| FieldChange {
            path,
            before,
            after,
            force,
            effect,
            why,
        })
}

fn change() -> impl Strategy<Value = Change> {
    let action = prop::sample::select(vec![
        Action::NoOp,
        Action::Create,
        Action::Update,
        Action::Replace,
        Action::Delete,
        Action::Adopt,
    ]);
    let word = || prop::option::of("[a-z]{1,4}");
    (
        (addr(), action, "[a-z ]{0,6}"),
        prop::collection::vec(field(), 0..3),
        prop::collection::vec(addr(), 0..3),
        (word(), word(), word(), word()),
    )
        .prop_map(
            |((addr, action, reason), fields, after, (lock, refused, fingerprint, id))| Change {
                deferred: vec![OutputRef {
                    from: addr.clone(),
                    output: "arn".to_owned(),
                }],
                addr,
                action,
                reason,
                diff: Diff(fields),
                after,
                lock,
                calls: vec![ApiCall::new("rds", "CreateDBInstance")],
                around: None,
                refused,
                fingerprint,
                id,
            },
        )
}

fn plan() -> impl Strategy<Value = Plan> {
    let changes = prop::collection::btree_map(addr(), change(), 1..4).prop_map(|by_addr| {
        let of = by_addr.into_iter().map(|(addr, mut change)| {
            change.addr = addr;
            change
        });
        of.collect::<Vec<_>>()
    });
    let orphan = (addr(), "[a-z]{1,4}", any::<bool>()).prop_map(|(addr, id, holds_data)| Orphan {
        addr,
        id,
        holds_data,
        guard: None,
    });
    let options = (
        prop::collection::vec(addr(), 0..2),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(adopt, prune, skip_final_snapshot)| PlanOptions {
            allow_replace: adopt.clone(),
            adopt,
            prune,
            skip_final_snapshot,
            ..PlanOptions::default()
        });
    (
        prop::sample::select(vec![Purpose::Apply, Purpose::Destroy]),
        changes,
        prop::collection::vec(orphan, 0..2),
        options,
    )
        .prop_map(|(purpose, changes, orphans, options)| {
            sealed(Plan {
                format_version: FORMAT_VERSION,
                purpose,
                stack: "s".to_owned(),
                stack_digest: "d".to_owned(),
                account: "123456789012".to_owned(),
                region: "r".to_owned(),
                summary: Plan::count(&changes),
                changes,
                orphans,
                warnings: vec![Diagnostic::warning("w")],
                options,
                digest: String::new(),
            })
        })
}

/// Every place in a tree that can be changed by itself, as a way from the root.
fn places(value: &Value, at: &mut Vec<String>, all: &mut Vec<Vec<String>>) {
    all.push(at.clone());
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(i, v)| (i.to_string(), v))
            .collect(),
        _ => return,
    };
    for (step, value) in inner {
        at.push(step);
        places(value, at, all);
        at.pop();
    }
}

/// Changes a tree at one place, in one of many ways.
fn tamper(root: &mut Value, place: &[String], how: usize) {
    let pointer: String = place
        .iter()
        .map(|s| format!("/{}", s.replace('~', "~0").replace('/', "~1")))
        .collect();
    let value = root.pointer_mut(&pointer).unwrap();
    *value = match (&*value, how % 8) {
        (_, 0) => Value::Null,
        (Value::String(s), 1) => json!(format!("{s}x")),
        (Value::String(_), 2) => json!(""),
        (Value::String(_), _) => {
            json!(["delete", "apply", "destroy", "update", "no_op", "thing.a1"][how % 6])
        }
        (Value::Bool(b), _) => json!(!b),
        (Value::Number(n), 1..4) => json!(n.as_i64().unwrap_or_default().wrapping_add(1)),
        (Value::Number(_), _) => json!(1e300),
        (Value::Array(items), 1) => items.iter().skip(1).cloned().collect(),
        (Value::Array(items), 2) => items.iter().rev().cloned().collect(),
        (Value::Array(items), _) => items.iter().chain(items.last()).cloned().collect(),
        (Value::Object(fields), 1..4) => {
            let mut fields = fields.clone();
            fields.insert("more".to_owned(), json!(true));
            Value::Object(fields)
        }
        (Value::Object(fields), _) => fields
            .iter()
            .skip(1)
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
        (Value::Null, _) => json!("there"),
    };
}

proptest! {
    #[test]
    fn a_plan_is_read_back_as_it_was_saved(plan in plan()) {
        let text = serde_json::to_string_pretty(&plan).unwrap();
        prop_assert_eq!(read(text.as_bytes()), Ok(plan.clone()));
        prop_assert_eq!(holds(&plan, &plan), Ok(()));
        prop_assert_eq!(plan.digest.len(), 64);
    }

    /// Any byte that is changed, taken out or put in: by a disk, by a line end, by a hand.
    #[test]
    fn a_byte_that_is_not_as_it_was_changes_nothing_or_is_refused(
        plan in plan(), at in any::<prop::sample::Index>(), byte in any::<u8>(), how in 0..4,
    ) {
        let mut text = serde_json::to_vec_pretty(&plan).unwrap();
        let at = at.index(text.len());
        match how {
            0 => text[at] = byte,
            1 => text[at] ^= 1 << (byte % 8),
            2 => { text.remove(at); }
            _ => text.insert(at, byte),
        }
        if let Ok(other) = read(&text) {
            prop_assert_eq!(other, plan);
        }
    }

    /// Somebody who knows how the digest is made changes one thing and makes it anew. What the plan was made from is the
    /// same, so that it is compared with what it was.
    #[test]
    fn a_field_that_is_not_as_it_was_is_refused_even_with_a_new_digest(
        plan in plan(), at in any::<prop::sample::Index>(), how in any::<usize>(),
    ) {
        let mut tree = value(&plan);
        let mut all = Vec::new();
        places(&tree, &mut Vec::new(), &mut all);
        let place = &all[at.index(all.len())];
        tamper(&mut tree, place, how);
        // with the old digest it is refused at once
        if let Ok(other) = read(tree.to_string().as_bytes()) {
            prop_assert_eq!(&other, &plan, "{:?}", place);
        }
        if let Some(fields) = tree.as_object_mut() {
            fields.remove("digest");
        }
        let new = digest(&tree);
        if let Some(fields) = tree.as_object_mut() {
            fields.insert("digest".to_owned(), json!(new));
        }
        if let Ok(other) = read(tree.to_string().as_bytes())
            && holds(&other, &plan).is_ok()
        {
            // nothing is done by the warnings
            let same = Plan { warnings: plan.warnings.clone(), digest: plan.digest.clone(), ..other };
            prop_assert_eq!(same, plan, "{:?}", place);
        }
    }
}

#[test]
fn what_this_program_does_not_know_is_refused() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let plan = plan().new_tree(&mut runner).unwrap().current();
    let with = |edit: &dyn Fn(&mut Value)| {
        let mut tree = value(&plan);
        edit(&mut tree);
        let new = digest(&tree);
        tree["digest"] = json!(new);
        read(tree.to_string().as_bytes())
    };
    assert_eq!(with(&|_| {}).as_ref(), Ok(&plan));
    let unknown = |place: &str| Err(Unread::Unknown(place.to_owned()));
    assert_eq!(with(&|t| t["newer"] = json!(1)), unknown("newer"));
    assert_eq!(
        with(&|t| t["options"]["newer"] = json!(1)),
        unknown("options.newer")
    );
    assert_eq!(
        with(&|t| t["changes"][0]["newer"] = json!(1)),
        unknown("changes[0].newer")
    );
    assert_eq!(
        with(&|t| drop(t.as_object_mut().unwrap().remove("options"))),
        unknown("options")
    );
    // said twice: which one counts would depend on the reader
    let text = value(&plan).to_string();
    let twice = text.replacen("{", "{\"purpose\":\"destroy\",", 1);
    assert!(
        matches!(read(twice.as_bytes()), Err(Unread::NoPlan(_))),
        "{:?}",
        read(twice.as_bytes())
    );
    // and what is too deep is no plan, and no crash
    let deep = format!(
        "{{\"format_version\":1,\"x\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(matches!(read(deep.as_bytes()), Err(Unread::NoPlan(_))));
    for text in [
        "",
        "{}",
        "[]",
        "null",
        "{\"format_version\":\"1\"}",
        "{\"format_version\":-1}",
        "{\"format_version\":1.5}",
    ] {
        assert!(
            matches!(read(text.as_bytes()), Err(Unread::NoPlan(_))),
            "{text}"
        );
    }
    assert_eq!(
        read(b"{\"format_version\":7,\"steps\":[]}"),
        Err(Unread::Version(7))
    );
}
