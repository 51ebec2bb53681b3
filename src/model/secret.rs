//! A value that cannot be printed, by construction.

use secrecy::zeroize::{Zeroize, Zeroizing};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// A secret text. It has no `Serialize` and no `Display`, its `Debug` shows nothing, and it is wiped when dropped.
///
/// What cannot be wiped: the environment of this process, the copies that the AWS SDK and the Postgres client make of
/// what they send, and a page that the system has swapped out.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a text into custody. The text that is given away is wiped: it may be longer than it needs to be, and would
    /// leave a copy behind where it is cut to its length.
    pub fn new(text: impl Into<String>) -> Self {
        let mut given = text.into();
        let kept = SecretString::from(given.as_str());
        given.zeroize();
        Secret(kept)
    }

    /// Joins texts to a secret, without a copy in between.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        let length = parts.clone().into_iter().map(str::len).sum();
        // long enough from the beginning: a text that grows leaves its former places as they were
        let mut text = Zeroizing::new(String::with_capacity(length));
        for part in parts {
            text.push_str(part);
        }
        Secret(SecretString::from(text.as_str()))
    }

    /// Returns the text, for the one call that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
#[path = "secret_tests.rs"]
mod tests;
