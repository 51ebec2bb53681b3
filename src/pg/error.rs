//! What can go wrong, told apart by type and SQLSTATE.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::time::Duration;

use tokio_postgres::error::Severity;

use super::connection_url::UrlError;
pub use super::failure::{DbFailure, Place};
use super::ledger::Loss;
use super::query::Misfit;
use super::run::Holder;
use super::script::ScriptError;
use super::template::TemplateProblem;
use super::undo::{CopyProblem, Overwritten};

/// Why no TCP connection came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnreachableCause {
    /// The name does not resolve: no such endpoint, or not yet.
    Name,
    /// The host answers that nothing listens on the port.
    Refused,
    /// No answer at all; with RDS this is what a security group or a private subnet looks like.
    Silent,
    /// The network says there is no way.
    NoRoute,
    /// Anything else, by its kind.
    Other(io::ErrorKind),
}

impl fmt::Display for UnreachableCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("the host name does not resolve"),
            Self::Refused => f.write_str("the connection was refused"),
            Self::Silent => f.write_str("there was no answer"),
            Self::NoRoute => f.write_str("there is no route to the host"),
            Self::Other(kind) => write!(f, "{kind}"),
        }
    }
}

/// Why the server could not be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsProblem {
    /// The server speaks no TLS at all.
    #[error("the server does not offer TLS")]
    NotOffered,
    /// TLS is off for this URL, but the name led to another machine.
    #[error("TLS is off, but the connection would leave this machine")]
    PlainNotLocal,
    /// The certificate's issuer is not among the trusted roots.
    #[error("the certificate's issuer is not trusted")]
    UnknownIssuer,
    /// The certificate is for another name.
    #[error("the certificate is for another name")]
    WrongName,
    /// The certificate is expired or not yet valid.
    #[error("the certificate is expired or not yet valid")]
    Expired,
    /// A root certificate could not be read; the text names the file or the place.
    #[error("root certificates: {0}")]
    Roots(String),
    /// The host cannot be the subject of a certificate.
    #[error("the host name is not valid for TLS")]
    HostName,
    /// The handshake failed otherwise.
    #[error("handshake: {0}")]
    Handshake(String),
}

/// Everything this client fails with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL cannot be used.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// No TCP connection.
    #[error("cannot reach {host}:{port}: {cause} (after {:.1} s)", elapsed.as_secs_f64())]
    Unreachable {
        /// What was dialled.
        host: String,
        /// What was dialled.
        port: u16,
        /// Why not.
        cause: UnreachableCause,
        /// How long it was tried.
        elapsed: Duration,
    },
    /// The server could not be trusted, or TLS did not come about.
    #[error("TLS with {host}: {problem}")]
    Tls {
        /// The host whose certificate was asked for.
        host: String,
        /// What is wrong.
        problem: TlsProblem,
    },
    /// Wrong password, unknown user, or no `pg_hba.conf` rule (28P01, 28000), or no password given.
    #[error("{host} rejects user {user}")]
    AuthenticationRejected {
        /// The host.
        host: String,
        /// The user.
        user: String,
        /// `28P01` or `28000`; nothing when the server wants a password and the URL has none.
        sqlstate: Option<String>,
    },
    /// The database does not exist (3D000).
    #[error("database {database} does not exist on {host}")]
    DatabaseMissing {
        /// The host.
        host: String,
        /// The database.
        database: String,
    },
    /// The server reported an error.
    #[error("{0}")]
    Db(Box<DbFailure>),
    /// The script cannot be run; nothing was sent.
    #[error("{script}:{error}")]
    Script {
        /// The script's name.
        script: String,
        /// What and where.
        error: ScriptError,
    },
    /// No answer in time.
    #[error("{what} took longer than {:.1} s", after.as_secs_f64())]
    TimedOut {
        /// What was waited for.
        what: &'static str,
        /// How long.
        after: Duration,
    },
    /// The connection broke. What was not committed is rolled back by the server.
    #[error("the connection to the server was lost{}", cause.as_deref().map(|cause| format!(": {cause}")).unwrap_or_default())]
    ConnectionLost {
        /// What is known about why.
        cause: Option<String>,
        /// The SQLSTATE when the server said good-bye (57P01: shut down by an administrator).
        sqlstate: Option<String>,
    },
    /// The script would throw rows away, and nobody agreed to that. Nothing was changed.
    #[error("the script would throw away rows of {} table(s)", .0.len())]
    NeedsConsent(Vec<Loss>),
    /// No copy of what would be lost could be made, or none can be taken back. Nothing was changed.
    #[error(transparent)]
    Copy(Box<CopyProblem>),
    /// Taking a copy back would overwrite what has come since, and nobody agreed to that. Nothing was changed.
    #[error("rows of {} table(s) have come or changed since the copy was made", .0.len())]
    Overwrites(Vec<Overwritten>),
    /// Another run is at work in the database, and this one does not wait
    /// ([`Session::not_waiting`](super::Session::not_waiting)). Nothing was sent.
    #[error(
        "another run is at work in this database{}",
        holders.iter().map(|h| format!(", {h}")).collect::<String>()
    )]
    Occupied {
        /// Whose.
        holders: Vec<Holder>,
    },
    /// The connection broke during `COMMIT`: the script, template or transaction is either applied
    /// as a whole or not at all. For a script, a look at the ledger on a new connection tells which;
    /// for the others only their own rows do. It is never repeated by itself.
    #[error(
        "the connection broke while {script} was committed; whether it is applied is not known"
    )]
    CommitUnknown {
        /// The name of the script, template or transaction.
        script: String,
    },
    /// The script left the transaction it was run in, by means that the checks before did not see.
    #[error("{script} left its transaction; what it did before may be committed")]
    TransactionEscaped {
        /// The script's name.
        script: String,
    },
    /// A template cannot be used; nothing of it was run.
    #[error("{}: {problem}", if problem.has_place() { place.to_string() } else { place.script.clone() })]
    Template {
        /// Where.
        place: Place,
        /// What is wrong and what to do instead.
        problem: TemplateProblem,
    },
    /// A value does not go with a template; nothing of it was run.
    #[error("{place}: %({parameter})s {misfit}")]
    Parameter {
        /// Where the parameter is used first.
        place: Place,
        /// Its name.
        parameter: String,
        /// Why not. Never the value.
        misfit: Misfit,
    },
    /// No connection of the pool became free in time; nothing was sent.
    #[error(
        "no connection became free within {:.1} s: {in_use} of {limit} are in use",
        waited.as_secs_f64()
    )]
    PoolExhausted {
        /// How many are in use.
        in_use: usize,
        /// How many there may be.
        limit: usize,
        /// How long it was waited for one.
        waited: Duration,
    },
    /// The pool was closed; nothing was sent.
    #[error("the pool of connections is closed")]
    PoolClosed,
    /// A statement of the transaction had failed before, or its end was not awaited, so that it could
    /// not be committed. Nothing of it is kept.
    #[error("{transaction} is rolled back: a statement in it had failed or was given up")]
    RolledBack {
        /// The transaction's name.
        transaction: String,
    },
    /// The server said something unexpected.
    #[error("protocol: {0}")]
    Protocol(String),
}

