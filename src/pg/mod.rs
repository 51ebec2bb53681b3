//! The application's Postgres client: URLs, verified TLS, scripts in one transaction, queries on a pool.
//!
//! ```text
//! connection_url   text → ConnectionUrl, secrets kept out of Debug and Display
//! tls, connect     trust roots, dialling, errors told apart by type and SQLSTATE
//! session          one connection: client, notices, cancel
//! script           lexer → statements → refusals and destructions (pure)
//! ledger           which scripts ran, what a run would lose (read only)
//! run              one script, one transaction, under an advisory lock
//! unseen           what a run drops or empties without saying so
//! undo             copies of rows before they are lost, and the way back
//! admin            databases, what is in one, who is connected
//! libpq            what psql is told by its environment
//! roles            login roles: what one may do, the statements that change it, trying a password
//! template         files with %(name)s → SQL with $1, by the same lexer (pure)
//! query            templates and values → JSON that the server builds
//! pool             sessions shared by many callers; transactions
//! ```
//!
//! ```no_run
//! use cruddur_infra::pg::{Connector, ConnectionUrl, Limits, Options, Params, Pool, Templates};
//!
//! # async fn example(url: &str) -> Result<(), cruddur_infra::pg::Error> {
//! let connector = Connector::new(Options::default());
//! let pool = Pool::new(connector, ConnectionUrl::parse(url)?, Limits::default());
//! let templates = Templates::new("sql");
//!
//! let home = templates.get("activities/home").await?;
//! let activities = pool.query_array_json(&home, &Params::new()).await?;
//!
//! let object = templates.get("activities/object").await?;
//! let uuid = activities[0]["uuid"].clone();
//! let one = pool.query_object_json(&object, &Params::new().with("uuid", uuid)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The folder imports nothing else of the crate: whoever uses it turns its [`Error`] into words of
//! their own. Everything that is decided about a failure is decided by a type or an SQLSTATE, never
//! by the text of a message.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod admin;
mod connect;
mod connection_url;
mod error;
mod failure;
mod ledger;
mod libpq;
mod pool;
mod query;
pub mod roles;
mod run;
pub mod script;
mod session;
mod stream;
mod template;
mod tls;
mod undo;
mod unseen;

#[cfg(test)]
pub(super) mod interrupted_tests;
#[cfg(test)]
mod live_tests;
#[cfg(test)]
mod run_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod unseen_tests;

pub use admin::{Backend, Dropped, Inventory, TableSize};
pub use connect::{Connector, Options};
pub use connection_url::{ConnectionUrl, TlsMode, UrlError};
pub use error::{DbFailure, Error, Place, TlsProblem, UnreachableCause};
pub use ledger::{Look, Loss, Recorded, Rows};
pub use libpq::{FOREIGN_VARIABLES, Libpq};
pub use pool::{Limits, Pool, Pooled, Status, Transaction};
pub use query::{Column, Committed, Misfit, Param, Params, Table};
pub use run::{Holder, Outcome, Progress};
pub use script::Script;
pub use session::{Canceller, Notice, Session};
pub use template::{Template, TemplateProblem, Templates};
pub use tls::{RDS_BUNDLE_PEM, certificates};
pub use undo::{
    Aside, Copies, Copy, CopyProblem, Form, Keeper, Overwritten, ScriptRun, SetAside, State,
    TableCopy, TakenBack, Undone,
};

pub use unseen::Consent;

/// Quotes `name` as an SQL identifier, so that any text is safe as a name.
///
/// A NUL character cannot be part of an identifier and is left out.
#[must_use]
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('\0', "").replace('"', "\"\""))
}

/// Quotes `text` as an SQL literal, whatever `standard_conforming_strings` says.
///
/// A NUL character cannot be part of a text and is left out.
#[must_use]
pub fn quote_literal(text: &str) -> String {
    let text = text.replace('\0', "").replace('\'', "''");
    if text.contains('\\') {
        format!("E'{}'", text.replace('\\', "\\\\"))
    } else {
        format!("'{text}'")
    }
}
