//! Passwords, codes and ids. No password is kept in clear.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::hash::{BuildHasher, Hasher, RandomState};

/// A password's salted digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Password {
    salt: String,
    digest: String,
}

impl Password {
    /// Keeps a password.
    pub fn keep(clear: &str) -> Self {
        let salt = format!("{:016x}{:016x}", random(), random());
        Password {
            digest: digest(&salt, clear),
            salt,
        }
    }

    /// Tells whether this is the password.
    pub fn is(&self, clear: &str) -> bool {
        digest(&self.salt, clear) == self.digest
    }
}

fn digest(salt: &str, clear: &str) -> String {
    hex(&Sha256::digest(format!("{salt}{clear}").as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Returns a number that nobody can foresee (the standard library seeds it from the system).
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Returns a code of six digits.
pub(super) fn code() -> String {
    format!("{:06}", random() % 1_000_000)
}

/// Returns so many letters and digits that belong to a serial number alone.
pub(super) fn alphanumeric(serial: u64, length: usize, lower: bool) -> String {
    const ALL: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let letters = if lower { &ALL[..36] } else { ALL };
    let mut text = String::new();
    let mut block = 0_u64;
    while text.len() < length {
        let bytes = Sha256::digest(format!("{serial}/{block}").as_bytes());
        let wanted = length - text.len();
        text.extend(
            bytes
                .iter()
                .take(wanted)
                .map(|b| char::from(letters[usize::from(*b) % letters.len()])),
        );
        block += 1;
    }
    text
}

/// Returns a random UUID (version 4).
pub(super) fn uuid() -> String {
    let all = (u128::from(random()) << 64) | u128::from(random());
    let all = (all & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{all:032x}");
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// Returns HMAC-SHA-256 (RFC 2104), which makes the `SecretHash` of a client with a secret.
pub(super) fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let keyed = |pad: u8, rest: &[u8]| {
        let mut hash = Sha256::new();
        hash.update(block.map(|b| b ^ pad));
        hash.update(rest);
        hash.finalize().to_vec()
    };
    keyed(0x5c, &keyed(0x36, message))
}
