//! Where a server listens: a loopback address of its own, so that every instance can have port 5432 as on AWS.

use super::ServerError;
use sha2::{Digest, Sha256};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

/// Returns the address that belongs to an instance of the world in `dir`: `127.83.x.y`. The world is part of it
/// because two stacks may each have an instance of one name at a time.
pub fn own(dir: &Path, identifier: &str) -> Ipv4Addr {
    let mut hash = Sha256::new();
    hash.update(dir.as_os_str().as_encoded_bytes());
    hash.update([0]);
    hash.update(identifier.as_bytes());
    let digest = hash.finalize();
    // no .0 and no .255, which some systems take for a network's own
    Ipv4Addr::new(127, 83, digest[0], 1 + digest[1] % 254)
}

/// Chooses where a new server listens.
pub fn place(dir: &Path, identifier: &str, port: u16) -> Result<Ipv4Addr, ServerError> {
    let mine = own(dir, identifier);
    match TcpListener::bind((mine, port)) {
        Ok(_) => Ok(mine),
        // macOS has no loopback address but 127.0.0.1 until one is configured
        Err(e) if e.kind() == ErrorKind::AddrNotAvailable => {
            free(Ipv4Addr::LOCALHOST, port).map(|()| Ipv4Addr::LOCALHOST)
        }
        Err(e) => Err(refused(mine, port, e)),
    }
}

/// Makes sure that nothing listens at an address.
pub fn free(address: Ipv4Addr, port: u16) -> Result<(), ServerError> {
    TcpListener::bind((address, port))
        .map(drop)
        .map_err(|e| refused(address, port, e))
}

fn refused(address: Ipv4Addr, port: u16, error: std::io::Error) -> ServerError {
    match error.kind() {
        ErrorKind::AddrInUse => ServerError::PortInUse { address, port },
        _ => ServerError::Io {
            path: format!("{address}:{port}"),
            error,
        },
    }
}
