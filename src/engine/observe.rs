//! Looks at everything along the edges, as much as possible at once.

use super::{Queue, Stack};
use crate::model::{Addr, Class, Fault, Force, Observed, OutputRef, Outputs, Readiness, Verdict};
use crate::resource::{Look, Looked, OnDestroy, Reach};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the look is for; it decides whose outputs may be relied upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// To make AWS match: outputs count of what will stay.
    Keep,
    /// To remove: outputs count of whatever is there.
    Destroy,
}

/// What a look told.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// One observation for each entry.
    pub observed: BTreeMap<Addr, Observed>,
    /// The outputs that may be relied upon.
    pub outputs: Arc<BTreeMap<Addr, Outputs>>,
}

/// Looks at the entries in `only`, at most `limit` at once.
///
/// An object is looked at as soon as it is known what it is found by, and compared once everything it needs was: a
/// look costs as many dependent round trips as the keys need, however long the chains of references are.
///
/// # Errors
/// Every look that failed. A look that was not made because another failed is not listed.
pub async fn observe(
    stack: &Stack,
    only: &BTreeSet<Addr>,
    goal: Goal,
    limit: usize,
) -> Result<Seen, Vec<(Addr, Fault)>> {
    let todo: BTreeMap<_, _> = stack
        .after
        .iter()
        .filter(|(a, _)| only.contains(*a))
        .map(|(a, d)| (a.clone(), d.clone()))
        .collect();
    let mut unread: BTreeSet<Addr> = todo.keys().cloned().collect();
    let mut compare = Queue::new(todo, |_| 1.0);
    let mut seen = Seen::default();
    foretell(stack, only, &mut seen.outputs);
    let mut looked: BTreeMap<Addr, Result<Box<dyn Looked + '_>, Fault>> = BTreeMap::new();
    let mut faults = Vec::new();
    let mut running = FuturesUnordered::new();
    loop {
        // read whatever can be found by now
        let mut later: BTreeMap<Addr, Vec<OutputRef>> = BTreeMap::new();
        for addr in unread.clone() {
            if running.len() >= limit {
                break;
            }
            let node = &stack.nodes[&addr];
            if goal == Goal::Destroy && node.on_destroy() == OnDestroy::Forget {
                continue;
            }
            match node.look(&stack.facts(&addr, &seen.outputs)) {
                Look::Now(look) => {
                    unread.remove(&addr);
                    running.push(async move { (addr, look.await) });
                }
                Look::Later(waits_for) => {
                    later.insert(addr, waits_for);
                }
                Look::Never(fault) => {
                    unread.remove(&addr);
                    looked.insert(addr, Err(fault));
                }
            }
        }
        // compare whatever has all it needs; what still cannot be found then cannot be known
        let ready = |a: &Addr| {
            let forgotten =
                goal == Goal::Destroy && stack.nodes[a].on_destroy() == OnDestroy::Forget;
            looked.contains_key(a) || later.contains_key(a) || forgotten
        };
        if let Some(addr) = compare.next_where(ready) {
            unread.remove(&addr);
            let facts = stack.facts(&addr, &seen.outputs);
            let observed = match looked.remove(&addr) {
                Some(Ok(found)) => found.compare(&facts),
                // it may well be gone with what it lives in by then
                Some(Err(fault)) if goal == Goal::Destroy && stack.home(&addr).is_some() => {
                    Ok(Observed::Unlooked {
                        because: unseen(&fault),
                    })
                }
                Some(Err(fault)) if matches!(fault.class, Class::Unreachable | Class::Denied) => {
                    out_of_reach(stack, &addr, &seen, fault)
                }
                Some(Err(fault)) => Err(fault),
                // it goes with what it lives in, and may well be out of reach by now
                None => Ok(Observed::Unknowable {
                    waits_for: later.remove(&addr).unwrap_or_default(),
                }),
            };
            match observed {
                Ok(observed) => {
                    if let Some(outputs) = reliable(&observed, goal) {
                        Arc::make_mut(&mut seen.outputs).insert(addr.clone(), outputs);
                        foretell(stack, only, &mut seen.outputs);
                    }
                    compare.finish(&addr);
                    seen.observed.insert(addr, observed);
                }
                Err(fault) => {
                    for lost in compare.fail(&addr) {
                        unread.remove(&lost);
                    }
                    faults.push((addr, fault));
                }
            }
            continue;
        }
        match running.next().await {
            Some((addr, result)) => {
                looked.insert(addr, result);
            }
            None => break,
        }
    }
    if faults.is_empty() {
        Ok(seen)
    } else {
        faults.sort_by(|a, b| a.0.cmp(&b.0));
        Err(faults)
    }
}

