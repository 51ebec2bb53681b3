//! What is left over, and in which order a destroy goes.

use super::*;
use crate::model::{Outputs, Owner, Presence, Readiness, Verdict};
use std::collections::BTreeMap;

fn orphan(addr: &str, id: &str) -> Orphan {
    Orphan {
        addr: addr.parse().unwrap(),
        id: id.to_owned(),
        holds_data: true,
        guard: None,
    }
}

fn seen(addr: &str, observed: Observed) -> Seen {
    Seen {
        observed: [(addr.parse().unwrap(), observed)].into(),
        ..Seen::default()
    }
}

fn present(output: &str, value: &str) -> Observed {
    let outputs: Outputs = [(output.to_owned(), Output::from(value.to_owned()))].into();
    Observed::Present(Box::new(Presence {
        outputs,
        readiness: Readiness::Ready,
        verdict: Verdict::Diff(Diff::default()),
        owner: Owner::Ours,
        guard: None,
        details: BTreeMap::new(),
        warnings: Vec::new(),
    }))
}

#[test]
fn only_what_no_entry_stands_for_is_left_over() {
    let db = "rds_instance.main";
    let layer = "arn:aws:lambda:us-west-2:123456789012:layer:l";
    let left = |id: &str, observed| !leftover(vec![orphan(db, id)], &seen(db, observed)).is_empty();
    assert!(
        !left("db-one", present("identifier", "db-one")),
        "the entry's own"
    );
    assert!(
        left("db-old", present("identifier", "db-one")),
        "the entry has another one now"
    );
    assert!(
        left("db-one-b", present("identifier", "db-one")),
        "a longer name is another"
    );
    let version = format!("{layer}:3");
    assert!(
        !left(&version, present("layer_arn", layer)),
        "a version of the same layer"
    );
    let unknown = Observed::Unknowable {
        waits_for: Vec::new(),
    };
    assert!(
        !left("cruddur-db-instance", unknown),
        "it may well be this one"
    );
    let gone = leftover(vec![orphan("rds_instance.old", "x")], &Seen::default());
    assert_eq!(gone.len(), 1, "its entry is gone");
}

#[test]
fn an_entry_that_only_got_another_name_leaves_nothing_over() {
    let seen = Seen {
        observed: BTreeMap::from([
            ("iam_role.new".parse().unwrap(), present("arn", "arn:a")),
            ("iam_policy.p".parse().unwrap(), present("arn", "arn:b")),
        ]),
        ..Seen::default()
    };
    let owned = vec![
        orphan("iam_role.old", "arn:a"),
        orphan("iam_role.gone", "arn:c"),
        orphan("iam_role.other-kind", "arn:b"),
    ];
    let left = leftover(owned, &seen);
    let left: Vec<_> = left.iter().map(|o| o.addr.name.as_str()).collect();
    assert_eq!(left, ["gone", "other-kind"]);
}

#[test]
fn a_destroy_deletes_leftovers_before_what_they_may_use() {
    use std::sync::Arc;
    let facts = crate::resource::StackFacts {
        stack: "s".to_owned(),
        account: String::new(),
        region: String::new(),
        partition: String::new(),
        owner: String::new(),
        workspace: String::new(),
        current_ip: None,
        env: BTreeMap::new(),
        assets: BTreeMap::new(),
        final_snapshot: crate::resource::FinalSnapshot::Skip,
    };
    let stack = engine::Stack {
        facts: Arc::new(facts),
        nodes: BTreeMap::new(),
        after: BTreeMap::new(),
        adopt: BTreeSet::new(),
        kinds: crate::kinds::offline(),
        digest: String::new(),
    };
    let orphans = [orphan("iam_role.old", "a"), orphan("iam_policy.old", "b")];
    let own = |addr: &str| {
        let made = pruned(
            &stack,
            &[],
            &[orphan(addr, "x")],
            &PlanOptions::default(),
            Purpose::Destroy,
        );
        Change {
            id: None,
            ..made.into_iter().next().unwrap()
        }
    };
    let changes = vec![own("lambda_function.f"), own("iam_policy.p")];
    let purpose = Purpose::Destroy;
    let more = pruned(&stack, &changes, &orphans, &PlanOptions::default(), purpose);
    let all = leftovers_first(&stack, changes, more);
    let order: Vec<String> = all.iter().map(|c| c.addr.to_string()).collect();
    assert_eq!(
        order,
        [
            "iam_role.old",
            "iam_policy.old",
            "lambda_function.f",
            "iam_policy.p"
        ]
    );
    let after = |at: usize| {
        all[at]
            .after
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert!(after(0).is_empty());
    assert_eq!(after(1), ["iam_role.old"]);
    assert!(after(2).is_empty());
    assert_eq!(after(3), ["iam_role.old"]);
}
