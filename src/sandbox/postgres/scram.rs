//! SCRAM verifiers, so that no server ever gets to see a password, not even in a statement.

use super::ServerError;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;

/// Postgres's own default, `scram_iterations`.
const ITERATIONS: u32 = 4096;

/// Returns what Postgres keeps of a password (RFC 7677), with a salt of its own each time. The password is
/// printable ASCII, as RDS wants it, which SASLprep leaves as it is.
pub fn verifier(password: &str) -> Result<String, ServerError> {
    let mut salt = [0; 16];
    fill(&mut salt)?;
    Ok(verifier_with(password, &salt, ITERATIONS))
}

/// Makes up a password of 40 unreserved characters.
pub fn random_password() -> Result<String, ServerError> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    let mut bytes = [0; 40];
    fill(&mut bytes)?;
    Ok(bytes
        .iter()
        .map(|b| LETTERS[usize::from(b % 64)] as char)
        .collect())
}

pub(super) fn verifier_with(password: &str, salt: &[u8], iterations: u32) -> String {
    let salted = pbkdf2(password.as_bytes(), salt, iterations);
    let stored = Sha256::digest(hmac(&salted, &[b"Client Key"]));
    let server = hmac(&salted, &[b"Server Key"]);
    format!(
        "SCRAM-SHA-256${iterations}:{}${}:{}",
        BASE64_STANDARD.encode(salt),
        BASE64_STANDARD.encode(stored),
        BASE64_STANDARD.encode(server)
    )
}

/// One block of PBKDF2, which is all that SCRAM-SHA-256 needs.
fn pbkdf2(password: &[u8], salt: &[u8], iterations: u32) -> [u8; 32] {
    let mut round = hmac(password, &[salt, &1u32.to_be_bytes()]);
    let mut result = round;
    for _ in 1..iterations {
        round = hmac(password, &[&round]);
        for (r, x) in result.iter_mut().zip(round) {
            *r ^= x;
        }
    }
    result
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    const BLOCK: usize = 64;
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut inner = Sha256::new_with_prefix(block.map(|b| b ^ 0x36));
    for part in parts {
        inner.update(part);
    }
    let mut outer = Sha256::new_with_prefix(block.map(|b| b ^ 0x5c));
    outer.update(inner.finalize());
    outer.finalize().into()
}

fn fill(bytes: &mut [u8]) -> Result<(), ServerError> {
    let path = Path::new("/dev/urandom");
    std::fs::File::open(path)
        .and_then(|mut f| f.read_exact(bytes))
        .map_err(ServerError::at(path))
}
