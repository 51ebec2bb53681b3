//! A function's source folder as a zip.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use super::MAX_UNZIPPED;
use super::asset::{Asset, File, Files, check_size, pack};
use super::error::AssetError;

/// Packs every file below `dir`.
///
/// Left out: whatever starts with a dot (`.git`, `.DS_Store`, editor files, `.env`), `__pycache__`
/// and `*.pyc`. A symbolic link is packed as what it leads to, which must lie inside `dir`. Modes
/// become 0644, or 0755 for what its owner may execute, so that Lambda's user can read everything.
pub fn function_zip(dir: &Path) -> Result<Asset, AssetError> {
    let folder = |why: &str| AssetError::Folder {
        path: dir.to_owned(),
        why: why.to_owned(),
    };
    match fs::metadata(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(folder(
                "does not exist; write the folder that holds the function's source, relative to stack.yaml",
            ));
        }
        Err(error) => return Err(AssetError::io("read", dir)(error)),
        Ok(metadata) if !metadata.is_dir() => {
            return Err(folder(
                "is not a folder; write the folder that holds the file",
            ));
        }
        Ok(_) => {}
    }
    let root = fs::canonicalize(dir).map_err(AssetError::io("resolve", dir))?;
    let mut walk = Walk {
        root: &root,
        inside: vec![root.clone()],
        files: Files::new(),
        size: 0,
    };
    walk.folder(&root, "")?;
    if walk.files.is_empty() {
        return Err(folder(
            "holds no files to deploy (hidden files, __pycache__ and *.pyc do not count)",
        ));
    }
    pack(&dir.display().to_string(), &walk.files)
}

fn ignored(name: &str) -> bool {
    name.starts_with('.')
        || name == "__pycache__"
        || Path::new(name)
            .extension()
            .is_some_and(|extension| extension == "pyc")
}

struct Walk<'a> {
    root: &'a Path,
    /// The real folders from the root to here; meeting one of them again is a loop.
    inside: Vec<PathBuf>,
    files: Files,
    size: u64,
}

impl Walk<'_> {
    fn folder(&mut self, dir: &Path, prefix: &str) -> Result<(), AssetError> {
        for entry in fs::read_dir(dir).map_err(AssetError::io("list", dir))? {
            let entry = entry.map_err(AssetError::io("list", dir))?;
            let path = entry.path();
            let Ok(name) = entry.file_name().into_string() else {
                return Err(AssetError::Folder {
                    path,
                    why: "has a name that is not UTF-8; rename it".into(),
                });
            };
            if ignored(&name) {
                continue;
            }
            self.entry(&path, &format!("{prefix}{name}"))?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, name: &str) -> Result<(), AssetError> {
        let refused = |why: String| AssetError::Folder {
            path: path.to_owned(),
            why,
        };
        let real = if fs::symlink_metadata(path)
            .map_err(AssetError::io("read", path))?
            .is_symlink()
        {
            let real = fs::canonicalize(path).map_err(|error| {
                refused(format!(
                    "is a symbolic link that leads nowhere ({error}); remove it"
                ))
            })?;
            if !real.starts_with(self.root) {
                return Err(refused(format!(
                    "is a symbolic link out of the function's folder, to {}; copy the file into the folder",
                    real.display()
                )));
            }
            real
        } else {
            path.to_owned()
        };
        let metadata = fs::metadata(&real).map_err(AssetError::io("read", &real))?;
        if metadata.is_dir() {
            if self.inside.contains(&real) {
                return Err(refused(
                    "is a symbolic link to a folder that contains it; remove it".into(),
                ));
            }
            self.inside.push(real.clone());
            self.folder(&real, &format!("{name}/"))?;
            self.inside.pop();
            return Ok(());
        }
        // a pipe would be waited on for ever
        if !metadata.is_file() {
            return Err(refused("is neither a file nor a folder; remove it".into()));
        }
        // before reading, so that a stray disk image is an error and not swap
        self.size += metadata.len();
        check_size(
            &self.root.display().to_string(),
            "unzipped",
            self.size,
            MAX_UNZIPPED,
        )?;
        let bytes = fs::read(&real).map_err(AssetError::io("read", &real))?;
        self.files.insert(
            name.to_owned(),
            File {
                bytes,
                executable: executable(&metadata),
            },
        );
        Ok(())
    }
}

