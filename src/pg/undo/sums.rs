//! Whether the files of a copy are what was written.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::super::error::Error;
use super::copy::{Copy, Sum};
use super::problem::CopyProblem;
use super::store::Copies;

impl Copies {
    /// Reads all files of a copy.
    ///
    /// # Errors
    /// Where one is gone or is not what was written: damaged rows would come back as if they were right.
    pub(super) async fn verify(&self, copy: &Copy) -> Result<(), Error> {
        let broken = |why: String| CopyProblem::Broken {
            id: copy.id.clone(),
            why,
        };
        for file in copy.tables.iter().flat_map(super::tables::files) {
            let path = self.path(&copy.id).join(file);
            let read = tokio::task::spawn_blocking(move || sum(&path)).await;
            let is = read
                .map_err(io::Error::other)
                .flatten()
                .map_err(|e| broken(format!("{file}: {e}")))?;
            match copy.sums.get(file) {
                Some(was) if was.bytes != is.bytes => {
                    let (is, was) = (is.bytes, was.bytes);
                    let why = format!("{file} has {is} bytes and should have {was}");
                    return Err(broken(why).into());
                }
                Some(was) if was.sha256 != is.sha256 => {
                    return Err(broken(format!("{file} is not what was written")).into());
                }
                // those of before have no sums at all
                None if !copy.sums.is_empty() => {
                    return Err(broken(format!("nothing says what {file} should be")).into());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn sum(path: &Path) -> io::Result<Sum> {
    let mut file = File::open(path)?;
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    let mut piece = vec![0; 64 * 1024];
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => {
                digest.update(&piece[..read]);
                bytes += read as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Sum {
        bytes,
        sha256: hex(&digest.finalize()),
    })
}

/// Bytes in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
