//! The folder of copies. Each is a folder of its own, which is made under another name and gets its
//! own when it is whole.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::super::error::Error;
use super::copy::{Copy, FORMAT, Sum};
use super::problem::CopyProblem;

/// The description of a copy, in its folder.
const MANIFEST: &str = "manifest.json";
/// How the folder of a copy begins that is still being made.
const PARTIAL: &str = ".partial-";
/// Held locked by whoever makes the copy.
const LOCK: &str = "lock";
/// What is left free on the disk for everything else.
const RESERVE: u64 = 64 * 1024 * 1024;

/// Hears of every copy.
type Tell = Box<dyn Fn(&Copy) + Send>;

/// The copies under a folder, and those that were made by this run. Clones share the latter.
#[derive(Clone)]
pub struct Copies {
    dir: PathBuf,
    made: Arc<Mutex<Vec<Copy>>>,
    told: Arc<Mutex<Option<Tell>>>,
    /// What is free on the disk; asked for where it is nothing.
    free: Option<u64>,
}

impl fmt::Debug for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Copies").field(&self.dir).finish()
    }
}

impl Copies {
    /// The copies in a folder, which is made when the first copy is.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            made: Arc::default(),
            told: Arc::default(),
            free: None,
        }
    }

    /// As if so many bytes were free on the disk.
    #[cfg(test)]
    pub(in crate::pg) fn with_free(mut self, free: u64) -> Self {
        self.free = Some(free);
        self
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder of a copy.
    #[must_use]
    pub fn path(&self, id: &str) -> PathBuf {
        self.dir.join(id)
    }

    /// Calls `tell` with every copy that is made from now on, as soon as the loss is committed; nothing ends that. Then
    /// [`Copies::take_made`] gives none.
    pub fn on_made(&self, tell: Option<Tell>) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = tell;
    }

    /// Takes the copies that were made since it was asked last.
    #[must_use]
    pub fn take_made(&self) -> Vec<Copy> {
        std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn note(&self, copy: &Copy) {
        if let Some(tell) = &*self.told.lock().unwrap_or_else(PoisonError::into_inner) {
            return tell(copy);
        }
        self.made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(copy.clone());
    }

    /// All copies, oldest first. A folder that is no copy, or of a version that is not known, is told by its name.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn list(&self) -> Result<(Vec<Copy>, Vec<String>), Error> {
        let (mut copies, mut strange) = (Vec::new(), Vec::new());
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((copies, strange)),
            Err(error) => return Err(folder(&self.dir, &error)),
        };
        for entry in entries {
            let entry = entry.map_err(|e| folder(&self.dir, &e))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || !entry.path().is_dir() {
                continue;
            }
            match self.get(&name) {
                Ok(copy) => copies.push(copy),
                Err(_) => strange.push(name),
            }
        }
        copies.sort_by(|a, b| (&a.at, &a.id).cmp(&(&b.at, &b.id)));
        strange.sort();
        Ok((copies, strange))
    }

    /// One copy.
    ///
    /// # Errors
    /// Where there is none, or it cannot be read.
    pub fn get(&self, id: &str) -> Result<Copy, Error> {
        let missing = || CopyProblem::Missing { id: id.to_owned() };
        let broken = |why: String| CopyProblem::Broken {
            id: id.to_owned(),
            why,
        };
        if !is_name(id) {
            return Err(missing().into());
        }
        let path = self.path(id).join(MANIFEST);
        if !self.path(id).is_dir() {
            return Err(missing().into());
        }
        let text = fs::read(&path).map_err(|e| broken(format!("{MANIFEST}: {e}")))?;
        let copy: Copy = serde_json::from_slice(&text)
            .map_err(|e| broken(format!("{MANIFEST} cannot be read (line {})", e.line())))?;
        if copy.format != FORMAT {
            return Err(broken(format!("its format is {}", copy.format)).into());
        }
        // it names files; none of them is elsewhere
        let files = copy.tables.iter().flat_map(super::tables::files);
        for file in files {
            if !is_name(file) {
                return Err(broken(format!("{file:?} is no file of it")).into());
            }
        }
        if copy.id != id {
            return Err(broken(format!("it says it is {:?}", copy.id)).into());
        }
        Ok(copy)
    }

    /// Writes a copy's description anew.
    pub(super) fn rewrite(&self, copy: &Copy) -> Result<(), Error> {
        write_manifest(&self.path(&copy.id), copy)
    }

    /// Removes a copy.
    ///
    /// # Errors
    /// Where there is none, or it cannot be removed.
    pub fn discard(&self, id: &str) -> Result<(), Error> {
        let path = self.path(id);
        // also one whose description cannot be read: users' rows are in it all the same
        if !is_name(id) || !path.is_dir() {
            return Err(CopyProblem::Missing { id: id.to_owned() }.into());
        }
        // under another name first, so that half a copy is never taken for a whole one
        let going = self.dir.join(format!("{PARTIAL}{id}-going"));
        fs::rename(&path, &going).map_err(|e| folder(&path, &e))?;
        fs::remove_dir_all(&going).map_err(|e| folder(&going, &e))
    }

    /// Removes what was left by runs that were ended while they made a copy.
    pub(super) fn sweep(&self) -> Result<(), Error> {
        let Ok(entries) = fs::read_dir(&self.dir) else {
            return Ok(());
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            if !name.to_string_lossy().starts_with(PARTIAL) {
                continue;
            }
            // whoever is at it holds the lock; a folder without one was being removed
            let held = match File::open(entry.path().join(LOCK)) {
                Ok(lock) => lock.try_lock().is_err(),
                Err(_) => false,
            };
            if !held {
                fs::remove_dir_all(entry.path()).map_err(|e| disk(&entry.path(), &e))?;
            }
        }
        Ok(())
    }

    /// Whether `bytes` more fit on the disk.
    pub(super) fn room_for(&self, bytes: u64) -> Result<(), Error> {
        let free = match self.free {
            Some(free) => free,
            None => free(&self.dir)?,
        };
        if bytes > free.saturating_sub(RESERVE) {
            return Err(CopyProblem::NoRoom {
                needs: bytes,
                free,
                dir: self.dir.clone(),
            }
            .into());
        }
        Ok(())
    }

    /// Begins a copy.
    pub(super) fn begin(&self) -> Result<Partial, Error> {
        private_dir(&self.dir, true)?;
        // rows of users do not belong into anybody's repository
        let ignore = self.dir.join(".gitignore");
        if !ignore.exists() {
            // a link that leads nowhere: what is written through it would be a file elsewhere
            if ignore.is_symlink() {
                fs::remove_file(&ignore).map_err(|e| disk(&ignore, &e))?;
            }
            match create(&ignore).and_then(|mut file| file.write_all(b"*\n")) {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(disk(&ignore, &e));
                }
                // another run was faster
                _ => {}
            }
        }
        self.sweep()?;
        let mut number = 0;
        loop {
            let path = self
                .dir
                .join(format!("{PARTIAL}{}-{number}", std::process::id()));
            match builder(false).create(&path) {
                Ok(()) => {
                    let lock = create(&path.join(LOCK)).map_err(|e| disk(&path, &e))?;
                    lock.try_lock()
                        .map_err(|_| disk(&path, &io::Error::from(io::ErrorKind::ResourceBusy)))?;
                    return Ok(Partial {
                        copies: self.clone(),
                        path,
                        lock: Some(lock),
                        sums: Mutex::default(),
                    });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(disk(&path, &error)),
            }
        }
    }
}

