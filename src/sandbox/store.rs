//! Keeps the world on disk: one readable JSON file, replaced atomically under a file lock, so that any number
//! of commands may share it.

use super::timing::Timing;
use super::wire::ApiError;
use super::world::World;
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The world of one stack file, on disk.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
    region: String,
    timing: Timing,
    parsed: Parsed,
}

/// The file as it was when it was last read or written, and the world that it holds: for as long as the bytes are the
/// same, they need not be parsed again. Clones share it.
#[derive(Clone, Default)]
struct Parsed(Arc<Mutex<Option<Known>>>);

/// The bytes of a file, and what they say.
type Known = (Vec<u8>, World);

impl std::fmt::Debug for Parsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parsed")
    }
}

impl Parsed {
    /// Takes out what was kept, where the file is still that one.
    fn take(&self, bytes: &[u8]) -> Option<World> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take()
            .filter(|(of, _)| of == bytes)
            .map(|(_, world)| world)
    }

    fn keep(&self, bytes: Vec<u8>, world: World) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((bytes, world));
    }
}

impl Store {
    /// Opens the world in `dir`, which is made (mode 0700) where it is missing.
    ///
    /// # Errors
    /// Where the directory cannot be made or written.
    pub fn open(dir: &Path, region: &str, timing: Timing) -> io::Result<Self> {
        make_private(dir)?;
        make_private(&dir.join("blobs"))?;
        Ok(Store {
            dir: dir.to_owned(),
            region: region.to_owned(),
            timing,
            parsed: Parsed::default(),
        })
    }

    /// Returns the directory of this world.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the clock.
    pub fn timing(&self) -> &Timing {
        &self.timing
    }

    /// Returns the region in which this world lies.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Looks at the world.
    ///
    /// # Errors
    /// `InternalFailure` where the file cannot be read.
    pub fn read<T>(&self, look: impl FnOnce(&World) -> T) -> Result<T, ApiError> {
        let _held = self.lock(FlockOperation::LockShared).map_err(broken)?;
        let (bytes, world) = self.load().map_err(broken)?;
        let result = look(&world);
        if let Some(bytes) = bytes {
            self.parsed.keep(bytes, world);
        }
        Ok(result)
    }

    /// Changes the world: what `change` did is kept where it succeeds, and forgotten where it fails.
    ///
    /// # Errors
    /// Those of `change`; `InternalFailure` where the file cannot be read or replaced.
    pub fn write<T>(
        &self,
        change: impl FnOnce(&mut World) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let _held = self.lock(FlockOperation::LockExclusive).map_err(broken)?;
        let (_, mut world) = self.load().map_err(broken)?;
        // what a change that failed has done to it is forgotten with it
        let result = change(&mut world)?;
        let bytes = self.save(&world).map_err(broken)?;
        self.parsed.keep(bytes, world);
        Ok(result)
    }

    /// Keeps bytes (a zip) under their digest, and returns it in hexadecimal.
    ///
    /// # Errors
    /// `InternalFailure` where they cannot be written.
    pub fn put_blob(&self, bytes: &[u8]) -> Result<String, ApiError> {
        let digest: String = Sha256::digest(bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let path = self.blob_path(&digest);
        if !path.exists() {
            replace(&path, bytes).map_err(broken)?;
        }
        Ok(digest)
    }

    /// Returns where the bytes of a digest are kept.
    pub fn blob_path(&self, digest: &str) -> PathBuf {
        self.dir.join("blobs").join(digest)
    }

    /// Returns the world, and the file that holds it where there is one.
    fn load(&self) -> io::Result<(Option<Vec<u8>>, World)> {
        let bytes = match std::fs::read(self.dir.join("world.json")) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Ok((None, World::first(&self.region)));
            }
            Err(e) => return Err(e),
        };
        let world = match self.parsed.take(&bytes) {
            Some(world) => world,
            None => serde_json::from_slice(&bytes).map_err(io::Error::other)?,
        };
        Ok((Some(bytes), world))
    }

    fn save(&self, world: &World) -> io::Result<Vec<u8>> {
        let bytes = serde_json::to_vec_pretty(world).map_err(io::Error::other)?;
        replace(&self.dir.join("world.json"), &bytes)?;
        Ok(bytes)
    }

    fn lock(&self, how: FlockOperation) -> io::Result<File> {
        let file = append(&self.dir.join("world.lock"))?;
        flock(&file, how)?;
        Ok(file)
    }
}

/// Replaces a file in one step, readable by its owner alone.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let (partial, mut file) = loop {
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        let partial = path.with_extension(format!("{}-{turn}.partial", std::process::id()));
        let mut options = OpenOptions::new();
        // never a file that is there, which may be a link to another
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&partial) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            opened => break (partial, opened?),
        }
    };
    file.write_all(bytes)
        .and_then(|()| file.sync_data())
        .and_then(|()| std::fs::rename(&partial, path))
        .inspect_err(|_| {
            let _ = std::fs::remove_file(&partial);
        })
}

/// Opens a file to add lines to it, readable by its owner alone.
pub(super) fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn make_private(dir: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn broken(error: io::Error) -> ApiError {
    ApiError::new(
        500,
        "InternalFailure",
        format!("the sandbox's world cannot be used: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_process_wrote_is_seen_and_what_failed_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Store::open(dir.path(), "us-west-2", Timing::scaled(1.0)).unwrap();
        // they share nothing but the file, as two commands do
        let (one, two) = (open(), open());
        let serial = |store: &Store| store.read(|w| w.serial).unwrap();
        let to = |store: &Store, n: u64| {
            store.write(|w| {
                w.serial = n;
                Ok(())
            })
        };
        assert_eq!((serial(&one), serial(&two)), (0, 0));
        to(&one, 7).unwrap();
        assert_eq!((serial(&one), serial(&two)), (7, 7));
        // as long as before, so that nothing but the bytes tells
        to(&two, 8).unwrap();
        assert_eq!((serial(&one), serial(&two)), (8, 8));
        let refused: Result<(), ApiError> = one.write(|w| {
            w.serial = 9;
            Err(ApiError::new(400, "No", "not like this"))
        });
        refused.unwrap_err();
        assert_eq!((serial(&one), serial(&two)), (8, 8));
        to(&one, 9).unwrap();
        assert_eq!(serial(&two), 9);
    }
}
