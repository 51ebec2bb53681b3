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

/// The world of one stack file, on disk.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
    region: String,
    timing: Timing,
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
        Ok(look(&self.load().map_err(broken)?))
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
        let mut world = self.load().map_err(broken)?;
        let result = change(&mut world)?;
        self.save(&world).map_err(broken)?;
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

    fn load(&self) -> io::Result<World> {
        match std::fs::read(self.dir.join("world.json")) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(World::first(&self.region)),
            Err(e) => Err(e),
        }
    }

    fn save(&self, world: &World) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(world).map_err(io::Error::other)?;
        replace(&self.dir.join("world.json"), &bytes)
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
