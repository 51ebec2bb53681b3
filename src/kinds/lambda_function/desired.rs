//! What a function should be.

use super::spec::Spec;
use crate::aws;
use crate::resource::{Facts, Input, Text, Unresolved};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a function should be, with every reference resolved.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Desired {
    pub name: String,
    pub handler: String,
    pub runtime: String,
    pub architecture: &'static str,
    pub role: String,
    /// In order.
    pub layers: Vec<String>,
    /// None: in no VPC.
    pub network: Option<Network>,
    pub environment: BTreeMap<String, Text>,
    pub timeout: i32,
    pub memory: i32,
    pub description: String,
    pub ephemeral_storage: i32,
    /// Ours and those of the file.
    pub tags: BTreeMap<String, String>,
    /// None where the folder could not be had; then nothing is made or changed.
    pub code: Option<Code>,
}

/// A zip.
#[derive(Clone)]
pub struct Code {
    /// Its bytes.
    pub zip: Arc<[u8]>,
    /// Base64 of its SHA-256, as Lambda shows it (aws-facts §4.4).
    pub sha256: String,
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Code({})", self.sha256)
    }
}

/// A place in a VPC. Neither list has an order (aws-facts §4.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Subnet ids.
    pub subnets: BTreeSet<String>,
    /// Security group ids.
    pub groups: BTreeSet<String>,
}

/// Collects everything that is missing, so that the plan can name all of it.
#[derive(Default)]
struct Missing(Unresolved);

impl Missing {
    fn take<T: Default>(&mut self, result: Result<T, Unresolved>) -> T {
        result.unwrap_or_else(|u| {
            for reference in u.waits_for {
                if !self.0.waits_for.contains(&reference) {
                    self.0.waits_for.push(reference);
                }
            }
            self.0.wrong.extend(u.wrong);
            T::default()
        })
    }

    fn all<C: FromIterator<String>>(&mut self, facts: &Facts, inputs: &[Input<String>]) -> C {
        inputs.iter().map(|i| self.take(facts.get(i))).collect()
    }
}

/// Returns what the function should be.
///
/// # Errors
/// Everything that is missing.
pub fn desired(spec: &Spec, facts: &Facts) -> Result<Desired, Unresolved> {
    let mut missing = Missing::default();
    let role = missing.take(facts.get(&spec.role));
    let layers = missing.all(facts, &spec.layers);
    let network = match (spec.network_of(), &spec.vpc) {
        (Some((subnets, groups)), _) => Some(Network {
            subnets: missing.take(facts.plain(&subnets)),
            groups: missing.take(facts.plain(&groups)),
        }),
        (None, Some(vpc)) => Some(Network {
            subnets: missing.all(facts, &vpc.subnets),
            groups: missing.all(facts, &vpc.security_groups),
        }),
        (None, None) => None,
    };
    let mut environment = BTreeMap::new();
    for (name, value) in &spec.environment {
        match facts.text(value) {
            Ok(text) => {
                environment.insert(name.clone(), text);
            }
            Err(u) => missing.take(Err(u)),
        }
    }
    if missing.0 != Unresolved::default() {
        return Err(missing.0);
    }
    let mut tags = spec.tags.clone();
    tags.extend(aws::ownership(facts));
    Ok(Desired {
        name: spec.name.clone(),
        handler: spec.handler.clone(),
        runtime: spec.runtime.clone(),
        architecture: spec.architecture.name(),
        role,
        layers,
        // empty lists mean "in no VPC" to AWS
        network: network.filter(|n| *n != Network::default()),
        environment,
        timeout: spec.timeout,
        memory: spec.memory,
        description: spec.description.clone(),
        ephemeral_storage: spec.ephemeral_storage,
        tags,
        code: facts.asset(&spec.request()).ok().map(|asset| Code {
            zip: asset.bytes.clone(),
            sha256: asset.sha256_base64.clone(),
        }),
    })
}
