//! As much of PEP 440 as exact pins need: are two versions the same, which is later, and does a
//! Python satisfy `requires-python`.

use std::cmp::Ordering;

/// A version in comparable form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    epoch: u64,
    /// Without trailing zeros: 2.9 and 2.9.0 are the same version.
    release: Vec<u64>,
    /// What follows the release, in normal form: `rc1`, `.post2`, `+local`.
    suffix: String,
}

impl Version {
    /// Reads any version; what is not PEP 440 is still comparable with itself.
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim().to_ascii_lowercase();
        let text = text.strip_prefix('v').unwrap_or(&text);
        let (epoch, rest) = match text.split_once('!') {
            Some((epoch, rest)) => (epoch.parse().unwrap_or(0), rest),
            None => (0, text),
        };
        let mut release = Vec::new();
        let mut end = 0;
        for part in rest.split_inclusive('.') {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let Ok(number) = part[..digits].parse() else {
                break;
            };
            release.push(number);
            end += digits;
            if part.len() == digits + 1
                && part.ends_with('.')
                && rest[end + 1..].starts_with(|c: char| c.is_ascii_digit())
            {
                end += 1;
            } else {
                break;
            }
        }
        while release.last() == Some(&0) {
            release.pop();
        }
        Self {
            epoch,
            release,
            suffix: suffix(&rest[end..]),
        }
    }

    /// Neither alpha, beta, release candidate nor development version.
    pub(super) fn is_final(&self) -> bool {
        self.suffix.is_empty() || self.suffix.starts_with(".post") || self.suffix.starts_with('+')
    }
}

fn suffix(text: &str) -> String {
    let text = text.replace(['-', '_'], ".");
    let (public, local) = text
        .split_once('+')
        .map_or((text.as_str(), None), |(public, local)| {
            (public, Some(local))
        });
    let mut out = String::new();
    for part in public.split('.').filter(|part| !part.is_empty()) {
        let letters = part
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(part.len());
        let word = match &part[..letters] {
            "alpha" => "a",
            "beta" => "b",
            "c" | "pre" | "preview" => "rc",
            "rev" | "r" => ".post",
            "post" => ".post",
            "dev" => ".dev",
            word => word,
        };
        out.push_str(word);
        out.push_str(&part[letters..]);
    }
    if let Some(local) = local {
        out.push('+');
        out.push_str(local);
    }
    out
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        // .dev before a, b and rc, those before the final version, that before .post
        let rank = |version: &Self| match version.suffix.as_str() {
            suffix if suffix.starts_with(".dev") => 0,
            suffix if suffix.starts_with(".post") => 3,
            _ if version.is_final() => 2,
            _ => 1,
        };
        (self.epoch, &self.release, rank(self), &self.suffix).cmp(&(
            other.epoch,
            &other.release,
            rank(other),
            &other.suffix,
        ))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Does some patch release of Python `major.minor` satisfy the specifier? What cannot be read does,
/// as the wheel's tags have the last word.
pub(super) fn python_satisfies(specifier: &str, (major, minor): (u64, u64)) -> bool {
    specifier.split(',').all(|clause| {
        let clause = clause.trim();
        let split = clause
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(clause.len());
        let (operator, version) = clause.split_at(split);
        let wildcard = version.ends_with(".*");
        let numbers: Vec<u64> = version
            .trim_end_matches(".*")
            .split('.')
            .map_while(|part| part.parse().ok())
            .collect();
        let Some(&wanted_major) = numbers.first() else {
            return true;
        };
        let wanted = (wanted_major, numbers.get(1).copied().unwrap_or(0));
        let have = (major, minor);
        let has_patch = numbers.get(2).is_some_and(|patch| *patch > 0);
        match operator.trim() {
            ">=" => have >= wanted,
            // some 3.9.x is later than 3.9 and than 3.9.1
            ">" => have >= wanted,
            "<=" => have <= wanted,
            "<" => have < wanted || (have == wanted && has_patch),
            "~=" => {
                if numbers.len() > 2 {
                    have == wanted
                } else {
                    major == wanted.0 && have >= wanted
                }
            }
            "==" => major == wanted.0 && (numbers.len() < 2 && wildcard || have == wanted),
            "!=" => {
                !(wildcard
                    && numbers.len() <= 2
                    && major == wanted.0
                    && (numbers.len() < 2 || have == wanted))
            }
            _ => true,
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_version_are_equal() {
        for (one, two) in [
            ("2.9", "2.9.0"),
            ("v1.0", "1"),
            ("1.0rc1", "1.0-RC1"),
            ("1.0.post1", "1.0-post1"),
            ("1.0alpha2", "1.0a2"),
            ("1+a.b", "1.0+a_b"),
        ] {
            assert_eq!(Version::parse(one), Version::parse(two), "{one} {two}");
        }
        assert_ne!(Version::parse("2.9.1"), Version::parse("2.9.11"));
    }

    #[test]
    fn versions_are_ordered_as_numbers() {
        let sorted = [
            "1.0.dev1",
            "1.0a1",
            "1.0rc1",
            "1.0",
            "1.0.post1",
            "2.9.2",
            "2.9.10",
            "1!0.1",
        ];
        for pair in sorted.windows(2) {
            assert!(
                Version::parse(pair[0]) < Version::parse(pair[1]),
                "{pair:?}"
            );
        }
        assert!(!Version::parse("1.0rc1").is_final() && !Version::parse("1.0.dev0").is_final());
        assert!(Version::parse("1.0.post1").is_final() && Version::parse("1.0").is_final());
    }

    #[test]
    fn requires_python() {
        for (specifier, yes, no) in [
            (">=3.9", (3, 13), (3, 8)),
            (">=3.8,<4", (3, 13), (4, 0)),
            (">=2.7,!=3.0.*,!=3.1.*", (3, 2), (3, 1)),
            ("<3.13", (3, 12), (3, 13)),
            ("~=3.9", (3, 10), (4, 0)),
            ("==3.*", (3, 1), (2, 7)),
            ("==3.11.*", (3, 11), (3, 12)),
        ] {
            assert!(python_satisfies(specifier, yes), "{specifier} {yes:?}");
            assert!(!python_satisfies(specifier, no), "{specifier} {no:?}");
        }
        assert!(python_satisfies("", (3, 13)) && python_satisfies("!=3.9.1", (3, 9)));
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in ".{0,24}", digits in "[0-9.!a-c+-]{0,16}") {
            let (one, two) = (Version::parse(&text), Version::parse(&digits));
            prop_assert_eq!(one.cmp(&two), two.cmp(&one).reverse());
            let _ = python_satisfies(&text, (3, 13));
        }
    }
}
