//! The planner of a destroy: the edges the other way round. A pure function of what was seen, as the other one.

use super::plan::{Edges, Info, blank, in_order};
use crate::model::{Action, Addr, Change, Observed, Owner};
use crate::resource::OnDestroy;
use std::collections::{BTreeMap, BTreeSet};

/// Plans to remove what the stack owns: the edges the other way round.
pub fn plan_destroy(
    info: &BTreeMap<Addr, Info>,
    after: &Edges,
    seen: &BTreeMap<Addr, Observed>,
) -> Vec<Change> {
    let mut reversed: Edges = seen.keys().map(|a| (a.clone(), BTreeSet::new())).collect();
    for (addr, deps) in after {
        for dep in deps {
            if let Some(set) = reversed.get_mut(dep)
                && seen.contains_key(addr)
            {
                set.insert(addr.clone());
            }
        }
    }
    let all = info;
    in_order(info, &reversed, seen, |addr, observed, info| {
        let mut change = blank(addr, Action::NoOp, "not there");
        if info.on_destroy == OnDestroy::Forget {
            match home(addr, all, after) {
                Some(home) if seen.get(home).is_some_and(goes) => {
                    change.action = Action::Forget;
                    change.reason = format!("goes with {home}");
                }
                Some(home) if seen.get(home).is_some_and(|o| o.present().is_some()) => {
                    change.reason = format!("stays in {home}");
                }
                _ => {}
            }
            return change;
        }
        if let Some(home) = &info.lives_in
            && seen.get(home).is_some_and(goes)
        {
            if !matches!(observed, Observed::Absent { .. }) {
                change.action = Action::Forget;
                change.reason = format!("goes with {home}");
            }
            return change;
        }
        if let Observed::Unlooked { because } = observed {
            change.action = Action::Delete;
            change.reason = "it may be there".to_owned();
            change.refused = Some(format!("it cannot be looked at: {because}"));
            return change;
        }
        if let Observed::Unknowable { waits_for } = observed
            && let Some(r) = waits_for
                .iter()
                .find(|r| seen.get(&r.from).is_some_and(|o| o.present().is_some()))
        {
            // taking it for absent would leave it behind
            change.action = Action::Delete;
            change.reason = "it may be there".to_owned();
            change.refused = Some(format!(
                "it cannot be looked at: {r} is not known; set the variables that {} names",
                r.from
            ));
            return change;
        }
        let Some(p) = observed.present() else {
            return change;
        };
        // what cannot be tagged belongs to what it is part of
        let foreign = after.get(addr).into_iter().flatten().find(|d| {
            p.owner == Owner::Untaggable
                && seen
                    .get(*d)
                    .is_some_and(|o| o.present().is_some() && !goes(o))
        });
        match &p.owner {
            _ if let Some(host) = foreign => change.reason = format!("not ours: {host} is not"),
            Owner::Ours | Owner::Untaggable => {
                change.action = Action::Delete;
                change.reason = "the stack owns it".to_owned();
                change.refused = p.guard.clone();
            }
            Owner::Nobody => change.reason = "not ours: it has no tag of this stack".to_owned(),
            Owner::Other(stack) => change.reason = format!("not ours: it belongs to stack {stack}"),
        }
        change
    })
}

/// Lets go with their homes only what has a home among these entries; whatever lives in one that stays is deleted.
pub fn only_with(info: &mut BTreeMap<Addr, Info>, doomed: &BTreeSet<Addr>) {
    for info in info.values_mut() {
        info.lives_in = info.lives_in.take().filter(|home| doomed.contains(home));
    }
}

/// Leaves everything but these entries out of a destroy, and with it what lives in something that stays.
pub fn spare_others(
    changes: &mut [Change],
    info: &BTreeMap<Addr, Info>,
    after: &Edges,
    doomed: &BTreeSet<Addr>,
) {
    for change in changes {
        let stays = (change.action == Action::Forget)
            .then(|| home(&change.addr, info, after))
            .flatten()
            .filter(|home| !doomed.contains(*home));
        let reason = match stays {
            _ if !doomed.contains(&change.addr) => "not part of this command".to_owned(),
            Some(home) => format!("stays in {home}"),
            None => continue,
        };
        change.action = Action::NoOp;
        change.reason = reason;
        change.refused = None;
    }
}

/// What an entry lives in: the thing that holds data among those it comes after, where one does.
fn home<'a>(addr: &Addr, info: &BTreeMap<Addr, Info>, after: &'a Edges) -> Option<&'a Addr> {
    let lives_itself = |d: &&Addr| {
        info.get(*d)
            .is_some_and(|i| i.on_destroy == OnDestroy::Delete)
    };
    after
        .get(addr)?
        .iter()
        .filter(lives_itself)
        .max_by_key(|d| info.get(*d).is_some_and(|i| i.holds_data))
}

/// Tells whether a destroy deletes it.
fn goes(observed: &Observed) -> bool {
    observed
        .present()
        .is_some_and(|p| matches!(p.owner, Owner::Ours | Owner::Untaggable))
}
