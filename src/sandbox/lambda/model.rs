//! What Lambda keeps of functions and layers, and which state they are in at a moment.

use super::request::conflict;
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::ApiError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// A function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// When it leaves `Pending`.
    pub active_at: Moment,
    /// Code and settings as they are shown.
    pub release: Release,
    /// The last update, finished or not.
    pub update: Option<Update>,
    /// When code or settings were changed last.
    pub modified: Moment,
    /// The revision while something is in progress.
    pub revision: String,
    /// The revision once that is over (aws-facts §4.4: it changes again when an update finishes).
    pub settled_revision: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The statements of its resource policy, in the order in which they were added.
    pub statements: Vec<Value>,
}

/// An update that takes a while.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Update {
    /// When it is over.
    pub ends_at: Moment,
    /// What goes on serving until then.
    pub former: Release,
}

/// Code and settings of a function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Release {
    /// The zip.
    pub code: Code,
    /// The rest.
    pub settings: Settings,
}

/// A zip that was uploaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// SHA-256 in hexadecimal: the name of its blob.
    pub digest: String,
    /// SHA-256 in base64, as `CodeSha256`.
    pub sha256: String,
    /// Bytes zipped.
    pub size: u64,
    /// Bytes unzipped.
    pub unzipped: u64,
    /// `x86_64` or `arm64`; belongs to the code, not to the settings. Empty for a layer.
    pub architecture: String,
}

/// Environment variables. They hold passwords, so that only the names can be printed.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Variables(pub BTreeMap<String, String>);

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What `UpdateFunctionConfiguration` changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// `python3.13`.
    pub runtime: String,
    /// ARN of the execution role.
    pub role: String,
    /// `module.function`.
    pub handler: String,
    /// Free text.
    pub description: String,
    /// Seconds.
    pub timeout: i64,
    /// MiB.
    pub memory: i64,
    /// Environment variables.
    pub environment: Variables,
    /// Layers in order.
    pub layers: Vec<LayerUse>,
    /// Where it lies in the network; both lists are empty once it has left it.
    pub vpc: Option<VpcUse>,
    /// `PassThrough` or `Active`.
    pub tracing: String,
    /// MiB of `/tmp`.
    pub ephemeral_storage: i64,
    /// `None` or `PublishedVersions`.
    pub snap_start: String,
    /// `LoggingConfig` with its defaults.
    pub logging: Value,
    /// `DeadLetterConfig`, kept and shown.
    pub dead_letter: Option<Value>,
    /// `KMSKeyArn`, kept and shown.
    pub kms_key: Option<String>,
}

/// A layer as a function uses it. It outlives the layer version (aws-facts §4.8).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerUse {
    /// ARN with version.
    pub arn: String,
    /// Its zip.
    pub code: Code,
}

/// A place in the network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VpcUse {
    /// Subnet ids.
    pub subnets: Vec<String>,
    /// Security group ids.
    pub groups: Vec<String>,
    /// The VPC in which they lie; empty outside of one.
    pub vpc_id: String,
    /// `Ipv6AllowedForDualStack`.
    pub dual_stack: bool,
}

/// A layer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Layer {
    /// The last version number that was given out; they are never used twice.
    pub last: u64,
    /// Its versions, oldest first.
    pub versions: Vec<LayerVersion>,
}

/// One version of a layer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LayerVersion {
    /// From 1.
    pub number: u64,
    /// Its zip.
    pub code: Code,
    /// When it was published.
    pub created: Moment,
    /// Free text.
    pub description: String,
    /// For which runtimes it says it is.
    pub runtimes: Vec<String>,
    /// For which architectures it says it is.
    pub architectures: Vec<String>,
    /// Its licence.
    pub license: Option<String>,
}

impl Settings {
    /// Returns the place in the network, if there is one.
    pub(super) fn network(&self) -> Option<&VpcUse> {
        self.vpc.as_ref().filter(|v| !v.subnets.is_empty())
    }
}

impl Function {
    /// Returns whether it is still being created.
    pub fn pending(&self, now: Moment) -> bool {
        now < self.active_at
    }

    /// Returns whether an update is under way.
    pub fn updating(&self, now: Moment) -> bool {
        self.update.as_ref().is_some_and(|u| now < u.ends_at)
    }

    /// Returns the revision at a moment.
    pub fn revision(&self, now: Moment) -> &str {
        if self.pending(now) || self.updating(now) {
            &self.revision
        } else {
            &self.settled_revision
        }
    }

    /// Gives it new revisions; `serial` must be one that was never used.
    pub(super) fn revise(&mut self, serial: u64) {
        self.revision = uuid(&format!("{serial} {}", self.name));
        self.settled_revision = uuid(&format!("{serial} {} settled", self.name));
    }

    /// Returns what runs at a moment: during an update, what was there before.
    pub fn serving(&self, now: Moment) -> &Release {
        match &self.update {
            Some(update) if now < update.ends_at => &update.former,
            _ => &self.release,
        }
    }

    /// Refuses while it is being created (aws-facts §4.3).
    pub(super) fn created(&self, now: Moment) -> Result<(), ApiError> {
        if self.pending(now) {
            return Err(conflict(
                "The operation cannot be performed at this time. The function is currently in the following state: \
                 Pending",
            ));
        }
        Ok(())
    }

    /// Refuses while it is being created or updated.
    pub(super) fn changeable(&self, arn: &str, now: Moment) -> Result<(), ApiError> {
        self.created(now)?;
        if self.updating(now) {
            return Err(conflict(format!(
                "The operation cannot be performed at this time. An update is in progress for resource: {arn}"
            )));
        }
        Ok(())
    }
}

/// Makes a UUID out of a text that was never used before.
pub(super) fn uuid(of: &str) -> String {
    let digest = Sha256::digest(of.as_bytes());
    let hex: String = digest.iter().take(16).map(|b| format!("{b:02x}")).collect();
    let variant = ["8", "9", "a", "b"][usize::from(digest[8]) % 4];
    format!(
        "{}-{}-4{}-{variant}{}-{}",
        &hex[0..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..32]
    )
}
