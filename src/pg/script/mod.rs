//! SQL scripts: cut into statements, checked before anything runs.
//!
//! A script runs statement by statement inside one transaction, because the server gives no
//! position for run-time errors (a unique violation in a seed, say) and because progress can be
//! shown. So what would leave the transaction, or cannot run inside one, is refused up front with
//! its line, column and what to write instead.

mod destructive;
mod lexer;
mod names;
mod place;
mod refuse;
mod renames;
mod split;

#[cfg(test)]
mod destructive_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod server_agrees;
#[cfg(test)]
mod split_tests;

use std::fmt;

use sha2::{Digest, Sha256};

pub(in crate::pg) use destructive::limited;
pub use destructive::{Destruction, Target, Verb, destructive};
pub(in crate::pg) use lexer::{Kind, Lexer, Token};
pub use names::ObjectName;
pub(in crate::pg) use place::Lines;
pub use refuse::Refusal;
pub use split::{Statement, split};

/// A named SQL text. `Debug` leaves the text out, which may hold passwords of roles.
#[derive(Clone, PartialEq, Eq)]
pub struct Script {
    name: String,
    text: String,
    digest: String,
}

impl Script {
    /// A script; `name` is its key in the ledger and its prefix in errors (`schema.sql:4:3`).
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            name: name.into(),
            digest: digest(text.as_bytes()),
            text,
        }
    }

    /// The key in the ledger.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The SQL.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text's bytes, see [`digest`].
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("name", &self.name)
            .field("bytes", &self.text.len())
            .field("digest", &self.digest)
            .finish()
    }
}

/// SHA-256 of `bytes` as 64 lower-case hexadecimal digits. Nothing is normalised: other line ends
/// are another script.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A script that cannot be run, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {refusal}")]
pub struct ScriptError {
    /// What is wrong and what to do instead.
    pub refusal: Refusal,
    /// Byte offset in the script.
    pub offset: usize,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}
