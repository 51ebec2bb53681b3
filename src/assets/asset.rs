//! A finished zip, and the one place where zips are written.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::sync::Arc;

use base64::Engine as _;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::error::AssetError;
use super::{MAX_UNZIPPED, MAX_ZIPPED};

/// Part of every digest: another level means other bytes.
const LEVEL: i64 = 6;

/// A zip ready for upload.
#[derive(Clone, PartialEq, Eq)]
pub struct Asset {
    /// The zip.
    pub bytes: Arc<[u8]>,
    /// SHA-256 of the zip in lower-case hex.
    pub sha256_hex: String,
    /// SHA-256 of the zip in base64, as Lambda's `CodeSha256` shows it (aws-facts §4.4).
    pub sha256_base64: String,
    /// Paths of the files in the zip, sorted.
    pub entries: Vec<String>,
}

impl std::fmt::Debug for Asset {
    // megabytes of zip help nobody in a failed assertion
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asset")
            .field("bytes", &self.bytes.len())
            .field("sha256_hex", &self.sha256_hex)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

impl Asset {
    /// An asset of these bytes, whose files are `entries`.
    pub(super) fn new(bytes: Vec<u8>, mut entries: Vec<String>) -> Self {
        let digest = Sha256::digest(&bytes);
        entries.sort_unstable();
        Self {
            sha256_hex: hex(&digest),
            sha256_base64: base64::engine::general_purpose::STANDARD.encode(digest),
            bytes: bytes.into(),
            entries,
        }
    }
}

/// A file on its way into a zip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub bytes: Vec<u8>,
    pub executable: bool,
}

/// Files by their path with `/`; the map keeps them sorted.
pub(super) type Files = BTreeMap<String, File>;

/// Writes the files into a zip that depends on their paths, bytes and executable flags alone.
pub(super) fn pack(what: &str, files: &Files) -> Result<Asset, AssetError> {
    let unzipped = files.values().map(|file| file.bytes.len() as u64).sum();
    check_size(what, "unzipped", unzipped, MAX_UNZIPPED)?;
    let bytes = write(files)
        .map_err(|error| AssetError::archive(what, format!("cannot be zipped: {error}")))?;
    check_size(what, "zipped", bytes.len() as u64, MAX_ZIPPED)?;
    Ok(Asset::new(bytes, files.keys().cloned().collect()))
}

fn write(files: &Files) -> zip::result::ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, file) in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL))
            .last_modified_time(DateTime::DEFAULT) // 1980-01-01, the first day a zip knows
            .system(System::Unix) // else the build machine's, and modes mean nothing
            .unix_permissions(if file.executable { 0o755 } else { 0o644 });
        zip.start_file(path, options)?;
        zip.write_all(&file.bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// An error when `size` is over Lambda's limit.
pub(super) fn check_size(
    what: &str,
    state: &'static str,
    size: u64,
    limit: u64,
) -> Result<(), AssetError> {
    if size > limit {
        return Err(AssetError::TooLarge {
            what: what.to_owned(),
            state,
            size,
            limit,
        });
    }
    Ok(())
}

/// SHA-256 in lower-case hex.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file as it is, of at most 20 MB: a script.
///
/// # Errors
/// Where it cannot be read, is no file, or is larger.
pub fn plain_file(path: &std::path::Path) -> Result<Asset, AssetError> {
    const LIMIT: u64 = 20 * 1024 * 1024;
    let io = |source| AssetError::Io {
        doing: "read",
        path: path.to_owned(),
        source,
    };
    let size = AssetError::found(path)?.len();
    if size > LIMIT {
        return Err(AssetError::Folder {
            path: path.to_owned(),
            why: format!("is {size} bytes; a script of more than {LIMIT} wants to be split"),
        });
    }
    let bytes = std::fs::read(path).map_err(io)?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
    Ok(Asset::new(bytes, name.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_bytes() {
        let asset = Asset::new(b"abc".to_vec(), vec!["b".into(), "a".into()]);
        assert_eq!(
            asset.sha256_hex,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            asset.sha256_base64,
            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
        );
        assert_eq!(asset.entries, ["a", "b"]);
        assert_eq!(sha256_hex(b"abc"), asset.sha256_hex);
    }

    #[test]
    fn too_large_says_which_limit() {
        let error =
            check_size("lambda/x", "zipped", MAX_ZIPPED + 1, MAX_ZIPPED).expect_err("too large");
        let text = error.to_string();
        assert!(
            text.contains("lambda/x") && text.contains("zipped") && text.contains("50 MB"),
            "{text}"
        );
    }

    #[test]
    fn what_does_not_compress_is_checked_zipped() {
        // a linear congruence is noise enough for deflate
        let mut state = 1u64;
        let bytes = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .take(MAX_ZIPPED as usize + 4096)
        .collect();
        let files = Files::from([(
            "noise".to_owned(),
            File {
                bytes,
                executable: false,
            },
        )]);
        let error = pack("noise", &files).expect_err("over 50 MB");
        assert!(
            matches!(
                error,
                AssetError::TooLarge {
                    state: "zipped",
                    ..
                }
            ),
            "{error}"
        );
    }
}
