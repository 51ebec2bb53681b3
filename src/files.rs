//! Files that this program writes: whole or not at all, and readable by their owner alone.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces a file in one step, with mode 0600; its directory is made (0700) where it is missing. What a link points
/// to is replaced, not the link; what is no file (a pipe, `/dev/stdout`) is written to and stays what it is.
///
/// # Errors
/// Where the directory or the file cannot be written.
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => {
            return OpenOptions::new().write(true).open(path)?.write_all(bytes);
        }
        _ => {}
    }
    let target = std::fs::canonicalize(path);
    let path = target.as_deref().unwrap_or(path);
    let partial = written(path, bytes)?;
    std::fs::rename(&partial, path).inspect_err(|_| {
        let _ = std::fs::remove_file(&partial);
    })
}

/// Writes a file in one step as [`replace_private`] does, where there is none. Tells whether it was written: of
/// several at once one is, whole, and the others find it there.
///
/// # Errors
/// Where the directory or the file cannot be written.
pub fn create_private(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let partial = written(path, bytes)?;
    let linked = std::fs::hard_link(&partial, path);
    let _ = std::fs::remove_file(&partial);
    match linked {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e),
    }
}

/// Writes the bytes beside a path, and returns where.
fn written(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty())
        && !parent.exists()
    {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(parent)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(
        ".{}-{:?}.partial",
        std::process::id(),
        std::thread::current().id()
    ));
    let partial = path.with_file_name(name);
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file: File = options.open(&partial)?;
    if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_all()) {
        let _ = std::fs::remove_file(&partial);
        return Err(error);
    }
    Ok(partial)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_at_once_one_is_first_and_all_read_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("values/PASSWORD");
        let read: Vec<String> = std::thread::scope(|s| {
            let runs: Vec<_> = (0..16)
                .map(|i| {
                    let path = &path;
                    s.spawn(move || {
                        create_private(path, format!("value-{i}").as_bytes()).unwrap();
                        std::fs::read_to_string(path).unwrap()
                    })
                })
                .collect();
            runs.into_iter().map(|r| r.join().unwrap()).collect()
        });
        assert!(read.iter().all(|r| r == &read[0]), "{read:?}");
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_pipe_stays_a_pipe() {
        use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
        let dir = tempfile::tempdir().unwrap();
        let (file, link, pipe) = (
            dir.path().join("file"),
            dir.path().join("link"),
            dir.path().join("pipe"),
        );
        std::fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        replace_private(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let read = std::thread::scope(|s| {
            let reader = s.spawn(|| std::fs::read_to_string(&pipe).unwrap());
            replace_private(&pipe, b"through").unwrap();
            reader.join().unwrap()
        });
        assert_eq!(read, "through");
        assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
        assert!(replace_private(dir.path(), b"x").is_err());
    }
}
