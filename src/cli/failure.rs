//! How a command fails, and with which exit code.

use crate::model::{Addr, Diagnostic, Fault};
use std::collections::BTreeMap;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub enum Failure {
    /// The file, or something that it names, is wrong.
    Diagnostics {
        /// What is wrong.
        found: Vec<Diagnostic>,
        /// The texts of the files that it is in.
        sources: BTreeMap<String, String>,
    },
    /// Calls failed.
    Faults(Vec<(Option<Addr>, Fault)>),
    /// Anything else, in a sentence, with what to do about it.
    Message {
        /// What is wrong.
        summary: String,
        /// What to do.
        help: Option<String>,
    },
    /// The run was told to stop.
    Interrupted,
}

impl Failure {
    /// A sentence.
    pub fn message(summary: impl Into<String>) -> Self {
        Failure::Message {
            summary: summary.into(),
            help: None,
        }
    }

    /// The failure in one line, for where there is room for no more.
    pub fn line(&self) -> String {
        let first = match self {
            Failure::Diagnostics { found, .. } => found.first().map(|d| match &d.span {
                Some(s) => format!("{}:{}:{}: {}", s.file, s.line, s.column, d.summary),
                None => d.summary.clone(),
            }),
            Failure::Faults(faults) => faults.first().map(|(addr, fault)| {
                let addr = addr.as_ref().map(|a| format!("{a}: ")).unwrap_or_default();
                format!("{addr}{fault}")
            }),
            Failure::Message { summary, help } => Some(match help {
                Some(help) => format!("{summary} ({help})"),
                None => summary.clone(),
            }),
            Failure::Interrupted => Some("interrupted".to_owned()),
        };
        let text = first.unwrap_or_else(|| "it failed".to_owned());
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A sentence, and what to do about it.
    pub fn with_help(summary: impl Into<String>, help: impl Into<String>) -> Self {
        Failure::Message {
            summary: summary.into(),
            help: Some(help.into()),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Failure::Faults(vec![(None, fault)])
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::message(error.to_string())
    }
}

/// The exit codes (the contract of the command line).
pub mod code {
    /// Done, or nothing to do.
    pub const DONE: u8 = 0;
    /// An error, wrong usage included.
    pub const ERROR: u8 = 1;
    /// Changes, with `--detailed-exitcode` alone.
    pub const CHANGES: u8 = 2;
    /// Partly done.
    pub const PARTLY: u8 = 3;
    /// Interrupted.
    pub const INTERRUPTED: u8 = 130;
}
