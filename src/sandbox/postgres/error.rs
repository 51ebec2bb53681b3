//! What can go wrong with a server.

use std::net::Ipv4Addr;
use std::path::Path;

/// What can go wrong with a server. No message holds a password.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Something else listens where the server would.
    #[error(
        "{address}:{port} is in use by another program; stop it, or ask for another port in stack.yaml"
    )]
    PortInUse {
        /// The address.
        address: Ipv4Addr,
        /// The port.
        port: u16,
    },
    /// There are no usable server programs.
    #[error("no Postgres server programs: {0}")]
    Programs(String),
    /// The data of an instance are gone, or its making was broken off.
    #[error("the data of {0} are gone or were never completed")]
    DataLost(String),
    /// The server does not run.
    #[error("the server of {0} does not run")]
    NotRunning(String),
    /// A server program failed.
    #[error("{what} failed: {said}")]
    Program {
        /// Which, in words.
        what: &'static str,
        /// The end of what it said.
        said: String,
    },
    /// An administrative statement failed.
    #[error("{what} failed: {said}")]
    Admin {
        /// Which, in words.
        what: &'static str,
        /// The server's message, without the statement.
        said: String,
    },
    /// A file could not be used.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(String),
    /// Something that should not happen.
    #[error("{0}")]
    Internal(String),
}

impl ServerError {
    /// Names the file in an error of the file system.
    pub(super) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> ServerError + '_ {
        move |error| ServerError::Io {
            path: path.display().to_string(),
            error,
        }
    }
}
