//! The connection URL.

use crate::model::Secret;
use secrecy::zeroize::Zeroizing;

/// Builds the URL of a database; TLS with a verified host name is not left to the client's defaults.
pub fn connection_url(user: &str, password: &str, host: &str, port: u32, database: &str) -> Secret {
    let (user, password) = (encode(user), Zeroizing::new(encode(password)));
    let rest = format!("@{host}:{port}/{}?sslmode=verify-full", encode(database));
    Secret::of_parts(["postgresql://", &user, ":", &password, &rest])
}

/// Escapes all but what RFC 3986 reserves for nobody, so that every client reads it the same way.
fn encode(text: &str) -> String {
    // never more than three for one: a secret must not move while it grows
    let mut out = String::with_capacity(3 * text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