/// A copy that is being made; dropped, nothing of it stays.
pub(super) struct Partial {
    copies: Copies,
    path: PathBuf,
    lock: Option<File>,
    /// What was written, by file.
    sums: Mutex<BTreeMap<String, Sum>>,
}

impl Partial {
    pub(super) fn copies(&self) -> &Copies {
        &self.copies
    }

    /// A new file in it.
    pub(super) fn file(&self, name: &str) -> Result<File, Error> {
        let path = self.path.join(name);
        create(&path).map_err(|e| disk(&path, &e))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A file of it is whole.
    pub(super) fn sealed(&self, name: &str, sum: Sum) {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        sums.insert(name.to_owned(), sum);
    }

    /// Removes a file of it.
    pub(super) fn forget(&self, name: &str) {
        let _ = fs::remove_file(self.path.join(name));
    }

    /// Makes it a copy: from now on it is whole, or (after a crash) not there. Its name is `copy.id`, or that with a
    /// number where there is one of that name.
    pub(super) fn finish(mut self, copy: &mut Copy) -> Result<(), Error> {
        let _ = fs::remove_file(self.path.join(LOCK));
        let sums = std::mem::take(&mut self.sums);
        copy.sums = sums.into_inner().unwrap_or_else(PoisonError::into_inner);
        let files: Vec<&str> = copy.tables.iter().flat_map(super::tables::files).collect();
        copy.sums.retain(|name, _| files.contains(&name.as_str()));
        let (stem, mut number) = (copy.id.clone(), 1);
        loop {
            write_manifest(&self.path, copy)?;
            let to = self.copies.path(&copy.id);
            // a rename would replace an empty folder, so look first; two runs of one second take a number
            let taken = to.exists();
            if !taken {
                match fs::rename(&self.path, &to) {
                    Ok(()) => break,
                    Err(e)
                        if matches!(
                            e.kind(),
                            io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty
                        ) => {}
                    Err(error) => return Err(disk(&to, &error)),
                }
            }
            number += 1;
            copy.id = format!("{stem}-{number}");
        }
        self.lock = None;
        let dir = File::open(&self.copies.dir).and_then(|dir| dir.sync_all());
        dir.map_err(|e| disk(&self.copies.dir, &e))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // after `finish` there is nothing under this name
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn write_manifest(dir: &Path, copy: &Copy) -> Result<(), Error> {
    let path = dir.join(MANIFEST);
    let partial = dir.join(format!("{MANIFEST}.{}", std::process::id()));
    let text = serde_json::to_vec_pretty(copy)
        .map_err(|e| disk(&path, &io::Error::other(e.to_string())))?;
    // of a run that was killed and had the same number
    let _ = fs::remove_file(&partial);
    let written = create(&partial)
        .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&partial, &path));
    written.map_err(|e| {
        let _ = fs::remove_file(&partial);
        disk(&path, &e)
    })
}

fn private_dir(path: &Path, recursive: bool) -> Result<(), Error> {
    builder(recursive).create(path).map_err(|e| disk(path, &e))
}

fn builder(recursive: bool) -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(recursive);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // what is there is never written to, nor what a link leads to
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn free(dir: &Path) -> Result<u64, Error> {
    // the folder may not be there yet; its disk is that of the first one above it that is
    let there = dir.ancestors().find(|path| path.exists());
    let there = there.unwrap_or_else(|| Path::new("."));
    let there = if there.as_os_str().is_empty() {
        Path::new(".")
    } else {
        there
    };
    let found = rustix::fs::statvfs(there).map_err(|e| disk(there, &e.into()))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Result<u64, Error> {
    // a disk that is full is noticed when it is written to
    Ok(u64::MAX)
}

/// A name of a copy or of a file in one: nothing that leads out of the folder.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('.')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

/// An error of the disk.
pub(super) fn disk(path: &Path, error: &io::Error) -> Error {
    CopyProblem::Disk {
        path: path.to_owned(),
        kind: error.to_string(),
    }
    .into()
}

/// An error of the folder that keeps nobody from making a copy.
fn folder(path: &Path, error: &io::Error) -> Error {
    CopyProblem::Folder {
        path: path.to_owned(),
        kind: error.to_string(),
    }
    .into()
}
