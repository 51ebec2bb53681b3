//! The fake world: what is in it, what goes wrong in it, and the laws that nobody may break.

use cruddur_infra::engine::Stack;
use cruddur_infra::model::Class;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

/// One thing in the fake world.
#[derive(Clone, Debug, PartialEq)]
pub struct Thing {
    pub v: u32,
    pub w: u32,
    pub r: u32,
    pub secret: String,
    pub ins: Vec<String>,
    pub serial: u32,
    /// Looks until it is ready.
    pub left: u32,
    /// Looks until it is gone.
    pub leaving: Option<u32>,
    pub inside: Option<String>,
    pub owner: String,
    pub parked: bool,
    /// The mark that it is to be stopped again.
    pub to_stop: bool,
    /// It must not be deleted.
    pub protected: bool,
    /// How many looks still show the state before the last change.
    pub stale: u32,
    pub old: Option<(u32, u32, Vec<String>)>,
    /// How many looks still do not find it.
    pub hidden: u32,
    /// The run that made it.
    pub made_by: String,
}

#[derive(Default)]
pub struct World {
    pub things: BTreeMap<String, Thing>,
    pub serial: u32,
    /// Commands so far.
    pub runs: u32,
    pub rng: u64,
    /// One call in this many fails; 0 for none.
    pub fault: u64,
    pub busy: i32,
    pub peak: i32,
    pub writers: BTreeMap<String, i32>,
    pub broken_laws: Vec<String>,
    pub log: Vec<String>,
    pub stale_looks: u32,
    /// How many looks do not find what is new.
    pub hidden_looks: u32,
    /// What the next calls of an operation meet, one after the other.
    pub script: BTreeMap<String, VecDeque<Option<Class>>>,
    /// Operations of which the next call takes effect, and its reply is lost.
    pub lost: BTreeSet<String>,
    /// While everything is destroyed: what must be gone before a thing may go.
    pub gone_before: BTreeMap<String, BTreeSet<String>>,
}

pub type Shared = Arc<Mutex<World>>;

pub fn roll(rng: &mut u64) -> u64 {
    *rng ^= *rng << 13;
    *rng ^= *rng >> 7;
    *rng ^= *rng << 17;
    *rng >> 11
}

/// A dependent must only ever see an upstream that is current and ready.
pub fn upstream_is_current(w: &mut World, writes: &str, ins: &[String]) {
    for given in ins {
        // a name says nothing about which one it is
        let (id, serial) = match given.split_once('#') {
            Some((id, serial)) => (id, Some(serial)),
            None => (given.as_str(), None),
        };
        let ok = w.things.get(id).is_some_and(|up| {
            serial.is_none_or(|s| up.serial.to_string() == s)
                // what stands still, or soon will, is as ready as it gets
                && (up.left == 0 || up.parked)
                && (up.hidden, up.leaving) == (0, None)
        });
        if !ok {
            w.broken_laws.push(format!(
                "{writes} was written while {id} was not current and ready"
            ));
        }
    }
}

/// In a destroy, a thing must only ever go after everything that needs it.
pub fn dependents_are_gone(w: &mut World, goes: &str) {
    for dependent in w.gone_before.get(goes).into_iter().flatten() {
        if w.things.contains_key(dependent) {
            w.broken_laws.push(format!(
                "{goes} was deleted while {dependent} was still there"
            ));
        }
    }
}

/// From here on everything that the stack has is destroyed.
pub fn begin_destroy(world: &Shared, s: &Stack) {
    let mut w = world.lock().unwrap();
    w.gone_before = BTreeMap::new();
    for (addr, deps) in &s.after {
        for dep in deps {
            let before = w.gone_before.entry(dep.name.clone()).or_default();
            before.insert(addr.name.clone());
        }
    }
}
