//! Versions of PostgreSQL as RDS writes them: `17`, `17.4`, `16.1-R2`.

use std::fmt;

/// A version that is wanted or there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The major.
    pub major: u32,
    /// The minor, where one is named.
    pub minor: Option<u32>,
}

impl Version {
    /// Reads a version. What follows the minor (`-R2`) is AWS's own counting and is not compared.
    pub fn parse(text: &str) -> Option<Self> {
        let (major, rest) = number(text)?;
        if rest.is_empty() {
            return Some(Version { major, minor: None });
        }
        let (minor, rest) = number(rest.strip_prefix('.')?)?;
        (rest.is_empty() || rest.starts_with('-')).then_some(Version {
            major,
            minor: Some(minor),
        })
    }

    /// Tells whether a version that is there is what this one asks for: the same major, no older minor.
    pub fn admits(self, there: Version) -> bool {
        self.major == there.major && there.minor.unwrap_or(0) >= self.minor.unwrap_or(0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minor {
            Some(minor) => write!(f, "{}.{minor}", self.major),
            None => write!(f, "{}", self.major),
        }
    }
}

fn number(text: &str) -> Option<(u32, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// Chooses from the versions that can be created: the one that is asked for, else the nearest above it in its major.
/// A bare major is left to AWS, which knows its own default.
///
/// # Errors
/// The nearest choices, where none fits.
pub fn creatable(want: Version, offered: &[String]) -> Result<String, Vec<String>> {
    if want.minor.is_none()
        && offered
            .iter()
            .any(|o| Version::parse(o).is_some_and(|v| want.admits(v)))
    {
        return Ok(want.to_string());
    }
    fitting(want, offered)
        .into_iter()
        .next()
        .map(|(_, text)| text.clone())
        .ok_or_else(|| nearest(want, offered))
}

/// Chooses from the targets that AWS allows: for a bare major the newest, else the nearest that is not older.
///
/// # Errors
/// The nearest choices, where none fits.
pub fn upgrade(want: Version, targets: &[String]) -> Result<String, Vec<String>> {
    let mut fit = fitting(want, targets).into_iter();
    match want.minor {
        Some(_) => fit.next(),
        None => fit.next_back(),
    }
    .map(|(_, text)| text.clone())
    .ok_or_else(|| nearest(want, targets))
}

/// What fits, oldest first.
fn fitting(want: Version, offered: &[String]) -> Vec<(Version, &String)> {
    let mut fit: Vec<_> = offered
        .iter()
        .filter_map(|text| Version::parse(text).map(|v| (v, text)))
        .filter(|(v, _)| want.admits(*v))
        .collect();
    fit.sort();
    fit
}

/// The newest of the wanted major and of its neighbours.
fn nearest(want: Version, offered: &[String]) -> Vec<String> {
    let mut newest = std::collections::BTreeMap::new();
    for (v, text) in offered
        .iter()
        .filter_map(|t| Version::parse(t).map(|v| (v, t)))
    {
        let best = newest.entry(v.major).or_insert((v, text));
        if v > best.0 {
            *best = (v, text);
        }
    }
    let mut all: Vec<_> = newest.into_values().collect();
    all.sort_by_key(|(v, _)| (v.major.abs_diff(want.major), std::cmp::Reverse(v.major)));
    all.truncate(3);
    all.sort();
    all.into_iter().map(|(_, text)| text.clone()).collect()
}
