//! What an index says of a package (PEP 691), and which of its wheels to take.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::error::AssetError;
use super::package::PinnedPackage;
use super::target::Target;
use super::version::{Version, python_satisfies};
use super::wheel_name::WheelName;

/// The media type that PEP 691 gives to the JSON form; without it an index answers with HTML.
pub(super) const SIMPLE_JSON: &str = "application/vnd.pypi.simple.v1+json";

/// A project's page.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    files: Vec<PageFile>,
}

#[derive(Debug, Deserialize)]
struct PageFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: Hashes,
    #[serde(default, rename = "requires-python")]
    requires_python: Option<String>,
    /// `false`, `true`, or the reason as text.
    #[serde(default)]
    yanked: serde_json::Value,
}

#[derive(Debug, Default, Deserialize)]
struct Hashes {
    sha256: Option<String>,
}

/// A wheel that the index offers.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub wheel: WheelName,
    /// As the page has it; may be relative to the page.
    pub url: String,
    pub sha256: Option<String>,
    requires_python: Option<String>,
    yanked: bool,
}

impl Candidate {
    fn fits(&self, target: &Target) -> bool {
        let python = self
            .requires_python
            .as_deref()
            .is_none_or(|specifier| python_satisfies(specifier, target.python));
        python && target.rank(&self.wheel).is_some()
    }
}

/// All wheels on the page that belong to the package; what has a name we cannot read is none.
fn wheels(page: Page, name: &str) -> Vec<Candidate> {
    let candidate = |file: PageFile| {
        Some(Candidate {
            wheel: WheelName::parse(&file.filename).filter(|wheel| wheel.name == name)?,
            url: file.url,
            sha256: file.hashes.sha256,
            requires_python: file.requires_python,
            yanked: !matches!(
                file.yanked,
                serde_json::Value::Null | serde_json::Value::Bool(false)
            ),
        })
    };
    page.files.into_iter().filter_map(candidate).collect()
}

/// The best wheel of the pinned version. A yanked one is taken only when no other fits (PEP 592: an
/// exact pin may still ask for it).
pub(super) fn choose(
    page: Page,
    package: &PinnedPackage,
    target: &Target,
    index: &str,
) -> Result<Candidate, AssetError> {
    let version = Version::parse(package.version());
    let all = wheels(page, package.name());
    let of_version: Vec<&Candidate> = all
        .iter()
        .filter(|wheel| wheel.wheel.parsed_version() == version)
        .collect();
    if of_version.is_empty() {
        return Err(AssetError::NotFound {
            package: package.to_string(),
            index: index.to_owned(),
            help: versions_help(&all, &version),
        });
    }
    let fitting = of_version.iter().filter(|candidate| candidate.fits(target));
    match fitting.max_by(|one, two| {
        (!one.yanked, target.rank(&one.wheel)).cmp(&(!two.yanked, target.rank(&two.wheel)))
    }) {
        Some(best) => Ok((*best).clone()),
        None => Err(AssetError::NoWheel {
            package: package.to_string(),
            target: target.to_string(),
            help: format!(
                "There are wheels for {}. {}",
                existing(&of_version, target),
                nearest_help(&all, package.name(), &version, target)
            ),
        }),
    }
}

/// Pythons and platforms of these wheels. Of the platforms only those of the target's system, if
/// there are any: nobody on Linux wants to read a dozen macOS versions.
fn existing(candidates: &[&Candidate], target: &Target) -> String {
    let number = |tag: &String| {
        let digits = tag.find(|c: char| c.is_ascii_digit()).unwrap_or(tag.len());
        (tag[..digits].to_owned(), tag[digits..].len(), tag.clone())
    };
    let mut pythons: Vec<String> = collect(candidates, |wheel| &wheel.pythons);
    pythons.sort_by_key(number);
    let platforms = collect(candidates, |wheel| &wheel.platforms);
    let own: Vec<String> = platforms
        .iter()
        .filter(|tag| target.same_system(tag))
        .cloned()
        .collect();
    let platforms = if own.is_empty() { platforms } else { own };
    format!("{} on {}", pythons.join(", "), platforms.join(", "))
}

/// The tags of all candidates, sorted and without repetition.
fn collect(candidates: &[&Candidate], tags: fn(&WheelName) -> &Vec<String>) -> Vec<String> {
    let all: BTreeSet<&String> = candidates
        .iter()
        .flat_map(|candidate| tags(&candidate.wheel))
        .collect();
    all.into_iter().cloned().collect()
}

fn versions_help(all: &[Candidate], wanted: &Version) -> String {
    match nearest(all, wanted, |_| true) {
        Some(version) => format!("The nearest version with wheels is {version}"),
        None => "It has no wheels in any version; only wheels are installed, nothing is compiled"
            .to_owned(),
    }
}

