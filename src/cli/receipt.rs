//! The receipt of a destroy: what is gone, what stays, and what that still costs.

use super::failure::{Failure, code};
use super::output::Output;
use super::replace::{RECEIPT, replaceable};
use super::session::Session;
use super::signals::or_stopped;
use crate::aws::price_list;
use crate::engine::{Clock, RealClock, Seen};
use crate::model::{
    Action, Addr, Change, Deleted, Event, Holding, Kept, Observed, Output as Value, Plan, Receipt,
    Remains, Remnant, RunSummary, Stamped, Unseen,
};
use crate::render;
use futures_util::future::{join, join_all};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// Fails where a receipt could not be written there: before anything is deleted. It is really tried, beside its place.
///
/// # Errors
/// Where the path is no file, or no file can be made there.
pub(super) fn writable(path: &Path) -> Result<(), Failure> {
    tried(path).map_err(|wrong| {
        Failure::with_help(
            format!("--receipt {}: {wrong}", path.display()),
            "name a file that can be written; nothing was deleted",
        )
    })?;
    replaceable("--receipt", path, "receipt", &RECEIPT)
}

fn tried(path: &Path) -> Result<(), String> {
    // a link is written through
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match std::fs::metadata(&path) {
        Ok(there) if there.is_dir() => return Err("it is a folder".to_owned()),
        // whether a device or a pipe takes it is known only once it is written
        Ok(there) if !there.is_file() => return Err("it is no ordinary file".to_owned()),
        _ => {}
    }
    let Some(name) = path.file_name() else {
        return Err("it names no file".to_owned());
    };
    // folders that are missing are made when it is written
    let parent = path.parent().unwrap_or(Path::new(""));
    let above = parent.ancestors().map(|p| match p.as_os_str().is_empty() {
        true => Path::new("."),
        false => p,
    });
    let folder = above.into_iter().find(|p| p.exists());
    let folder = folder.unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err("what it should be in is no folder".to_owned());
    }
    // as long as the name that it is written under first
    let mut trial = name.to_owned();
    trial.push(format!(".{}-try.partial", std::process::id()));
    let trial = folder.join(trial);
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options.open(&trial).and_then(|mut file| {
        // a full disk takes the name, and no byte
        let filled = std::io::Write::write_all(&mut file, b"\n").and_then(|()| file.sync_all());
        std::fs::remove_file(&trial).and(filled)
    });
    made.map_err(|e| e.to_string())
}

/// How long is still looked after the run was told to stop, in seconds.
const LAST_LOOKS: f64 = 3.0;

/// Looks for what stays, and writes it up. Where the run was told to stop nothing more is asked, but whether what a step
/// was at is gone.
pub(super) async fn made(
    session: &Session,
    plan: &Plan,
    seen: &Seen,
    held: &[Holding],
    summary: Option<&RunSummary>,
    stop: &CancellationToken,
) -> Receipt {
    let unwaited = unwaited(session, plan, seen, summary, stop).await;
    let ends = Ends {
        plan,
        seen,
        summary,
        unwaited: unwaited.keys().cloned().collect(),
    };
    let looked = async { Ok(looked(session, &ends).await) };
    let looked = or_stopped(looked, stop).await;
    let mut remains = Remains::default();
    for more in unwaited.into_values() {
        remains.add(more);
    }
    match looked {
        Ok(more) => remains.add(more),
        Err(_) => remains.unseen.push(Unseen {
            addr: session.stack.facts.stack.clone(),
            what: "what stays".to_owned(),
            because: "the run was told to stop; the same command again looks".to_owned(),
        }),
    }
    once_each(&mut remains);
    if let Some(invoked) = session.invoked {
        for remnant in &mut remains.found {
            // another profile's account may have one of the same name
            remnant.remove = remnant
                .remove
                .take()
                .map(|command| invoked.command(&command).unwrap_or(command));
        }
    }
    Receipt {
        stack: plan.stack.clone(),
        account: plan.account.clone(),
        region: plan.region.clone(),
        at: RealClock::new(1.0).stamp(),
        deleted: ends.deleted(),
        held: held.to_vec(),
        kept: ends.kept(),
        remains: remains.found,
        unseen: remains.unseen,
        prices: price_list(&plan.region),
        ..Receipt::default()
    }
    .summed()
}

/// Returns what is gone although its step failed: the wait for what goes by itself was broken off, or a reply was lost.
/// With each comes what lingers of it.
async fn unwaited(
    session: &Session,
    plan: &Plan,
    seen: &Seen,
    summary: Option<&RunSummary>,
    stop: &CancellationToken,
) -> BTreeMap<Addr, Remains> {
    let failed = summary.map(|s| s.failed.as_slice()).unwrap_or_default();
    let failed = plan
        .changes
        .iter()
        .filter(|c| c.action == Action::Delete && failed.contains(&c.addr));
    let looks = failed.map(|change| async {
        let late = async {
            stop.cancelled().await;
            RealClock::new(1.0).sleep(LAST_LOOKS).await;
        };
        let left = tokio::select! {
            left = gone_after_all(session, change, seen) => left?,
            () = late => return None,
        };
        Some((change.addr.clone(), left))
    });
    join_all(looks).await.into_iter().flatten().collect()
}

