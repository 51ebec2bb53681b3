//! References become edges; dangling and circular ones become diagnostics.

use super::Loaded;
use crate::model::{Addr, Diagnostic, OutputRef, Span};
use crate::resource::{OutputDecl, Reach, Template};
use crate::yaml::closest;
use std::collections::{BTreeMap, BTreeSet};

impl Loaded {
    pub(super) fn link(&mut self) {
        let mut after: BTreeMap<Addr, BTreeSet<Addr>> = BTreeMap::new();
        let mut found = Vec::new();
        for (addr, entry) in &self.entries {
            let mut deps = BTreeSet::new();
            for (reference, offset, len) in self.references(addr) {
                match self.wrong_reference(&reference) {
                    None => {
                        deps.insert(reference.from);
                    }
                    // an implied entry repeats the mistake of the one that implies it
                    Some(_) if entry.implied_by.is_some() => {}
                    Some((summary, help)) => {
                        let mut d = Diagnostic::error(summary)
                            .at(addr)
                            .span(self.span(offset, len));
                        d.help = help;
                        found.push(d);
                    }
                }
            }
            for (dep, offset, len) in &entry.after {
                if self.addresses.contains(dep) {
                    deps.insert(dep.clone());
                } else {
                    let mut d = Diagnostic::error(format!("after: {dep} is not in this file"))
                        .at(addr)
                        .span(self.span(*offset, *len));
                    d.help = self.meant(dep);
                    found.push(d);
                }
            }
            after.insert(addr.clone(), deps);
        }
        for (addr, entry) in &self.entries {
            if let Some(by) = &entry.implied_by
                && let Some(deps) = after.get_mut(by)
            {
                deps.insert(addr.clone());
            }
        }
        self.open_ways(&mut after);
        for deps in after.values_mut() {
            deps.retain(|d| self.entries.contains_key(d));
        }
        self.diagnostics.append(&mut found);
        if let Some(cycle) = cycle(&after) {
            let path: Vec<_> = cycle.iter().map(ToString::to_string).collect();
            let mut d = Diagnostic::error("the references go in a circle")
                .detail(format!("{} → {}", path.join(" → "), path[0]))
                .at(&cycle[0])
                .help("take one of them out: an entry cannot come before what it needs");
            d.span = self.edge_span(&cycle[0], &cycle[1 % cycle.len()]);
            self.diagnostics.push(d);
        }
        self.after = after;
    }

    /// What connects to something comes after whatever opens the way there.
    fn open_ways(&self, after: &mut BTreeMap<Addr, BTreeSet<Addr>>) {
        let of = |reach: Reach| {
            self.entries
                .iter()
                .filter(move |(_, e)| e.managed.reach() == reach)
                .map(|(a, _)| a.clone())
        };
        let openers: Vec<(Addr, BTreeSet<Addr>)> = of(Reach::Opens)
            .map(|a| {
                let targets = after.get(&a).cloned().unwrap_or_default();
                (a, targets)
            })
            .collect();
        for connector in of(Reach::Connects) {
            let Some(deps) = after.get_mut(&connector) else {
                continue;
            };
            let ways: Vec<Addr> = openers
                .iter()
                .filter(|(_, targets)| !targets.is_disjoint(deps))
                .map(|(a, _)| a.clone())
                .collect();
            deps.extend(ways);
        }
    }

    /// Returns every reference of an entry with its place.
    fn references(&self, addr: &Addr) -> Vec<(OutputRef, usize, usize)> {
        let entry = &self.entries[addr];
        let mut found = Vec::new();
        entry.node.texts(&mut |node, text| {
            if let Ok(template) = Template::parse(text) {
                found.extend(
                    template
                        .outputs()
                        .map(|r| (r.clone(), node.offset, node.len)),
                );
            }
        });
        for reference in entry.managed.references() {
            let text = reference.from.to_string();
            let mut place = (entry.node.offset, 1);
            entry.node.texts(&mut |node, t| {
                if t == text {
                    place = (node.offset, node.len);
                }
            });
            found.push((reference, place.0, place.1));
        }
        found
    }

    fn outputs_of(&self, kind: &str) -> Option<&'static [OutputDecl]> {
        self.kinds
            .iter()
            .find(|k| k.name() == kind)
            .map(|k| k.outputs())
    }

    fn wrong_reference(&self, r: &OutputRef) -> Option<(String, Option<String>)> {
        let Some(outputs) = self.outputs_of(&r.from.kind) else {
            let names: Vec<_> = self.kinds.iter().map(|k| k.name()).collect();
            let help = match self.kinds.iter().find(|k| k.section() == r.from.kind) {
                Some(kind) => format!("write the singular: `{}`", kind.name()),
                None => match closest(&r.from.kind, names.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("kinds: {}", names.join(", ")),
                },
            };
            return Some((format!("there is no kind `{}`", r.from.kind), Some(help)));
        };
        if !self.addresses.contains(&r.from) {
            return Some((
                format!("{} is not in this file", r.from),
                self.meant(&r.from),
            ));
        }
        if !outputs.iter().any(|o| o.name == r.output) {
            let names: Vec<_> = outputs.iter().map(|o| o.name).collect();
            let help = match closest(&r.output, names.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("its outputs: {}", names.join(", ")),
            };
            let summary = format!("{} has no output `{}`", r.from, r.output);
            return Some((summary, Some(help)));
        }
        None
    }

    fn meant(&self, addr: &Addr) -> Option<String> {
        let all: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        closest(&addr.to_string(), all.iter().map(String::as_str))
            .map(|meant| format!("did you mean `{meant}`?"))
    }

    fn edge_span(&self, from: &Addr, to: &Addr) -> Option<Span> {
        self.references(from)
            .into_iter()
            .find(|(r, _, _)| &r.from == to)
            .map(|(_, offset, len)| self.span(offset, len))
            .or_else(|| {
                let entry = self.entries.get(from)?;
                let (_, offset, len) = entry.after.iter().find(|(a, _, _)| a == to)?;
                Some(self.span(*offset, *len))
            })
            .or_else(|| self.field_span(from, ""))
    }
}

/// Returns the first circle, by address.
fn cycle(after: &BTreeMap<Addr, BTreeSet<Addr>>) -> Option<Vec<Addr>> {
    let mut done = BTreeSet::new();
    for start in after.keys() {
        let mut path = Vec::new();
        if let Some(found) = walk(start, after, &mut path, &mut done) {
            return Some(found);
        }
    }
    None
}

fn walk(
    addr: &Addr,
    after: &BTreeMap<Addr, BTreeSet<Addr>>,
    path: &mut Vec<Addr>,
    done: &mut BTreeSet<Addr>,
) -> Option<Vec<Addr>> {
    if let Some(at) = path.iter().position(|a| a == addr) {
        return Some(path[at..].to_vec());
    }
    if done.contains(addr) {
        return None;
    }
    path.push(addr.clone());
    for dep in after.get(addr).into_iter().flatten() {
        if let Some(found) = walk(dep, after, path, done) {
            return Some(found);
        }
    }
    path.pop();
    done.insert(addr.clone());
    None
}
