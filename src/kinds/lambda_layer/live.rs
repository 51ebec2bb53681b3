//! Which version of which layer is meant, and what is there.
//!
//! Versions never change (aws-facts §4.8) and functions name them by number. So the object is *the version with
//! exactly this content*: other content is another object, which is made beside the old ones.

use super::spec::Spec;
use crate::model::{Diff, Force, Shown};
use crate::resource::{Facts, Unresolved, only_set};
use serde_json::json;
use std::sync::Arc;

/// What every description of ours begins with; layers cannot be tagged (aws-facts §4.8).
const MARK: &str = "cruddur-infra:";

/// What a version is found by.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// A version that we publish.
    Ours(Ours),
    /// A version that exists already.
    Given(String),
}

/// A version that we publish.
#[derive(Clone, Debug, PartialEq)]
pub struct Ours {
    /// The layer.
    pub name: String,
    /// What the descriptions of this entry's versions begin with.
    pub mark: String,
    /// The nonce of this run.
    pub run: String,
    /// What is in the version; unknown where the file could not be had, and then the newest of ours is meant.
    pub content: Option<Content>,
}

/// What makes a version the wanted one.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// Base64 of the zip's SHA-256, as Lambda shows it.
    pub sha256: String,
    /// The description with our mark, and without the nonce of the run that publishes it.
    pub description: String,
    /// The runtime that it is declared for.
    pub runtime: String,
    /// The architecture that it is declared for.
    pub architecture: String,
    /// The licence.
    pub license: Option<String>,
}

/// What should be there.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The version.
    pub key: Key,
    /// The zip.
    pub zip: Option<Arc<[u8]>>,
    /// How many versions are kept.
    pub keep: usize,
    /// The runtime that the file names, for a version that is only used.
    pub runtime: String,
    /// The architecture that the file names.
    pub architecture: String,
}

/// A version as a list shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Version {
    /// Its ARN.
    pub arn: String,
    /// Its number.
    pub number: i64,
    /// Its description.
    pub description: String,
    /// The runtimes that it is declared for.
    pub runtimes: Vec<String>,
    /// The architectures that it is declared for.
    pub architectures: Vec<String>,
    /// The licence.
    pub license: Option<String>,
    /// When it was published.
    pub created: String,
}

/// What is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    /// The version.
    pub version: Version,
    /// The layer's name, or its ARN.
    pub layer: String,
    /// All versions of this entry, the newest first; empty where the version is only used.
    pub ours: Vec<i64>,
    /// Later versions with exactly this content, left by a lost reply or by two runs at once.
    pub copies: Vec<i64>,
    /// The run that has published the version, or one of the copies where that is this one.
    pub made_by: Option<String>,
    /// This run has published a version, and it is not to be seen yet.
    pub settling: bool,
}

impl Version {
    /// Tells whether it looks like the wanted one; only its digest makes it certain.
    pub fn looks_like(&self, want: &Content) -> bool {
        unsigned(&self.description) == want.description
            && self.runtimes == [want.runtime.as_str()]
            && self.architectures == [want.architecture.as_str()]
            && self.license == want.license
    }

    /// Returns the nonce of the run that published it.
    pub fn run(&self) -> Option<&str> {
        signature(&self.description).map(|(_, run, _)| run)
    }

    /// Returns the ARN without the version.
    pub fn layer_arn(&self) -> &str {
        self.arn.rsplit_once(':').map_or("", |(layer, _)| layer)
    }
}

impl Live {
    /// Returns the versions of ours that are more than are kept. The current one is never among them.
    pub fn stale(&self, keep: usize) -> Vec<i64> {
        self.ours
            .iter()
            .copied()
            .filter(|n| *n != self.version.number && !self.copies.contains(n))
            .skip(keep.max(2) - 1)
            .collect()
    }
}

/// Returns what the descriptions of an entry's versions begin with.
pub fn mark(stack: &str, addr: &str) -> String {
    format!("{MARK}{stack}:{addr}:")
}

/// Returns the address in a description of ours, where it is of this stack.
pub fn addr_in<'a>(description: &'a str, stack: &str) -> Option<&'a str> {
    description
        .strip_prefix(MARK)?
        .strip_prefix(stack)?
        .strip_prefix(':')?
        .split_once(':')
        .map(|(addr, _)| addr)
}

/// Returns the description of a version of ours.
pub fn description(mark: &str, sha256_hex: &str, text: Option<&str>) -> String {
    let digest = sha256_hex.get(..16).unwrap_or(sha256_hex);
    match text {
        Some(text) if !text.is_empty() => format!("{mark}{digest} {text}"),
        _ => format!("{mark}{digest}"),
    }
}