/// Adds the outputs that follow from what is known by now, before the objects themselves are.
fn foretell(stack: &Stack, only: &BTreeSet<Addr>, known: &mut Arc<BTreeMap<Addr, Outputs>>) {
    loop {
        let more: Vec<(Addr, Outputs)> = only
            .iter()
            .filter(|addr| !known.contains_key(*addr))
            .filter_map(|addr| {
                let outputs = stack.nodes.get(addr)?.foretold(&stack.facts(addr, known));
                (!outputs.is_empty()).then(|| (addr.clone(), outputs))
            })
            .collect();
        if more.is_empty() {
            return;
        }
        Arc::make_mut(known).extend(more);
    }
}

/// Says why something could not be looked at, in words that are the same each time.
fn unseen(fault: &Fault) -> String {
    match fault.class {
        Class::Unreachable => "no connection could be made".to_owned(),
        _ => match &fault.code {
            Some(code) => format!("{}: {code}", fault.op),
            None => fault.op.clone(),
        },
    }
}

/// Outputs never change under an update, so they count as soon as they are there, unless the object is to go.
fn reliable(observed: &Observed, goal: Goal) -> Option<Outputs> {
    let p = observed.present()?;
    let stays = match &p.verdict {
        Verdict::Diff(d) => d.force() < Some(Force::Replace),
        Verdict::Deferred { .. } => true,
    };
    let going = matches!(p.readiness, Readiness::Leaving(_));
    (goal == Goal::Destroy || (stays && !going)).then(|| p.outputs.clone())
}

/// No connection could be made, or the login was rejected. That is as it should be while the way there is not open, the
/// other side stands still, or what it logs in to is about to change (a new password); otherwise it is a fault.
fn out_of_reach(stack: &Stack, addr: &Addr, seen: &Seen, fault: Fault) -> Result<Observed, Fault> {
    if stack.nodes[addr].reach() != Reach::Connects {
        return Err(fault);
    }
    let mut closed = Vec::new();
    for dep in &stack.after[addr] {
        let Some(observed) = seen.observed.get(dep) else {
            continue;
        };
        if let Some(p) = observed.present() {
            if let Some(word) = p.readiness.rests() {
                return Ok(Observed::Unlooked {
                    because: format!("{dep} is {word}"),
                });
            }
            if matches!(p.readiness, Readiness::Pending(_) | Readiness::Leaving(_)) {
                closed.push(OutputRef::new(dep.clone(), "ready"));
                continue;
            }
        }
        let settled = observed.present().is_some_and(|p| {
            p.readiness == Readiness::Ready
                && matches!(&p.verdict, Verdict::Diff(d) if d.is_empty())
        });
        // a change to come may be what opens the way: a rule that is made, a port that is put back. A rejected login
        // is none of a rule's business
        let counts = fault.class != Class::Denied || stack.nodes[dep].reach() == Reach::None;
        if counts && !settled {
            closed.push(OutputRef::new(dep.clone(), "ready"));
        }
    }
    if closed.is_empty() {
        Err(fault)
    } else {
        Ok(Observed::Unknowable { waits_for: closed })
    }
}
