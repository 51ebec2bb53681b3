//! Reads zips that others made, trusting nothing in them.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use zip::ZipArchive;

use super::MAX_UNZIPPED;
use super::asset::{File, check_size};
use super::error::AssetError;

/// More than any package has; a zip of millions of empty files is small.
const MAX_ENTRIES: usize = 50_000;

/// Longer than any path in a package; systems end at 4096.
const MAX_NAME: usize = 1024;

/// An archive that grows beyond this is looked at for its ratio; smaller ones do no harm.
const HARMLESS: u64 = 8 * 1024 * 1024;

/// Text and tables reach 20; deflate's own maximum, which bombs use, is 1032.
const MAX_RATIO: u64 = 100;

/// All files of the zip in its order, with their paths. Directories are left out.
///
/// Refused: paths that are absolute, lead upwards or mean different things on different systems,
/// names that occur twice, links, encryption, entries that share their bytes, and what unpacks to
/// too much.
pub(super) fn unzip(name: &str, bytes: &[u8]) -> Result<Vec<(String, File)>, AssetError> {
    let broken = |error: zip::result::ZipError| {
        AssetError::archive(name, format!("is no readable zip ({error})"))
    };
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if zip.len() > MAX_ENTRIES {
        return Err(AssetError::archive(
            name,
            format!("has {} entries, more than {MAX_ENTRIES}", zip.len()),
        ));
    }
    if zip.has_duplicate_names() {
        return Err(AssetError::archive(
            name,
            "has two entries of one name; which of them counts depends on the reader",
        ));
    }
    if zip.has_overlapping_files().map_err(broken)? {
        return Err(AssetError::archive(
            name,
            "has entries that overlap, as only a zip bomb has",
        ));
    }
    let mut files = Vec::with_capacity(zip.len());
    let mut places = Places::default();
    let mut total = 0;
    for index in 0..zip.len() {
        let entry = zip.by_index(index).map_err(broken)?;
        let path = entry.name().map_err(broken)?.into_owned();
        check_path(name, &path)?;
        if entry.is_dir() {
            continue;
        }
        // the upper bits of the mode are the sort of file; where there are none, nobody said
        let sort = entry.unix_mode().map_or(0, |mode| mode & 0o170_000);
        let strange = match sort {
            _ if entry.encrypted() => Some("is encrypted"),
            _ if entry.is_symlink() => Some("is a symbolic link"),
            0 | 0o100_000 => None,
            _ => Some("is a device or a pipe"),
        };
        if let Some(what) = strange {
            return Err(AssetError::archive(
                name,
                format!("{path} {what}; only plain files are accepted"),
            ));
        }
        let executable = entry.unix_mode().is_some_and(|mode| mode & 0o100 != 0);
        // the size in the header is a claim: read one byte beyond what may come
        let room = MAX_UNZIPPED - total;
        let compressed = entry.compressed_size();
        let mut content = Vec::with_capacity(
            entry
                .size()
                .min(room)
                .min(compressed.saturating_mul(MAX_RATIO)) as usize,
        );
        entry
            .take(room + 1)
            .read_to_end(&mut content)
            .map_err(|error| {
                AssetError::archive(name, format!("{path} cannot be unpacked: {error}"))
            })?;
        let size = content.len() as u64;
        total += size;
        check_size(name, "unzipped", total, MAX_UNZIPPED)?;
        let bomb =
            |size: u64, compressed: u64| size > HARMLESS && size / compressed.max(1) > MAX_RATIO;
        if bomb(size, compressed) || bomb(total, bytes.len() as u64) {
            return Err(AssetError::archive(
                name,
                format!(
                    "{path} unpacks to more than {MAX_RATIO} times its size, as a zip bomb does"
                ),
            ));
        }
        places.take(name, &path)?;
        files.push((
            path,
            File {
                bytes: content,
                executable,
            },
        ));
    }
    Ok(files)
}

/// What is where, so that nothing is a file and a folder at once.
#[derive(Default)]
struct Places {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
}

impl Places {
    fn take(&mut self, name: &str, path: &str) -> Result<(), AssetError> {
        let above = || path.match_indices('/').map(|(at, _)| &path[..at]);
        if self.folders.contains(path) || above().any(|folder| self.files.contains(folder)) {
            return Err(AssetError::archive(
                name,
                format!("has {path:?} or a part of it as both a file and a folder"),
            ));
        }
        for folder in above() {
            if !self.folders.contains(folder) {
                self.folders.insert(folder.to_owned());
            }
        }
        self.files.insert(path.to_owned());
        Ok(())
    }
}

