//! What a function is.

use super::desired::Network;
use crate::model::{Diagnostic, Readiness, Secret};
use std::collections::BTreeMap;

/// What a function is.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Live {
    pub arn: String,
    pub name: String,
    /// Changes with everything that happens to the function; a change that names another one is refused.
    pub revision: Option<String>,
    /// `Zip` or `Image`.
    pub package: String,
    /// Base64 of the zip's SHA-256.
    pub code_sha256: String,
    pub code_size: i64,
    pub architecture: String,
    pub handler: String,
    pub runtime: String,
    pub role: String,
    pub layers: Vec<String>,
    pub network: Option<Network>,
    pub environment: Environment,
    pub timeout: i32,
    pub memory: i32,
    pub description: String,
    pub ephemeral_storage: i32,
    pub tags: BTreeMap<String, String>,
    pub modified: String,
    pub state: Status,
    /// How its last update went.
    pub update: Status,
    /// The last update is this run's own, and it failed.
    pub just_failed: bool,
}

/// A state and why it is so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// AWS's word; none where it gives none.
    pub word: Option<String>,
    /// The sentence.
    pub reason: Option<String>,
    /// The code, `SubnetOutOfIPAddresses`.
    pub code: Option<String>,
}

/// The environment variables. AWS gives them back in plain text (aws-facts §4.4), so they are kept like secrets.
#[derive(Clone, Debug, PartialEq)]
pub enum Environment {
    /// By name.
    Known(BTreeMap<String, Secret>),
    /// AWS could not decrypt them. That is not the same as none.
    Unreadable(String),
}

impl Status {
    /// Makes one without a reason.
    pub fn of(word: &str) -> Self {
        Status {
            word: Some(word.to_owned()),
            ..Status::default()
        }
    }

    /// Returns the reason and the code, as far as there are any.
    pub fn why(&self) -> String {
        match (&self.reason, &self.code) {
            (Some(reason), Some(code)) => format!("{reason} ({code})"),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => "AWS gives no reason".to_owned(),
        }
    }

    /// Tells whether it is this word.
    pub fn is(&self, word: &str) -> bool {
        self.word.as_deref() == Some(word)
    }
}

/// Tells whether the update failed that was sent while the function had some revision. A failure under that same
/// revision is an older one, seen once more.
pub fn failed_since(sent: Option<&Option<String>>, have: &Live) -> bool {
    sent.is_some_and(|before| have.update.is("Failed") && have.revision != *before)
}

/// Tells how far the function is (aws-facts §4.3).
pub fn readiness(have: &Live) -> Readiness {
    match have.state.word.as_deref() {
        None | Some("Active" | "Inactive") => match have.update.word.as_deref() {
            Some("Failed") if have.just_failed => Readiness::Failed(format!(
                "its update failed, and what was there before goes on serving: {}",
                have.update.why()
            )),
            // an older one is no obstacle: a warning tells of it, and the next update replaces it
            None | Some("Successful" | "Failed") => Readiness::Ready,
            Some(word) => Readiness::Pending(word.to_owned()),
        },
        Some("Failed") => Readiness::Failed(have.state.why()),
        Some(word @ "Deleting") => Readiness::Leaving(word.to_owned()),
        Some(word) => Readiness::Pending(word.to_owned()),
    }
}

/// Tells what the user should know of the function as it is.
pub fn warnings(have: &Live) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if have.update.is("Failed") {
        found.push(
            Diagnostic::warning("the last update of the function failed").detail(format!(
                "LastUpdateStatus of {} is Failed: {}. What was there before goes on serving.",
                have.name,
                have.update.why()
            )),
        );
    }
    if have.state.is("Inactive") {
        found.push(
            Diagnostic::warning("the function is Inactive").detail(format!(
                "{} was not called for so long that its network interfaces were taken away. The next call fails, and \
                 makes it come back within a minute or two.",
                have.name
            )),
        );
    }
    if let Environment::Unreadable(why) = &have.environment {
        found.push(
            Diagnostic::warning("the environment variables could not be read")
                .detail(format!(
                    "AWS could not decrypt them: {why}. They are not compared and not changed."
                ))
                .help("allow the caller kms:Decrypt on the key of the function, then plan again"),
        );
    }
    found
}

/// Returns further facts for `status`.
pub fn details(have: &Live) -> BTreeMap<String, String> {
    let mut details: BTreeMap<String, String> = [
        ("runtime", have.runtime.clone()),
        ("architecture", have.architecture.clone()),
        ("memory", format!("{} MiB", have.memory)),
        ("code size", format!("{} bytes", have.code_size)),
        ("last modified", have.modified.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if let Some(word) = &have.state.word {
        details.insert("state".to_owned(), word.clone());
    }
    details
}
