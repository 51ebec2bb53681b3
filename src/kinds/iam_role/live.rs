//! A role as it should be, as it is, and how the two differ.

use crate::aws;
use crate::model::{Diff, Effect, Force, Shown};
use crate::resource::only_set;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The tag that names the policies inside a role that its stack made, with blanks between: only those go with it.
const INLINE_TAG: &str = "cruddur-infra:inline";
/// The longest value of a tag.
pub const LONGEST_TAG: usize = 256;

/// A role as it should be. What stack.yaml does not say is not compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// The name.
    pub name: String,
    /// The path.
    pub path: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The services that may assume it.
    pub services: BTreeSet<String>,
    /// The ARNs of the policies that must be attached.
    pub policies: BTreeSet<String>,
    /// No others may be.
    pub only_these: bool,
    /// The policies inside, all of them; none where they are not compared.
    pub inline: Option<BTreeMap<String, Value>>,
    /// The longest session in seconds.
    pub max_session: Option<u32>,
    /// The ARN of the permissions boundary.
    pub boundary: Option<String>,
    /// The stack's tags and the entry's own.
    pub tags: BTreeMap<String, String>,
}

/// A role as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// AWS's own id, `AROA…`.
    pub role_id: String,
    /// The path.
    pub path: String,
    /// What it is for.
    pub description: Option<String>,
    /// The trust policy.
    pub trust: Value,
    /// The longest session in seconds.
    pub max_session: Option<u32>,
    /// The ARN of the permissions boundary.
    pub boundary: Option<String>,
    /// The ARNs of the attached policies.
    pub attached: BTreeSet<String>,
    /// The policies inside the role, by name.
    pub inline: BTreeMap<String, Value>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Live {
    /// Returns the ARNs of policies that are attached and must not be.
    pub fn foreign<'a>(&'a self, want: &'a Desired) -> impl Iterator<Item = &'a String> {
        self.attached
            .difference(&want.policies)
            .filter(|_| want.only_these)
    }

    /// Returns the names of policies inside that the stack did not make.
    pub fn inline_of_others(&self) -> Vec<&str> {
        let made = self.tags.get(INLINE_TAG).map(String::as_str);
        let made: Vec<&str> = made.unwrap_or_default().split_whitespace().collect();
        let names = self.inline.keys().map(String::as_str);
        names.filter(|name| !made.contains(name)).collect()
    }

    /// Returns the names of policies inside that the stack made and that are to go.
    fn leaving<'a>(&'a self, want: &'a Desired) -> impl Iterator<Item = &'a str> {
        let others = self.inline_of_others();
        let excess = self.excess(want).map(String::as_str);
        excess.filter(move |name| !others.contains(name))
    }

    /// Returns the names of policies that are inside and must not be.
    pub fn excess<'a>(&'a self, want: &'a Desired) -> impl Iterator<Item = &'a String> {
        let wanted = want.inline.as_ref();
        self.inline
            .keys()
            .filter(move |name| wanted.is_some_and(|w| !w.contains_key(*name)))
    }
}

impl Desired {
    /// Returns the policies that are to be inside and are not, or are otherwise.
    pub fn missing<'a>(&'a self, have: &'a Live) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.inline.iter().flatten().filter(|(name, document)| {
            let there = have.inline.get(*name);
            !there.is_some_and(|there| aws::same_policy_document(there, document))
        })
    }
}

impl Desired {
    /// Returns the tags to have while old policies make room for new ones: what is on its way out stays named until it
    /// is gone. A run that ends in between would leave a policy that looks like somebody else's, and keeps the role
    /// from being deleted.
    pub fn tags_meanwhile(&self, have: &Live) -> BTreeMap<String, String> {
        let mut tags = self.tags.clone();
        if let Some(wanted) = tags.get_mut(INLINE_TAG) {
            let names: BTreeSet<&str> = wanted
                .split_whitespace()
                .chain(have.leaving(self))
                .collect();
            let all = names.into_iter().collect::<Vec<_>>().join(" ");
            if all.chars().count() <= LONGEST_TAG {
                *wanted = all;
            }
        }
        tags
    }
}

/// Returns the tag that goes with policies inside.
pub fn inline_tag(inline: &BTreeMap<String, Value>) -> (String, String) {
    let names: Vec<&str> = inline.keys().map(String::as_str).collect();
    (INLINE_TAG.to_owned(), names.join(" "))
}

