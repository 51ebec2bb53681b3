//! The receipt of a destroy: what is gone, what stays, and what that still costs.

use super::failure::Failure;
use super::output::Output;
use super::session::Session;
use super::signals::or_stopped;
use crate::aws::price_list;
use crate::engine::{Clock, RealClock, Seen};
use crate::model::{
    Action, Addr, Deleted, Event, Holding, Kept, Observed, Output as Value, Plan, Receipt, Remains,
    RunSummary, Stamped,
};
use crate::render;
use futures_util::future::{join, join_all};
use std::collections::BTreeMap;
use std::path::Path;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;

/// Fails where a receipt could not be written there: before anything is deleted.
///
/// # Errors
/// Where the path is a folder, or its folder is none.
pub(super) fn writable(path: &Path) -> Result<(), Failure> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    let wrong = if path.is_dir() {
        "it is a folder"
    } else if parent.is_some_and(|p| p.exists() && !p.is_dir()) {
        "what it should be in is no folder"
    } else {
        return Ok(());
    };
    Err(Failure::with_help(
        format!("--receipt {}: {wrong}", path.display()),
        "name a file; nothing was deleted",
    ))
}

/// Looks for what stays, and writes it up. Where the run was told to stop nothing more is asked.
pub(super) async fn made(
    session: &Session,
    plan: &Plan,
    seen: &Seen,
    held: &[Holding],
    summary: Option<&RunSummary>,
    stop: &CancellationToken,
) -> Receipt {
    let stack = &session.stack;
    let looked = async { Ok(looked(session, plan, seen).await) };
    let remains = or_stopped(looked, stop).await.ok();
    let interrupted = remains.is_none();
    let remains = remains.unwrap_or_default();
    let mut unseen = remains.unseen;
    if interrupted {
        unseen.push(crate::model::Unseen {
            addr: stack.facts.stack.clone(),
            what: "what stays".to_owned(),
            because: "the run was told to stop; the same command again looks".to_owned(),
        });
    }
    Receipt {
        stack: plan.stack.clone(),
        account: plan.account.clone(),
        region: plan.region.clone(),
        at: RealClock::new(1.0).stamp(),
        deleted: deleted(plan, seen, summary),
        held: held.to_vec(),
        kept: kept(plan, seen, summary),
        remains: remains.found,
        unseen,
        prices: price_list(&plan.region),
        ..Receipt::default()
    }
    .summed()
}

async fn looked(session: &Session, plan: &Plan, seen: &Seen) -> Remains {
    let stack = &session.stack;
    let entries = plan
        .changes
        .iter()
        .filter_map(|c| Some((c, stack.nodes.get(&c.addr)?)));
    let of_entries = entries.map(|(change, node)| async {
        let facts = stack.facts(&change.addr, &seen.outputs);
        node.remains(&facts).await
    });
    let of_leftovers = plan.changes.iter().filter_map(|change| {
        let id = change.id.as_deref()?;
        let kind = stack.kinds.iter().find(|k| k.name() == change.addr.kind)?;
        let facts = stack.facts(&change.addr, &seen.outputs);
        Some(async move { kind.remains_of_owned(id, &facts).await })
    });
    let (entries, leftovers) = join(join_all(of_entries), join_all(of_leftovers)).await;
    let mut all = Remains::default();
    for more in entries.into_iter().chain(leftovers) {
        all.add(more);
    }
    // two entries may be of one thing
    let mut found = BTreeMap::new();
    for remnant in all.found {
        let key = (remnant.what.clone(), remnant.id.clone());
        found.entry(key).or_insert(remnant);
    }
    all.found = found.into_values().collect();
    all
}

/// What AWS calls an object, by the outputs of its kind.
fn id(addr: &Addr, plan: &Plan, seen: &Seen) -> Option<String> {
    let change = plan.changes.iter().find(|c| &c.addr == addr)?;
    let outputs = seen.observed.get(addr).and_then(Observed::present);
    let named = |name: &&str| match outputs?.outputs.get(*name)? {
        Value::Plain(serde_json::Value::String(id)) => Some(id.clone()),
        _ => None,
    };
    let names = ["identifier", "arn", "id", "rule_id", "name"];
    change.id.clone().or_else(|| names.iter().find_map(named))
}

fn deleted(plan: &Plan, seen: &Seen, summary: Option<&RunSummary>) -> Vec<Deleted> {
    let done = summary.map(|s| s.done.as_slice()).unwrap_or_default();
    let gone = plan
        .changes
        .iter()
        .filter(|c| done.contains(&c.addr) && c.action == Action::Delete);
    gone.map(|c| Deleted {
        addr: c.addr.clone(),
        id: id(&c.addr, plan, seen),
    })
    .collect()
}

fn kept(plan: &Plan, seen: &Seen, summary: Option<&RunSummary>) -> Vec<Kept> {
    let there = |addr: &Addr| {
        seen.observed
            .get(addr)
            .and_then(Observed::present)
            .is_some()
    };
    let failed = |addr: &Addr| {
        let summary = summary?;
        if summary.failed.contains(addr) {
            Some("its deletion did not end well")
        } else if summary.skipped.contains(addr) {
            Some("its deletion was not begun")
        } else if summary.accepted.contains(addr) {
            Some("its deletion goes on, and was not waited for")
        } else {
            None
        }
    };
    let each = plan.changes.iter().filter_map(|c| {
        let because = match (failed(&c.addr), c.action) {
            (Some(because), _) => because.to_owned(),
            (None, Action::NoOp) if there(&c.addr) || c.reason.starts_with("stays in") => {
                c.reason.clone()
            }
            _ => return None,
        };
        Some(Kept {
            addr: c.addr.clone(),
            because,
        })
    });
    each.collect()
}

/// Hands events on, and holds the last one back, so that the receipt comes before it.
pub(super) async fn relay(
    mut from: UnboundedReceiver<Stamped>,
    to: &UnboundedSender<Stamped>,
) -> Option<Stamped> {
    let mut last = None;
    while let Some(stamped) = from.recv().await {
        match stamped.event {
            Event::Finished { .. } => last = Some(stamped),
            // nobody listening is no reason to stop
            _ => drop(to.send(stamped)),
        }
    }
    last
}

/// Shows the receipt, and writes it where that was asked for.
///
/// # Errors
/// Where the file cannot be written; the receipt was shown by then.
pub(super) fn told(receipt: &Receipt, file: Option<&Path>, output: &Output) -> Result<(), Failure> {
    let text = render::receipt_human(receipt, &output.err);
    if !text.is_empty() {
        output.note(&format!("\n{}", text.trim_end_matches('\n')));
    }
    let Some(path) = file else {
        return Ok(());
    };
    let mut json = serde_json::to_string_pretty(receipt).unwrap_or_default();
    json.push('\n');
    crate::files::replace_private(path, json.as_bytes()).map_err(|e| {
        Failure::with_help(
            format!("--receipt {}: {e}", path.display()),
            "everything else was done: the same command with another --receipt writes what stays",
        )
    })?;
    output.note(&format!("the receipt is in {}", path.display()));
    Ok(())
}

/// The receipt as an event.
pub(super) fn event(receipt: &Receipt) -> Stamped {
    Stamped {
        event: Event::Receipt {
            receipt: Box::new(receipt.clone()),
        },
        at: receipt.at.clone(),
    }
}
