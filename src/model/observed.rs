//! What one look at one object told: plain data, so that the planner is a pure function of it.

use super::{Diagnostic, Diff, OutputRef, Outputs};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far an object is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "word")]
pub enum Readiness {
    /// It can be used.
    Ready,
    /// It will be usable without anyone doing anything.
    Pending(String),
    /// It is on its way out.
    Leaving(String),
    /// It stands still on purpose, and waiting does not change that (a stopped instance).
    Parked(String),
    /// It will soon stand still on purpose (an instance that is stopping).
    Parking(String),
    /// It will not become usable by itself.
    Failed(String),
}

impl Readiness {
    /// Tells whether it stands still on purpose, or is about to, and in what word.
    pub fn rests(&self) -> Option<&str> {
        match self {
            Readiness::Parked(word) | Readiness::Parking(word) => Some(word),
            _ => None,
        }
    }
}

/// Whose it is, by its tags (ARCHITECTURE.md, "Ownership").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "stack")]
pub enum Owner {
    /// This stack's.
    Ours,
    /// Another stack's.
    Other(String),
    /// Nobody's: it has no tag of ours.
    Nobody,
    /// It cannot be tagged, and belongs to whatever it is part of.
    Untaggable,
}

/// Whether it is as it should be. What is not there, or on its way out, is compared with nothing: every field of the
/// new object is a difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Compared, with this result.
    Diff(Diff),
    /// It cannot be compared before these are known.
    Deferred {
        /// What is missing.
        waits_for: Vec<OutputRef>,
    },
}

/// An object that is there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Presence {
    /// What it hands to others.
    pub outputs: Outputs,
    /// How far it is.
    pub readiness: Readiness,
    /// Whether it is as it should be.
    pub verdict: Verdict,
    /// Whose it is.
    pub owner: Owner,
    /// It stands still, and has to run for what differs, or may have to.
    pub must_run: bool,
    /// It was started only to be changed, and is to be stopped again.
    pub to_stop: bool,
    /// Why it must not be deleted now.
    pub guard: Option<String>,
    /// Further facts for `status`, by name.
    pub details: BTreeMap<String, String>,
    /// What the user should know before a change.
    pub warnings: Vec<Diagnostic>,
}

/// What one look told.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed {
    /// It is not there.
    Absent {
        /// What it will be like.
        verdict: Verdict,
        /// What the user should know before it is made.
        warnings: Vec<Diagnostic>,
    },
    /// It cannot be looked at before these are known.
    Unknowable {
        /// What is missing.
        waits_for: Vec<OutputRef>,
    },
    /// It cannot be looked at because something it lives on stands still; for people, why.
    Unlooked {
        /// Why.
        because: String,
    },
    /// It is there.
    Present(Box<Presence>),
}

impl Observed {
    /// Returns the object, where it is there.
    pub fn present(&self) -> Option<&Presence> {
        match self {
            Observed::Present(p) => Some(p),
            _ => None,
        }
    }
}