/// Returns the trust policy that lets services assume a role (aws-facts §3.4).
pub fn trust_policy(services: &BTreeSet<String>) -> Value {
    let principal = match services.iter().collect::<Vec<_>>().as_slice() {
        [one] => json!(one),
        _ => json!(services),
    };
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": principal },
            "Action": "sts:AssumeRole",
        }],
    })
}

/// Shows a trust policy as `assumed_by` would have it, and as a document where it says more than that.
fn shown(trust: &Value) -> Value {
    let services = trust["Statement"]
        .as_array()
        .and_then(|all| all.first())
        .unwrap_or(&trust["Statement"])["Principal"]["Service"]
        .clone();
    let services: BTreeSet<String> = match services {
        Value::String(one) => [one].into(),
        Value::Array(many) => many
            .into_iter()
            .filter_map(|s| s.as_str().map(str::to_owned))
            .collect(),
        _ => BTreeSet::new(),
    };
    if aws::same_policy_document(trust, &trust_policy(&services)) {
        json!(services)
    } else {
        aws::tidy_policy_document(trust)
    }
}

/// What a new role will be like.
pub fn fields(want: &Desired) -> Vec<(String, Shown)> {
    let mut all = only_set([
        ("name", want.name.as_str().into()),
        ("path", want.path.clone().into()),
        ("description", want.description.clone().into()),
        ("assumed_by", json!(want.services).into()),
    ]);
    let attached = |arn: &String| (format!("policies[{arn}]"), "attached".into());
    all.extend(want.policies.iter().map(attached));
    let inside = |(name, document): (&String, &Value)| {
        (format!("inline_policies[{name}]"), document.clone().into())
    };
    all.extend(want.inline.iter().flatten().map(inside));
    all.extend(only_set([
        ("max_session_duration", want.max_session.into()),
        ("permissions_boundary", want.boundary.clone().into()),
    ]));
    all.extend(aws::tag_fields(&want.tags));
    all
}

/// Compares.
pub fn diff(want: &Desired, have: &Live) -> Diff {
    let mut diff = Diff::default();
    if let Some(path) = &want.path
        && let Some(change) = diff.field("path", &have.path, path, Force::Replace)
    {
        change.effect(Effect::Outage).why(
            "IAM never changes a role's path: the role is deleted and made again under another ARN",
        );
    }
    if let Some(description) = &want.description
        && have.description.as_deref().unwrap_or_default() != description
    {
        let before = have.description.clone();
        diff.note(
            "description",
            before.map_or(Shown::NOTHING, Shown::from),
            description.clone(),
            Force::Update,
        );
    }
    if !aws::same_policy_document(&have.trust, &trust_policy(&want.services)) {
        let after = json!(want.services);
        diff.note("assumed_by", shown(&have.trust), after, Force::Update);
    }
    // one field for each policy: what is promised for one does not depend on what others attach meanwhile
    for arn in want.policies.difference(&have.attached) {
        diff.note(
            &format!("policies[{arn}]"),
            Shown::NOTHING,
            "attached",
            Force::Update,
        );
    }
    for arn in have.foreign(want) {
        diff.note(
            &format!("policies[{arn}]"),
            "attached",
            Shown::NOTHING,
            Force::Update,
        );
    }
    for (name, document) in want.missing(have) {
        let before = have.inline.get(name).map(aws::tidy_policy_document);
        diff.note(
            &format!("inline_policies[{name}]"),
            before.map_or(Shown::NOTHING, Shown::from),
            document.clone(),
            Force::Update,
        );
    }
    for name in have.excess(want) {
        diff.note(
            &format!("inline_policies[{name}]"),
            aws::tidy_policy_document(&have.inline[name]),
            Shown::NOTHING,
            Force::Update,
        );
    }
    if want.max_session.is_some() {
        diff.field(
            "max_session_duration",
            &have.max_session,
            &want.max_session,
            Force::Update,
        );
    }
    if want.boundary.is_some() {
        diff.field(
            "permissions_boundary",
            &have.boundary,
            &want.boundary,
            Force::Update,
        );
    }
    aws::tag_changes(&mut diff, &want.tags, &have.tags);
    diff
}
