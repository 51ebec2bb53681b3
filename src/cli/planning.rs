//! Looks and plans: what `plan`, `apply`, `destroy` and `refresh-ip` have in common.

use super::failure::Failure;
use super::session::Session;
use crate::engine::{self, Goal, Options, Seen};
use crate::model::{
    Action, Addr, Change, Diagnostic, Diff, FORMAT_VERSION, Observed, Orphan, Plan, PlanOptions,
    Purpose,
};
use crate::resource::{ENVIRONMENT, Kind};
use std::collections::BTreeSet;

/// How many looks at once.
const LOOKS: usize = 24;

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
            orphans(session, options.prune || purpose == Purpose::Destroy).await
        } else {
            Ok(Vec::new())
        }
    };
    let (seen, orphans) = futures_util::future::join(looks, orphans).await;
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
                for change in changes.iter_mut().filter(|c| !doomed.contains(&c.addr)) {
                    change.action = Action::NoOp;
                    change.reason = "not part of this command".to_owned();
                    change.refused = None;
                }
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
        changes.extend(pruned(&stack.kinds, &orphans, options, purpose));
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
    let named = [
        ("--only", &options.only),
        ("--adopt", &options.adopt),
        ("--allow-replace", &options.allow_replace),
    ];
    for (option, addrs) in named {
        for addr in addrs {
            if !session.stack.nodes.contains_key(addr) {
                let all: Vec<String> = session
                    .stack
                    .nodes
                    .keys()
                    .map(ToString::to_string)
                    .collect();
                let help =
                    match crate::yaml::closest(&addr.to_string(), all.iter().map(String::as_str)) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("entries: {}", all.join(", ")),
                    };
                return Err(Failure::with_help(
                    format!("{option} {addr}: there is no such entry in the file"),
                    help,
                ));
            }
        }
    }
    Ok(())
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

/// Finds what is ours and not in the file any more.
async fn orphans(session: &Session, thorough: bool) -> Result<Vec<Orphan>, Diagnostic> {
    let stack = &session.stack;
    let looks = stack
        .kinds
        .iter()
        .filter(|k| thorough || !k.finding_is_dear())
        .map(|k| k.find_owned(&stack.facts.stack));
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
    found.retain(|o| !stack.nodes.contains_key(&o.addr));
    found.sort_by(|a, b| (&a.addr, &a.id).cmp(&(&b.addr, &b.id)));
    Ok(found)
}

/// Deletes orphans in the reverse of the order in which kinds are made. One that holds data needs its own word.
fn pruned(
    kinds: &[std::sync::Arc<dyn Kind>],
    orphans: &[Orphan],
    options: &PlanOptions,
    purpose: Purpose,
) -> Vec<Change> {
    let rank = |o: &Orphan| kinds.iter().position(|k| k.name() == o.addr.kind);
    let mut sorted: Vec<&Orphan> = orphans.iter().collect();
    sorted.sort_by_key(|o| std::cmp::Reverse(rank(o)));
    let mut changes: Vec<Change> = Vec::new();
    for orphan in sorted {
        if changes.iter().any(|c| c.addr == orphan.addr) {
            continue; // one at a time: the next run finds the other
        }
        let consent = options.allow_replace.contains(&orphan.addr) || purpose == Purpose::Destroy;
        changes.push(Change {
            addr: orphan.addr.clone(),
            action: Action::Delete,
            reason: "the stack owns it and it is no longer in the file".to_owned(),
            diff: Diff::default(),
            deferred: Vec::new(),
            after: changes
                .iter()
                .filter(|c| c.addr.kind != orphan.addr.kind)
                .map(|c| c.addr.clone())
                .collect(),
            lock: None,
            calls: Vec::new(),
            refused: (orphan.holds_data && !consent).then(|| {
                format!(
                    "it holds data and is not in the file: put it back, or delete it with `destroy` of a file that names it ({})",
                    orphan.id
                )
            }),
            fingerprint: None,
            id: Some(orphan.id.clone()),
        });
    }
    changes
}

/// Fails where the plan holds something that apply will not do.
///
/// # Errors
/// Everything that is refused.
pub fn refused(plan: &Plan) -> Result<(), Failure> {
    let found: Vec<Diagnostic> = plan
        .refused()
        .map(|(addr, why)| Diagnostic::error(format!("{addr}: {why}")).at(addr))
        .collect();
    if found.is_empty() {
        return Ok(());
    }
    Err(Failure::Diagnostics {
        found,
        sources: std::collections::BTreeMap::new(),
    })
}