/// Looks once whether an object is gone, and what lingers of it. Nothing where it is there, or cannot be looked at.
async fn gone_after_all(session: &Session, change: &Change, seen: &Seen) -> Option<Remains> {
    let stack = &session.stack;
    let facts = stack.facts(&change.addr, &seen.outputs);
    let lingers = if let Some(node) = stack.nodes.get(&change.addr) {
        let Ok(Observed::Absent { .. }) = node.observe(&facts).await else {
            return None;
        };
        node.lingers(&facts).await
    } else {
        let id = change.id.as_deref()?;
        let kind = stack.kinds.iter().find(|k| k.name() == change.addr.kind)?;
        let found = kind.find_owned(&facts.stack).await.ok()?;
        if found.iter().any(|o| o.id == id) {
            return None;
        }
        kind.lingers_of_owned(id, &facts).await
    };
    let mut left = Remains::default();
    left.note(&change.addr, "what goes by itself", lingers);
    for remnant in &mut left.found {
        remnant.about.push_str("; not waited for any longer");
    }
    for unseen in &mut left.unseen {
        unseen.because.push_str("; not waited for any longer");
    }
    Some(left)
}

async fn looked(session: &Session, ends: &Ends<'_>) -> Remains {
    let stack = &session.stack;
    let Ends { plan, seen, .. } = ends;
    // what is still there is in use, and so is what hangs on it
    let gone = plan.changes.iter().filter(|c| ends.is_gone(c));
    let entries = gone
        .clone()
        .filter_map(|c| Some((c, stack.nodes.get(&c.addr)?)));
    let of_entries = entries.map(|(change, node)| async {
        let facts = stack.facts(&change.addr, &seen.outputs);
        node.remains(&facts).await
    });
    let of_leftovers = gone.filter_map(|change| {
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
    all
}

/// Two entries may be of one thing, and two looks may have found it: what was found first is kept.
fn once_each(remains: &mut Remains) {
    let mut told = BTreeSet::new();
    let new = |r: &Remnant| told.insert((r.what.clone(), r.id.clone()));
    remains.found.retain(new);
    remains
        .found
        .sort_by(|a, b| (&a.what, &a.id).cmp(&(&b.what, &b.id)));
    let mut told = BTreeSet::new();
    let new = |u: &Unseen| told.insert((u.addr.clone(), u.what.clone()));
    remains.unseen.retain(new);
}

/// How everything of a plan has ended.
struct Ends<'a> {
    plan: &'a Plan,
    seen: &'a Seen,
    summary: Option<&'a RunSummary>,
    /// Gone, although their steps failed.
    unwaited: BTreeSet<Addr>,
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

impl Ends<'_> {
    fn is_deleted(&self, change: &Change) -> bool {
        let done = self.summary.is_some_and(|s| s.done.contains(&change.addr));
        change.action == Action::Delete && (done || self.unwaited.contains(&change.addr))
    }

    /// Deleted, on its way out, or not there to begin with.
    fn is_gone(&self, change: &Change) -> bool {
        let accepted = |s: &RunSummary| s.accepted.contains(&change.addr);
        let absent = matches!(
            self.seen.observed.get(&change.addr),
            Some(Observed::Absent { .. })
        );
        self.is_deleted(change) || absent || self.summary.is_some_and(accepted)
    }

    fn deleted(&self) -> Vec<Deleted> {
        let gone = self.plan.changes.iter().filter(|c| self.is_deleted(c));
        gone.map(|c| Deleted {
            addr: c.addr.clone(),
            id: id(&c.addr, self.plan, self.seen),
        })
        .collect()
    }

    fn kept(&self) -> Vec<Kept> {
        let there = |addr: &Addr| {
            let observed = self.seen.observed.get(addr);
            observed.and_then(Observed::present).is_some()
        };
        let each = self.plan.changes.iter().filter_map(|c| {
            let because = match (self.failed(&c.addr), c.action) {
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

    fn failed(&self, addr: &Addr) -> Option<&'static str> {
        let summary = self.summary?;
        if self.unwaited.contains(addr) {
            None
        } else if summary.failed.contains(addr) && summary.interrupted {
            Some("its deletion was not seen to its end")
        } else if summary.failed.contains(addr) {
            Some("its deletion did not end well")
        } else if summary.skipped.contains(addr) {
            Some("its deletion was not begun")
        } else if summary.accepted.contains(addr) {
            Some("its deletion goes on, and was not waited for")
        } else {
            None
        }
    }
}

/// Shows the receipt, and writes it where that was asked for. A file that cannot be written by now is told, and what the
/// run did still decides the exit code: returns the run's own, or that a part is missing where the run was complete.
pub(super) fn told(receipt: &Receipt, file: Option<&Path>, code: u8, output: &Output) -> u8 {
    let text = render::receipt_human(receipt, &output.err);
    if !text.is_empty() {
        output.page(&format!("\n{}", text.trim_end_matches('\n')));
    }
    let Some(path) = file else {
        return code;
    };
    let mut json = serde_json::to_string_pretty(receipt).unwrap_or_default();
    json.push('\n');
    if let Err(e) = crate::files::replace_private(path, json.as_bytes()) {
        output.failure(&Failure::with_help(
            format!("--receipt {}: {e}", path.display()),
            "everything else was done: the same command with another --receipt writes what stays",
        ));
        return match code {
            code::DONE => code::PARTLY,
            other => other,
        };
    }
    output.note(&format!("the receipt is in {}", path.display()));
    code
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
