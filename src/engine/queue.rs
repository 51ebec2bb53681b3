//! Hands out what is ready and is told what finished. Pure and deterministic.

use crate::model::Addr;
use std::collections::{BTreeMap, BTreeSet};

/// What is still to be done, and what each thing waits for.
#[derive(Clone, Debug)]
pub struct Queue {
    todo: BTreeMap<Addr, BTreeSet<Addr>>,
    weight: BTreeMap<Addr, f64>,
}

impl Queue {
    /// Makes a queue; a dependency on something that is not in it counts as finished.
    ///
    /// `cost` is what each item usually takes: the one with the longest tail of dependents goes first.
    pub fn new(todo: BTreeMap<Addr, BTreeSet<Addr>>, cost: impl Fn(&Addr) -> f64) -> Self {
        let known: BTreeSet<Addr> = todo.keys().cloned().collect();
        let todo: BTreeMap<Addr, BTreeSet<Addr>> = todo
            .into_iter()
            .map(|(a, deps)| (a, deps.into_iter().filter(|d| known.contains(d)).collect()))
            .collect();
        let mut weight = BTreeMap::new();
        for addr in &known {
            tail(addr, &todo, &cost, &mut weight);
        }
        Queue { todo, weight }
    }

    /// Returns the heaviest item that waits for nothing and that `free` lets pass; ties go by address.
    pub fn next_where(&mut self, free: impl Fn(&Addr) -> bool) -> Option<Addr> {
        let mut best: Option<(&Addr, f64)> = None;
        for (addr, deps) in &self.todo {
            if deps.is_empty() && free(addr) {
                let weight = self.weight.get(addr).copied().unwrap_or_default();
                if best.is_none_or(|(_, w)| weight > w) {
                    best = Some((addr, weight));
                }
            }
        }
        let addr = best?.0.clone();
        self.todo.remove(&addr);
        Some(addr)
    }

    /// Returns the heaviest item that waits for nothing.
    pub fn pop(&mut self) -> Option<Addr> {
        self.next_where(|_| true)
    }

    /// Notes that an item is done: what waited for it may go.
    pub fn finish(&mut self, addr: &Addr) {
        for deps in self.todo.values_mut() {
            deps.remove(addr);
        }
    }

    /// Notes that an item failed, and removes and returns everything that waits for it, directly or not.
    pub fn fail(&mut self, addr: &Addr) -> Vec<Addr> {
        let mut lost = Vec::new();
        let mut stack = vec![addr.clone()];
        while let Some(gone) = stack.pop() {
            let hit: Vec<Addr> = self
                .todo
                .iter()
                .filter(|(_, deps)| deps.contains(&gone))
                .map(|(a, _)| a.clone())
                .collect();
            for h in hit {
                self.todo.remove(&h);
                stack.push(h.clone());
                lost.push(h);
            }
        }
        lost.sort();
        lost
    }

    /// Removes and returns everything that is left.
    pub fn drain(&mut self) -> Vec<Addr> {
        std::mem::take(&mut self.todo).into_keys().collect()
    }
}

/// Its own cost and the longest chain of dependents behind it. The graph has no cycles; the loader saw to that.
fn tail(
    addr: &Addr,
    todo: &BTreeMap<Addr, BTreeSet<Addr>>,
    cost: &impl Fn(&Addr) -> f64,
    weight: &mut BTreeMap<Addr, f64>,
) -> f64 {
    if let Some(known) = weight.get(addr) {
        return *known;
    }
    let behind = todo
        .iter()
        .filter(|(_, deps)| deps.contains(addr))
        .map(|(d, _)| tail(d, todo, cost, weight))
        .fold(0.0, f64::max);
    let total = cost(addr) + behind;
    weight.insert(addr.clone(), total);
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a(name: &str) -> Addr {
        Addr::new("k", name)
    }

    #[test]
    fn the_longest_tail_goes_first_and_failures_take_their_dependents() {
        let todo = [
            (a("a"), vec![]),
            (a("db"), vec![]),
            (a("f"), vec![a("db")]),
            (a("t"), vec![a("f")]),
        ];
        let mut q = Queue::new(
            todo.into_iter()
                .map(|(k, v)| (k, v.into_iter().collect()))
                .collect(),
            |_| 1.0,
        );
        assert_eq!(q.pop(), Some(a("db")));
        assert_eq!(q.pop(), Some(a("a")));
        assert_eq!(q.pop(), None);
        assert_eq!(q.fail(&a("db")), [a("f"), a("t")]);
        assert!(q.drain().is_empty());
    }
}