// The owner's bit alone: a umask takes the others away.
#[cfg(unix)]
fn executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn executable(_: &Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::time::{Duration, SystemTime};

    use proptest::prelude::*;

    use super::*;

    fn put(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(&path, bytes).expect("file");
        path
    }

    #[test]
    fn only_what_is_deployed_is_packed() {
        let dir = tempfile::tempdir().expect("dir");
        for name in [
            "lambda_function.py",
            "lib/b.py",
            "lib.py",
            "__pycache__/x.py",
            "lib/c.pyc",
            ".env",
            ".git/config",
            "lib/.DS_Store",
        ] {
            put(dir.path(), name, name.as_bytes());
        }
        let tool = put(dir.path(), "run.sh", b"#!");
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o700)).expect("mode");
        // what only others may execute is no program of ours
        let library = dir.path().join("lib.py");
        fs::set_permissions(&library, fs::Permissions::from_mode(0o655)).expect("mode");
        let asset = function_zip(dir.path()).expect("packed");
        assert_eq!(
            asset.entries,
            ["lambda_function.py", "lib.py", "lib/b.py", "run.sh"]
        );
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&asset.bytes[..])).expect("a zip");
        let mut of = |index| {
            let entry = zip.by_index(index).expect("entry");
            assert_eq!(entry.last_modified(), Some(zip::DateTime::DEFAULT));
            entry.unix_mode().map(|mode| mode & 0o777)
        };
        let modes: Vec<_> = (0..4).map(&mut of).collect();
        assert_eq!(modes, [Some(0o644), Some(0o644), Some(0o644), Some(0o755)]);
    }

    #[test]
    fn links_stay_inside() {
        let outside = tempfile::tempdir().expect("dir");
        let secret = put(outside.path(), "secret", b"s");
        let dir = tempfile::tempdir().expect("dir");
        put(dir.path(), "a/x.py", b"x");
        symlink("a/x.py", dir.path().join("y.py")).expect("link");
        symlink("a", dir.path().join("b")).expect("link");
        assert_eq!(
            function_zip(dir.path()).expect("packed").entries,
            ["a/x.py", "b/x.py", "y.py"]
        );

        symlink("..", dir.path().join("a/up")).expect("link");
        let error = function_zip(dir.path()).expect_err("a loop").to_string();
        assert!(error.contains("contains it"), "{error}");
        fs::remove_file(dir.path().join("a/up")).expect("removed");

        symlink(&secret, dir.path().join("z")).expect("link");
        let error = function_zip(dir.path()).expect_err("escapes").to_string();
        assert!(error.contains("out of the function's folder"), "{error}");
        fs::remove_file(dir.path().join("z")).expect("removed");

        symlink("nowhere", dir.path().join("z")).expect("link");
        let error = function_zip(dir.path()).expect_err("dangles").to_string();
        assert!(error.contains("leads nowhere"), "{error}");
    }

    #[test]
    fn what_is_no_folder_of_files_is_refused() {
        let dir = tempfile::tempdir().expect("dir");
        put(dir.path(), ".hidden", b"");
        for (path, expected) in [
            ("", "no files"),
            (".hidden", "not a folder"),
            ("none", "does not exist"),
        ] {
            let error = function_zip(&dir.path().join(path))
                .expect_err(path)
                .to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_huge_file_is_refused_unread() {
        let dir = tempfile::tempdir().expect("dir");
        let sparse = fs::File::create(dir.path().join("disk.img")).expect("file");
        sparse.set_len(MAX_UNZIPPED + 1).expect("length");
        let error = function_zip(dir.path()).expect_err("too large").to_string();
        assert!(
            error.contains("250 MB") && error.contains("unzipped"),
            "{error}"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// The order in which files were made, their times and the umask leave no trace.
        #[test]
        fn the_same_files_are_the_same_bytes(
            files in prop::collection::btree_map("[a-z]{1,3}(/[A-Z]{1,2}){0,2}\\.py", (prop::collection::vec(any::<u8>(), 0..400), any::<bool>()), 1..8),
            shuffled in any::<prop::sample::Index>(),
            age in 0u64..1_000_000_000,
            mask in prop::sample::select(vec![0o000u32, 0o022, 0o027, 0o077]),
        ) {
            type Given = BTreeMap<String, (Vec<u8>, bool)>;
            let make = |files: &Given, turn: usize, age: u64, mask: u32| {
                let dir = tempfile::tempdir().expect("dir");
                let mut order: Vec<_> = files.iter().collect();
                order.rotate_left(turn);
                for (name, (bytes, executable)) in order {
                    let path = put(dir.path(), name, bytes);
                    let mode = if *executable { 0o777 } else { 0o666 };
                    fs::set_permissions(&path, fs::Permissions::from_mode(mode & !mask)).expect("mode");
                    let file = fs::File::open(&path).expect("file");
                    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(age)).expect("time");
                }
                function_zip(dir.path()).expect("packed")
            };
            let one = make(&files, 0, 1_700_000_000, 0o022);
            let two = make(&files, shuffled.index(files.len()), age, mask);
            prop_assert_eq!(&one.bytes, &two.bytes);
            prop_assert_eq!(one.entries, files.keys().cloned().collect::<Vec<_>>());
        }
    }
}