fn check_path(name: &str, path: &str) -> Result<(), AssetError> {
    // a directory's own name ends in a slash
    let file = path.strip_suffix('/').unwrap_or(path);
    let odd = file.contains(['\\', '\0']) || file.as_bytes().get(1) == Some(&b':');
    if path.len() > MAX_NAME {
        return Err(AssetError::archive(
            name,
            format!(
                "has an entry whose name has {} bytes, more than {MAX_NAME}",
                path.len()
            ),
        ));
    }
    if odd || file.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(AssetError::archive(
            name,
            format!("has the entry {path:?}, which could lead out of the folder it is unpacked in"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, bytes) in entries {
            zip.start_file(path, SimpleFileOptions::default())
                .expect("entry");
            zip.write_all(bytes).expect("bytes");
        }
        zip.finish().expect("a zip").into_inner()
    }

    #[test]
    fn plain_files_come_out() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.add_directory("a", SimpleFileOptions::default())
            .expect("entry");
        zip.start_file("a/b", SimpleFileOptions::default().unix_permissions(0o755))
            .expect("entry");
        zip.write_all(b"x").expect("bytes");
        let files = unzip("z", &zip.finish().expect("a zip").into_inner()).expect("files");
        assert_eq!(
            files,
            [(
                "a/b".to_owned(),
                File {
                    bytes: b"x".to_vec(),
                    executable: true
                }
            )]
        );
    }

    #[test]
    fn paths_that_lead_out_are_refused() {
        for path in [
            "../x",
            "a/../../x",
            "/etc/x",
            "a//x",
            "./x",
            "C:x",
            "a\\..\\x",
            "x\0y",
        ] {
            let error = unzip("z", &zip_of(&[(path, b"x")]))
                .expect_err(path)
                .to_string();
            assert!(error.contains("lead out"), "{path:?}: {error}");
        }
    }

    #[test]
    fn links_are_refused() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.add_symlink("a", "/etc/passwd", SimpleFileOptions::default())
            .expect("entry");
        let error = unzip("z", &zip.finish().expect("a zip").into_inner())
            .expect_err("a link")
            .to_string();
        assert!(error.contains("symbolic link"), "{error}");
    }

    #[test]
    fn bombs_are_refused() {
        let error = unzip("z", &zip_of(&[("zeros", &vec![0; 16 * 1024 * 1024])]))
            .expect_err("a bomb")
            .to_string();
        assert!(error.contains("zip bomb"), "{error}");
        // hidden behind something that does not compress
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file("noise", stored).expect("entry");
        zip.write_all(&vec![1; 1024 * 1024]).expect("bytes");
        zip.start_file("zeros", SimpleFileOptions::default())
            .expect("entry");
        zip.write_all(&vec![0; 16 * 1024 * 1024]).expect("bytes");
        assert!(unzip("z", &zip.finish().expect("a zip").into_inner()).is_err());
        // little by little
        let part = vec![0; 1024 * 1024];
        let names: Vec<String> = (0..12).map(|n| n.to_string()).collect();
        let entries: Vec<(&str, &[u8])> = names
            .iter()
            .map(|name| (name.as_str(), &part[..]))
            .collect();
        assert!(unzip("z", &zip_of(&entries)).is_err());
    }

    #[test]
    fn a_size_that_lies_is_found_out() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file("a", stored).expect("entry");
        zip.write_all(b"content").expect("bytes");
        let good = zip.finish().expect("a zip").into_inner();
        let central = good
            .windows(4)
            .position(|four| four == b"PK\x01\x02")
            .expect("a directory");
        for (offset, value) in [(20, 3u8), (24, 3), (16, 0)] {
            let mut bad = good.clone();
            bad[central + offset] = value;
            if let Ok(files) = unzip("z", &bad) {
                assert_eq!(files[0].1.bytes, b"content", "byte {offset}");
            }
        }
    }

    #[test]
    fn a_name_that_occurs_twice_is_refused() {
        let mut bytes = zip_of(&[("aa", b"1"), ("ab", b"2")]);
        let places: Vec<_> = (0..bytes.len() - 1)
            .filter(|at| &bytes[*at..*at + 2] == b"ab")
            .collect();
        places.iter().for_each(|at| bytes[at + 1] = b'a');
        let error = unzip("z", &bytes).expect_err("twice").to_string();
        assert!(error.contains("two entries"), "{error}");
    }

    /// One entry of a zip that somebody made with bad intent.
    #[derive(Debug, Clone)]
    struct Entry {
        path: String,
        bytes: Vec<u8>,
        stored: bool,
        mode: Option<u32>,
        link: bool,
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let piece = prop_oneof![
            Just("a"),
            Just("b"),
            Just("A"),
            Just(".."),
            Just("."),
            Just("/"),
            Just("//"),
            Just("\\"),
            Just("C:"),
            Just("\0"),
            Just("\u{202e}"),
            Just("…"),
            Just("__init__.py"),
            Just("x.dist-info"),
        ];
        let path = prop::collection::vec(piece, 1..6).prop_map(|p| p.concat());
        let bytes = prop_oneof![
            4 => prop::collection::vec(any::<u8>(), 0..50),
            1 => (0usize..2_000_000).prop_map(|n| vec![0; n]),
            // a zip within a zip is a file like any other
            1 => Just(zip_of(&[("../../x", b"inner")])),
        ];
        let mode = prop::option::of(prop::sample::select(vec![
            0o644, 0o755, 0o4755, 0o120_777, 0o020_666, 0,
        ]));
        (path, bytes, any::<bool>(), mode, prop::bool::weighted(0.05)).prop_map(
            |(path, bytes, stored, mode, link)| Entry {
                path,
                bytes,
                stored,
                mode,
                link,
            },
        )
    }

    fn zip(entries: &[Entry]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for entry in entries {
            let mut options = SimpleFileOptions::default();
            if entry.stored {
                options = options.compression_method(CompressionMethod::Stored);
            }
            if let Some(mode) = entry.mode {
                options = options.unix_permissions(mode);
            }
            // the writer itself refuses what is too odd, a name that is there twice for one
            if entry.link {
                let _ = zip.add_symlink(&entry.path, "/etc/passwd", options);
            } else if zip.start_file(&entry.path, options).is_ok() {
                zip.write_all(&entry.bytes).expect("bytes");
            }
        }
        zip.finish().expect("a zip").into_inner()
    }

    /// Fails where something that was unpacked could be written outside of its folder, twice, or without bounds.
    fn harmless(files: &[(String, File)], packed: usize) -> Result<(), TestCaseError> {
        let mut seen = std::collections::BTreeSet::new();
        let mut total = 0;
        for (path, file) in files {
            let parts: Vec<_> = std::path::Path::new(path).components().collect();
            prop_assert!(!parts.is_empty());
            prop_assert!(
                parts
                    .iter()
                    .all(|p| matches!(p, std::path::Component::Normal(_))),
                "{path:?}"
            );
            prop_assert!(
                !path.contains(['\\', '\0']) && !path.ends_with('/'),
                "{path:?}"
            );
            prop_assert!(seen.insert(path.clone()), "{path:?} twice");
            total += file.bytes.len() as u64;
        }
        for path in &seen {
            let below = format!("{path}/");
            prop_assert!(
                !seen.iter().any(|p| p.starts_with(&below)),
                "{path:?} is a file and a folder"
            );
        }
        prop_assert!(files.len() <= MAX_ENTRIES && total <= MAX_UNZIPPED);
        prop_assert!(total <= HARMLESS || total / packed as u64 <= MAX_RATIO);
        Ok(())
    }

    proptest! {
        #[test]
        fn nothing_leads_out_and_nothing_grows_without_bounds(entries in prop::collection::vec(entry(), 0..8)) {
            let bytes = zip(&entries);
            if let Ok(files) = unzip("z", &bytes) {
                harmless(&files, bytes.len())?;
                prop_assert!(entries.iter().all(|e| !e.link) || files.len() < entries.len());
                for (path, file) in &files {
                    prop_assert!(entries.iter().any(|e| e.path == *path && e.bytes == file.bytes), "{path:?}");
                }
            }
        }

        /// A zip that was damaged, or changed so that its parts contradict one another.
        #[test]
        fn a_damaged_zip_is_refused_or_read_as_it_was(
            entries in prop::collection::vec(entry(), 1..4),
            harm in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 1..4),
        ) {
            let mut bytes = zip(&entries);
            for (at, value, how) in harm {
                let at = at.index(bytes.len());
                match how {
                    0 => bytes[at] = value,
                    1 => bytes.truncate(at.max(1)),
                    _ => bytes.insert(at, value),
                }
            }
            if let Ok(files) = unzip("z", &bytes) {
                harmless(&files, bytes.len())?;
                for (path, file) in &files {
                    // names are not covered by a checksum, contents are
                    prop_assert!(entries.iter().any(|e| e.bytes == file.bytes), "{path:?} holds other bytes");
                }
            }
        }
    }

    #[test]
    fn a_file_that_is_a_folder_too_is_refused() {
        for names in [["a", "a/b"], ["a/b", "a"]] {
            let error = unzip("z", &zip_of(&[(names[0], b"1"), (names[1], b"2")]))
                .expect_err("both")
                .to_string();
            assert!(error.contains("both a file and a folder"), "{error}");
        }
    }

    #[test]
    fn more_entries_than_any_package_has_are_refused_before_they_are_read() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for n in 0..=MAX_ENTRIES {
            zip.start_file(n.to_string(), SimpleFileOptions::default())
                .expect("entry");
        }
        let mut bytes = zip.finish().expect("a zip").into_inner();
        let error = unzip("z", &bytes).expect_err("so many").to_string();
        assert!(error.contains("entries, more than"), "{error}");
        // and a count that is a lie
        let end = bytes.len() - 22;
        bytes[end + 8..end + 12].fill(0xff);
        assert!(unzip("z", &bytes).is_err());
        let mut small = zip_of(&[("a", b"x")]);
        let end = small.len() - 22;
        small[end + 8..end + 12].fill(0xfe);
        assert!(unzip("z", &small).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(garbage in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), value in any::<u8>()) {
            let _ = unzip("z", &garbage);
            let mut zip = zip_of(&[("a/b", b"some content"), ("c", &garbage)]);
            let at = at.index(zip.len());
            zip[at] = value;
            let _ = unzip("z", &zip);
        }
    }
}
