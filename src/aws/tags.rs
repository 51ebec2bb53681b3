//! Whose an object is (ARCHITECTURE.md, "Ownership").

use crate::model::{Owner, Shown};
use crate::resource::Facts;
use std::collections::BTreeMap;

/// The tag that holds the stack's name.
pub const STACK_TAG: &str = "cruddur-infra:stack";
/// The tag that holds the entry's address.
pub const ADDR_TAG: &str = "cruddur-infra:addr";
/// The tag that tells one run's lost reply from someone else's object (aws-facts §6.3). It is set once, by the create,
/// and never compared.
pub const RUN_TAG: &str = "cruddur-infra:run";

/// What the names of our own tags begin with.
const OURS: &str = "cruddur-infra:";

/// Returns tags as fields of a new object, without our own: that they are set goes without saying.
pub fn tag_fields(tags: &BTreeMap<String, String>) -> Vec<(String, Shown)> {
    tags.iter()
        .filter(|(name, _)| !name.starts_with(OURS))
        .map(|(name, value)| (format!("tags.{name}"), value.as_str().into()))
        .collect()
}

/// Returns the tags that a new object of an entry gets: whose it is, and which run made it.
pub fn ownership(facts: &Facts) -> BTreeMap<String, String> {
    let mut tags: BTreeMap<String, String> = [
        (STACK_TAG.to_owned(), facts.stack.stack.clone()),
        (ADDR_TAG.to_owned(), facts.addr.to_string()),
    ]
    .into();
    if !facts.stack.run.is_empty() {
        tags.insert(RUN_TAG.to_owned(), facts.stack.run.clone());
    }
    tags
}

/// Returns the tags that must be on an object, whichever run made it: these are compared, and set where they differ.
pub fn lasting(tags: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &String)> {
    tags.iter().filter(|(name, _)| *name != RUN_TAG)
}

/// Returns the nonce of the run that made an object with these tags.
pub fn made_by(tags: &BTreeMap<String, String>) -> Option<&str> {
    tags.get(RUN_TAG).map(String::as_str)
}

/// Tells whose an object with these tags is.
pub fn owner_of(tags: &BTreeMap<String, String>, stack: &str) -> Owner {
    match tags.get(STACK_TAG) {
        None => Owner::Nobody,
        Some(s) if s == stack => Owner::Ours,
        Some(s) => Owner::Other(s.clone()),
    }
}
