//! What is the stack's and no longer in the file: found by its tags, and what is done about it.

use super::session::Session;
use crate::engine::{self, Seen};
use crate::model::{
    Action, Addr, Change, Diagnostic, Diff, Fault, Observed, Orphan, Output, PlanOptions, Purpose,
};

/// Finds what carries the stack's tag, and which looks for it failed.
pub(super) async fn owned(session: &Session, thorough: bool) -> (Vec<Orphan>, Vec<Fault>) {
    let stack = &session.stack;
    let looks = stack
        .kinds
        .iter()
        .filter(|k| thorough || !k.finding_is_dear())
        .map(|k| k.find_owned(&stack.facts));
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for result in futures_util::future::join_all(looks).await {
        match result {
            Ok(owned) => found.extend(owned),
            Err(fault) => faults.push(fault),
        }
    }
    found.sort_by(|a, b| (&a.addr, &a.id).cmp(&(&b.addr, &b.id)));
    (found, faults)
}

pub(super) fn unlisted(fault: &Fault) -> Diagnostic {
    Diagnostic::warning("what is no longer in the file could not be looked for")
        .detail(fault.to_string())
        .help("allow the read to have leftovers listed")
}

/// Tells whether AWS's name for something is this output, or that of one version of it: a layer that went back to
/// older content is found by its newest version, and is one object all the same.
fn names(output: &str, id: &str) -> bool {
    id.strip_prefix(output)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// Keeps what no entry stands for: its entry is gone, or the entry has another object now (an identifier that was
/// changed in the file leaves the old instance behind, and it goes on costing). An object that an entry of another
/// name stands for, because only the entry's name was changed, is none.
pub(super) fn leftover(owned: Vec<Orphan>, seen: &Seen) -> Vec<Orphan> {
    let current = |o: &Orphan| {
        // what cannot be looked at yet may well be this one
        let unseen = matches!(
            seen.observed.get(&o.addr),
            Some(Observed::Unknowable { .. } | Observed::Unlooked { .. })
        );
        let mut of_its_kind = seen.observed.iter().filter(|(a, _)| a.kind == o.addr.kind);
        unseen
            || of_its_kind.any(|(_, observed)| {
                observed.present().is_some_and(|p| {
                    p.outputs.values().any(|v| match v {
                        Output::Plain(serde_json::Value::String(id)) => names(id, &o.id),
                        _ => false,
                    })
                })
            })
    };
    owned.into_iter().filter(|o| !current(o)).collect()
}

/// Returns an address for a leftover that no other change of the plan has.
fn own_address(orphan: &Orphan, stack: &engine::Stack, changes: &[Change]) -> Addr {
    let taken = |a: &Addr| stack.nodes.contains_key(a) || changes.iter().any(|c| &c.addr == a);
    let mut addr = orphan.addr.clone();
    while taken(&addr) {
        addr.name.push_str("-leftover");
    }
    addr
}

/// Deletes orphans in the reverse of the order in which kinds are made. One that holds data needs its own word.
pub(super) fn pruned(
    stack: &engine::Stack,
    planned: &[Change],
    orphans: &[Orphan],
    options: &PlanOptions,
    purpose: Purpose,
) -> Vec<Change> {
    let rank = |o: &Orphan| stack.kinds.iter().position(|k| k.name() == o.addr.kind);
    let mut sorted: Vec<&Orphan> = orphans.iter().collect();
    sorted.sort_by_key(|o| std::cmp::Reverse(rank(o)));
    let mut changes: Vec<Change> = Vec::new();
    for orphan in sorted {
        let taken: Vec<Change> = planned.iter().chain(&changes).cloned().collect();
        let addr = own_address(orphan, stack, &taken);
        let consent = options.allow_replace.contains(&orphan.addr) || purpose == Purpose::Destroy;
        changes.push(Change {
            addr,
            action: Action::Delete,
            reason: "the stack owns it and it is no longer in the file".to_owned(),
            diff: Diff::default(),
            deferred: Vec::new(),
            // an apply: only when everything else is done, what took its place is there, and nothing uses it any more
            after: taken
                .iter()
                .filter(|c| purpose == Purpose::Apply || c.id.is_some())
                .filter(|c| c.id.is_none() || c.addr.kind != orphan.addr.kind)
                .map(|c| c.addr.clone())
                .collect(),
            lock: None,
            calls: Vec::new(),
            around: None,
            refused: if orphan.holds_data && !consent {
                Some(format!(
                    "{} holds data; --prune with --allow-replace {} deletes it, after a final snapshot",
                    orphan.id, orphan.addr
                ))
            } else {
                orphan.guard.clone()
            },
            fingerprint: None,
            id: Some(orphan.id.clone()),
        });
    }
    changes
}

/// A destroy deletes leftovers before what they may use: a policy of the file cannot go while a role that is left over
/// has it attached.
pub(super) fn leftovers_first(
    stack: &engine::Stack,
    mut changes: Vec<Change>,
    more: Vec<Change>,
) -> Vec<Change> {
    let rank = |c: &Change| stack.kinds.iter().position(|k| k.name() == c.addr.kind);
    for change in changes.iter_mut().filter(|c| c.is_change()) {
        let own = rank(change);
        let first = more.iter().filter(|l| rank(l) > own);
        change.after.extend(first.map(|l| l.addr.clone()));
    }
    more.into_iter().chain(changes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Outputs, Owner, Presence, Readiness, Verdict};
    use std::collections::{BTreeMap, BTreeSet};

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
            must_run: false,
            to_stop: false,
            guard: None,
            details: BTreeMap::new(),
            warnings: Vec::new(),
        }))
    }

    #[test]
    fn only_what_no_entry_stands_for_is_left_over() {
        let db = "rds_instance.main";
        let layer = "arn:aws:lambda:us-west-2:123456789012:layer:l";
        let left =
            |id: &str, observed| !leftover(vec![orphan(db, id)], &seen(db, observed)).is_empty();
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
            ..crate::resource::StackFacts::default()
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
}
