//! Looks at everything along the edges, as much as possible at once.

use super::{Queue, Stack};
use crate::model::{Addr, Class, Fault, Force, Observed, Outputs, OutputRef, Readiness, Verdict};
use crate::resource::{OnDestroy, Reach};
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

/// Looks at the entries in `only`, at most `limit` at once, each after what it needs.
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
    let mut queue = Queue::new(todo, |_| 1.0);
    let mut seen = Seen::default();
    let mut faults = Vec::new();
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < limit {
            let Some(addr) = queue.next() else { break };
            let node = &stack.nodes[&addr];
            if goal == Goal::Destroy && node.on_destroy() == OnDestroy::Forget {
                // it goes with what it lives in, and may well be out of reach by now
                queue.finish(&addr);
                seen.observed.insert(
                    addr,
                    Observed::Unknowable {
                        waits_for: Vec::new(),
                    },
                );
                continue;
            }
            let facts = stack.facts(&addr, &seen.outputs);
            running.push(async move {
                let result = node.observe(&facts).await;
                (addr, result)
            });
        }
        let Some((addr, result)) = running.next().await else {
            break;
        };
        let observed = match result {
            Err(fault) if fault.class == Class::Unreachable => {
                out_of_reach(stack, &addr, &seen, fault)
            }
            other => other,
        };
        match observed {
            Ok(observed) => {
                if let Some(outputs) = reliable(&observed, goal) {
                    Arc::make_mut(&mut seen.outputs).insert(addr.clone(), outputs);
                }
                queue.finish(&addr);
                seen.observed.insert(addr, observed);
            }
            Err(fault) => {
                queue.fail(&addr);
                faults.push((addr, fault));
            }
        }
    }
    if faults.is_empty() {
        Ok(seen)
    } else {
        faults.sort_by(|a, b| a.0.cmp(&b.0));
        Err(faults)
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

/// No connection could be made. That is as it should be while the way there is not open or the other side stands
/// still; otherwise it is a fault.
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
            match &p.readiness {
                Readiness::Parked(word) => {
                    return Ok(Observed::Unlooked {
                        because: format!("{dep} is {word}"),
                    });
                }
                Readiness::Pending(_) | Readiness::Leaving(_) => {
                    closed.push(OutputRef::new(dep.clone(), "ready"));
                    continue;
                }
                _ => {}
            }
        }
        let open = observed.present().is_some_and(|p| {
            p.readiness == Readiness::Ready
                && matches!(&p.verdict, Verdict::Diff(d) if d.is_empty())
        });
        if stack.nodes[dep].reach() == Reach::Opens && !open {
            closed.push(OutputRef::new(dep.clone(), "ready"));
        }
    }
    if closed.is_empty() {
        Err(fault)
    } else {
        Ok(Observed::Unknowable { waits_for: closed })
    }
}
