//! What is written in stack.yaml.

use crate::resource::Input;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A customer-managed IAM policy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The policy's name, at most 128 letters, digits and `+=,.@_-`. Unique in the account whatever the letter case.
    pub name: Input<String>,
    /// The path in its ARN. Default `/`.
    pub path: Option<Input<String>>,
    /// What it is for. AWS never changes it once the policy exists.
    pub description: Option<Input<String>>,
    /// The policy document, as AWS writes it (`Version`, `Statement`). `${…}` refers to other entries; a policy
    /// variable is written with two dollars, `$${aws:username}`.
    pub document: serde_json::Value,
    /// Tags besides the stack's own.
    #[serde(default)]
    pub tags: BTreeMap<String, Input<String>>,
}
