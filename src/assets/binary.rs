//! Do the binaries in a layer fit the function that uses it?
//!
//! A wrong one fails only when the function is imported, with a message that does not say so.

use std::collections::BTreeMap;

use super::error::AssetError;
use super::target::{Arch, Target};
use super::unzip::unzip;

/// A shared object in a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinaryTag {
    /// Its path in the zip.
    pub path: String,
    /// The only Python that imports it, such as `cp313`; `None` for stable-ABI modules and plain
    /// libraries.
    pub python: Option<String>,
    /// The architecture in its ELF header; `None` where it is another than Lambda's or no ELF file
    /// at all.
    pub arch: Option<Arch>,
    /// What it is instead, where it is no binary for Lambda.
    pub foreign: Option<String>,
}

/// The shared objects in a zip: `*.so` and `*.so.1.2`.
///
/// The file's own header counts, not its name: a name can be changed.
pub fn binary_tags(zip: &[u8]) -> Result<Vec<BinaryTag>, AssetError> {
    let files = unzip("the layer", zip)?;
    Ok(tags_of(files.iter().map(|(path, file)| {
        (path.as_str(), file.bytes.as_slice())
    })))
}

/// The shared objects among these files.
pub(super) fn tags_of<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<BinaryTag> {
    let shared = |path: &str| {
        let name = file_name(path);
        name.ends_with(".so")
            || name
                .split_once(".so.")
                .is_some_and(|(_, version)| version.starts_with(|c: char| c.is_ascii_digit()))
    };
    let mut tags: Vec<BinaryTag> = files
        .filter(|(path, _)| shared(path))
        .map(|(path, bytes)| {
            let (arch, foreign) = match machine(bytes) {
                Ok(arch) => (Some(arch), None),
                Err(what) => (None, Some(what)),
            };
            BinaryTag {
                python: python_of(path),
                path: path.to_owned(),
                arch,
                foreign,
            }
        })
        .collect();
    tags.sort_by(|one, two| one.path.cmp(&two.path));
    tags
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `cp313` of `_psycopg.cpython-313-x86_64-linux-gnu.so`, or of the folder
/// `python/lib/python3.13/`.
fn python_of(path: &str) -> Option<String> {
    if let Some((_, tag)) = file_name(path).split_once(".cpython-") {
        // the m, d and t of other builds stay: they do not fit an ordinary Python
        let tag = tag.split(['-', '.']).next().unwrap_or(tag);
        return Some(format!(
            "cp{}",
            if tag == "36m" || tag == "37m" {
                &tag[..2]
            } else {
                tag
            }
        ));
    }
    let (major, minor) = versioned_folder(path)?.0.split_once('.')?;
    Some(format!("cp{major}{minor}"))
}

/// `("3.13", "psycopg2/x.so")` of `python/lib/python3.13/site-packages/psycopg2/x.so`.
fn versioned_folder(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("python/lib/python")?
        .split_once("/site-packages/")
}

/// `e_machine` of a 64-bit little-endian ELF file.
fn machine(bytes: &[u8]) -> Result<Arch, String> {
    let mach_o = [
        [0xcf, 0xfa, 0xed, 0xfe],
        [0xce, 0xfa, 0xed, 0xfe],
        [0xca, 0xfe, 0xba, 0xbe],
    ];
    match bytes {
        [0x7f, b'E', b'L', b'F', 2, 1, rest @ ..] if rest.len() >= 14 => {
            match u16::from_le_bytes([rest[12], rest[13]]) {
                62 => Ok(Arch::X86_64),
                183 => Ok(Arch::Aarch64),
                other => Err(format!("an ELF file for machine {other}")),
            }
        }
        [0x7f, b'E', b'L', b'F', ..] => {
            Err("an ELF file that is not 64-bit little-endian".to_owned())
        }
        [a, b, c, d, ..] if mach_o.contains(&[*a, *b, *c, *d]) => Err("a macOS binary".to_owned()),
        [b'M', b'Z', ..] => Err("a Windows binary".to_owned()),
        _ => Err("not an ELF file".to_owned()),
    }
}

/// Do the binaries run under this runtime and architecture? The error says which one does not, and
/// what to do.
///
/// A layer may hold one module for several Pythons side by side; then one of them has to fit.
pub fn fits(tags: &[BinaryTag], runtime: &str, arch: Arch) -> Result<(), String> {
    let target = Target::lambda(runtime, arch).map_err(|error| error.to_string())?;
    let own = target.python_tag();
    let mut modules: BTreeMap<String, Vec<&BinaryTag>> = BTreeMap::new();
    for tag in tags {
        modules.entry(module(tag)).or_default().push(tag);
    }
    for variants in modules.values() {
        let python_fits = |tag: &BinaryTag| tag.python.as_ref().is_none_or(|python| *python == own);
        if variants
            .iter()
            .any(|tag| python_fits(tag) && tag.arch == Some(arch))
        {
            continue;
        }
        // of several wrong ones the one for the right Python tells most
        if let Some(tag) = variants
            .iter()
            .find(|tag| python_fits(tag))
            .or(variants.first())
        {
            return Err(format!(
                "{} is {}, but the function runs {runtime} on {}; make the layer for runtime {runtime} and architecture {}",
                tag.path,
                described(tag),
                arch.lambda_name(),
                arch.lambda_name()
            ));
        }
    }
    Ok(())
}

/// What is imported or loaded under one name, whatever it was built for.
fn module(tag: &BinaryTag) -> String {
    let path = versioned_folder(&tag.path)
        .map_or_else(|| tag.path.clone(), |(_, rest)| format!("python/{rest}"));
    match path.find(".cpython-") {
        Some(end) => path[..end].to_owned(),
        None => path
            .strip_suffix(".abi3.so")
            .map_or_else(|| path.clone(), str::to_owned),
    }
}

fn described(tag: &BinaryTag) -> String {
    if let Some(foreign) = &tag.foreign {
        return foreign.clone();
    }
    let python = match tag
        .python
        .as_deref()
        .and_then(|python| python.strip_prefix("cp"))
        .and_then(|digits| digits.split_at_checked(1))
    {
        Some((major, minor)) => format!("Python {major}.{minor} on "),
        None => String::new(),
    };
    format!(
        "built for {python}{}",
        tag.arch.map_or("an unknown machine", Arch::lambda_name)
    )
}

#[cfg(test)]
mod tests {
    use super::super::asset::{File, Files, pack};
    use super::super::stub::elf;
    use super::*;

    fn tags(files: &[(&str, Vec<u8>)]) -> Vec<BinaryTag> {
        let files: Files = files
            .iter()
            .map(|(path, bytes)| {
                (
                    (*path).to_owned(),
                    File {
                        bytes: bytes.clone(),
                        executable: false,
                    },
                )
            })
            .collect();
        binary_tags(&pack("test", &files).expect("a zip").bytes).expect("tags")
    }

    const MODULE: &str = "python/psycopg2/_psycopg.cpython-313-x86_64-linux-gnu.so";

    #[test]
    fn names_and_headers_are_read() {
        let found = tags(&[
            (MODULE, elf(62)),
            ("python/p.libs/libpq-1.so.5.17", elf(183)),
            ("python/a.abi3.so", elf(62)),
            ("python/notes.so.txt", b"x".to_vec()),
            ("python/lib/python3.12/site-packages/b.so", elf(243)),
        ]);
        let short: Vec<_> = found
            .iter()
            .map(|tag| (file_name(&tag.path), tag.python.as_deref(), tag.arch))
            .collect();
        assert_eq!(
            short,
            [
                ("a.abi3.so", None, Some(Arch::X86_64)),
                ("b.so", Some("cp312"), None),
                ("libpq-1.so.5.17", None, Some(Arch::Aarch64)),
                (
                    "_psycopg.cpython-313-x86_64-linux-gnu.so",
                    Some("cp313"),
                    Some(Arch::X86_64)
                ),
            ]
        );
        assert_eq!(
            found[1].foreign.as_deref(),
            Some("an ELF file for machine 243")
        );
    }

    #[test]
    fn a_wrong_python_or_architecture_is_named() {
        let found = tags(&[(MODULE, elf(62))]);
        assert_eq!(fits(&found, "python3.13", Arch::X86_64), Ok(()));
        let error = fits(&found, "python3.12", Arch::X86_64).expect_err("wrong Python");
        assert!(
            error.contains(MODULE) && error.contains("Python 3.13") && error.contains("python3.12"),
            "{error}"
        );
        let error = fits(&found, "python3.13", Arch::Aarch64).expect_err("wrong architecture");
        assert!(
            error.contains("x86_64") && error.contains("arm64"),
            "{error}"
        );
        // the name says x86_64, the file does not
        let error =
            fits(&tags(&[(MODULE, elf(183))]), "python3.13", Arch::X86_64).expect_err("wrong file");
        assert!(error.contains("on arm64, but"), "{error}");
        let error = fits(
            &tags(&[(MODULE, vec![0xcf, 0xfa, 0xed, 0xfe, 0])]),
            "python3.13",
            Arch::X86_64,
        )
        .expect_err("not Linux");
        assert!(error.contains("macOS"), "{error}");
        assert!(fits(&found, "nodejs22.x", Arch::X86_64).is_err());
        assert_eq!(fits(&[], "python3.13", Arch::Aarch64), Ok(()));
    }

    #[test]
    fn a_wrong_library_is_as_bad_as_a_wrong_module() {
        assert!(
            fits(
                &tags(&[(MODULE, elf(62)), ("python/p.libs/libpq.so.5", elf(183))]),
                "python3.13",
                Arch::X86_64
            )
            .is_err()
        );
    }

    #[test]
    fn one_of_several_variants_has_to_fit() {
        let side_by_side = tags(&[
            ("python/m.cpython-312-x86_64-linux-gnu.so", elf(62)),
            ("python/m.cpython-313-x86_64-linux-gnu.so", elf(62)),
        ]);
        assert_eq!(fits(&side_by_side, "python3.12", Arch::X86_64), Ok(()));
        assert!(fits(&side_by_side, "python3.14", Arch::X86_64).is_err());
        let folders = tags(&[
            ("python/lib/python3.12/site-packages/m.so", elf(62)),
            ("python/lib/python3.13/site-packages/m.so", elf(62)),
        ]);
        assert_eq!(fits(&folders, "python3.13", Arch::X86_64), Ok(()));
        assert!(fits(&folders, "python3.14", Arch::X86_64).is_err());
    }

    #[test]
    fn odd_builds_do_not_fit() {
        assert!(
            fits(
                &tags(&[("python/m.cpython-313t-x86_64-linux-gnu.so", elf(62))]),
                "python3.13",
                Arch::X86_64
            )
            .is_err()
        );
        assert_eq!(
            fits(
                &tags(&[("python/m.cpython-37m-x86_64-linux-gnu.so", elf(62))]),
                "python3.7",
                Arch::X86_64
            ),
            Ok(())
        );
    }
}
