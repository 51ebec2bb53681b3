//! The file name of a wheel says what it runs on (PEP 427, PEP 425).

use super::package::normalised;
use super::version::Version;

/// A wheel's file name, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelName {
    /// The file name itself; one path segment.
    pub filename: String,
    /// The package's name in PEP 503's normal form.
    pub name: String,
    /// The version as written.
    pub version: String,
    /// The build tag: of two wheels that fit equally the later build is taken.
    pub build: (u64, String),
    /// Python tags, such as `cp313` or `py2` and `py3`.
    pub pythons: Vec<String>,
    /// ABI tags, such as `cp313`, `abi3` or `none`.
    pub abis: Vec<String>,
    /// Platform tags, such as `manylinux2014_x86_64` or `any`.
    pub platforms: Vec<String>,
}

impl WheelName {
    /// Takes `name-version(-build)-pythons-abis-platforms.whl` apart; `None` for any other file.
    pub fn parse(filename: &str) -> Option<Self> {
        let allowed =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '!');
        if !filename.chars().all(allowed) || filename.starts_with('.') {
            return None;
        }
        let parts: Vec<&str> = filename.strip_suffix(".whl")?.split('-').collect();
        let (name, version, build, tags) = match parts.as_slice() {
            [name, version, tags @ ..] if tags.len() == 3 => (name, version, "", tags),
            [name, version, build, tags @ ..] if tags.len() == 3 => (name, version, *build, tags),
            _ => return None,
        };
        let digits = build.bytes().take_while(u8::is_ascii_digit).count();
        if parts.iter().any(|part| part.is_empty()) || (!build.is_empty() && digits == 0) {
            return None;
        }
        let set = |tags: &str| tags.split('.').map(str::to_ascii_lowercase).collect();
        Some(Self {
            filename: filename.to_owned(),
            name: normalised(name),
            version: (*version).to_owned(),
            build: (
                build[..digits].parse().unwrap_or(0),
                build[digits..].to_owned(),
            ),
            pythons: set(tags[0]),
            abis: set(tags[1]),
            platforms: set(tags[2]),
        })
    }

    /// The version in comparable form.
    pub(super) fn parsed_version(&self) -> Version {
        Version::parse(&self.version)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn compressed_tag_sets_and_build_tags() {
        let wheel = WheelName::parse(
            "Psycopg2_Binary-2.9.11-1b-cp313-cp313-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        )
        .expect("a wheel");
        assert_eq!(
            (wheel.name.as_str(), wheel.version.as_str()),
            ("psycopg2-binary", "2.9.11")
        );
        assert_eq!(wheel.build, (1, "b".to_owned()));
        assert_eq!(
            wheel.platforms,
            ["manylinux2014_x86_64", "manylinux_2_17_x86_64"]
        );
        let pure = WheelName::parse("six-1.17.0-py2.py3-none-any.whl").expect("a wheel");
        assert_eq!(
            (pure.pythons.as_slice(), pure.build),
            (
                ["py2".to_owned(), "py3".to_owned()].as_slice(),
                (0, String::new())
            )
        );
    }

    #[test]
    fn other_files_are_no_wheels() {
        for name in [
            "psycopg2_binary-2.9.11.tar.gz",
            "six-1.17.0-py3-none.whl",
            "six-1.17.0-x1-py3-none-any.whl",
            "six--py3-none-any.whl",
            "../six-1.17.0-py3-none-any.whl",
            "a/six-1.17.0-py3-none-any.whl",
            "..\\six-1.17.0-py3-none-any.whl",
            "",
        ] {
            assert_eq!(WheelName::parse(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_keeps_to_one_segment(name in "[a-z./\\\\0-9é-]{0,30}(\\.whl)?") {
            if let Some(wheel) = WheelName::parse(&name) {
                prop_assert!(!wheel.filename.contains(['/', '\\']));
            }
        }
    }
}
