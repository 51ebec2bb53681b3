//! Who uses the servers: every command holds a shared lock while it runs, and the last one to end may stop them.

use super::ServerError;
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The lease of one command.
pub struct Lease {
    path: PathBuf,
    held: Mutex<Option<File>>,
}

impl Lease {
    pub fn new(path: PathBuf) -> Self {
        Lease {
            path,
            held: Mutex::new(None),
        }
    }

    /// Takes the lease; once taken it stays.
    pub async fn take(&self) -> Result<(), ServerError> {
        if self.held().is_some() {
            return Ok(());
        }
        let file = locked(&self.path, FlockOperation::LockShared).await?;
        *self.held() = Some(file);
        Ok(())
    }

    /// Gives the lease back. Where nobody else has one, returns a hold that keeps newcomers waiting.
    pub async fn give_back(&self) -> Result<Option<File>, ServerError> {
        drop(self.held().take());
        match locked(&self.path, FlockOperation::NonBlockingLockExclusive).await {
            Ok(file) => Ok(Some(file)),
            Err(ServerError::Io { error, .. })
                if error.kind() == std::io::ErrorKind::WouldBlock =>
            {
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<File>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Locks a file, which is made where it is missing, off the async threads because that may wait.
pub async fn locked(path: &Path, how: FlockOperation) -> Result<File, ServerError> {
    let path = path.to_owned();
    super::process::blocking(move || {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(ServerError::at(parent))?;
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(ServerError::at(&path))?;
        flock(&file, how).map_err(|e| ServerError::at(&path)(e.into()))?;
        Ok(file)
    })
    .await
}
