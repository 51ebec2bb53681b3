//! Whom to ask.

use super::IpError;
use url::{Host, Url};

/// The sources that are asked when nothing else is said: AWS's own, and three of three other operators, so that no
/// single one can open the database to an address of its choice. All answer with the bare address as text. None is
/// documented as a promise, which is one more reason to ask four.
pub const DEFAULTS: [&str; 4] = [
    "https://checkip.amazonaws.com",
    "https://api.ipify.org",
    "https://ipv4.icanhazip.com",
    "https://ifconfig.me/ip",
];

/// An address on the internet that answers with the address it is asked from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    url: Url,
}

impl Source {
    /// Reads a source's URL. It must be https; plain http is for a source on this machine, which only tests and
    /// sandboxes have, and is told by a literal `127.…` address, since a name may lead anywhere.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub fn new(url: &str) -> Result<Self, IpError> {
        let bad = |why: String| IpError::Source {
            url: url.to_owned(),
            why,
        };
        let parsed = Url::parse(url).map_err(|e| bad(e.to_string()))?;
        let loopback = matches!(parsed.host(), Some(Host::Ipv4(a)) if a.is_loopback());
        match parsed.scheme() {
            "https" => Ok(Source { url: parsed }),
            "http" if loopback => Ok(Source { url: parsed }),
            "http" => Err(bad(
                "whoever is on the way could put another address into an answer without https"
                    .to_owned(),
            )),
            other => Err(bad(format!("{other} is not https"))),
        }
    }

    /// The sources of [`DEFAULTS`].
    pub fn defaults() -> Vec<Source> {
        // each of them parses: a test says so
        DEFAULTS
            .iter()
            .filter_map(|u| Source::new(u).ok())
            .collect()
    }

    /// The host, with its port where that is not the usual one: what people call the source.
    pub fn name(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Where to ask.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// It is asked over TLS.
    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Both are the same server, whose word counts once.
    pub(super) fn same_voice(&self, other: &Source) -> bool {
        self.url.origin() == other.url.origin()
    }
}
