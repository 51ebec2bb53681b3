//! What IAM keeps of a role and of a policy.

use super::super::timing::Moment;
use super::super::world::ACCOUNT;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A value that IAM shows at once and that other services see only later (aws-facts §3.4).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spread<T> {
    /// The value as IAM shows it.
    pub value: T,
    /// What others see until then; nothing where there was nothing before.
    pub former: Option<T>,
    /// From when on Lambda sees the value.
    pub visible_to_lambda_at: Moment,
}

impl<T> Spread<T> {
    /// A value that did not exist before.
    pub fn new(value: T, visible_to_lambda_at: Moment) -> Self {
        Spread {
            value,
            former: None,
            visible_to_lambda_at,
        }
    }

    /// Changes the value; what Lambda saw until `now` it goes on to see until `at`.
    pub fn change(&mut self, value: T, now: Moment, at: Moment) {
        let before = std::mem::replace(&mut self.value, value);
        if self.visible_to_lambda_at <= now {
            self.former = Some(before);
        }
        self.visible_to_lambda_at = at;
    }

    /// Returns what Lambda sees now.
    pub fn seen(&self, now: Moment) -> Option<&T> {
        if self.visible_to_lambda_at <= now {
            Some(&self.value)
        } else {
            self.former.as_ref()
        }
    }
}

/// A role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    /// Its name, unique without regard to case.
    pub name: String,
    /// `AROA…`.
    pub id: String,
    /// `/` or `/a/b/`.
    pub path: String,
    /// When it was made.
    pub created: Moment,
    /// Free text.
    pub description: Option<String>,
    /// Who may assume it, as JSON text.
    pub trust: Spread<String>,
    /// Seconds, 3600–43200.
    pub max_session: i64,
    /// The ARN of a permissions boundary; kept and shown, not evaluated.
    pub boundary: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// ARNs of the attached policies, each with the moment from which Lambda sees the attachment.
    pub attached: BTreeMap<String, Moment>,
    /// Inline policies by name, as JSON text.
    pub inline: BTreeMap<String, Spread<String>>,
}

impl Role {
    /// Returns its ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{ACCOUNT}:role{}{}", self.path, self.name)
    }
}

/// An instance profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Profile {
    /// Its name, unique in the account without regard to case.
    pub name: String,
    /// `AIPA…`.
    pub id: String,
    /// `/` or `/a/b/`.
    pub path: String,
    /// When it was made.
    pub created: Moment,
    /// The name of the role in it.
    pub role: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// A managed policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Policy {
    /// Its name, unique in the account without regard to case.
    pub name: String,
    /// `ANPA…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// `/` or `/a/b/`.
    pub path: String,
    /// Free text; cannot be changed.
    pub description: Option<String>,
    /// When it was made.
    pub created: Moment,
    /// When its last version was made or made the default.
    pub updated: Moment,
    /// Its versions, oldest first, at most five.
    pub versions: Vec<Version>,
    /// The number of the default version.
    pub default: Spread<u64>,
    /// The number that the next version gets; numbers are never used twice.
    pub next_version: u64,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl Policy {
    /// Returns the version with this id (`v2`).
    pub fn version(&self, id: &str) -> Option<&Version> {
        self.versions.iter().find(|v| v.id() == id)
    }

    /// Returns whether this version is the default.
    pub fn is_default(&self, version: &Version) -> bool {
        version.number == self.default.value
    }
}

/// One version of a policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Version {
    /// `2` for `v2`.
    pub number: u64,
    /// The JSON text as it was sent.
    pub document: String,
    /// When it was made.
    pub created: Moment,
}

impl Version {
    /// Returns `v2`.
    pub fn id(&self) -> String {
        format!("v{}", self.number)
    }
}
