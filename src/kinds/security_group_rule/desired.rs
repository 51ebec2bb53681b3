//! What a rule should be, and what it is found by.

use super::source::{CURRENT_IP, Source};
use super::spec::{Protocol, Spec};
use crate::aws;
use crate::model::{Addr, OutputRef, Period};
use crate::resource::{Facts, Input, Unresolved};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The tag that says whose address a rule admits.
pub const OWNER_TAG: &str = "cruddur-infra:owner";
/// The tag that says until when a rule is good, in RFC 3339.
pub const EXPIRES_TAG: &str = "cruddur-infra:expires";
/// The tag that says from which workspace.
pub const WORKSPACE_TAG: &str = "cruddur-infra:workspace";

/// What makes a rule the same as another to EC2 (aws-facts §2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// EC2's name, `tcp`, or `-1` for everything.
    pub protocol: String,
    /// The first port; -1 where there are none.
    pub from_port: i32,
    /// The last port; -1 where there are none.
    pub to_port: i32,
    /// Who may come in.
    pub source: Source,
}

/// What a rule is found by.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The group.
    pub group: String,
    /// The entry's address, as in its tag.
    pub addr: String,
    /// The stack, as in its tag.
    pub stack: String,
    /// Who runs this.
    pub owner: String,
    /// Where it runs.
    pub workspace: String,
    /// The rule admits this machine, and is its owner's and workspace's alone.
    pub personal: bool,
    /// What it should be, as far as that is known: by this an untagged rule is recognised, and one whose entry has
    /// another name now.
    pub definition: Option<Definition>,
    /// The moment of the run, in seconds since 1970.
    pub now: i64,
    /// The addresses of the entries that are in the file, as in their tags.
    pub entries: BTreeSet<String>,
}

/// What a rule should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// What it is found by.
    pub key: Key,
    /// What it admits.
    pub definition: Definition,
    /// What it is for; `None` is not managed.
    pub description: Option<String>,
    /// The stack's, the owner's, and the spec's.
    pub tags: BTreeMap<String, String>,
    /// How long it is good for.
    pub expires_after: Option<Period>,
    /// The source came from somewhere else, and could not be judged when the file was checked.
    pub source_was_unknown: bool,
}

/// Tells whether the rule is for this machine's address.
pub fn is_personal(spec: &Spec) -> bool {
    match &spec.from {
        Input::Known(text) => text == CURRENT_IP,
        Input::Template(template) => template.to_string() == CURRENT_IP,
    }
}

/// Returns who may come in.
///
/// # Errors
/// What is missing for it, or wrong with it.
pub fn source(spec: &Spec, facts: &Facts) -> Result<Source, Unresolved> {
    if is_personal(spec) {
        // commands that need no address (destroy, output) do not ask for it: nothing is compared then
        let address = facts.stack.current_ip.ok_or_else(|| {
            Unresolved::waits_for(&OutputRef::new(
                Addr::new("this_machine", "public"),
                "address",
            ))
        })?;
        return Source::machine(address).map_err(Unresolved::wrong);
    }
    let text = facts.get(&spec.from)?;
    Source::parse(&text).map_err(|e| Unresolved::wrong(format!("from: {}; {}", e.what, e.help)))
}

/// Returns the ports.
///
/// # Errors
/// What is missing for them, or wrong with them.
pub fn ports(spec: &Spec, facts: &Facts) -> Result<(i32, i32), Unresolved> {
    let get = |input: &Input<u16>| facts.get(input).map(i32::from);
    match (&spec.port, &spec.from_port, &spec.to_port) {
        (None, None, None) if !spec.protocol.has_ports() => Ok((-1, -1)),
        _ if !spec.protocol.has_ports() => Err(Unresolved::wrong(format!(
            "a rule for the protocol {:?} has no ports: leave them out",
            spec.protocol
        ))),
        (Some(port), None, None) => get(port).map(|p| (p, p)),
        (None, Some(from), Some(to)) => {
            let (from, to) = (get(from)?, get(to)?);
            if from > to {
                return Err(Unresolved::wrong(format!(
                    "the range of ports {from}-{to} is empty"
                )));
            }
            Ok((from, to))
        }
        _ => Err(Unresolved::wrong(
            "write either `port`, or both `from_port` and `to_port`",
        )),
    }
}

