//! What the deletions of a plan would run into, or would break for others: looked for before the first of them.

use crate::engine::{self, Seen};
use crate::model::{Action, Change, Diagnostic, Observed, Output, Severity};
use crate::resource::Doomed;
use futures_util::future::join_all;
use std::collections::BTreeSet;

/// Looks at everything that is to be deleted, refuses what cannot be, and returns what should be known.
pub(super) async fn look(
    stack: &engine::Stack,
    changes: &mut [Change],
    seen: &Seen,
) -> Vec<Diagnostic> {
    let doomed = doomed(changes, seen);
    let looks = changes.iter().map(|change| {
        let facts = stack.facts(&change.addr, &seen.outputs);
        let doomed = &doomed;
        async move {
            if !is_deleted(stack, change) {
                return Vec::new();
            }
            match (stack.nodes.get(&change.addr), &change.id) {
                (Some(node), _) => node.in_the_way(&facts, doomed).await,
                (None, Some(id)) => {
                    match stack.kinds.iter().find(|k| k.name() == facts.addr.kind) {
                        Some(kind) => kind.in_the_way_of_owned(id, &facts, doomed).await,
                        None => Vec::new(),
                    }
                }
                (None, None) => Vec::new(),
            }
        }
    });
    let found = join_all(looks).await;
    let mut warnings = Vec::new();
    for (change, found) in changes.iter_mut().zip(found) {
        for diagnostic in found {
            match diagnostic.severity {
                Severity::Error => change.refuse(&diagnostic.summary),
                Severity::Warning => warnings.push(diagnostic),
            }
        }
    }
    warnings
}

/// A replacement deletes as well; what it would take along only counts where that is data.
fn is_deleted(stack: &engine::Stack, change: &Change) -> bool {
    let holds_data = || {
        stack
            .nodes
            .get(&change.addr)
            .is_some_and(|n| n.holds_data())
    };
    match change.action {
        Action::Delete => true,
        Action::Replace => holds_data(),
        _ => false,
    }
}

/// Everything that goes, with the names that AWS has for it.
fn doomed(changes: &[Change], seen: &Seen) -> Doomed {
    let going = changes
        .iter()
        .filter(|c| matches!(c.action, Action::Delete | Action::Replace));
    let each = going.map(|change| {
        let presence = seen.observed.get(&change.addr).and_then(Observed::present);
        let outputs = presence.into_iter().flat_map(|p| p.outputs.values());
        let text = |output: &Output| match output {
            Output::Plain(serde_json::Value::String(text)) => Some(text.clone()),
            _ => None,
        };
        let mut names: BTreeSet<String> = outputs.filter_map(text).collect();
        names.extend(change.id.clone());
        (change.addr.clone(), names)
    });
    Doomed(each.collect())
}

/// What is gone and has left something that goes by itself is waited for, where that is asked for: a run that was
/// broken off must not forget it.
pub(super) async fn lingering(stack: &engine::Stack, changes: &mut [Change], seen: &Seen) {
    let gone = |change: &Change| {
        change.action == Action::NoOp
            && matches!(
                seen.observed.get(&change.addr),
                Some(Observed::Absent { .. })
            )
    };
    let looks = changes.iter().map(|change| async {
        let node = stack.nodes.get(&change.addr).filter(|_| gone(change))?;
        let facts = stack.facts(&change.addr, &seen.outputs);
        match node.lingers(&facts).await {
            Ok(left) => {
                let ids: Vec<String> = left.into_iter().map(|r| r.id).collect();
                (!ids.is_empty())
                    .then(|| format!("gone, and not yet all of it: {}", ids.join(", ")))
            }
            // not seen is not gone: the step looks again, and tells what keeps it from that
            Err(fault) => Some(format!(
                "gone, and whether all of it is was not seen: {fault}"
            )),
        }
    });
    let found = join_all(looks).await;
    for (change, left) in changes.iter_mut().zip(found) {
        if let Some(left) = left {
            change.action = Action::Delete;
            change.reason = left;
        }
    }
}
