//! Which entries make a chain, and whether each is as the file says.

use super::{Prober, failed, passed, unknown};
use crate::engine::Stack;
use crate::model::{Addr, Observed, Readiness, Verdict};
use crate::render::Hop;
use std::collections::BTreeSet;

/// From a trigger to a database, as far as the file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// What calls the function.
    pub trigger: Option<Addr>,
    /// What lets it.
    pub permission: Option<Addr>,
    /// What is called.
    pub function: Option<Addr>,
    /// Where it writes.
    pub instance: Option<Addr>,
    /// What is loaded there.
    pub scripts: Vec<Addr>,
}

impl Chain {
    /// What to call it.
    pub fn name(&self) -> String {
        let first = self.trigger.as_ref().or(self.function.as_ref());
        let first = first.or(self.instance.as_ref());
        first.map(ToString::to_string).unwrap_or_default()
    }
}

/// Finds the chains: one for every trigger, every function without one, every instance that no function needs.
pub fn of(stack: &Stack) -> Vec<Chain> {
    let of_kind = |kind: &'static str| stack.nodes.keys().filter(move |a| a.kind == kind);
    let needs = |addr: &Addr| stack.with_needs(&BTreeSet::from([addr.clone()]));
    let first = |all: &BTreeSet<Addr>, kind: &str| all.iter().find(|a| a.kind == kind).cloned();
    let scripts = |instance: &Option<Addr>| -> Vec<Addr> {
        let Some(instance) = instance else {
            return Vec::new();
        };
        of_kind("sql_script")
            .filter(|script| needs(script).contains(instance))
            .cloned()
            .collect()
    };
    let mut chains = Vec::new();
    let mut covered: BTreeSet<Addr> = BTreeSet::new();
    for trigger in of_kind("cognito_trigger") {
        let all = needs(trigger);
        let instance = first(&all, "rds_instance");
        chains.push(Chain {
            trigger: Some(trigger.clone()),
            permission: Some(Addr::new("lambda_permission", &trigger.name)),
            function: first(&all, "lambda_function"),
            scripts: scripts(&instance),
            instance,
        });
        covered.extend(all);
    }
    for function in of_kind("lambda_function") {
        if !covered.contains(function) {
            let all = needs(function);
            let instance = first(&all, "rds_instance");
            chains.push(Chain {
                function: Some(function.clone()),
                scripts: scripts(&instance),
                instance,
                ..Chain::default()
            });
            covered.extend(all);
        }
    }
    for instance in of_kind("rds_instance") {
        if !covered.contains(instance) {
            let instance = Some(instance.clone());
            chains.push(Chain {
                scripts: scripts(&instance),
                instance,
                ..Chain::default()
            });
        }
    }
    chains
}

impl Prober<'_> {
    /// Tells whether an entry is there, ready, and as the file says.
    pub(super) fn as_in_file(&self, hop: &str, addr: &Option<Addr>) -> Hop {
        let Some(addr) = addr else {
            return unknown(hop, "the file has no such entry", None);
        };
        if let Some(fault) = self.faults.get(addr) {
            return failed(hop, None, fault.to_string(), fault.advice());
        }
        let apply = Some("`cruddur-infra apply` makes it so; `plan` shows what differs".to_owned());
        match self.seen.observed.get(addr) {
            None => unknown(hop, format!("{addr} was not looked at"), None),
            Some(Observed::Absent { .. }) => {
                failed(hop, None, format!("{addr} is not there"), apply)
            }
            Some(Observed::Unknowable { waits_for }) => {
                let names: Vec<String> = waits_for.iter().map(ToString::to_string).collect();
                let why = format!("{addr} cannot be found: {} is not known", names.join(", "));
                failed(hop, None, why, apply)
            }
            Some(Observed::Unlooked { because }) => unknown(
                hop,
                format!("{addr} was not looked at: {because}"),
                Some("`cruddur-infra start`"),
            ),
            Some(Observed::Present(p)) => match (&p.readiness, &p.verdict) {
                (Readiness::Ready, Verdict::Diff(diff)) if diff.is_empty() => {
                    passed(hop, None, format!("{addr} is as the file says"))
                }
                (Readiness::Ready, Verdict::Diff(diff)) => {
                    let paths = diff.paths().join(", ");
                    failed(hop, None, format!("{addr} differs in {paths}"), apply)
                }
                (Readiness::Ready, Verdict::Deferred { waits_for }) => {
                    let names: Vec<String> = waits_for.iter().map(ToString::to_string).collect();
                    let why = format!(
                        "{addr} cannot be compared: {} is not known",
                        names.join(", ")
                    );
                    unknown(hop, why, None)
                }
                (Readiness::Pending(word) | Readiness::Leaving(word), _) => failed(
                    hop,
                    None,
                    format!("{addr} is {word}"),
                    Some("wait, and verify again".to_owned()),
                ),
                (Readiness::Failed(why), _) => failed(hop, None, format!("{addr}: {why}"), apply),
                (resting, _) => {
                    let word = resting.rests().unwrap_or("at rest");
                    let start = Some("`cruddur-infra start`".to_owned());
                    failed(hop, None, format!("{addr} is {word}"), start)
                }
            },
        }
    }
}
