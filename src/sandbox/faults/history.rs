//! The world as it was: remembered while a script asks for stale reads, and answered from for as long.

use super::Script;
use crate::sandbox::Sandbox;
use crate::sandbox::store::Store;
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::{ApiError, Call, Reply};
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The versions of a world that stale reads may still need.
#[derive(Debug)]
pub struct History {
    keep_ms: i64,
    versions: Mutex<VecDeque<Version>>,
    serial: AtomicU64,
}

/// What the world's file held from a moment on; nothing where there was no file yet.
#[derive(Clone, Debug)]
struct Version {
    since: Moment,
    file: Option<Vec<u8>>,
}

impl History {
    /// Starts to remember, where the script has stale reads.
    pub fn of(script: &Script, store: &Store) -> Option<Self> {
        let keep_ms = store.timing().lasts(script.stale_seconds()?) as i64;
        let history = History {
            keep_ms,
            versions: Mutex::default(),
            serial: AtomicU64::new(0),
        };
        history.note(store);
        Some(history)
    }

    /// Remembers how the world is now. To be called before and after every call, since other processes may have
    /// changed the file in between.
    pub fn note(&self, store: &Store) {
        let now = store.timing().now();
        // the file is replaced in one step, so that a read without a lock sees a whole version
        let file = std::fs::read(store.dir().join("world.json")).ok();
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        if versions.back().is_none_or(|v| v.file != file) {
            versions.push_back(Version { since: now, file });
        }
        // the newest version that is older than any stale read must stay
        while versions
            .get(1)
            .is_some_and(|v| v.since <= now - self.keep_ms)
        {
            versions.pop_front();
        }
    }

    /// Answers a read from the world as it was `seconds` ago, on AWS's clock.
    ///
    /// # Errors
    /// Those of the call; `InternalFailure` where the old world cannot be laid out.
    pub async fn answer(
        &self,
        sandbox: &Sandbox,
        call: &Call,
        seconds: f64,
    ) -> Result<Reply, ApiError> {
        let timing = sandbox.store.timing();
        let at = timing.now() - timing.lasts(seconds) as i64;
        let version = {
            let versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
            let old = versions.iter().rev().find(|v| v.since <= at);
            old.or(versions.front()).cloned()
        };
        let Some(version) = version else {
            return sandbox.carry_out(call).await;
        };
        let dir = sandbox.store.dir().join("stale").join(format!(
            "{}-{}",
            std::process::id(),
            self.serial.fetch_add(1, Ordering::SeqCst)
        ));
        let laid_out = Past(dir);
        let store = laid_out.store(&sandbox.store, version.file).map_err(|e| {
            ApiError::new(
                500,
                "InternalFailure",
                format!("the sandbox cannot show its past: {e}"),
            )
        })?;
        let past = Sandbox {
            store,
            ..sandbox.clone()
        };
        // what is due is due in the present alone
        past.carry_out(call).await
    }
}

/// A directory with an old world, which goes when it is no longer used.
struct Past(PathBuf);

impl Past {
    fn store(&self, present: &Store, file: Option<Vec<u8>>) -> io::Result<Store> {
        std::fs::create_dir_all(&self.0)?;
        link_blobs(present.dir(), &self.0)?;
        let store = Store::open(&self.0, present.region(), present.timing().clone())?;
        if let Some(bytes) = file {
            crate::sandbox::store::replace(&self.0.join("world.json"), &bytes)?;
        }
        Ok(store)
    }
}

impl Drop for Past {
    fn drop(&mut self) {
        // best effort: what stays behind is removed with the sandbox's directory
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Blobs are kept by digest and never change: the past has the same ones.
#[cfg(unix)]
fn link_blobs(present: &Path, past: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(
        std::path::absolute(present.join("blobs"))?,
        past.join("blobs"),
    )
}

#[cfg(not(unix))]
fn link_blobs(_present: &Path, _past: &Path) -> io::Result<()> {
    Ok(())
}
