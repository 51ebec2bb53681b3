//! Unpacks zips below `<world>/run/`, once for each digest.

use super::code::MOST_UNZIPPED;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

static ATTEMPT: AtomicU64 = AtomicU64::new(0);

/// Unpacks `zip` to `<run>/<name>`, and returns that directory; what is there already is taken as it is.
///
/// # Errors
/// Where the zip is broken, leads out of the directory, holds links, or is larger than Lambda allows.
pub(super) fn unpack(zip: &Path, run: &Path, name: &str) -> io::Result<PathBuf> {
    let target = run.join(name);
    if target.is_dir() {
        return Ok(target);
    }
    fs::create_dir_all(run)?;
    let attempt = ATTEMPT.fetch_add(1, Ordering::Relaxed);
    let partial = run.join(format!("{name}.{}-{attempt}.partial", std::process::id()));
    let done = fill(zip, &partial).and_then(|()| fs::rename(&partial, &target));
    if done.is_err() {
        // nothing more can be done about a partial directory that stays
        let _ = fs::remove_dir_all(&partial);
    }
    match done {
        Err(_) if target.is_dir() => Ok(target), // another invocation was faster
        Err(e) => Err(e),
        Ok(()) => Ok(target),
    }
}

/// Keeps a text as `<run>/<name>`; what is there already is taken as it is.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn keep(run: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    let target = run.join(name);
    if !target.exists() {
        fs::create_dir_all(run)?;
        let attempt = ATTEMPT.fetch_add(1, Ordering::Relaxed);
        let partial = run.join(format!("{name}.{}-{attempt}.partial", std::process::id()));
        fs::write(&partial, text)?;
        fs::rename(&partial, &target)?;
    }
    Ok(target)
}

fn fill(zip: &Path, into: &Path) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(File::open(zip)?).map_err(io::Error::other)?;
    fs::create_dir_all(into)?;
    let mut left = MOST_UNZIPPED;
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(io::Error::other)?;
        let inside = entry
            .enclosed_name()
            .ok_or_else(|| io::Error::other(format!("entry {at} leads out of the zip")))?;
        let path = into.join(&inside);
        if entry.is_dir() {
            fs::create_dir_all(&path)?;
            continue;
        }
        if entry.is_symlink() {
            return Err(io::Error::other(format!(
                "{} is a symbolic link, which the sandbox does not unpack",
                inside.display()
            )));
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mode = entry.unix_mode();
        let mut file = File::create(&path)?;
        // the size in the directory of a zip may lie: what counts is what comes out
        let written = io::copy(&mut Read::by_ref(&mut entry).take(left + 1), &mut file)?;
        left = left.checked_sub(written).ok_or_else(|| {
            io::Error::other(format!("unzipped larger than {MOST_UNZIPPED} bytes"))
        })?;
        executable(&path, mode)?;
    }
    Ok(())
}

#[cfg(unix)]
fn executable(path: &Path, mode: Option<u32>) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = if mode.unwrap_or_default() & 0o111 == 0 {
        0o600
    } else {
        0o700
    };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn executable(_: &Path, _: Option<u32>) -> io::Result<()> {
    Ok(())
}
