//! Whether a saved plan is one, is whole, and still holds.
//!
//! Apply never does what the file says: it plans again, with the file's purpose and options, and does *that* if the two
//! are the same. Whoever changes the file can therefore change the purpose and the options and nothing else without
//! being found out; what these allow is asked about (`cli::run`).

use crate::model::{Change, FORMAT_VERSION, Orphan, Plan};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Why a text is no saved plan that can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is none, with the parser's words.
    NoPlan(String),
    /// It is one of another format version.
    Version(u32),
    /// It is not what was written: a part of it was changed, or lost.
    Changed,
    /// It has something that this program does not know, at this place.
    Unknown(String),
}

/// Writes a plan's digest into it.
pub fn sealed(mut plan: Plan) -> Plan {
    plan.digest = digest(&value(&plan));
    plan
}

/// Reads a saved plan that is whole.
///
/// The digest finds what went wrong by accident. It is no signature: who changes the file on purpose can make a new one.
///
/// # Errors
/// What it is instead.
pub fn read(bytes: &[u8]) -> Result<Plan, Unread> {
    let none = |e: serde_json::Error| Unread::NoPlan(e.to_string());
    let written: Value = serde_json::from_slice(bytes).map_err(none)?;
    // first, because a plan of another version may have other fields
    let version = match written.get("format_version") {
        Some(version) => version
            .as_u64()
            .and_then(|v| u32::try_from(v).ok())
            .ok_or_else(|| Unread::NoPlan("its format version is no number".to_owned()))?,
        None => return Err(Unread::NoPlan("it has no format version".to_owned())),
    };
    if version != FORMAT_VERSION {
        return Err(Unread::Version(version));
    }
    // from the text again: a field that is there twice is an error to the plan, not to the tree
    let plan: Plan = serde_json::from_slice(bytes).map_err(none)?;
    if plan.digest != digest(&written) {
        return Err(Unread::Changed);
    }
    match foreign(&written, &value(&plan), "") {
        Some(place) => Err(Unread::Unknown(place)),
        None => Ok(plan),
    }
}

fn value(plan: &Plan) -> Value {
    // plain data always becomes JSON
    serde_json::to_value(plan).unwrap_or_default()
}

/// The digest of everything but the digest, whatever the order of the fields and the space between them.
fn digest(plan: &Value) -> String {
    let mut content = plan.clone();
    if let Some(fields) = content.as_object_mut() {
        fields.remove("digest");
    }
    Sha256::digest(sorted(content).to_string())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(fields) => {
            let fields: BTreeMap<String, Value> = fields.into_iter().collect();
            let fields: Map<String, Value> =
                fields.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            Value::Object(fields)
        }
        other => other,
    }
}

/// Returns where a text says more, or other things, than was understood of it.
fn foreign(written: &Value, understood: &Value, at: &str) -> Option<String> {
    match (written, understood) {
        (Value::Object(a), Value::Object(b)) => a
            .iter()
            .find_map(|(key, inner)| {
                let place = if at.is_empty() {
                    key.clone()
                } else {
                    format!("{at}.{key}")
                };
                match b.get(key) {
                    Some(other) => foreign(inner, other, &place),
                    None => Some(place),
                }
            })
            .or_else(|| {
                let lacking = b.keys().find(|key| !a.contains_key(*key))?;
                Some(format!("{at}.{lacking}").trim_start_matches('.').to_owned())
            }),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(i, (a, b))| foreign(a, b, &format!("{at}[{i}]"))),
        (a, b) => (a != b).then(|| at.to_owned()),
    }
}

/// Compares a saved plan with one made now from the same file and options. Everything must be the same but the warnings,
/// which come and go with what has nothing to do with the plan, and by which nothing is done.
///
/// # Errors
/// What has moved, one sentence each.
pub fn holds(saved: &Plan, now: &Plan) -> Result<(), Vec<String>> {
    let mut moved = Vec::new();
    let facts = [
        ("stack", &saved.stack, &now.stack),
        ("account", &saved.account, &now.account),
        ("region", &saved.region, &now.region),
    ];
    for (what, was, is) in facts {
        if was != is {
            moved.push(format!("the plan is for {what} {was}, this is {is}"));
        }
    }
    if saved.stack_digest != now.stack_digest {
        moved.push(
            "stack.yaml, or a file that it names, has changed since the plan was made".to_owned(),
        );
    }
    let fresh: BTreeMap<_, _> = now.changes.iter().map(|c| (&c.addr, c)).collect();
    let old: BTreeMap<_, _> = saved.changes.iter().map(|c| (&c.addr, c)).collect();
    for change in &saved.changes {
        match fresh.get(&change.addr) {
            None => moved.push(format!("{} is not part of the stack now", change.addr)),
            Some(now) => {
                if let Some(what) = differs(change, now) {
                    moved.push(format!("{}: {what}", change.addr));
                }
            }
        }
    }
    for change in &now.changes {
        if !old.contains_key(&change.addr) {
            moved.push(format!("{} was not part of the stack then", change.addr));
        }
    }
    moved.extend(leftovers(&saved.orphans, &now.orphans));
    // what has a sentence of its own is told by it; the rest must not differ either
    let rest = [
        ("its purpose", saved.purpose != now.purpose),
        ("its options", saved.options != now.options),
        ("its summary", saved.summary != now.summary),
        ("the order of its steps", saved.changes != now.changes),
    ];
    if moved.is_empty() {
        for (what, _) in rest.iter().filter(|(_, differ)| *differ) {
            moved.push(format!("{what} is not what it would be now"));
        }
    }
    if moved.is_empty() { Ok(()) } else { Err(moved) }
}

fn leftovers(saved: &[Orphan], now: &[Orphan]) -> Option<String> {
    fn by_id(orphans: &[Orphan]) -> Vec<&Orphan> {
        let mut all: Vec<&Orphan> = orphans.iter().collect();
        all.sort_by_key(|o| (&o.addr, &o.id));
        all
    }
    (by_id(saved) != by_id(now)).then(|| {
        "what is left over of the stack and not in the file is not what it was then".to_owned()
    })
}

fn differs(saved: &Change, now: &Change) -> Option<String> {
    if saved.action != now.action {
        return Some(format!(
            "the plan says {:?}, now it would be {:?} ({})",
            saved.action, now.action, now.reason
        ));
    }
    if saved.diff != now.diff
        || saved.around != now.around
        || saved.deferred != now.deferred
        || saved.refused != now.refused
    {
        return Some("what would change is not what was planned".to_owned());
    }
    if saved.after != now.after
        || saved.lock != now.lock
        || saved.calls != now.calls
        || saved.id != now.id
    {
        return Some("the order or the calls are not what was planned".to_owned());
    }
    if saved.fingerprint != now.fingerprint {
        return Some("the object has changed since".to_owned());
    }
    (saved.reason != now.reason).then(|| {
        format!(
            "the plan gives another reason (\"{}\") than there is now (\"{}\")",
            saved.reason, now.reason
        )
    })
}

#[cfg(test)]
#[path = "saved_tests.rs"]
mod tests;
