//! A call that failed, and what it left behind.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What sort of failure it is; the engine decides by this alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The caller may not. Never the same as absence.
    Denied,
    /// It is not there.
    NotFound,
    /// It is there already, or someone else changed it meanwhile.
    Conflict,
    /// Too many calls.
    Throttled,
    /// What was asked for is wrong and will stay wrong.
    Invalid,
    /// It may work when tried again.
    Transient,
    /// Another change is under way; it works once that is over.
    Busy,
    /// Something that was just made is not known everywhere yet (IAM, aws-facts §3.4).
    Propagating,
    /// No connection could be made.
    Unreachable,
    /// The world is not as it was when the plan was made.
    Surprise,
    /// The run was told to stop.
    Interrupted,
    /// A mistake in this program.
    Bug,
}

/// What a failed call left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Residue {
    /// Nothing was changed.
    Nothing,
    /// Something was changed and stays.
    Remains,
    /// It cannot be told; the next look will.
    Unknown,
}

/// A failure, with what a person needs to act on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The operation, `rds:CreateDBInstance`.
    pub op: String,
    /// What sort of failure.
    pub class: Class,
    /// The service's own code, `DBInstanceAlreadyExists`.
    pub code: Option<String>,
    /// The sentence.
    pub message: String,
    /// The service's request id.
    pub request_id: Option<String>,
    /// What is left behind.
    pub residue: Residue,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The statements of a policy that would allow a denied call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<serde_json::Value>,
}

impl Fault {
    /// Makes a fault of ours that changed nothing.
    pub fn new(op: impl Into<String>, class: Class, message: impl Into<String>) -> Self {
        Fault {
            op: op.into(),
            class,
            code: None,
            message: message.into(),
            request_id: None,
            residue: Residue::Nothing,
            help: None,
            statements: Vec::new(),
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns what to do about it in one text, for where there is no room for more.
    pub fn advice(&self) -> Option<String> {
        let texts = self.statements.iter().map(|s| format!("allow it: {s}"));
        let all: Vec<String> = self.help.iter().cloned().chain(texts).collect();
        (!all.is_empty()).then(|| all.join("\n"))
    }

    /// Says what is left behind.
    #[must_use]
    pub fn residue(mut self, residue: Residue) -> Self {
        self.residue = residue;
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.op)?;
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}
