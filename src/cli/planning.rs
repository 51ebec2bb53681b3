//! Looks and plans: what `plan`, `apply`, `destroy` and `refresh-ip` have in common.

use super::failure::Failure;
use super::keep;
use super::session::Session;
use crate::engine::{self, Goal, Options, Seen};
use crate::model::{
    Action, Addr, Change, Diagnostic, Diff, FORMAT_VERSION, Observed, Orphan, Output, Plan,
    PlanOptions, Purpose,
};
use crate::resource::ENVIRONMENT;
use std::collections::BTreeSet;

/// How many looks at once: more than a stack of this kind has entries, so that their number adds no round trip.
pub(super) const LOOKS: usize = 64;

/// Looks at AWS and plans.
///
/// # Errors
/// Unknown addresses in the options; looks that failed.
pub async fn plan(
    session: &Session,
    purpose: Purpose,
    options: &PlanOptions,
    exactly: Option<BTreeSet<Addr>>,
) -> Result<(Plan, Seen), Failure> {
    let stack = &session.stack;
    known(session, options)?;
    let scope = scope(session, purpose, &options.only, exactly.as_ref());
    let goal = match purpose {
        Purpose::Apply => Goal::Keep,
        Purpose::Destroy => Goal::Destroy,
    };
    let whole = options.only.is_empty() && exactly.is_none();
    let looks = engine::observe(stack, &scope, goal, LOOKS);
    let orphans = async {
        if whole {
            owned(session, options.prune || purpose == Purpose::Destroy).await
        } else {
            Ok(Vec::new())
        }
    };
    let keeps = async {
        // a destroy and what makes or removes them have them as entries
        if purpose == Purpose::Apply && exactly.is_none() {
            keep::kept(stack, &scope).await
        } else {
            keep::Looked::default()
        }
    };
    let (seen, orphans, keeps) = futures_util::future::join3(looks, orphans, keeps).await;
    let seen = seen.map_err(|faults| {
        Failure::Faults(faults.into_iter().map(|(a, f)| (Some(a), f)).collect())
    })?;
    named_by_environment(&seen)?;
    let mut warnings = session.warnings.clone();
    let orphans = orphans.unwrap_or_else(|diagnostic| {
        // what is left over matters less than what is to be done: it must not stop a plan
        warnings.push(diagnostic);
        Vec::new()
    });
    let mut orphans = leftover(orphans, &seen);
    orphans.retain(|o| !keeps.holds(o));
    warnings.extend(keeps.warnings(&seen.observed));
    data_named(options, &orphans, stack)?;
    let info = engine::infos(stack, &scope, &seen.outputs);
    let mut changes = match purpose {
        Purpose::Apply => {
            let options = Options {
                adopt: stack.adopt.iter().chain(&options.adopt).cloned().collect(),
                allow_replace: options.allow_replace.iter().cloned().collect(),
                exactly,
            };
            engine::plan(&info, &stack.after, &seen.observed, &options)
        }
        Purpose::Destroy => {
            let mut changes = engine::plan_destroy(&info, &stack.after, &seen.observed);
            if !options.only.is_empty() {
                let doomed = stack.with_dependents(&options.only.iter().cloned().collect());
                engine::spare_others(&mut changes, &info, &stack.after, &doomed);
            }
            changes
        }
    };
    for change in changes.iter_mut().filter(|c| c.is_change()) {
        if let Some(node) = stack.nodes.get(&change.addr) {
            change.calls = node.calls(change.action, &change.diff);
        }
    }
    if options.prune || (purpose == Purpose::Destroy && whole) {
        let more = pruned(stack, &changes, &orphans, options, purpose);
        changes = match purpose {
            Purpose::Apply => changes.into_iter().chain(more).collect(),
            Purpose::Destroy => leftovers_first(stack, changes, more),
        };
    }
    for (addr, observed) in &seen.observed {
        match observed {
            Observed::Present(p) => warnings.extend(p.warnings.iter().cloned()),
            // of what is not made there is nothing to warn
            Observed::Absent {
                warnings: of_new, ..
            } if changes.iter().any(|c| c.addr == *addr && c.is_change()) => {
                warnings.extend(of_new.iter().cloned());
            }
            _ => {}
        }
    }
    warnings.dedup();
    let plan = Plan {
        format_version: FORMAT_VERSION,
        purpose,
        stack: stack.facts.stack.clone(),
        stack_digest: stack.digest.clone(),
        account: stack.facts.account.clone(),
        region: stack.facts.region.clone(),
        summary: Plan::count(&changes),
        changes,
        orphans,
        warnings,
        options: options.clone(),
    };
    Ok((plan, seen))
}

