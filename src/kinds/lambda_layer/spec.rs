//! What stack.yaml says about a layer.

use crate::resource::{AssetRequest, Input};
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// A layer: libraries that functions share.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The layer's name in AWS: up to 140 letters, digits, `-` and `_`. Needed unless `arn` is given.
    pub name: Option<String>,
    /// Python packages, each pinned exactly: `psycopg2-binary==2.9.11`. Their wheels are fetched and packed.
    /// Dependencies are not resolved: pin them here too. One of `python_packages`, `zip` and `arn` must be given.
    pub python_packages: Option<Vec<String>>,
    /// A layer zip that exists, relative to stack.yaml.
    pub zip: Option<PathBuf>,
    /// The ARN, with version, of a layer that exists already. It is used as it is, never changed and never deleted.
    pub arn: Option<Input<String>>,
    /// The runtime that it is for: `python3.13`.
    pub runtime: String,
    /// The architecture that it is for.
    #[serde(default)]
    pub architecture: Architecture,
    /// What it is for. Changing it publishes a new version.
    pub description: Option<String>,
    /// The licence of what is in it: an SPDX identifier, or a URL. Changing it publishes a new version.
    pub license: Option<String>,
    /// How many versions are kept, the current one included; at least 2, so that the one that functions still use
    /// while they are being updated is not deleted under them.
    #[serde(default = "two")]
    pub keep_versions: u32,
}

/// A processor architecture that Lambda offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Architecture {
    /// 64-bit Intel and AMD.
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit ARM (Graviton).
    #[serde(rename = "arm64")]
    Arm64,
}

impl Architecture {
    /// Returns Lambda's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Architecture::X86_64 => "x86_64",
            Architecture::Arm64 => "arm64",
        }
    }
}

fn two() -> u32 {
    2
}

impl Spec {
    /// Returns the file that the layer is made of; none where it exists already.
    pub fn request(&self) -> Option<AssetRequest> {
        if self.arn.is_some() {
            return None;
        }
        match (&self.python_packages, &self.zip) {
            (Some(packages), _) => Some(AssetRequest::PythonLayer {
                packages: packages.clone(),
                runtime: self.runtime.clone(),
                architecture: self.architecture.name().to_owned(),
            }),
            (None, Some(zip)) => Some(AssetRequest::LayerZip(zip.clone())),
            (None, None) => None,
        }
    }
}
