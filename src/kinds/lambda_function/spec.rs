//! What stack.yaml says about a function.

use crate::model::{Addr, OutputRef};
use crate::resource::{AssetRequest, Input};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A Lambda function made from a folder.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The function's name: up to 64 letters, digits, `-` and `_`. The function is found by it.
    pub name: String,
    /// The folder that holds its source, relative to stack.yaml. Every file in it is deployed, except hidden ones,
    /// `__pycache__` and `*.pyc`.
    pub source: PathBuf,
    /// What is called, `file.function`: `lambda_function.lambda_handler`.
    pub handler: String,
    /// The runtime: `python3.13`.
    pub runtime: String,
    /// The architecture.
    #[serde(default)]
    pub architecture: Architecture,
    /// The ARN of the role that it runs as.
    pub role: Input<String>,
    /// The ARNs of its layers, each with its version; at most 5. Of one file in two layers the later one counts.
    #[serde(default)]
    pub layers: Vec<Input<String>>,
    /// It runs where this entry is: in its VPC, in its subnets for functions and in its security groups. As in
    /// `rds_instance.main`. Not together with `vpc`.
    pub vpc_of: Option<Addr>,
    /// It runs in these subnets and security groups. Not together with `vpc_of`. Without either it is in no VPC.
    pub vpc: Option<Vpc>,
    /// Environment variables. A value that comes from `${env.…}` or a secret output is never shown.
    #[serde(default)]
    pub environment: BTreeMap<String, Input<String>>,
    /// The longest that one call may take, in seconds.
    #[serde(default = "default_timeout")]
    #[schemars(range(min = 1, max = 900))]
    pub timeout: i32,
    /// Memory in MiB; the share of a processor grows with it.
    #[serde(default = "default_memory")]
    #[schemars(range(min = 128, max = 10240))]
    pub memory: i32,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// The size of `/tmp` in MiB.
    #[serde(default = "default_storage")]
    #[schemars(range(min = 512, max = 10240))]
    pub ephemeral_storage: i32,
    /// Further tags. Tags that are not named here are left alone.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A place in a VPC.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// The ids of the subnets, at most 16.
    pub subnets: Vec<Input<String>>,
    /// The ids of the security groups, at most 5.
    pub security_groups: Vec<Input<String>>,
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

// AWS's own defaults (aws-facts §4.1)

fn default_timeout() -> i32 {
    3
}

fn default_memory() -> i32 {
    128
}

fn default_storage() -> i32 {
    512
}

impl Spec {
    /// Returns the zip that it is made of.
    pub fn request(&self) -> AssetRequest {
        AssetRequest::Directory(self.source.clone())
    }

    /// Returns the outputs that `vpc_of` stands for: subnets, then security groups.
    pub fn network_of(&self) -> Option<(OutputRef, OutputRef)> {
        self.vpc_of.as_ref().map(|addr| {
            (
                OutputRef::new(addr.clone(), "function_subnet_ids"),
                OutputRef::new(addr.clone(), "security_group_ids"),
            )
        })
    }
}
