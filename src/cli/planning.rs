//! Looks and plans: what `plan`, `apply`, `destroy` and `refresh-ip` have in common.

use super::failure::Failure;
use super::in_the_way;
use super::keep;
use super::leftovers::{leftover, leftovers_first, owned, pruned, unlisted};
use super::session::Session;
use crate::engine::{self, Goal, Options, Seen};
use crate::model::{
    Addr, Diagnostic, FORMAT_VERSION, Observed, Orphan, Plan, PlanOptions, Purpose,
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
            (Vec::new(), Vec::new())
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
    let (orphans, faults) = orphans;
    if options.prune && !faults.is_empty() {
        // what could not be found may well use what would be deleted
        return Err(Failure::Faults(
            faults.into_iter().map(|f| (None, f)).collect(),
        ));
    }
    // otherwise what is left over matters less than what is to be done: it must not stop a plan
    warnings.extend(faults.iter().map(unlisted));
    let mut orphans = leftover(orphans, &seen);
    orphans.retain(|o| !keeps.holds(o));
    warnings.extend(keeps.warnings(&seen.observed));
    data_named(options, &orphans, stack)?;
    let mut info = engine::infos(stack, &scope, &seen.outputs);
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
            let doomed = (!options.only.is_empty())
                .then(|| stack.with_dependents(&options.only.iter().cloned().collect()));
            if let Some(doomed) = &doomed {
                engine::only_with(&mut info, doomed);
            }
            let mut changes = engine::plan_destroy(&info, &stack.after, &seen.observed);
            if let Some(doomed) = &doomed {
                engine::spare_others(&mut changes, &info, &stack.after, doomed);
            }
            changes
        }
    };
    for change in changes.iter_mut().filter(|c| c.is_change()) {
        if let Some(node) = stack.nodes.get(&change.addr) {
            change.calls = node.calls(change.action, &change.diff, change.around);
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
    for addr in &options.allow_data_loss {
        if !changes.iter().any(|c| &c.addr == addr) {
            return Err(unknown("--allow-data-loss", addr, stack));
        }
    }
    if options.wait && purpose == Purpose::Destroy {
        in_the_way::lingering(stack, &mut changes, &seen).await;
    }
    warnings.extend(in_the_way::look(stack, &mut changes, &seen).await);
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
        digest: String::new(),
    };
    Ok((engine::sealed(plan), seen))
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