impl Error {
    /// The SQLSTATE, when the server gave one.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Db(failure) => Some(&failure.sqlstate),
            Self::AuthenticationRejected { sqlstate, .. }
            | Self::ConnectionLost { sqlstate, .. } => sqlstate.as_deref(),
            Self::DatabaseMissing { .. } => Some("3D000"),
            _ => None,
        }
    }

    /// Line and column in the script or template, both from 1.
    #[must_use]
    pub fn line_column(&self) -> Option<(u32, u32)> {
        match self {
            Self::Db(failure) => failure
                .place
                .as_ref()
                .map(|place| (place.line, place.column)),
            Self::Script { error, .. } => Some((error.line, error.column)),
            Self::Template { place, problem } if problem.has_place() => {
                Some((place.line, place.column))
            }
            Self::Parameter { place, .. } => Some((place.line, place.column)),
            _ => None,
        }
    }

    /// What the server reported, when it did.
    #[must_use]
    pub fn failure(&self) -> Option<&DbFailure> {
        match self {
            Self::Db(failure) => Some(failure),
            _ => None,
        }
    }

    /// The server's hint.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.failure()?.hint.as_deref()
    }

    /// The server's detail; may quote data.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.failure()?.detail.as_deref()
    }

    /// The violated constraint.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.failure()?.constraint.as_deref()
    }

    /// Whether the same call may succeed a little later with nothing changed: the server starts,
    /// is full, fails over, or two transactions got into each other's way.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::ConnectionLost { .. }
            | Self::PoolExhausted { .. } => true,
            _ => matches!(
                self.sqlstate(),
                Some("57P03" | "53300" | "40001" | "40P01" | "55P03" | "25006")
            ),
        }
    }

    /// Whether the connection is gone, so that nothing more can be asked on it.
    pub(super) fn ends_connection(&self) -> bool {
        matches!(
            self,
            Self::ConnectionLost { .. } | Self::TimedOut { .. } | Self::Protocol(_)
        )
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::from_postgres(&error)
    }
}

impl Error {
    pub(super) fn from_postgres(error: &tokio_postgres::Error) -> Self {
        if let Some(db) = error.as_db_error() {
            let fatal = matches!(
                db.parsed_severity(),
                Some(Severity::Fatal | Severity::Panic)
            );
            let failure = DbFailure::new(db);
            if fatal {
                return Self::ConnectionLost {
                    cause: Some(failure.message),
                    sqlstate: Some(failure.sqlstate),
                };
            }
            return Self::Db(Box::new(failure));
        }
        let io = error
            .source()
            .and_then(|source| source.downcast_ref::<io::Error>());
        if error.is_closed() || io.is_some_and(breaks_connection) {
            return Self::ConnectionLost {
                cause: io.map(|io| io.kind().to_string()),
                sqlstate: None,
            };
        }
        let mut text = error.to_string();
        if let Some(source) = error.source() {
            text = format!("{text}: {source}");
        }
        Self::Protocol(text)
    }
}

/// An I/O error of the socket; the driver also uses `io::Error` for messages it cannot parse.
fn breaks_connection(error: &io::Error) -> bool {
    !matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
    )
}
