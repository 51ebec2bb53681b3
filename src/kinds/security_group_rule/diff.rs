//! What is to change.

use super::desired::{Desired, EXPIRES_TAG, OWNER_TAG, WORKSPACE_TAG};
use super::live::Live;
use crate::aws;
use crate::model::{Diff, Force, Shown};
use crate::resource::only_set;
use serde_json::json;

/// What a new rule will be like.
pub fn fields(want: &Desired) -> Vec<(String, Shown)> {
    let w = &want.definition;
    let (port, from_port, to_port) = match (w.from_port, w.to_port) {
        (-1, _) => (None, None, None),
        (from, to) if from == to => (Some(from), None, None),
        (from, to) => (None, Some(from), Some(to)),
    };
    let mut all = only_set([
        ("security_group", want.key.group.as_str().into()),
        ("from", w.source.to_string().into()),
        ("port", port.into()),
        ("from_port", from_port.into()),
        ("to_port", to_port.into()),
        ("protocol", w.protocol.as_str().into()),
        ("description", want.first_description().into()),
    ]);
    all.extend(aws::tag_fields(&want.tags));
    all
}

/// Compares.
pub fn diff(want: &Desired, have: &Live) -> Diff {
    let mut d = Diff::default();
    if have.borrowed {
        // what is someone else's is never changed, and does what is asked for
        return d;
    }
    let (w, h) = (&want.definition, &have.rule.definition);
    if w.source != h.source {
        let force = if w.source.same_sort(&h.source) {
            Force::Update
        } else {
            // IPv4, IPv6 and groups never become one another in place (aws-facts §2.2)
            Force::Replace
        };
        let change = d.note("from", h.source.to_string(), w.source.to_string(), force);
        if force == Force::Replace {
            change.why(
                "a rule's sort of source cannot be changed: the rule is removed and made again",
            );
        }
    }
    if (w.from_port, w.to_port) != (h.from_port, h.to_port) {
        if w.from_port == w.to_port && h.from_port == h.to_port {
            d.field("port", &h.from_port, &w.from_port, Force::Update);
        } else {
            d.field("from_port", &h.from_port, &w.from_port, Force::Update);
            d.field("to_port", &h.to_port, &w.to_port, Force::Update);
        }
    }
    d.field("protocol", &h.protocol, &w.protocol, Force::Update);
    if let Some(description) = &want.description {
        d.field(
            "description",
            &have.rule.description,
            description,
            Force::Update,
        );
    }
    for (key, value) in aws::lasting(&want.tags) {
        let there = have.rule.tags.get(key);
        if there != Some(value) {
            d.note(
                &format!("tags.{key}"),
                json!(there),
                value.as_str(),
                Force::Update,
            );
        }
    }
    if want.is_to_be_renewed(have.rule.expires()) {
        // not the moment itself: a saved plan would never hold
        let after = want.expires_after.map(|period| format!("in {period}"));
        d.note(
            &format!("tags.{EXPIRES_TAG}"),
            json!(have.rule.tags.get(EXPIRES_TAG)),
            json!(after),
            Force::Update,
        );
    }
    // a rule that was someone's and is now the stack's must be found by everyone
    for key in [OWNER_TAG, WORKSPACE_TAG, EXPIRES_TAG] {
        if let Some(there) = have.rule.tags.get(key)
            && !want.all_tags().contains_key(key)
        {
            d.note(
                &format!("tags.{key}"),
                there.as_str(),
                json!(null),
                Force::Update,
            );
        }
    }
    if !have.duplicates.is_empty() {
        d.note(
            "duplicates",
            json!(have.duplicates),
            json!([]),
            Force::Update,
        );
    }
    if !have.expired.is_empty() {
        d.note("expired", json!(have.expired), json!([]), Force::Update);
    }
    d
}

/// Tells whether a diff needs ModifySecurityGroupRules.
pub fn redefines(diff: &Diff) -> bool {
    [
        "from",
        "port",
        "from_port",
        "to_port",
        "protocol",
        "description",
    ]
    .iter()
    .any(|path| diff.has(path))
}