/// Stands before the nonce in a description.
const BEFORE_RUN: char = '~';
/// The longest description that Lambda takes, in characters.
pub const LONGEST: usize = 256;

/// Takes a description apart: what comes before the nonce, the nonce, what comes after it.
fn signature(description: &str) -> Option<(&str, &str, &str)> {
    let words = description.strip_prefix(MARK)?;
    let end = words.find(' ').unwrap_or(words.len()) + MARK.len();
    let (first, text) = description.split_at(end);
    // behind the digest, which is the last word of the mark
    let (before, run) = first.rsplit_once(BEFORE_RUN)?;
    (!run.contains(':')).then_some((before, run, text))
}

/// Returns a description without the nonce of the run that has published it.
pub fn unsigned(description: &str) -> String {
    match signature(description) {
        Some((before, _, text)) => format!("{before}{text}"),
        None => description.to_owned(),
    }
}

/// Returns a description with a nonce: behind the digest, so that the mark before it is found as ever.
pub fn signed(description: &str, mark: &str, run: &str) -> String {
    let Some(rest) = description.strip_prefix(mark).filter(|_| !run.is_empty()) else {
        return description.to_owned();
    };
    let (digest, text) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
    let whole = format!("{mark}{digest}{BEFORE_RUN}{run}{text}");
    // what stack.yaml says goes before what only helps to tell runs apart
    if whole.chars().count() > LONGEST {
        description.to_owned()
    } else {
        whole
    }
}

/// Returns what the version is found by.
///
/// # Errors
/// What is missing for it.
pub fn key(spec: &Spec, facts: &Facts) -> Result<Key, Unresolved> {
    if let Some(arn) = &spec.arn {
        return facts.get(arn).map(Key::Given);
    }
    let name = spec
        .name
        .clone()
        .ok_or_else(|| Unresolved::wrong("the layer has no `name`"))?;
    let mark = mark(&facts.stack.stack, &facts.addr.to_string());
    let content = asset(spec, facts).map(|asset| Content {
        sha256: asset.sha256_base64.clone(),
        description: description(&mark, &asset.sha256_hex, spec.description.as_deref()),
        runtime: spec.runtime.clone(),
        architecture: spec.architecture.name().to_owned(),
        license: spec.license.clone(),
    });
    Ok(Key::Ours(Ours {
        name,
        mark,
        run: facts.stack.run.clone(),
        content,
    }))
}

/// Returns what should be there.
///
/// # Errors
/// What is missing for it.
pub fn desired(spec: &Spec, facts: &Facts) -> Result<Desired, Unresolved> {
    Ok(Desired {
        key: key(spec, facts)?,
        zip: asset(spec, facts).map(|asset| asset.bytes.clone()),
        keep: spec.keep_versions as usize,
        runtime: spec.runtime.clone(),
        architecture: spec.architecture.name().to_owned(),
    })
}

fn asset<'a>(spec: &Spec, facts: &'a Facts) -> Option<&'a crate::assets::Asset> {
    spec.request().and_then(|r| facts.asset(&r).ok())
}

/// What a new version will be like.
pub fn fields(want: &Desired) -> Vec<(String, Shown)> {
    let ours = match &want.key {
        Key::Ours(ours) => ours,
        Key::Given(arn) => return only_set([("arn", arn.as_str().into())]),
    };
    let mut all = only_set([("name", ours.name.as_str().into())]);
    if let Some(content) = &ours.content {
        // what comes before it says whose the version is
        let text = content
            .description
            .strip_prefix(&ours.mark)
            .and_then(|rest| rest.split_once(' '))
            .map(|(_, text)| text);
        all.extend(only_set([
            ("content", Shown::Digest(content.sha256.clone())),
            ("runtime", content.runtime.as_str().into()),
            ("architecture", content.architecture.as_str().into()),
            ("description", text.into()),
            ("license", content.license.clone().into()),
        ]));
    }
    all
}

/// Compares: the version is right by being found, so only its older siblings can be too many.
pub fn diff(want: &Desired, have: &Live) -> Diff {
    let mut diff = Diff::default();
    let Key::Ours(ours) = &want.key else {
        return diff;
    };
    if ours.content.is_none() {
        // never "as it should be" without having compared
        diff.note("content", Shown::NOTHING, Shown::NOTHING, Force::Update)
            .why("what should be in the layer could not be had");
    }
    if !have.copies.is_empty() {
        diff.note("copies", json!(have.copies), json!([]), Force::Update)
            .why(format!(
                "version {} has the same content",
                have.version.number
            ));
    }
    let stale = have.stale(want.keep);
    if !stale.is_empty() {
        diff.note("old_versions", json!(stale), json!([]), Force::Update);
    }
    diff
}
