//! Files that this program writes: whole or not at all, and readable by their owner alone.
//!
//! A file is written under another name beside its place, flushed, and renamed. That name is never one that is there
//! already, so that nobody who may write in the same directory can have it lead elsewhere. A link in the file's own
//! place is followed only where it can be trusted ([`trusted`]).

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Readable by the owner alone.
const PRIVATE: u32 = 0o600;
/// As the umask wants it: for what is no secret and is meant to be shared.
const ORDINARY: u32 = 0o666;

/// Counts the names that files are written under first.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Replaces a file in one step, with mode 0600; its directory is made (0700) where it is missing. What a link points
/// to is replaced, not the link; what is no file (a pipe, `/dev/stdout`) is written to and stays what it is.
///
/// # Errors
/// Where the directory or the file cannot be written, or a link in its place is somebody else's.
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => {
            trusted(path)?;
            return OpenOptions::new().write(true).open(path)?.write_all(bytes);
        }
        _ => {}
    }
    let path = behind_links(path)?;
    let partial = written(&path, bytes, PRIVATE)?;
    std::fs::rename(&partial, &path).inspect_err(|_| {
        let _ = std::fs::remove_file(&partial);
    })?;
    flushed(&path)
}

/// Writes a file in one step as [`replace_private`] does, where there is none. Tells whether it was written: of
/// several at once one is, whole, and the others find it there.
///
/// # Errors
/// Where the directory or the file cannot be written.
pub fn create_private(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    create(path, bytes, PRIVATE)
}

/// Writes a file in one step where there is none, as readable as the umask has it. Tells whether it was written.
///
/// # Errors
/// Where the directory or the file cannot be written.
pub fn create_ordinary(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    create(path, bytes, ORDINARY)
}

/// Makes a directory, and those above it, that others may look into and not write to, whatever the umask.
///
/// # Errors
/// Where it cannot be made.
pub fn make_dir(path: &Path) -> io::Result<()> {
    directories(path, 0o755)
}

fn directories(path: &Path, mode: u32) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
    builder.create(path)
}

/// Reads a file that must not be longer than so many bytes, whatever it says of its length.
///
/// # Errors
/// Where it cannot be read, or is longer.
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let text = format!("it is larger than {} KiB", most / 1024);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<bool> {
    let partial = written(path, bytes, mode)?;
    // a rename would replace what is there; a second name for the same file does not
    let linked = std::fs::hard_link(&partial, path);
    let _ = std::fs::remove_file(&partial);
    match linked {
        Ok(()) => flushed(path).map(|()| true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(_) if std::fs::symlink_metadata(path).is_err() => {
            // a file system without second names: no other can see half of it for long
            match fill(new_file(path, mode), path, bytes) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
                done => done.map(|()| true),
            }
        }
        Err(e) => Err(e),
    }
}

/// Writes the bytes beside a path, and returns where.
fn written(path: &Path, bytes: &[u8], mode: u32) -> io::Result<PathBuf> {
    if let Some(parent) = parent(path)
        && !parent.exists()
    {
        directories(parent, 0o700)?;
    }
    loop {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        name.push(format!(".{}-{turn}.partial", std::process::id()));
        let partial = path.with_file_name(name);
        match new_file(&partial, mode) {
            // left behind by a process of the same number, or put there by somebody: never taken
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            file => {
                fill(file, &partial, bytes)?;
                return Ok(partial);
            }
        }
    }
}

/// Makes a file that is not there yet; what is there, a link that leads nowhere too, is an error.
fn new_file(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    options.open(path)
}

/// Writes a new file's bytes to the disk, and leaves nothing where that fails.
fn fill(file: io::Result<File>, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = file?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .inspect_err(|_| {
            let _ = std::fs::remove_file(path);
        })
}

/// Has the disk remember a new name.
fn flushed(path: &Path) -> io::Result<()> {
    let directory = parent(path).unwrap_or(Path::new("."));
    match File::open(directory).and_then(|d| d.sync_all()) {
        // some file systems cannot, and a directory may be writable and not readable: the file is there all the same
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::InvalidInput
                    | io::ErrorKind::Unsupported
                    | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        done => done,
    }
}

fn parent(path: &Path) -> Option<&Path> {
    path.parent().filter(|p| !p.as_os_str().is_empty())
}

/// Returns the file that links lead to; a link that leads nowhere is itself the file.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut at = path.to_owned();
    // the system follows forty
    for _ in 0..40 {
        trusted(&at)?;
        if !at.is_symlink() || !at.exists() {
            return Ok(at);
        }
        let to = std::fs::read_link(&at)?;
        at = parent(&at).unwrap_or(Path::new("")).join(to);
    }
    Err(io::Error::other("too many links lead to one another"))
}

/// Fails where a link or a pipe was put in the file's place by somebody else: it must be one's own, root's, or of the
/// owner of the directory that it lies in, which is how Linux itself protects links and pipes in `/tmp`.
#[cfg(unix)]
fn trusted(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let Ok(there) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    let kind = there.file_type();
    if !kind.is_symlink() && !kind.is_fifo() {
        return Ok(());
    }
    let me = rustix::process::geteuid().as_raw();
    let directory = std::fs::metadata(parent(path).unwrap_or(Path::new(".")))?;
    if [me, 0, directory.uid()].contains(&there.uid()) {
        return Ok(());
    }
    let what = if kind.is_symlink() { "link" } else { "pipe" };
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!(
            "a {what} of another user (number {}) is in its place; it is not written through",
            there.uid()
        ),
    ))
}

#[cfg(not(unix))]
fn trusted(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
