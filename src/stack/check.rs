//! What entries find wrong with themselves and with each other, and the stack that is left when nothing is.

use super::Loaded;
use crate::engine::Stack;
use crate::model::{Addr, Diagnostic};
use crate::resource::{Claims, Facts, StackFacts};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Loaded {
    /// Returns a diagnostic for every variable that is named and not set.
    pub fn unset(&self, is_set: impl Fn(&str) -> bool) -> Vec<Diagnostic> {
        self.variables()
            .into_iter()
            .filter(|(name, _)| !is_set(name))
            .map(|(name, span)| {
                Diagnostic::error(format!("the variable {name} is not set"))
                    .span(span)
                    .help(format!("export {name}=… before the command, or put it into the environment of the workspace"))
            })
            .collect()
    }

    /// Returns what the entries find wrong with themselves and each other.
    pub fn check(&self, stack: &Arc<StackFacts>) -> Vec<Diagnostic> {
        let outputs = Arc::new(BTreeMap::new());
        let facts = |addr: &Addr| Facts {
            addr: addr.clone(),
            stack: stack.clone(),
            outputs: outputs.clone(),
        };
        let claims: Claims = self
            .entries
            .iter()
            .map(|(addr, e)| (addr.clone(), e.managed.claims(&facts(addr))))
            .collect();
        let mut found = Vec::new();
        for (addr, entry) in &self.entries {
            for complaint in entry.managed.check(&facts(addr), &claims) {
                let mut d = complaint.diagnostic.at(addr);
                if d.span.is_none() {
                    d.span = self.field_span(addr, &complaint.path);
                }
                if !complaint.path.is_empty() && !d.summary.starts_with(&complaint.path) {
                    d.summary = format!("{}: {}", complaint.path, d.summary);
                }
                found.push(d);
            }
        }
        found
    }

    /// Digests the file and everything that it names.
    pub fn digest(&self, stack: &StackFacts) -> String {
        let mut hasher = Sha256::new();
        hasher.update(self.source.as_bytes());
        for (request, asset) in &stack.assets {
            hasher.update(format!("{request:?}={}\n", asset.sha256_hex).as_bytes());
        }
        hasher
            .finalize()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect()
    }

    /// Makes the stack for the engine.
    pub fn into_stack(self, mut facts: StackFacts) -> Stack {
        let digest = self.digest(&facts);
        facts.entries = self.entries.keys().cloned().collect();
        let adopt = self
            .entries
            .iter()
            .filter(|(_, e)| e.adopt)
            .map(|(a, _)| a.clone())
            .collect();
        Stack {
            facts: Arc::new(facts),
            after: self.after,
            adopt,
            kinds: self.kinds,
            digest,
            nodes: self
                .entries
                .into_iter()
                .map(|(a, e)| (a, e.managed))
                .collect(),
        }
    }
}
