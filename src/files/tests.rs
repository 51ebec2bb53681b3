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

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        std::fs::symlink_metadata(path)
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(dir)
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Every name that the next writes would take first, made by somebody who knows how they are made.
    fn planted(path: &Path, to: &Path) -> Vec<PathBuf> {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let from = NEXT.load(Ordering::Relaxed);
        // other tests of this process write at the same time
        let next = (from..from + 500)
            .map(|n| path.with_file_name(format!("{name}.{}-{n}.partial", std::process::id())));
        let next: Vec<PathBuf> = next.collect();
        for link in &next {
            symlink(to, link).unwrap();
        }
        next
    }

    #[test]
    fn a_name_that_was_put_there_before_is_not_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let (victim, path) = (dir.path().join("victim"), dir.path().join("plan.json"));
        std::fs::write(&victim, "precious").unwrap();
        let links = planted(&path, &victim);
        let nowhere = dir.path().join("made-by-mistake");
        let more = planted(&dir.path().join("other.json"), &nowhere);
        replace_private(&path, b"new").unwrap();
        replace_private(&dir.path().join("other.json"), b"new").unwrap();
        assert!(create_private(&dir.path().join("third"), b"new").unwrap());
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert!(!nowhere.exists());
        assert!(links.iter().chain(&more).all(|l| l.is_symlink()));
    }

    #[test]
    fn a_link_that_leads_nowhere_is_replaced_and_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (nowhere, link) = (dir.path().join("nowhere"), dir.path().join("link"));
        symlink(&nowhere, &link).unwrap();
        assert!(!create_private(&link, b"x").unwrap(), "something is there");
        replace_private(&link, b"x").unwrap();
        assert!(!nowhere.exists() && !link.is_symlink());
        // and links in a circle end
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        symlink(&a, &b).unwrap();
        symlink(&b, &a).unwrap();
        let _ = replace_private(&a, b"x");
        assert!(names(dir.path()).iter().all(|n| !n.ends_with(".partial")));
    }

    /// Needs root to make a file of somebody else, as in a directory that all may write to.
    #[test]
    fn a_link_or_a_pipe_of_another_user_is_refused() {
        if !rustix::process::geteuid().is_root() {
            println!("not root: a link of another user cannot be made here");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let shared = dir.path().join("shared");
        std::fs::create_dir(&shared).unwrap();
        std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o1777)).unwrap();
        let (victim, link, own) = (
            dir.path().join("victim"),
            shared.join("plan.json"),
            shared.join("own.json"),
        );
        std::fs::write(&victim, "precious").unwrap();
        symlink(&victim, &link).unwrap();
        symlink(&link, &own).unwrap();
        std::os::unix::fs::lchown(&link, Some(12345), Some(12345)).unwrap();
        // directly, and through a link of one's own
        for path in [&link, &own] {
            let error = replace_private(path, b"x").unwrap_err().to_string();
            assert!(
                error.contains("a link of another user (number 12345)"),
                "{error}"
            );
        }
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
        let pipe = shared.join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o666),
            0,
        )
        .unwrap();
        std::os::unix::fs::lchown(&pipe, Some(12345), Some(12345)).unwrap();
        let error = replace_private(&pipe, b"x").unwrap_err().to_string();
        assert!(error.contains("a pipe of another user"), "{error}");
        // in a directory of its own, whoever writes there has chosen it
        let theirs = dir.path().join("theirs");
        std::fs::create_dir(&theirs).unwrap();
        let link = theirs.join("plan.json");
        symlink(&victim, &link).unwrap();
        std::os::unix::fs::lchown(&link, Some(12345), Some(12345)).unwrap();
        std::os::unix::fs::chown(&theirs, Some(12345), Some(12345)).unwrap();
        replace_private(&link, b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "new");
    }

    #[test]
    fn what_cannot_be_written_leaves_the_old_file_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        // a directory where the file should be: known only when the new one is complete
        let path = dir.path().join("there");
        std::fs::create_dir(&path).unwrap();
        assert!(replace_private(&path, b"x").is_err());
        assert!(!create_private(&path, b"x").unwrap());
        assert_eq!(names(dir.path()), ["there"]);
        // a disk that is full
        let error = replace_private(Path::new("/dev/full"), b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        // a name that no file can have
        let long = dir.path().join("x".repeat(300));
        assert!(replace_private(&long, b"x").is_err());
        assert!(create_private(&long, b"x").is_err());
        assert_eq!(names(dir.path()), ["there"]);
    }

    #[test]
    fn a_file_is_never_open_to_others_and_its_directory_neither() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/secret");
        replace_private(&path, b"x").unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(&dir.path().join("a")), 0o700);
        assert_eq!(mode(&dir.path().join("a/b")), 0o700);
        // one that was open is closed with the first write
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        replace_private(&path, b"y").unwrap();
        assert_eq!(mode(&path), 0o600);
        assert!(create_private(&dir.path().join("c"), b"x").unwrap());
        assert_eq!(mode(&dir.path().join("c")), 0o600);
        // what holds no secret is as the umask has it
        assert!(create_ordinary(&dir.path().join("d"), b"x").unwrap());
        assert_eq!(mode(&dir.path().join("d")) & 0o700, 0o600);
        assert_eq!(names(dir.path()), ["a", "c", "d"]);
    }
}

#[test]
fn a_file_that_does_not_end_is_not_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    std::fs::write(&path, [7; 100]).unwrap();
    assert_eq!(read_at_most(&path, 100).unwrap().len(), 100);
    let error = read_at_most(&path, 99).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    #[cfg(unix)]
    assert!(read_at_most(Path::new("/dev/zero"), 1 << 20).is_err());
}
