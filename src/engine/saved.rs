//! Whether a saved plan still holds.

use crate::model::{Change, Plan};
use std::collections::BTreeMap;

/// Compares a saved plan with one made now from the same file and options.
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
    if moved.is_empty() { Ok(()) } else { Err(moved) }
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
    (saved.fingerprint != now.fingerprint).then(|| "the object has changed since".to_owned())
}
