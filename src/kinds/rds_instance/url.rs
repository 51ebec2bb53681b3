//! The connection URL.

/// Builds the URL of a database; TLS with a verified host name is not left to the client's defaults.
pub fn connection_url(user: &str, password: &str, host: &str, port: u32, database: &str) -> String {
    format!(
        "postgresql://{}:{}@{host}:{port}/{}?sslmode=verify-full",
        encode(user),
        encode(password),
        encode(database)
    )
}

/// Escapes all but what RFC 3986 reserves for nobody, so that every client reads it the same way.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
