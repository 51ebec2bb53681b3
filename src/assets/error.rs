//! What can be wrong with an asset, each with what to do about it.

use std::path::{Path, PathBuf};

/// Why an asset could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssetError {
    /// The file system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb: `read`, `write` …
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A function's folder, or something in it, cannot be packed.
    #[error("{} {why}", path.display())]
    Folder {
        /// The folder or the file in it.
        path: PathBuf,
        /// What is wrong, and what to do instead.
        why: String,
    },
    /// Over one of Lambda's size limits.
    #[error("{what} is {size} bytes {state}; Lambda takes at most {limit} ({} MB). Leave out what the function does not need at run time", limit / 1024 / 1024)]
    TooLarge {
        /// The asset.
        what: String,
        /// `zipped` or `unzipped`.
        state: &'static str,
        /// Its size in bytes; of something unpacked only as far as it was read.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A requirement that is not `name==version`.
    #[error("python package `{given}`: {why}")]
    Requirement {
        /// As written.
        given: String,
        /// What is wrong, and what to write instead.
        why: String,
    },
    /// A runtime, interpreter or architecture for which nothing can be chosen.
    #[error("{0}")]
    Target(String),
    /// An index address that would let somebody on the way swap packages.
    #[error("package index `{url}`: {why}")]
    IndexAddress {
        /// As given.
        url: String,
        /// What is wrong, and what to write instead.
        why: String,
    },
    /// The index or the file server did not answer as it should.
    #[error("GET {url}: {why}")]
    Http {
        /// What was asked for.
        url: String,
        /// What came back.
        why: String,
    },
    /// The index does not know the package or the version.
    #[error("{package} is not on {index}. {help}")]
    NotFound {
        /// `name==version`.
        package: String,
        /// The index that was asked.
        index: String,
        /// What it has instead.
        help: String,
    },
    /// The version exists, but no wheel of it fits.
    #[error("{package} has no wheel for {target}. {help}")]
    NoWheel {
        /// `name==version`.
        package: String,
        /// The Python and platform looked for.
        target: String,
        /// What exists, and the nearest version that would do.
        help: String,
    },
    /// The bytes are not the ones that were promised.
    #[error("{what} has sha256 {got}, expected {expected}; it is not used. {help}")]
    Digest {
        /// The file.
        what: String,
        /// The promised digest.
        expected: String,
        /// The digest of what came.
        got: String,
        /// What to do.
        help: String,
    },
    /// An archive that is broken, or that is built to do harm.
    #[error("{name}: {why}")]
    Archive {
        /// The archive.
        name: String,
        /// What is wrong in it.
        why: String,
    },
    /// Two packages bring different files of one name.
    #[error(
        "{path} comes from both {first} and {second}, with different content; a layer can hold only one of them"
    )]
    Collision {
        /// Path in the layer.
        path: String,
        /// The package that brought it first.
        first: String,
        /// The one that brought it again.
        second: String,
    },
}

impl AssetError {
    /// An I/O error with the place where it happened; for `map_err`.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }

    /// Looks for a file that the user named.
    pub(super) fn found(path: &Path) -> Result<std::fs::Metadata, Self> {
        std::fs::metadata(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Self::Folder {
                path: path.to_owned(),
                why: "does not exist; write the file's path, relative to stack.yaml".to_owned(),
            },
            _ => Self::io("read", path)(source),
        })
    }

    pub(super) fn archive(name: &str, why: impl Into<String>) -> Self {
        Self::Archive {
            name: name.to_owned(),
            why: why.into(),
        }
    }
}
