//! `name==version`, and nothing looser.

use std::fmt;

use super::error::AssetError;

/// A package at exactly one version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PinnedPackage {
    name: String,
    version: String,
}

impl PinnedPackage {
    /// Reads `name==version`. Anything else could mean another package tomorrow and is refused.
    pub fn parse(text: &str) -> Result<Self, AssetError> {
        let refused = |why: String| AssetError::Requirement {
            given: text.to_owned(),
            why,
        };
        let text_only = text.trim();
        let end = text_only
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
            .unwrap_or(text_only.len());
        let (name, rest) = text_only.split_at(end);
        let rest = rest.trim_start();
        let bordered = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_alphanumeric())
                && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        };
        if !bordered(name) {
            return Err(refused(
                "write a package and its version, such as psycopg2-binary==2.9.11".into(),
            ));
        }
        if rest.is_empty() {
            return Err(refused(format!(
                "has no version; write {name}==VERSION, so that every build installs the same"
            )));
        }
        if rest.starts_with('[') {
            return Err(refused(format!(
                "extras are not resolved; write {name}==VERSION and pin the packages of the extra beside it"
            )));
        }
        if rest.starts_with('@') {
            return Err(refused(format!(
                "addresses are not supported; write {name}==VERSION"
            )));
        }
        let Some(version) = rest
            .strip_prefix("==")
            .filter(|version| !version.starts_with('='))
        else {
            let version = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
            let version = version
                .split([',', ';', ' '])
                .next()
                .filter(|version| !version.is_empty())
                .unwrap_or("VERSION");
            return Err(refused(format!(
                "is not an exact version; write {name}=={version}"
            )));
        };
        let version = version.trim();
        if version.contains('*') {
            return Err(refused(format!(
                "a wildcard is not an exact version; write all of it, such as {name}==2.9.11"
            )));
        }
        if let Some((first, _)) = version.split_once([',', ';', ' ']) {
            let first = first.trim();
            return Err(refused(format!(
                "write one exact version and nothing after it: {name}=={first}"
            )));
        }
        let allowed =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '!' | '+' | '-' | '_');
        if !version.starts_with(|c: char| c.is_ascii_digit())
            || !version.chars().all(allowed)
            || !bordered(version)
        {
            return Err(refused(format!(
                "`{version}` is not a version; write {name}==VERSION, such as {name}==2.9.11"
            )));
        }
        Ok(Self {
            name: normalised(name),
            version: version.to_ascii_lowercase(),
        })
    }

    /// The name in PEP 503's normal form: `psycopg2-binary`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version as written, in lower case.
    pub fn version(&self) -> &str {
        &self.version
    }
}

impl fmt::Display for PinnedPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=={}", self.name, self.version)
    }
}

impl std::str::FromStr for PinnedPackage {
    type Err = AssetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// PEP 503: lower case, and each run of `-`, `_` and `.` is one `-`.
pub(super) fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else {
            out.push(c.to_ascii_lowercase());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn exact_pins_are_taken() {
        for (text, expected) in [
            ("psycopg2-binary==2.9.11", "psycopg2-binary==2.9.11"),
            (" Psycopg2__Binary == 2.9.11 ", "psycopg2-binary==2.9.11"),
            ("zope.interface==7.0", "zope-interface==7.0"),
            ("a==1!2.0RC1+local.1", "a==1!2.0rc1+local.1"),
        ] {
            assert_eq!(
                PinnedPackage::parse(text).expect(text).to_string(),
                expected
            );
        }
    }

    #[test]
    fn what_is_loose_is_refused_with_what_to_write() {
        for (text, expected) in [
            ("", "psycopg2-binary==2.9.11"),
            ("==1.0", "psycopg2-binary==2.9.11"),
            ("psycopg2", "psycopg2==VERSION"),
            ("psycopg2>=2.9", "write psycopg2==2.9"),
            ("psycopg2~=2.9.1,<3", "write psycopg2==2.9.1"),
            ("psycopg2===2.9", "write psycopg2==2.9"),
            ("psycopg2=2.9", "write psycopg2==2.9"),
            ("psycopg2==2.9.*", "wildcard"),
            ("psycopg2==2.9,!=2.9.1", "psycopg2==2.9"),
            ("psycopg2==2.9; python_version>'3'", "psycopg2==2.9"),
            ("psycopg2==2.9 --hash=sha256:00", "psycopg2==2.9"),
            ("psycopg[binary]==3.2", "extras"),
            ("psycopg @ https://example.com/x.whl", "addresses"),
            ("psycopg==../etc", "not a version"),
            ("psycopg==1/2", "not a version"),
            ("-r requirements.txt", "psycopg2-binary==2.9.11"),
        ] {
            let error = PinnedPackage::parse(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in ".{0,40}") {
            let _ = PinnedPackage::parse(&text);
        }

        /// What is accepted is one path segment, and reads back as itself.
        #[test]
        fn what_is_accepted_is_stable(text in "[A-Za-z._-]{1,8}==[0-9A-Za-z.!+_/\\\\-]{1,8}") {
            if let Ok(package) = PinnedPackage::parse(&text) {
                prop_assert_eq!(PinnedPackage::parse(&package.to_string()).expect("again"), package.clone());
                prop_assert!(!package.to_string().contains(['/', '\\']));
            }
        }
    }
}
