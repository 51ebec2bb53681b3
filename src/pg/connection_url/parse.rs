//! The reading half of [`ConnectionUrl`].

use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use secrecy::zeroize::Zeroize;

use super::{ConnectionUrl, TlsMode};

const DEFAULT_PORT: u16 = 5432;

/// Why a text is not a usable connection URL. Never holds a part of the URL that may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// The scheme is neither `postgresql` nor `postgres`.
    #[error("a connection URL begins with postgresql:// or postgres://")]
    Scheme,
    /// `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8, or NUL.
    #[error(
        "the {part} of the connection URL has a bad percent-encoding (a literal % is written %25)"
    )]
    Encoding {
        /// Which part of the URL.
        part: &'static str,
    },
    /// The URL names no user.
    #[error("the connection URL names no user: postgresql://USER:PASSWORD@HOST/DATABASE")]
    NoUser,
    /// The URL names no host.
    #[error("the connection URL names no host: postgresql://USER:PASSWORD@HOST/DATABASE")]
    NoHost,
    /// The URL names no database; libpq would silently take the user's name.
    #[error("the connection URL names no database: add one after the host, as in …@HOST/DATABASE")]
    NoDatabase,
    /// More than one host.
    #[error("the connection URL names several hosts; give one")]
    SeveralHosts,
    /// An IPv6 address without its closing bracket, or not an address.
    #[error("the host of the connection URL is not a valid IPv6 address in brackets")]
    Ipv6,
    /// The host holds a character that no host name has; often an unescaped `@` in the password.
    #[error(
        "the host of the connection URL is no host name (is an @ or / in the password not percent-encoded?)"
    )]
    Host,
    /// The port is not a number from 1 to 65535.
    #[error("the port of the connection URL is not a number from 1 to 65535")]
    Port,
    /// A parameter this client does not know.
    #[error(
        "unknown parameter {name} in the connection URL; known are host, port, user, password, dbname, sslmode, sslrootcert, connect_timeout and application_name"
    )]
    UnknownParameter {
        /// The parameter's name.
        name: String,
    },
    /// A parameter with a value it cannot have.
    #[error("parameter {name} of the connection URL must be {expected}")]
    Parameter {
        /// The parameter's name.
        name: &'static str,
        /// What would be accepted.
        expected: &'static str,
    },
    /// `sslmode=disable` (or `allow`) for a host that is not this machine.
    #[error("sslmode={mode} is only accepted for this machine, not for {host}")]
    PlainRefused {
        /// The host.
        host: String,
        /// The mode that was asked for.
        mode: &'static str,
    },
}

pub(super) fn parse(text: &str) -> Result<ConnectionUrl, UrlError> {
    let text = text.trim();
    let rest = text
        .strip_prefix("postgresql://")
        .or_else(|| text.strip_prefix("postgres://"))
        .ok_or(UrlError::Scheme)?;
    // As libpq: credentials reach to the first @ that no / precedes.
    let end_of_credentials = rest
        .find(['@', '/'])
        .filter(|at| rest.as_bytes()[*at] == b'@');
    let (credentials, rest) = match end_of_credentials {
        Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
        None => (None, rest),
    };
    // A second raw @ (or one behind a /) means an unescaped password. Stop before a piece of it
    // is taken for a host or a parameter and shown in an error.
    let before_query = rest.split('?').next().unwrap_or_default();
    if before_query.contains('@') {
        return Err(UrlError::Host);
    }
    let mut parts = Parts::default();
    if let Some(credentials) = credentials {
        let (user, password) = match credentials.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (credentials, None),
        };
        parts.user = non_empty(decode(user, "user")?);
        parts.password = match password {
            Some(text) => non_empty(decode(text, "password")?).map(kept),
            None => None,
        };
    }
    let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    parts.authority(authority)?;
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    parts.database = non_empty(decode(path.strip_prefix('/').unwrap_or(path), "database")?);
    for pair in query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        parts.parameter(pair).map_err(|error| match error {
            UrlError::UnknownParameter { .. } if rest.contains('@') => UrlError::Host,
            other => other,
        })?;
    }
    parts.finish()
}