fn definition(spec: &Spec, facts: &Facts) -> Result<Definition, Unresolved> {
    let (source, ports) = (source(spec, facts), ports(spec, facts));
    match (source, ports) {
        (Ok(source), Ok((from_port, to_port))) => Ok(Definition {
            protocol: spec.protocol.name().to_owned(),
            from_port,
            to_port,
            source,
        }),
        (a, b) => {
            let mut all = Unresolved::default();
            for u in [a.err(), b.err()].into_iter().flatten() {
                all.waits_for.extend(u.waits_for);
                all.wrong.extend(u.wrong);
            }
            Err(all)
        }
    }
}

/// Returns what the rule is found by. What it should be may be unknown: it is found by its tags all the same.
///
/// # Errors
/// Where the group is not known.
pub fn key(spec: &Spec, facts: &Facts) -> Result<Key, Unresolved> {
    Ok(Key {
        group: facts.get(&spec.security_group)?,
        addr: facts.addr.to_string(),
        stack: facts.stack.stack.clone(),
        owner: facts.stack.owner.clone(),
        workspace: facts.stack.workspace.clone(),
        personal: is_personal(spec),
        definition: definition(spec, facts).ok(),
        now: facts.stack.now,
        entries: facts.stack.entries.iter().map(Addr::to_string).collect(),
    })
}

/// Returns what the rule should be.
///
/// # Errors
/// What is missing for it.
pub fn desired(spec: &Spec, facts: &Facts) -> Result<Desired, Unresolved> {
    let definition = definition(spec, facts);
    let key = key(spec, facts);
    let description = spec.description.as_ref().map(|d| facts.get(d)).transpose();
    let tags: Vec<(String, Result<String, Unresolved>)> = spec
        .tags
        .iter()
        .map(|(k, v)| (k.clone(), facts.get(v)))
        .collect();
    // everything that is missing is said at once
    let mut missing = Unresolved::default();
    let faults = [
        key.as_ref().err(),
        definition.as_ref().err(),
        description.as_ref().err(),
    ];
    for u in faults
        .into_iter()
        .flatten()
        .chain(tags.iter().filter_map(|(_, v)| v.as_ref().err()))
    {
        missing.waits_for.extend(u.waits_for.iter().cloned());
        missing.wrong.extend(u.wrong.iter().cloned());
    }
    let (Ok(key), Ok(definition), Ok(description)) = (key, definition, description) else {
        return Err(missing);
    };
    if missing != Unresolved::default() {
        return Err(missing);
    }
    let mut tags: BTreeMap<String, String> = tags
        .into_iter()
        .filter_map(|(k, v)| Some((k, v.ok()?)))
        .collect();
    tags.extend(aws::ownership(facts));
    if key.personal {
        tags.insert(OWNER_TAG.to_owned(), key.owner.clone());
        tags.insert(WORKSPACE_TAG.to_owned(), key.workspace.clone());
    }
    Ok(Desired {
        key,
        definition,
        description,
        tags,
        expires_after: spec.expires_after.filter(|_| is_personal(spec)),
        source_was_unknown: matches!(&spec.from, Input::Template(t) if t.outputs().next().is_some()),
    })
}

impl Desired {
    /// The tags that a new or renewed rule gets, until when it is good included.
    pub fn all_tags(&self) -> BTreeMap<String, String> {
        let mut tags = self.tags.clone();
        if let Some(period) = self.expires_after {
            let until = self.key.now.saturating_add_unsigned(period.seconds());
            if let Ok(until) = Timestamp::from_second(until) {
                tags.insert(EXPIRES_TAG.to_owned(), format!("{until:.0}"));
            }
        }
        tags
    }

    /// Tells whether the rule's time is to be set: it is not set, or half of it is over.
    pub fn is_to_be_renewed(&self, until: Option<i64>) -> bool {
        self.expires_after.is_some_and(|period| {
            let half = self.key.now.saturating_add_unsigned(period.seconds() / 2);
            until.is_none_or(|until| until < half)
        })
    }

    /// The description that a new rule gets; one is always sent (aws-facts §2.2).
    pub fn first_description(&self) -> String {
        self.description
            .clone()
            .unwrap_or_else(|| self.key.addr.clone())
    }
}

impl Definition {
    /// The ports in words.
    pub fn ports_text(&self) -> String {
        match (self.from_port, self.to_port) {
            (-1, _) => "all".to_owned(),
            (a, b) if a == b => a.to_string(),
            (a, b) => format!("{a}-{b}"),
        }
    }

    /// Brings EC2's spellings of a protocol together (aws-facts §2.1).
    pub fn protocol_name(told: &str) -> &str {
        match told {
            "6" => Protocol::Tcp.name(),
            "17" => Protocol::Udp.name(),
            "1" => Protocol::Icmp.name(),
            "58" => Protocol::Icmpv6.name(),
            other => other,
        }
    }
}
