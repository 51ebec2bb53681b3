//! SQL templates: one statement with named parameters, `%(name)s`, as the application's files have
//! them.
//!
//! The text is cut into tokens by the rules of Postgres (the lexer of [`script`](super::script)).
//! Outside quotes and comments, `%(name)s` becomes `$1`, `$2`, …, one number a name however often
//! it is used, and `%%` becomes `%`. Inside quotes and comments nothing is special. Values are
//! never put into the text: they travel beside it. `%` by itself stays the operator.
//!
//! ```
//! use cruddur_infra::pg::Template;
//!
//! let text = "SELECT 'as it is: %(a)s' FROM t WHERE b = %(b)s OR c = %(b)s -- %(d)s";
//! let template = Template::parse("t.sql", text)?;
//! assert_eq!(template.sql(), "SELECT 'as it is: %(a)s' FROM t WHERE b = $1 OR c = $1");
//! assert_eq!(template.parameters().collect::<Vec<_>>(), ["b"]);
//!
//! let error = Template::parse("t.sql", "SELECT 1;\nSELECT 2").unwrap_err();
//! assert!(error.to_string().starts_with("t.sql:2:1: "));
//! # Ok::<(), cruddur_infra::pg::Error>(())
//! ```

mod files;
mod main_part;
mod parse;
mod problem;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::fmt;

pub use files::Templates;
pub(super) use main_part::{Main, MainKind};
pub use problem::TemplateProblem;

use super::error::{Error, Place};
use super::script::Lines;

/// One statement with named parameters. `Debug` leaves the text out.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    name: String,
    source: String,
    sql: String,
    parameters: Vec<Parameter>,
    pieces: Vec<Piece>,
    main: Main,
}

/// A parameter and where it is used first.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parameter {
    name: String,
    offset: usize,
}

/// From `at` in the SQL on stands what stands from `source` on in the template, up to the next
/// piece; a parameter stands for one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    at: usize,
    source: usize,
    verbatim: bool,
}

impl Template {
    /// Reads a template; `name` is what errors call it, best a file's path.
    ///
    /// # Errors
    /// [`Error::Template`] with line and column: no statement or more than one, a psql
    /// meta-command, what cannot run inside a transaction, an unclosed quote, a parameter that is
    /// not written `%(name)s`.
    pub fn parse(name: impl Into<String>, text: impl Into<String>) -> Result<Self, Error> {
        parse::parse(name.into(), text.into())
    }

    /// What errors call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The statement as it is sent, with `$1` for the first parameter; without what stands before
    /// and after the statement.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The names of the parameters, each once, in the order of `$1`, `$2`, ….
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.parameters
            .iter()
            .map(|parameter| parameter.name.as_str())
    }

    /// Whether it says itself that it changes rows: `INSERT`, `UPDATE`, `DELETE`, `MERGE`, or a
    /// `WITH` in which one of them may be.
    #[must_use]
    pub fn changes_rows(&self) -> bool {
        self.main.changes
    }

    /// Whether it is neither a query nor a change of rows, and no statement can be put around it: `TRUNCATE`,
    /// `CREATE TABLE`, `DO`, `SHOW`, ….
    #[must_use]
    pub fn is_command(&self) -> bool {
        matches!(self.main.kind, MainKind::Other(_))
    }

    /// The line of `place` and a `^` under its column, for showing an error.
    ///
    /// ```
    /// # use cruddur_infra::pg::Template;
    /// let template = Template::parse("t.sql", "SELECT 1,\n  nonsense")?;
    /// assert_eq!(template.excerpt(2, 3).as_deref(), Some("  nonsense\n  ^"));
    /// # Ok::<(), cruddur_infra::pg::Error>(())
    /// ```
    #[must_use]
    pub fn excerpt(&self, line: u32, column: u32) -> Option<String> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        let text = self.source.split('\n').nth(index)?.trim_end();
        let before = usize::try_from(column).ok()?.checked_sub(1)?;
        // Tabs stay tabs, so that the mark stands under its column.
        let indent: String = text
            .trim_start_matches('\u{feff}')
            .chars()
            .chain(std::iter::repeat(' '))
            .take(before)
            .map(|char| if char == '\t' { '\t' } else { ' ' })
            .collect();
        Some(format!(
            "{}\n{indent}^",
            text.trim_start_matches('\u{feff}')
        ))
    }

    pub(super) fn main(&self) -> &Main {
        &self.main
    }

    /// The place of byte `at` of [`Template::sql`]; nothing means the statement's beginning.
    pub(super) fn place(&self, at: Option<usize>) -> Place {
        let wanted = at.unwrap_or(0);
        let index = self.pieces.partition_point(|piece| piece.at <= wanted);
        let source = match self.pieces.get(index.saturating_sub(1)) {
            Some(piece) if piece.verbatim => piece.source + (wanted - piece.at),
            Some(piece) => piece.source,
            None => 0,
        };
        self.place_in_source(source, at.is_some())
    }

    fn place_in_source(&self, offset: usize, exact: bool) -> Place {
        let (line, column) = Lines::new(&self.source).place(offset);
        Place {
            script: self.name.clone(),
            line,
            column,
            exact,
        }
    }

    /// Where parameter `index` is used first.
    pub(super) fn place_of_parameter(&self, index: usize) -> Place {
        let offset = self.parameters.get(index).map_or(0, |found| found.offset);
        self.place_in_source(offset, true)
    }

    /// What is wrong with the statement as a whole.
    pub(super) fn problem(&self, problem: TemplateProblem) -> Error {
        Error::Template {
            place: self.place(None),
            problem,
        }
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template")
            .field("name", &self.name)
            .field("parameters", &self.parameters().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
