//! What stack.yaml says about a script.

use crate::resource::{AssetRequest, SecretInput};
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// An SQL script that is run once for each of its versions.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The connection URL of the database, always a reference: `${rds_instance.main.connection_url}`.
    pub database: SecretInput,
    /// The script, relative to stack.yaml. All of it runs in one transaction. It runs again whenever it changes.
    pub file: PathBuf,
    /// Under which name the database remembers that it ran; the entry's address unless given. Give the old one to
    /// rename an entry without running its script again.
    pub name: Option<String>,
}

impl Spec {
    /// Returns the file.
    pub fn request(&self) -> AssetRequest {
        AssetRequest::File(self.file.clone())
    }
}
