//! What the server reports, and where.

use std::fmt;

use tokio_postgres::error::{DbError, ErrorPosition};

/// A place in a script or template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of the script or template.
    pub script: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Whether the server pointed here; otherwise it is the beginning of the statement that failed.
    pub exact: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.script, self.line, self.column)
    }
}

/// An error the server reported. `Display` leaves `detail` out, which may quote a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DbFailure {
    /// SQLSTATE, five characters.
    pub sqlstate: String,
    /// The server's primary message.
    pub message: String,
    /// May quote data (`Key (email)=(…) already exists.`).
    pub detail: Option<String>,
    /// The server's advice.
    pub hint: Option<String>,
    /// The call stack inside functions.
    pub context: Option<String>,
    /// The schema the error is about.
    pub schema: Option<String>,
    /// The table the error is about.
    pub table: Option<String>,
    /// The column the error is about.
    pub column: Option<String>,
    /// The constraint that was violated.
    pub constraint: Option<String>,
    /// 1-based character offset in the SQL that was sent.
    pub position: Option<u32>,
    /// Where in the script or template.
    pub place: Option<Place>,
}

impl fmt::Display for DbFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{} (SQLSTATE {})", self.message, self.sqlstate)
    }
}

impl DbFailure {
    pub(super) fn new(error: &DbError) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            sqlstate: error.code().code().to_owned(),
            message: error.message().to_owned(),
            detail: owned(error.detail()),
            hint: owned(error.hint()),
            context: owned(error.where_()),
            schema: owned(error.schema()),
            table: owned(error.table()),
            column: owned(error.column()),
            constraint: owned(error.constraint()),
            position: match error.position() {
                Some(ErrorPosition::Original(position)) => Some(*position),
                // A position in text the server made up itself leads nowhere in the script.
                _ => None,
            },
            place: None,
        }
    }
}
