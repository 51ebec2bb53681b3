//! Wheels on disk, so that a repeated plan needs no network.
//!
//! Beside the wheels lies one small record for each question asked (package, version, target), with
//! the address and digest that the index gave. A wheel counts only if its digest is the expected
//! one.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::asset::sha256_hex;
use super::error::AssetError;
use super::package::PinnedPackage;
use super::target::{Libc, Platform, Target};
use super::wheel_name::WheelName;
use crate::files;

/// The answer of an index, kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The index that answered: another one may have other files under the same names.
    pub index: String,
    pub filename: String,
    pub url: String,
    pub sha256: String,
}

/// The folder given by the caller.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    dir: PathBuf,
}

impl Cache {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Where the answer for this package and target is kept.
    pub(super) fn record_path(&self, package: &PinnedPackage, target: &Target) -> PathBuf {
        let platform = match target.platform {
            Platform::Linux(Libc::Glibc(major, minor), arch) => {
                format!("manylinux_{major}_{minor}_{}", arch.linux_name())
            }
            Platform::Linux(Libc::Musl(major, minor), arch) => {
                format!("musllinux_{major}_{minor}_{}", arch.linux_name())
            }
            Platform::MacOs(major, minor, arch) => {
                format!("macosx_{major}_{minor}_{}", arch.lambda_name())
            }
        };
        self.dir.join(format!(
            "{}-{}-{}-{platform}.json",
            package.name(),
            package.version(),
            target.python_tag()
        ))
    }

    /// The record, if there is a usable one from this index. An unreadable one is as good as none.
    pub(super) fn record(&self, path: &Path, index: &str) -> Option<Record> {
        let record: Record = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        // the name becomes a path below: it must be a wheel's, which is one segment
        (record.index == index && WheelName::parse(&record.filename).is_some()).then_some(record)
    }

    /// Writes the record unless it is there already: a plan that needs nothing writes nothing.
    pub(super) fn keep_record(&self, path: &Path, record: &Record) -> Result<(), AssetError> {
        if self.record(path, &record.index).as_ref() == Some(record) {
            return Ok(());
        }
        let json = serde_json::to_vec_pretty(record)
            .map_err(|error| AssetError::io("write", path)(error.into()))?;
        write_atomically(path, &json)
    }

    pub(super) fn wheel_path(&self, wheel: &WheelName) -> PathBuf {
        self.dir.join(&wheel.filename)
    }

    /// The wheel's bytes, if they are there and are the expected ones.
    pub(super) fn wheel(&self, wheel: &WheelName, sha256: &str) -> Option<Vec<u8>> {
        fs::read(self.wheel_path(wheel))
            .ok()
            .filter(|bytes| sha256_hex(bytes) == sha256)
    }

    pub(super) fn keep_wheel(&self, wheel: &WheelName, bytes: &[u8]) -> Result<(), AssetError> {
        write_atomically(&self.wheel_path(wheel), bytes)
    }
}

/// A reader sees the old file or the whole new one; two writers do not meet. It is the user's own: whoever could write
/// there could choose what a layer is made of.
fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), AssetError> {
    let dir = path.parent().unwrap_or(Path::new("."));
    // the sandbox keeps programs there that another user runs
    files::make_dir(dir).map_err(AssetError::io("create the cache folder", dir))?;
    files::replace_private(path, bytes).map_err(AssetError::io("write", path))
}

#[cfg(test)]
mod tests {
    use super::super::target::Arch;
    use super::*;

    #[test]
    fn only_the_expected_bytes_count() {
        let dir = tempfile::tempdir().expect("dir");
        let cache = Cache::new(dir.path().join("made/when/needed"));
        let wheel = WheelName::parse("p-1.0-py3-none-any.whl").expect("a wheel");
        assert_eq!(cache.wheel(&wheel, &sha256_hex(b"x")), None);
        cache.keep_wheel(&wheel, b"x").expect("written");
        assert_eq!(
            cache.wheel(&wheel, &sha256_hex(b"x")).as_deref(),
            Some(&b"x"[..])
        );
        assert_eq!(cache.wheel(&wheel, &sha256_hex(b"y")), None);
        let names: Vec<_> = fs::read_dir(dir.path().join("made/when/needed"))
            .expect("list")
            .collect();
        assert_eq!(names.len(), 1, "no left-overs");
    }

    #[test]
    fn a_record_of_another_index_or_with_a_path_is_none() {
        let dir = tempfile::tempdir().expect("dir");
        let cache = Cache::new(dir.path().to_owned());
        let target = Target::lambda("python3.13", Arch::Aarch64).expect("target");
        let path = cache.record_path(&PinnedPackage::parse("P_q==1.0").expect("pin"), &target);
        assert!(
            path.ends_with("p-q-1.0-cp313-manylinux_2_34_aarch64.json"),
            "{path:?}"
        );
        let mut record = Record {
            index: "i".into(),
            filename: "p-1.0-py3-none-any.whl".into(),
            url: "u".into(),
            sha256: "s".into(),
        };
        cache.keep_record(&path, &record).expect("written");
        assert_eq!(cache.record(&path, "i"), Some(record.clone()));
        assert_eq!(cache.record(&path, "j"), None);
        record.filename = "../p-1.0-py3-none-any.whl".into();
        cache.keep_record(&path, &record).expect("written");
        assert_eq!(cache.record(&path, "i"), None);
        fs::write(&path, "{").expect("written");
        assert_eq!(cache.record(&path, "i"), None);
    }
}
