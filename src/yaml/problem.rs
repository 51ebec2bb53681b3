//! One mistake in the file.

use super::node::Step;
use crate::model::{Diagnostic, Span};

/// One mistake in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Where in the tree.
    pub(super) path: Vec<Step>,
    /// The field whose absence was the mistake.
    pub(super) missing: Option<String>,
    /// Where it begins, in bytes.
    pub offset: usize,
    /// How long it is, in bytes.
    pub len: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The line must not be echoed.
    pub hide_source: bool,
}

impl Problem {
    /// Makes one.
    pub fn at(
        offset: usize,
        len: usize,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Problem {
        Problem {
            path: Vec::new(),
            missing: None,
            offset,
            len,
            message: message.into(),
            help,
            hide_source: false,
        }
    }

    /// Returns the path in words, `layers[0]`.
    pub fn path_text(&self) -> String {
        let mut text = String::new();
        for step in &self.path {
            match step {
                Step::Key(name) if text.is_empty() => text.push_str(name),
                Step::Key(name) => {
                    text.push('.');
                    text.push_str(name);
                }
                Step::Index(i) => text.push_str(&format!("[{i}]")),
            }
        }
        text
    }

    pub(super) fn missing_of(&self, error: &super::de::Error) -> bool {
        error.missing.as_ref().is_some_and(|missing| {
            let mut wanted = error.path.clone();
            wanted.push(Step::Key(missing.clone()));
            self.path == wanted
        })
    }

    /// Makes a diagnostic of it.
    pub fn diagnose(&self, file: &str, source: &str) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(self.message.clone());
        diagnostic.help = self.help.clone();
        diagnostic.hide_source = self.hide_source;
        diagnostic.span(span(file, source, self.offset, self.len))
    }
}

/// Makes a span from bytes.
pub fn span(file: &str, source: &str, offset: usize, len: usize) -> Span {
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &source[..offset];
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    Span {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        offset,
        len: len.max(1).min(source.len().saturating_sub(offset).max(1)),
    }
}

/// Returns the candidate that was likely meant; none for what is longer than any name, because the comparison costs as
/// much as both lengths multiplied.
pub fn closest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 200;
    if wanted.len() > LONGEST {
        return None;
    }
    candidates
        .into_iter()
        .filter(|c| c.len() <= LONGEST)
        .map(|c| (strsim::damerau_levenshtein(wanted, c), c))
        .filter(|(distance, c)| *distance <= 1 + c.len().max(wanted.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}
