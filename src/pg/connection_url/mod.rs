//! Connection URLs, read the way libpq reads them, with safer defaults.
//!
//! The grammar is libpq's and not RFC 3986's: an unescaped `#` or `?` in a password is part of the
//! password for libpq, while a general URL parser would cut the text there without a word.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

mod parse;
#[cfg(test)]
mod tests;

pub use parse::UrlError;

/// Everything but RFC 3986's unreserved characters is escaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// The same for query values, where `/` needs no escape and paths read better without.
const ESCAPED_VALUE: &AsciiSet = &ESCAPED.remove(b'/');

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// No TLS; only for Unix sockets and loopback addresses.
    Plain,
    /// TLS with the certificate chain and the host name checked.
    VerifyFull,
}

/// A parsed connection URL. `Debug` and `Display` show `***` in place of the password.
#[derive(Clone)]
pub struct ConnectionUrl {
    pub(super) user: String,
    pub(super) password: Option<SecretString>,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) database: Option<String>,
    pub(super) tls: TlsMode,
    pub(super) root_certificate: Option<String>,
    pub(super) connect_timeout_seconds: Option<u64>,
    pub(super) application_name: Option<String>,
}

impl ConnectionUrl {
    /// Parses `postgresql://user:password@host:port/database?parameters`.
    ///
    /// Stricter than libpq where libpq guesses: user and host are required, unknown parameters are
    /// errors, and the database may only be missing until [`with_database`](Self::with_database).
    ///
    /// `sslmode`: absent means `verify-full`. For another machine `prefer`, `require` and
    /// `verify-ca` are raised to `verify-full`, `disable` and `allow` are refused. For this machine
    /// (Unix sockets, `localhost`, loopback addresses) `disable`, `allow` and `prefer` mean no TLS.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        parse::parse(text)
    }

    /// Builds a `verify-full` URL from its parts; nothing needs escaping by the caller. (For the
    /// directory of a Unix socket as `host` there is no TLS.)
    #[must_use]
    pub fn build(
        user: &str,
        password: &SecretString,
        host: &str,
        port: u16,
        database: &str,
    ) -> Self {
        Self {
            user: user.to_owned(),
            password: Some(password.clone()),
            host: host.to_owned(),
            port,
            database: Some(database.to_owned()),
            tls: if host.starts_with('/') {
                TlsMode::Plain
            } else {
                TlsMode::VerifyFull
            },
            root_certificate: None,
            connect_timeout_seconds: None,
            application_name: None,
        }
    }

    /// The same server and user with another database.
    #[must_use]
    pub fn with_database(mut self, database: &str) -> Self {
        self.database = Some(database.to_owned());
        self
    }

    /// The same server, database and parameters for another user.
    #[must_use]
    pub fn with_user(mut self, user: &str, password: &SecretString) -> Self {
        self.user = user.to_owned();
        self.password = Some(password.clone());
        self
    }

    /// The same URL with `sslrootcert`, for programs that read the URL elsewhere (libpq, psycopg).
    #[must_use]
    pub fn with_root_certificate(mut self, path: &str) -> Self {
        self.root_certificate = Some(path.to_owned());
        self
    }

    /// The host name, the address without brackets, or the directory of a Unix socket.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port; 5432 unless given.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The database, when the URL names one.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// How the connection will be protected.
    #[must_use]
    pub fn tls(&self) -> TlsMode {
        self.tls
    }

    /// Whether the host is a directory of a Unix socket.
    #[must_use]
    pub fn is_unix_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// Whether the host is this machine: a Unix socket, `localhost` or a loopback address.
    #[must_use]
    pub fn is_local(&self) -> bool {
        parse::is_local(&self.host)
    }

    /// The whole URL with its password, percent-encoded, for libpq and its like.
    #[must_use]
    pub fn to_secret_string(&self) -> SecretString {
        let password = self
            .password
            .as_ref()
            .map(|password| Zeroizing::new(encode(password.expose_secret())));
        let text = Zeroizing::new(self.render(password.as_ref().map(|p| p.as_str())));
        // a copy of the right length: cutting a text to its length may leave another behind
        SecretString::from(text.as_str())
    }

    /// How long the parts are that are as long as somebody likes, the password aside.
    fn known_length(&self) -> usize {
        let optional = [
            &self.database,
            &self.root_certificate,
            &self.application_name,
        ];
        let more: usize = optional.into_iter().flatten().map(String::len).sum();
        self.user.len() + self.host.len() + more
    }

    fn render(&self, password: Option<&str>) -> String {
        // long enough from the beginning: a text that grows leaves its former places, and the password in them
        let room = password.map_or(0, str::len) + 4 * self.known_length() + 256;
        let mut text = String::with_capacity(room);
        text.push_str("postgresql://");
        text.push_str(&encode(&self.user));
        if let Some(password) = password {
            text.push(':');
            text.push_str(password);
        }
        text.push('@');
        // an IPv6 address; the directory of a socket may have a colon too, and is escaped like the rest
        if self.host.contains(':') && !self.is_unix_socket() {
            text.push_str(&format!("[{}]", self.host));
        } else {
            text.push_str(&encode(&self.host));
        }
        text.push_str(&format!(":{}/", self.port));
        text.push_str(&encode(self.database.as_deref().unwrap_or_default()));
        text.push_str(match self.tls {
            TlsMode::Plain => "?sslmode=disable",
            TlsMode::VerifyFull => "?sslmode=verify-full",
        });
        let timeout = self
            .connect_timeout_seconds
            .map(|seconds| seconds.to_string());
        for (name, value) in [
            ("sslrootcert", &self.root_certificate),
            ("connect_timeout", &timeout),
            ("application_name", &self.application_name),
        ] {
            if let Some(value) = value {
                let value = utf8_percent_encode(value, ESCAPED_VALUE);
                text.push_str(&format!("&{name}={value}"));
            }
        }
        text
    }
}

impl fmt::Display for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(self.password.as_ref().map(|_| "***")))
    }
}

impl fmt::Debug for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectionUrl({self})")
    }
}

impl PartialEq for ConnectionUrl {
    fn eq(&self, other: &Self) -> bool {
        self.to_secret_string().expose_secret() == other.to_secret_string().expose_secret()
    }
}

impl Eq for ConnectionUrl {}

impl std::str::FromStr for ConnectionUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        Self::parse(text)
    }
}

fn encode(text: &str) -> String {
    let mut out = String::with_capacity(3 * text.len());
    out.extend(utf8_percent_encode(text, ESCAPED));
    out
}
