//! What can be wrong with a template.

use crate::pg::script::Refusal;

/// Why a template cannot be used. `Display` says what to do instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateProblem {
    /// What a script may not hold either: a meta-command, `COMMIT`, an unclosed quote, ….
    #[error(transparent)]
    Refused(Refusal),
    /// Nothing but white space and comments.
    #[error("there is no statement")]
    Empty,
    /// More than one statement; the place is where the second begins.
    #[error("a second statement; a template has one, more of them are a script")]
    SecondStatement,
    /// `%(` that is no parameter.
    #[error(
        "%( begins a parameter: write %(name)s with letters, digits and _, or %% for the operator before a parenthesis"
    )]
    Malformed,
    /// `%(name)` without the `s`.
    #[error("after %({name}) comes s, and nothing that belongs to a word")]
    NoConversion {
        /// The parameter.
        name: String,
    },
    /// `%s`.
    #[error("%s has no name: write %(name)s (or put a space after the operator %)")]
    Nameless,
    /// `$1`.
    #[error("parameters have names here: write %(name)s instead of {found}")]
    Numbered {
        /// As it is written.
        found: String,
    },
    /// JSON is wanted from a statement that gives no columns.
    #[error("the statement gives no rows; end it with RETURNING, or ask for no answer")]
    NoColumns,
    /// JSON is wanted from `EXPLAIN`, `SHOW`, ….
    #[error("the answer of {command} cannot be made into JSON; write a SELECT")]
    NotARelation {
        /// The statement's first word.
        command: String,
    },
    /// Two columns of a name: a JSON object would lose one.
    #[error("two columns are called {name}; give one of them another name with AS")]
    DuplicateColumn {
        /// The name.
        name: String,
    },
    /// The name would lead out of the directory of templates, or is no name.
    #[error(
        "{name:?} names no template: write names of letters, digits, - and _ with / between them, without .sql"
    )]
    Name {
        /// As it was asked for.
        name: String,
    },
    /// The file cannot be read.
    #[error("the file cannot be read: {why}")]
    Unreadable {
        /// The operating system's reason.
        why: String,
    },
    /// The file leads out of the directory of templates, by a link.
    #[error("the file is a link out of the directory of templates")]
    Outside,
    /// The file is not a text in UTF-8.
    #[error("the file is not a text in UTF-8")]
    NotUtf8,
}

impl TemplateProblem {
    /// Whether it is about a place in the text, and not about the file or its name.
    #[must_use]
    pub fn has_place(&self) -> bool {
        !matches!(
            self,
            Self::Name { .. } | Self::Unreadable { .. } | Self::Outside
        )
    }
}
