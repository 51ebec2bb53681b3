//! The planner: a pure function of what was seen.

use super::Queue;
use crate::model::{
    Action, Addr, Around, Change, Diff, Force, Observed, OutputRef, Owner, Presence, Readiness,
    Verdict,
};
use crate::resource::OnDestroy;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// What the planner knows of an entry besides what was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// What `destroy` does with it.
    pub on_destroy: OnDestroy,
    /// A replacement must be named by the user.
    pub holds_data: bool,
    /// It connects to something that others may change.
    pub connects: bool,
    /// What connects and comes before it may undo it.
    pub follows: bool,
    /// What it goes with, where that is destroyed too.
    pub lives_in: Option<Addr>,
    /// Changes with the same lock never run together.
    pub lock: Option<String>,
    /// What it usually takes, in seconds.
    pub typical: f64,
}

/// What the user allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Objects without our tag that may be taken over.
    pub adopt: BTreeSet<Addr>,
    /// Objects that may be replaced or may lose data.
    pub allow_replace: BTreeSet<Addr>,
    /// Where it is given, everything else stays as it is.
    pub exactly: Option<BTreeSet<Addr>>,
}

pub(super) type Edges = BTreeMap<Addr, BTreeSet<Addr>>;

/// Plans to make AWS match.
pub fn plan(
    info: &BTreeMap<Addr, Info>,
    after: &Edges,
    seen: &BTreeMap<Addr, Observed>,
    options: &Options,
) -> Vec<Change> {
    // what changes inside of something that others look into, and whatever comes after that
    let mut stirred: BTreeSet<Addr> = BTreeSet::new();
    // what stands still when this run is over, in what words, and whatever lives on it
    let mut resting: BTreeMap<Addr, String> = BTreeMap::new();
    in_order(info, after, seen, |addr, observed, info| {
        let mut change = decide(addr, observed);
        let before: Vec<&Addr> = after
            .get(addr)
            .into_iter()
            .flatten()
            .filter(|d| stirred.contains(*d))
            .collect();
        if info.follows {
            look_again(&mut change, observed, &before);
        }
        if let Some(p) = observed.present() {
            admit(&mut change, p, info, options);
        }
        if let Some(exactly) = &options.exactly
            && !exactly.contains(addr)
        {
            change.action = Action::NoOp;
            change.reason = "not part of this command".to_owned();
            change.diff = Diff::default();
            change.around = None;
            change.refused = None;
        }
        let mut below = after.get(addr).into_iter().flatten();
        if info.connects
            && let Some(why) = below.find_map(|d| resting.get(d).cloned())
        {
            change = blank(addr, Action::NoOp, &format!("not looked at: {why}"));
            resting.insert(addr.clone(), why);
        }
        if change.around.is_some() {
            let why = format!("{addr} is stopped again in this run");
            resting.insert(addr.clone(), why);
        } else if let Some(Readiness::Parking(word)) = observed.present().map(|p| &p.readiness) {
            // it may still have answered
            resting.insert(addr.clone(), format!("{addr} is {word}"));
        }
        if !before.is_empty() || (info.connects && change.is_change()) {
            stirred.insert(addr.clone());
        }
        change
    })
}

/// What is there may be undone by what comes before it in this run: then it is looked at once more.
fn look_again(change: &mut Change, observed: &Observed, before: &[&Addr]) {
    if before.is_empty()
        || observed.present().is_none()
        || !matches!(change.action, Action::NoOp | Action::Update)
    {
        return;
    }
    if change.action == Action::NoOp {
        change.action = Action::Update;
        let names: Vec<_> = before.iter().map(ToString::to_string).collect();
        change.reason = format!("looked at again after {}", names.join(", "));
    }
    let waits = before
        .iter()
        .map(|addr| OutputRef::new((*addr).clone(), "done"));
    change.deferred.extend(waits);
}

pub(super) fn in_order(
    info: &BTreeMap<Addr, Info>,
    after: &Edges,
    seen: &BTreeMap<Addr, Observed>,
    mut each: impl FnMut(&Addr, &Observed, &Info) -> Change,
) -> Vec<Change> {
    let todo: Edges = after
        .iter()
        .filter(|(a, _)| seen.contains_key(*a))
        .map(|(a, d)| (a.clone(), d.clone()))
        .collect();
    let mut queue = Queue::new(todo, |a| info.get(a).map_or(1.0, |i| i.typical));
    let mut changes = Vec::new();
    while let Some(addr) = queue.pop() {
        queue.finish(&addr);
        let observed = &seen[&addr];
        let mut change = each(&addr, observed, &info[&addr]);
        change.after = after
            .get(&addr)
            .into_iter()
            .flatten()
            .filter(|d| seen.contains_key(*d))
            .cloned()
            .collect();
        change.lock = info[&addr].lock.clone();
        // what goes with something else may look like anything, or be out of reach, by then
        change.fingerprint = (change.action != Action::Forget).then(|| fingerprint(observed));
        changes.push(change);
    }
    changes
}

pub(super) fn blank(addr: &Addr, action: Action, reason: &str) -> Change {
    Change {
        addr: addr.clone(),
        action,
        reason: reason.to_owned(),
        diff: Diff::default(),
        deferred: Vec::new(),
        after: Vec::new(),
        lock: None,
        calls: Vec::new(),
        around: None,
        refused: None,
        fingerprint: None,
        id: None,
    }
}