/// Whether `host` means this machine without asking a name server.
pub(in super::super) fn is_local(host: &str) -> bool {
    host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What was read so far; query parameters overwrite, as in libpq.
#[derive(Default)]
struct Parts {
    user: Option<String>,
    password: Option<SecretString>,
    host: Option<String>,
    port: Option<u16>,
    database: Option<String>,
    sslmode: Option<String>,
    root_certificate: Option<String>,
    connect_timeout_seconds: Option<u64>,
    application_name: Option<String>,
}

impl Parts {
    fn authority(&mut self, text: &str) -> Result<(), UrlError> {
        if text.contains(',') {
            return Err(UrlError::SeveralHosts);
        }
        let port = if let Some(inner) = text.strip_prefix('[') {
            let (address, after) = inner.split_once(']').ok_or(UrlError::Ipv6)?;
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(UrlError::Ipv6);
            }
            self.host = Some(address.to_owned());
            match after.strip_prefix(':') {
                Some(port) => port,
                None if after.is_empty() => "",
                None => return Err(UrlError::Ipv6),
            }
        } else {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            self.host = non_empty(decode(host, "host")?);
            port
        };
        if !port.is_empty() {
            self.port = Some(parse_port(port)?);
        }
        Ok(())
    }

    fn parameter(&mut self, pair: &str) -> Result<(), UrlError> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name, "query")?;
        let value = decode(value, "query")?;
        match name.as_str() {
            "host" => self.host = non_empty(value),
            "port" => self.port = Some(parse_port(&value)?),
            "user" => self.user = non_empty(value),
            "password" => self.password = non_empty(value).map(kept),
            "dbname" => self.database = non_empty(value),
            "sslmode" => self.sslmode = Some(value),
            "sslrootcert" if value == "system" => {
                return Err(UrlError::Parameter {
                    name: "sslrootcert",
                    expected: "the path of a PEM file",
                });
            }
            "sslrootcert" => self.root_certificate = non_empty(value),
            "connect_timeout" => {
                // libpq's 0 means "wait for ever", which nobody wants of a tool: our default then.
                let seconds = value.parse::<u64>().map_err(|_| UrlError::Parameter {
                    name: "connect_timeout",
                    expected: "a number of seconds",
                })?;
                self.connect_timeout_seconds = (seconds > 0).then_some(seconds);
            }
            "application_name" => self.application_name = non_empty(value),
            _ => return Err(UrlError::UnknownParameter { name }),
        }
        Ok(())
    }

    fn finish(self) -> Result<ConnectionUrl, UrlError> {
        let host = self.host.ok_or(UrlError::NoHost)?;
        if host.contains(',') {
            return Err(UrlError::SeveralHosts);
        }
        let is_name = host
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_'));
        if !host.starts_with('/') && !is_name && host.parse::<IpAddr>().is_err() {
            return Err(UrlError::Host);
        }
        let tls = tls_mode(self.sslmode.as_deref(), &host)?;
        Ok(ConnectionUrl {
            user: self.user.ok_or(UrlError::NoUser)?,
            password: self.password,
            host,
            port: self.port.unwrap_or(DEFAULT_PORT),
            database: self.database,
            tls,
            root_certificate: self.root_certificate,
            connect_timeout_seconds: self.connect_timeout_seconds,
            application_name: self.application_name,
        })
    }
}

/// Takes a password into custody, and wipes the text that it was in.
fn kept(mut text: String) -> SecretString {
    let secret = SecretString::from(text.as_str());
    text.zeroize();
    secret
}

fn tls_mode(asked: Option<&str>, host: &str) -> Result<TlsMode, UrlError> {
    let local = is_local(host);
    match asked {
        // A Unix socket has no TLS at all; libpq ignores the setting as well.
        _ if host.starts_with('/') => Ok(TlsMode::Plain),
        Some("disable" | "allow" | "prefer") if local => Ok(TlsMode::Plain),
        None | Some("prefer" | "require" | "verify-ca" | "verify-full") => Ok(TlsMode::VerifyFull),
        Some(mode @ ("disable" | "allow")) => Err(UrlError::PlainRefused {
            host: host.to_owned(),
            mode: if mode == "allow" { "allow" } else { "disable" },
        }),
        Some(_) => Err(UrlError::Parameter {
            name: "sslmode",
            expected: "disable, allow, prefer, require, verify-ca or verify-full",
        }),
    }
}

fn parse_port(text: &str) -> Result<u16, UrlError> {
    match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(UrlError::Port),
    }
}

fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn decode(text: &str, part: &'static str) -> Result<String, UrlError> {
    let error = || UrlError::Encoding { part };
    let bytes = text.as_bytes();
    for (at, _) in text.match_indices('%') {
        match bytes.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) && digits != b"00" => {}
            _ => return Err(error()),
        }
    }
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| error())?;
    if decoded.contains('\0') {
        return Err(error());
    }
    Ok(decoded.into_owned())
}