fn nearest_help(all: &[Candidate], name: &str, wanted: &Version, target: &Target) -> String {
    match nearest(all, wanted, |candidate| candidate.fits(target)) {
        Some(version) => {
            format!("The nearest version that has one is {version}: write {name}=={version}")
        }
        None => "No version has one: choose another runtime, architecture or package".to_owned(),
    }
}

/// The next later version, as support for a new Python only ever comes later; else the last earlier
/// one.
fn nearest(
    all: &[Candidate],
    wanted: &Version,
    suits: impl Fn(&Candidate) -> bool,
) -> Option<String> {
    let suiting = || {
        all.iter().filter(|candidate| {
            !candidate.yanked && candidate.wheel.parsed_version().is_final() && suits(candidate)
        })
    };
    let key = |candidate: &&Candidate| candidate.wheel.parsed_version();
    let later = suiting()
        .filter(|candidate| key(candidate) > *wanted)
        .min_by_key(key);
    later
        .or_else(|| {
            suiting()
                .filter(|candidate| key(candidate) < *wanted)
                .max_by_key(key)
        })
        .map(|candidate| candidate.wheel.version.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::target::Arch;
    use super::*;

    fn page(files: &[(&str, serde_json::Value)]) -> Page {
        let files: Vec<_> = files
            .iter()
            .map(|(name, yanked)| json!({"filename": name, "url": format!("https://x/{name}"), "hashes": {"sha256": "00"}, "yanked": yanked}))
            .collect();
        serde_json::from_value(json!({"meta": {"api-version": "1.1"}, "name": "p", "files": files}))
            .expect("a page")
    }

    fn pick(
        pin: &str,
        runtime: &str,
        files: &[(&str, serde_json::Value)],
    ) -> Result<String, String> {
        let target = Target::lambda(runtime, Arch::X86_64).expect("target");
        let pin = PinnedPackage::parse(pin).expect("pin");
        choose(page(files), &pin, &target, "https://x")
            .map(|candidate| candidate.wheel.filename)
            .map_err(|error| error.to_string())
    }

    const WHEEL: &str = "p-1.0-cp313-cp313-manylinux2014_x86_64.whl";
    const PURE: &str = "p-1.0-py3-none-any.whl";

    #[test]
    fn yanked_only_when_there_is_nothing_else() {
        let no = json!(false);
        assert_eq!(
            pick(
                "p==1.0",
                "python3.13",
                &[(WHEEL, json!("broken")), (PURE, no)]
            )
            .expect("one"),
            PURE
        );
        assert_eq!(
            pick("p==1.0.0", "python3.13", &[(WHEEL, json!(true))]).expect("one"),
            WHEEL
        );
        assert_eq!(
            pick(
                "P==1",
                "python3.13",
                &[(PURE, json!(null)), (WHEEL, json!(null))]
            )
            .expect("one"),
            WHEEL
        );
    }

    #[test]
    fn what_exists_and_the_nearest_version_are_named() {
        let no = || json!(false);
        let files = [
            ("p-1.0-cp312-cp312-manylinux2014_x86_64.whl", no()),
            ("p-1.0-cp313-cp313-manylinux2014_aarch64.whl", no()),
            ("p-0.9-py3-none-any.whl", no()),
            ("p-1.10-cp313-cp313-manylinux2014_x86_64.whl", no()),
            ("p-1.2-cp313-cp313-manylinux2014_x86_64.whl", no()),
            ("p-1.1rc1-cp313-cp313-manylinux2014_x86_64.whl", no()),
            (
                "p-1.1-cp313-cp313-manylinux2014_x86_64.whl",
                json!("yanked"),
            ),
            ("p-1.0.tar.gz", no()),
            ("q-1.1-py3-none-any.whl", no()),
        ];
        let error = pick("p==1.0", "python3.13", &files).expect_err("none fits");
        for part in [
            "Python 3.13 on Linux x86_64",
            "cp312, cp313 on manylinux2014_aarch64, manylinux2014_x86_64",
            "write p==1.2",
        ] {
            assert!(error.contains(part), "{error}");
        }
        let error = pick("p==3.0", "python3.13", &files).expect_err("no such version");
        assert!(
            error.contains("nearest version with wheels is 1.10"),
            "{error}"
        );
        let error = pick("p==1.0", "python3.13", &[("p-1.0.tar.gz", no())]).expect_err("no wheels");
        assert!(error.contains("nothing is compiled"), "{error}");
    }

    #[test]
    fn requires_python_is_kept() {
        let page: Page = serde_json::from_value(json!({"files": [
            {"filename": PURE, "url": "x", "hashes": {}, "requires-python": ">=3.14"}]}))
        .expect("a page");
        let target = Target::lambda("python3.13", Arch::X86_64).expect("target");
        assert!(
            choose(
                page,
                &PinnedPackage::parse("p==1.0").expect("pin"),
                &target,
                "i"
            )
            .is_err()
        );
    }
}
