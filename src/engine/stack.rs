//! The stack as the engine sees it: entries, edges, facts.

use crate::model::{Addr, Outputs};
use crate::resource::{Facts, Kind, Managed, Reach, StackFacts};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A loaded stack.
pub struct Stack {
    /// What is the same for all entries.
    pub facts: Arc<StackFacts>,
    /// The entries.
    pub nodes: BTreeMap<Addr, Box<dyn Managed>>,
    /// What each entry comes after.
    pub after: BTreeMap<Addr, BTreeSet<Addr>>,
    /// Entries that say `adopt: true`.
    pub adopt: BTreeSet<Addr>,
    /// The kinds, for what is not in the file any more; in the order in which they are made.
    pub kinds: Vec<Arc<dyn Kind>>,
    /// The digest of the file and everything it names.
    pub digest: String,
}

impl Stack {
    /// Returns what one entry's pure functions may know.
    pub fn facts(&self, addr: &Addr, outputs: &Arc<BTreeMap<Addr, Outputs>>) -> Facts {
        Facts {
            addr: addr.clone(),
            stack: self.facts.clone(),
            outputs: outputs.clone(),
        }
    }

    /// Returns the entry that an entry lives inside of, at whatever depth: one that holds data.
    pub fn home(&self, addr: &Addr) -> Option<Addr> {
        let mut seen = BTreeSet::from([addr.clone()]);
        let mut home = self.nodes.get(addr)?.lives_in()?;
        loop {
            let node = self.nodes.get(&home)?;
            match node.lives_in() {
                Some(outer) if seen.insert(home.clone()) => home = outer,
                _ => return node.holds_data().then_some(home),
            }
        }
    }

    /// Returns these entries and everything that they need.
    pub fn with_needs(&self, targets: &BTreeSet<Addr>) -> BTreeSet<Addr> {
        closure(targets, |a| {
            self.after.get(a).into_iter().flatten().cloned().collect()
        })
    }

    /// Returns these entries and everything that needs them.
    pub fn with_dependents(&self, targets: &BTreeSet<Addr>) -> BTreeSet<Addr> {
        closure(targets, |a| {
            self.after
                .iter()
                .filter(|(_, deps)| deps.contains(a))
                .map(|(d, _)| d.clone())
                .collect()
        })
    }
}

/// Returns what the planner knows of entries besides what was seen.
pub fn infos(
    stack: &Stack,
    only: &BTreeSet<Addr>,
    outputs: &Arc<BTreeMap<Addr, Outputs>>,
) -> BTreeMap<Addr, super::Info> {
    stack
        .nodes
        .iter()
        .filter(|(a, _)| only.contains(*a))
        .map(|(addr, node)| {
            let info = super::Info {
                on_destroy: node.on_destroy(),
                holds_data: node.holds_data(),
                connects: node.reach() == Reach::Connects,
                follows: node.follows(),
                lives_in: stack.home(addr),
                lock: node.lock(&stack.facts(addr, outputs)),
                typical: node.wait().typical,
            };
            (addr.clone(), info)
        })
        .collect()
}

fn closure(targets: &BTreeSet<Addr>, next: impl Fn(&Addr) -> Vec<Addr>) -> BTreeSet<Addr> {
    let mut all = BTreeSet::new();
    let mut open: Vec<Addr> = targets.iter().cloned().collect();
    while let Some(addr) = open.pop() {
        if all.insert(addr.clone()) {
            open.extend(next(&addr));
        }
    }
    all
}
