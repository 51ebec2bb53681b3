//! What is wrong with the file, where, and what to write instead.

use super::Addr;
use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing will be done before it is mended.
    Error,
    /// It can be done, and is likely not what was meant.
    Warning,
}

/// A place in a file. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// The file as the user named it.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
    /// Where it begins, in bytes.
    #[serde(skip)]
    pub offset: usize,
    /// How long it is, in bytes.
    #[serde(skip)]
    pub len: usize,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Short, and always the same words for the same problem.
    pub summary: String,
    /// What, why, in full sentences.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The entry it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addr: Option<Addr>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// What to write or do instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The line must not be echoed, because it holds what may not be shown.
    #[serde(skip)]
    pub hide_source: bool,
}

impl Diagnostic {
    /// Makes an error.
    pub fn error(summary: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            summary: summary.into(),
            detail: String::new(),
            addr: None,
            span: None,
            help: None,
            hide_source: false,
        }
    }

    /// Makes a warning.
    pub fn warning(summary: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(summary)
        }
    }

    /// Adds full sentences.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Says which entry it is about.
    #[must_use]
    pub fn at(mut self, addr: &Addr) -> Self {
        self.addr = Some(addr.clone());
        self
    }

    /// Says where it is.
    #[must_use]
    pub fn span(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Says what to write or do instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