/// Fails where an unset variable says which object is meant: taking it for absent would leave it behind.
fn named_by_environment(seen: &Seen) -> Result<(), Failure> {
    for (addr, observed) in &seen.observed {
        if let Observed::Unknowable { waits_for } = observed
            && let Some(r) = waits_for.iter().find(|r| r.from.kind == ENVIRONMENT)
        {
            return Err(Failure::with_help(
                format!(
                    "{addr} cannot be found: the variable {} is not set",
                    r.from.name
                ),
                format!("export {}=… before the command", r.from.name),
            ));
        }
    }
    Ok(())
}

fn known(session: &Session, options: &PlanOptions) -> Result<(), Failure> {
    let named = [("--only", &options.only), ("--adopt", &options.adopt)];
    for (option, addrs) in named {
        for addr in addrs {
            if !session.stack.nodes.contains_key(addr) {
                return Err(unknown(option, addr, &session.stack));
            }
        }
    }
    Ok(())
}

fn unknown(option: &str, addr: &Addr, stack: &engine::Stack) -> Failure {
    let all: Vec<String> = stack.nodes.keys().map(ToString::to_string).collect();
    let help = match crate::yaml::closest(&addr.to_string(), all.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("entries: {}", all.join(", ")),
    };
    let summary = format!("{option} {addr}: there is no such entry in the file");
    Failure::with_help(summary, help)
}

/// What must be looked at: everything, or the named entries with what they need. A destroy of some looks at
/// everything, because what they hand on may be what the others are found by.
fn scope(
    session: &Session,
    purpose: Purpose,
    only: &[Addr],
    exactly: Option<&BTreeSet<Addr>>,
) -> BTreeSet<Addr> {
    let stack = &session.stack;
    if let Some(exactly) = exactly {
        return stack.with_needs(exactly);
    }
    if only.is_empty() || purpose == Purpose::Destroy {
        return stack.nodes.keys().cloned().collect();
    }
    stack.with_needs(&only.iter().cloned().collect())
}

/// Finds what carries the stack's tag.
async fn owned(session: &Session, thorough: bool) -> Result<Vec<Orphan>, Diagnostic> {
    let stack = &session.stack;
    let looks = stack
        .kinds
        .iter()
        .filter(|k| thorough || !k.finding_is_dear())
        .map(|k| k.find_owned(&stack.facts));
    let mut found = Vec::new();
    for result in futures_util::future::join_all(looks).await {
        match result {
            Ok(owned) => found.extend(owned),
            Err(fault) => {
                return Err(Diagnostic::warning(
                    "what is no longer in the file could not be looked for",
                )
                .detail(fault.to_string())
                .help("allow the read to have leftovers listed"));
            }
        }
    }
    found.sort_by(|a, b| (&a.addr, &a.id).cmp(&(&b.addr, &b.id)));
    Ok(found)
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
fn leftover(owned: Vec<Orphan>, seen: &Seen) -> Vec<Orphan> {
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

/// `--allow-replace` may name an entry, or a leftover that holds data.
fn data_named(
    options: &PlanOptions,
    orphans: &[Orphan],
    stack: &engine::Stack,
) -> Result<(), Failure> {
    for addr in &options.allow_replace {
        if !stack.nodes.contains_key(addr) && !orphans.iter().any(|o| &o.addr == addr) {
            return Err(unknown("--allow-replace", addr, stack));
        }
    }
    Ok(())
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
fn pruned(
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
fn leftovers_first(
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

/// Fails where the plan holds something that apply will not do.
///
/// # Errors
/// Everything that is refused.
pub fn refused(plan: &Plan) -> Result<(), Failure> {
    let found: Vec<Diagnostic> = plan
        .refused()
        .map(|(addr, why)| Diagnostic::error(why).at(addr))
        .collect();
    if found.is_empty() {
        return Ok(());
    }
    Err(Failure::Diagnostics {
        found,
        sources: std::collections::BTreeMap::new(),
    })
}

#[cfg(test)]
mod tests;
