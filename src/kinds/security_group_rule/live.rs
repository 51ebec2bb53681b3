//! Which of a group's rules is meant.

use super::desired::{Definition, EXPIRES_TAG, Key, OWNER_TAG, WORKSPACE_TAG};
use crate::aws::{ADDR_TAG, STACK_TAG};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// An inbound rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its id, sgr-…
    pub id: String,
    /// The group that it is in.
    pub group: String,
    /// What it admits.
    pub definition: Definition,
    /// What it is for.
    pub description: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// What is there of an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// The rule.
    pub rule: Rule,
    /// Further rules of the same entry, left by replies that were lost.
    pub duplicates: Vec<String>,
    /// Rules of the same person for other workspaces whose time is up.
    pub expired: Vec<String>,
    /// A rule of someone else in this stack that admits what this one should admit: EC2 takes no second one.
    pub twin: Option<Rule>,
    /// The rule is someone else's in this stack, and does what this entry asks for. It is never changed.
    pub borrowed: bool,
    /// A change that this run has made is not visible yet.
    pub settling: bool,
}

impl Rule {
    fn tag(&self, key: &str) -> Option<&str> {
        self.tags.get(key).map(String::as_str)
    }

    /// Tells whether it is this entry's. A rule without an owner is anyone's who has the entry; with one, only theirs.
    fn is_of(&self, key: &Key) -> bool {
        self.tag(STACK_TAG) == Some(key.stack.as_str())
            && self.tag(ADDR_TAG) == Some(key.addr.as_str())
            && (self.is_mine(key)
                || (self.tag(OWNER_TAG).is_none() && self.tag(WORKSPACE_TAG).is_none()))
    }

    fn is_mine(&self, key: &Key) -> bool {
        self.tag(OWNER_TAG) == Some(key.owner.as_str())
            && self.tag(WORKSPACE_TAG) == Some(key.workspace.as_str())
    }

    /// Until when it is good, in seconds since 1970.
    pub fn expires(&self) -> Option<i64> {
        let until = self.tag(EXPIRES_TAG)?.parse::<Timestamp>().ok()?;
        Some(until.as_second())
    }

    /// Tells whether it is the same person's for another workspace, and its time is up.
    fn is_expired(&self, key: &Key) -> bool {
        key.personal
            && self.tag(STACK_TAG) == Some(key.stack.as_str())
            && self.tag(ADDR_TAG) == Some(key.addr.as_str())
            && self.tag(OWNER_TAG) == Some(key.owner.as_str())
            && !self.is_mine(key)
            && self.expires().is_some_and(|until| until < key.now)
    }

    /// Tells whether it admits the address of someone else who has the same entry.
    fn is_a_colleagues(&self, key: &Key) -> bool {
        self.tag(STACK_TAG) == Some(key.stack.as_str())
            && self.tag(ADDR_TAG) == Some(key.addr.as_str())
            && self.tag(OWNER_TAG).is_some()
            && !self.is_mine(key)
    }

    /// Tells whether it is what an entry of this stack has left that is no longer in the file: the entry may have been
    /// renamed, and EC2 takes no second rule of the same definition.
    fn is_left_over(&self, key: &Key) -> bool {
        self.tag(STACK_TAG) == Some(key.stack.as_str())
            && self
                .tag(ADDR_TAG)
                .is_some_and(|addr| !key.entries.contains(addr))
            && (self.is_mine(key)
                || (self.tag(OWNER_TAG).is_none() && self.tag(WORKSPACE_TAG).is_none()))
    }

    /// Says whose it is, for messages.
    pub fn whose(&self) -> String {
        match (self.tag(STACK_TAG), self.tag(ADDR_TAG), self.tag(OWNER_TAG)) {
            (Some(stack), Some(addr), Some(owner)) => format!(
                "{addr} of the stack {stack}, of {owner} in {}",
                self.tag(WORKSPACE_TAG).unwrap_or("another workspace")
            ),
            (Some(stack), Some(addr), None) => format!("{addr} of the stack {stack}"),
            _ => "not made by cruddur-infra".to_owned(),
        }
    }
}

/// Picks the entry's rule from the inbound rules of its group.
pub fn pick(key: &Key, rules: Vec<Rule>) -> Option<Live> {
    let same = |rule: &Rule| Some(&rule.definition) == key.definition.as_ref();
    let (mut ours, others): (Vec<Rule>, Vec<Rule>) = rules.into_iter().partition(|r| r.is_of(key));
    // one that admits the right thing already stays: another could not be changed into its like; then one's own
    // before one without an owner; then the first, so that everyone picks the same
    ours.sort_by(|a, b| {
        (!same(a), !a.is_mine(key), &a.id).cmp(&(!same(b), !b.is_mine(key), &b.id))
    });
    let (expired, others): (Vec<Rule>, Vec<Rule>) =
        others.into_iter().partition(|r| r.is_expired(key));
    // one that admits the right thing already is taken over, where there is no own one: EC2 takes no second one
    let heir = ours.is_empty().then(|| expired.iter().find(|r| same(r)));
    let heir = heir.flatten().cloned();
    let inherited = heir.is_some();
    let expired: Vec<String> = expired.into_iter().map(|r| r.id).collect();
    let twin = heir.into_iter().chain(others).find(same);
    let mut ours = ours.into_iter();
    if let Some(rule) = ours.next() {
        return Some(Live {
            rule,
            duplicates: ours.map(|r| r.id).collect(),
            expired,
            twin: twin.filter(|t| key.personal && t.is_a_colleagues(key)),
            borrowed: false,
            settling: false,
        });
    }
    let rule = twin?;
    let borrowed = !inherited && key.personal && rule.is_a_colleagues(key);
    // another stack's rule, or another entry's, is none of this entry's business
    let free = inherited || rule.tag(STACK_TAG).is_none() || rule.is_left_over(key);
    (borrowed || free).then_some(Live {
        rule,
        duplicates: Vec::new(),
        expired: Vec::new(),
        twin: None,
        borrowed,
        settling: false,
    })
}

/// A rule that was written, and may not be visible yet: EC2 promises no read of one's own writes (aws-facts §2.1).
#[derive(Clone, Debug)]
pub struct Written {
    /// What will be there; `None` after a rule of someone else was let go.
    pub rule: Option<Rule>,
    /// How often it was looked for.
    pub looks: u32,
}

/// How many looks are taken for EC2's delay.
const PATIENCE: u32 = 10;

impl Written {
    /// Remembers what was written.
    pub fn new(rule: Option<Rule>) -> Self {
        Written { rule, looks: 0 }
    }

    /// Takes a look into account. Returns what is there as far as can be told, and whether this need not be
    /// remembered any longer.
    pub fn seen(&mut self, found: Option<Live>) -> (Option<Live>, bool) {
        let Some(written) = &self.rule else {
            // let go: it stays there, but is not this entry's any more
            return match found {
                Some(live) if live.borrowed => (None, false),
                other => (other, true),
            };
        };
        let arrived = found.as_ref().is_some_and(|live| {
            live.rule.id == written.id
                && live.rule.definition == written.definition
                && live.rule.description == written.description
        });
        self.looks += 1;
        if arrived || self.looks > PATIENCE {
            return (found, true);
        }
        let live = Live {
            rule: written.clone(),
            duplicates: Vec::new(),
            expired: Vec::new(),
            twin: None,
            borrowed: false,
            settling: true,
        };
        (Some(live), false)
    }
}