fn decide(addr: &Addr, observed: &Observed) -> Change {
    let p = match observed {
        Observed::Absent { verdict, .. } => return create(addr, "absent", verdict),
        Observed::Unknowable { waits_for } => {
            let mut change = blank(addr, Action::Create, &known_after(waits_for));
            change.deferred = waits_for.clone();
            return change;
        }
        Observed::Unlooked { because } => {
            return blank(addr, Action::NoOp, &format!("not looked at: {because}"));
        }
        Observed::Present(p) => p,
    };
    let word = match &p.readiness {
        Readiness::Ready => None,
        Readiness::Pending(w)
        | Readiness::Leaving(w)
        | Readiness::Parked(w)
        | Readiness::Parking(w)
        | Readiness::Failed(w) => Some(w.as_str()),
    };
    if let Readiness::Leaving(word) = &p.readiness {
        let reason = format!("{word}; made again once it is gone");
        return create(addr, &reason, &p.verdict);
    }
    match &p.verdict {
        Verdict::Deferred { waits_for } => {
            let mut change = blank(addr, Action::Update, &known_after(waits_for));
            change.deferred = waits_for.clone();
            if let Some(around) = around(p) {
                change.around = Some(around);
                change.reason = super::around::reason(around, &change.reason);
            }
            change
        }
        Verdict::Diff(diff) => {
            let again = around(p);
            let action = match (diff.force(), &p.readiness) {
                (None, Readiness::Failed(_)) => Action::Wait,
                (None, _) if again.is_some() => Action::Update,
                (None, Readiness::Pending(_)) => Action::Wait,
                (None, _) => Action::NoOp,
                (Some(Force::Update | Force::Consent), _) => Action::Update,
                (Some(Force::Replace | Force::Refuse), _) => Action::Replace,
            };
            let reason = match (action, word) {
                (Action::Update, _) if diff.is_empty() => String::new(),
                (Action::NoOp, None) => "as it should be".to_owned(),
                (Action::NoOp | Action::Wait, Some(word)) => word.to_owned(),
                (Action::Replace, _) => format!("cannot be changed in place: {}", names(diff)),
                (_, None) => format!("differs: {}", names(diff)),
                (_, Some(word)) => format!("{word}; differs: {}", names(diff)),
            };
            let mut change = blank(addr, action, &reason);
            change.diff = diff.clone();
            if let Some(around) = again.filter(|_| action == Action::Update) {
                change.around = Some(around);
                change.reason = super::around::reason(around, &change.reason);
            }
            change
        }
    }
}

/// Returns what is done around a change of it.
fn around(p: &Presence) -> Option<Around> {
    match p.readiness.rests() {
        Some(_) => p.must_run.then_some(Around::StartAndStop),
        None => p.to_stop.then_some(Around::Stop),
    }
}

fn create(addr: &Addr, reason: &str, verdict: &Verdict) -> Change {
    let mut change = blank(addr, Action::Create, reason);
    match verdict {
        Verdict::Diff(fields) => change.diff = fields.clone(),
        Verdict::Deferred { waits_for } => {
            change.reason = format!("{reason}; {}", known_after(waits_for));
            change.deferred = waits_for.clone();
        }
    }
    change
}

/// Checks what needs the user's word.
fn admit(change: &mut Change, p: &Presence, info: &Info, options: &Options) {
    let addr = change.addr.clone();
    if !change.is_change() {
        return;
    }
    match &p.owner {
        Owner::Ours | Owner::Untaggable => {}
        Owner::Other(stack) => {
            change.refused = Some(format!("it belongs to stack {stack}"));
            return;
        }
        Owner::Nobody if options.adopt.contains(&addr) => change.action = Action::Adopt,
        Owner::Nobody => {
            change.action = Action::Adopt;
            change.refused = Some(format!(
                "it exists and has no tag of this stack; take it over with --adopt {addr}, or choose another name"
            ));
            return;
        }
    }
    let named = options.allow_replace.contains(&addr);
    let strongest = change
        .diff
        .0
        .iter()
        .filter(|f| f.force > Force::Update)
        .max_by_key(|f| f.force);
    if let Some(field) = strongest
        && !named
        && (field.force != Force::Replace || info.holds_data)
    {
        let why = field
            .why
            .clone()
            .unwrap_or_else(|| format!("{} cannot be changed in place", field.path));
        // what must not be deleted is not made anew either, whatever is allowed
        change.refused = Some(match &p.guard {
            Some(guard) if field.force > Force::Consent => match *guard == why {
                true => why,
                false => format!("{why}; {guard}"),
            },
            _ => format!("{why}; --allow-replace {addr} allows it"),
        });
        return;
    }
    if change.action == Action::Replace
        && let Some(why) = &p.guard
    {
        change.refused = Some(why.clone());
        return;
    }
    if let Some(word) = p.readiness.rests()
        && change.action == Action::Replace
    {
        change.refused = Some(format!(
            "it is {word} and cannot be replaced; run `cruddur-infra start` first"
        ));
    }
    if let Readiness::Failed(why) = &p.readiness
        && change.action == Action::Wait
    {
        change.refused = Some(why.clone());
    }
}

fn known_after(waits_for: &[OutputRef]) -> String {
    let mut from: Vec<String> = waits_for.iter().map(|r| r.from.to_string()).collect();
    from.sort();
    from.dedup();
    format!("known after {}", from.join(", "))
}

fn names(diff: &Diff) -> String {
    diff.paths().join(", ")
}

/// Digests what an object looked like. Facts for people only are left out, and secrets are not in it.
fn fingerprint(observed: &Observed) -> String {
    let text = match observed {
        Observed::Present(p) => {
            serde_json::json!([
                p.outputs,
                p.readiness,
                p.verdict,
                p.owner,
                p.guard,
                p.to_stop
            ])
        }
        // what it will be like is in the plan itself
        Observed::Absent { .. } => serde_json::json!("absent"),
        other => serde_json::json!(other),
    }
    .to_string();
    Sha256::digest(text.as_bytes())
        .iter()
        .take(12)
        .map(|b| format!("{b:02x}"))
        .collect()
}
