//! A policy as it should be, as it is, and how the two differ.

use crate::aws;
use crate::model::{Diff, Force, Shown};
use crate::resource::only_set;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most versions that a policy may have (aws-facts §3.3).
pub const MAX_VERSIONS: usize = 5;

/// A policy as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// The ARN.
    pub arn: String,
    /// The name.
    pub name: String,
    /// The path, `/`.
    pub path: String,
    /// What it is for; nothing where stack.yaml says nothing.
    pub description: Option<String>,
    /// The document with its references resolved.
    pub document: Value,
    /// The stack's tags and the entry's own.
    pub tags: BTreeMap<String, String>,
}

/// One version of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// `v3`.
    pub id: String,
    /// It is the one in force.
    pub default: bool,
}

impl Version {
    /// Returns its place in time.
    pub fn number(&self) -> u32 {
        number(&self.id)
    }
}

/// Returns a version's place in time: AWS counts versions up and never gives a number twice.
pub fn number(id: &str) -> u32 {
    id.trim_start_matches('v').parse().unwrap_or(0)
}

/// A policy as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// The ARN.
    pub arn: String,
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The document in force.
    pub document: Value,
    /// The version in force, as it was when the document was read.
    pub in_force: u32,
    /// All versions, read at the same time: another run may have added one in between.
    pub versions: Vec<Version>,
    /// To how many users, groups and roles it is attached.
    pub attached: i32,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Versions with the document in force, made just before it by a call whose reply was lost or by another run.
    pub copies: Vec<String>,
    /// This run has sent a version, and it is not to be seen yet.
    pub settling: bool,
}

impl Live {
    /// Returns the number of the newest version.
    pub fn newest(&self) -> u32 {
        self.versions.iter().map(Version::number).max().unwrap_or(0)
    }

    /// Returns the oldest version that is not in force, where there is no room for a new one.
    pub fn in_the_way(&self) -> Option<&Version> {
        if self.versions.len() < MAX_VERSIONS {
            return None;
        }
        self.versions
            .iter()
            .filter(|v| !v.default)
            .min_by_key(|v| v.number())
    }

    /// Returns the newest version where it is not in force: what a call whose answer was lost may have left.
    pub fn newest_idle(&self) -> Option<&Version> {
        self.versions
            .iter()
            .max_by_key(|v| v.number())
            .filter(|v| !v.default)
    }
}

/// What a new policy will be like.
pub fn fields(want: &Desired) -> Vec<(String, Shown)> {
    let path = Some(want.path.as_str()).filter(|path| *path != "/");
    let mut all = only_set([
        ("name", want.name.as_str().into()),
        ("path", path.into()),
        ("description", want.description.clone().into()),
        ("document", want.document.clone().into()),
    ]);
    all.extend(aws::tag_fields(&want.tags));
    all
}

/// Compares. The path and the name are part of the ARN by which the policy was found, and cannot differ.
pub fn diff(want: &Desired, have: &Live) -> Diff {
    let mut diff = Diff::default();
    if let Some(description) = &want.description
        && have.description.as_deref().unwrap_or_default() != description
    {
        let force = if have.attached == 0 {
            Force::Replace
        } else {
            Force::Refuse
        };
        let change = diff.note(
            "description",
            have.description.clone().map_or(Shown::NOTHING, Shown::from),
            description.clone(),
            force,
        );
        if force == Force::Refuse {
            change.why(format!(
                "IAM never changes a description, so the policy would have to be deleted and made again, and it is \
                 attached to {}. Detach it first, or leave the description out.",
                count(have.attached)
            ));
        }
    }
    for change in aws::policy_document_changes(&have.document, &want.document) {
        let path = match change.path.as_str() {
            "" => "document".to_owned(),
            inside => format!("document.{inside}"),
        };
        diff.note(&path, change.before, change.after, Force::Update);
    }
    if diff.has("document")
        && let Some(oldest) = have.in_the_way()
    {
        // a sixth version is refused (aws-facts §3.3); what goes is shown like any other change
        diff.note("versions", oldest.id.clone(), Shown::NOTHING, Force::Update);
    }
    if !have.copies.is_empty() {
        diff.note("copies", json!(have.copies), json!([]), Force::Update)
            .why("the version in force has the same document");
    }
    aws::tag_changes(&mut diff, &want.tags, &have.tags);
    diff
}

fn count(attached: i32) -> String {
    match attached {
        1 => "one user, group or role".to_owned(),
        n => format!("{n} users, groups or roles"),
    }
}
