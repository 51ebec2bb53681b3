//! Layers: pinned wheels laid out as Lambda's Python finds them, or a zip that exists already.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::MAX_ZIPPED;
use super::asset::{Asset, Files, check_size, pack};
use super::binary::{BinaryTag, fits, tags_of};
use super::error::AssetError;
use super::package::PinnedPackage;
use super::source::{CachedWheel, WheelSource, blocking};
use super::target::{Arch, Target};
use super::unzip::unzip;

/// A layer with what it was made of.
#[derive(Debug, Clone)]
pub struct LayerAsset {
    /// The zip, with everything under `python/`.
    pub asset: Asset,
    /// The wheels in it, in the order of the packages' names.
    pub wheels: Vec<UsedWheel>,
    /// Its binaries; they fit the runtime and architecture it was made for.
    pub binaries: Vec<BinaryTag>,
}

/// One wheel of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedWheel {
    /// What asked for it.
    pub package: PinnedPackage,
    /// Its file name.
    pub filename: String,
    /// Its digest in lower-case hex, as the index gave it.
    pub sha256: String,
}

/// Makes a layer of exactly these packages for a runtime such as `python3.13`.
///
/// Dependencies are not resolved: what a package needs must be pinned too. The same wheels give the
/// same bytes, in whatever order the packages are written. Scripts, headers and data that a wheel
/// would put outside `site-packages` are left out; Lambda has no use for them.
pub async fn python_layer(
    packages: &[PinnedPackage],
    runtime: &str,
    arch: Arch,
    source: &WheelSource,
) -> Result<LayerAsset, AssetError> {
    let target = Target::lambda(runtime, arch)?;
    let mut sorted = packages.to_vec();
    sorted.sort();
    sorted.dedup();
    if let Some(pair) = sorted
        .windows(2)
        .find(|pair| pair[0].name() == pair[1].name())
    {
        return Err(AssetError::Requirement {
            given: pair[1].to_string(),
            why: format!(
                "contradicts {}; a layer holds one version of a package",
                pair[0]
            ),
        });
    }
    if sorted.is_empty() {
        return Err(AssetError::Requirement {
            given: String::new(),
            why: "no packages; write at least one, such as psycopg2-binary==2.9.11".into(),
        });
    }
    let mut wheels = Vec::with_capacity(sorted.len());
    for package in sorted {
        wheels.push((package.clone(), source.wheel(&package, &target).await?));
    }
    let runtime = runtime.to_owned();
    blocking(move || build(wheels, &runtime, arch)).await
}

fn build(
    wheels: Vec<(PinnedPackage, CachedWheel)>,
    runtime: &str,
    arch: Arch,
) -> Result<LayerAsset, AssetError> {
    let mut layer = Files::new();
    let mut from: BTreeMap<String, String> = BTreeMap::new();
    for (package, wheel) in &wheels {
        for (path, file) in site_packages(&wheel.name.filename, &wheel.bytes)? {
            let path = format!("python/{path}");
            // two packages may share a file, such as the __init__.py of a common folder
            match layer.get(&path) {
                Some(there) if *there != file => {
                    let first = from.remove(&path).unwrap_or_default();
                    return Err(AssetError::Collision {
                        path,
                        first,
                        second: package.to_string(),
                    });
                }
                Some(_) => {}
                None => {
                    from.insert(path.clone(), package.to_string());
                    layer.insert(path, file);
                }
            }
        }
    }
    check_folders("the layer", layer.keys())?;
    let asset = pack("the layer", &layer)?;
    let binaries = tags_of(
        layer
            .iter()
            .map(|(path, file)| (path.as_str(), file.bytes.as_slice())),
    );
    fits(&binaries, runtime, arch).map_err(|why| AssetError::archive("the layer", why))?;
    let used = |(package, wheel): (PinnedPackage, CachedWheel)| UsedWheel {
        package,
        filename: wheel.name.filename,
        sha256: wheel.sha256,
    };
    Ok(LayerAsset {
        asset,
        wheels: wheels.into_iter().map(used).collect(),
        binaries,
    })
}

/// What a wheel puts into `site-packages` (PEP 427): its own tree, with `*.data/purelib` and
/// `*.data/platlib` merged into it and the rest of `*.data` left out.
fn site_packages(name: &str, bytes: &[u8]) -> Result<Files, AssetError> {
    let mut files = Files::new();
    let mut is_wheel = false;
    for (path, file) in unzip(name, bytes)? {
        is_wheel |= path
            .split_once('/')
            .is_some_and(|(top, rest)| top.ends_with(".dist-info") && rest == "WHEEL");
        let path = match path.split_once('/') {
            Some((top, rest)) if top.ends_with(".data") => match rest.split_once('/') {
                Some(("purelib" | "platlib", inner)) => inner.to_owned(),
                _ => continue,
            },
            _ => path,
        };
        if files.insert(path.clone(), file).is_some() {
            return Err(AssetError::archive(name, format!("brings {path} twice")));
        }
    }
    if !is_wheel {
        return Err(AssetError::archive(
            name,
            "has no *.dist-info/WHEEL; it is not a wheel",
        ));
    }
    Ok(files)
}

/// An error if a path is a file and a folder at once: it could not be unpacked.
fn check_folders<'a>(
    name: &str,
    paths: impl Iterator<Item = &'a String> + Clone,
) -> Result<(), AssetError> {
    let files: BTreeSet<&str> = paths.clone().map(String::as_str).collect();
    for path in paths {
        let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        if let Some(both) = folders.into_iter().find(|folder| files.contains(folder)) {
            return Err(AssetError::archive(
                name,
                format!("{both} is a file and a folder at once"),
            ));
        }
    }
    Ok(())
}

/// Loads a layer from a zip file that exists already; its bytes stay as they are.
///
/// It may hold plain files only, no links, and must have `python/` at its top, where Lambda's
/// Python looks (aws-facts §4.8). Whether its binaries fit is for
/// [`binary_tags`](super::binary_tags) and [`fits`].
pub fn layer_zip(path: &Path) -> Result<Asset, AssetError> {
    let name = path.display().to_string();
    let found = AssetError::found(path)?;
    if !found.is_file() {
        return Err(AssetError::Folder {
            path: path.to_owned(),
            why: "is no file; name a zip file".to_owned(),
        });
    }
    check_size(&name, "zipped", found.len(), MAX_ZIPPED)?;
    // it may grow while it is read
    let bytes =
        crate::files::read_at_most(path, MAX_ZIPPED).map_err(AssetError::io("read", path))?;
    let entries: Vec<String> = unzip(&name, &bytes)?
        .into_iter()
        .map(|(entry, _)| entry)
        .collect();
    check_folders(&name, entries.iter())?;
    if !entries.iter().any(|entry| entry.starts_with("python/")) {
        let nested = entries
            .iter()
            .find_map(|entry| entry.find("/python/").map(|end| &entry[..end]));
        let why = match (nested, entries.first()) {
            (Some(outer), _) => format!(
                "has python/ inside {outer}/; zip it from within {outer}, so that python/ is at the top"
            ),
            (None, Some(first)) => {
                let top = first.split('/').next().unwrap_or(first);
                format!(
                    "has no python/ at its top but {top}; Lambda's Python would not find it: move everything under python/"
                )
            }
            (None, None) => "is empty; a layer needs its packages under python/".to_owned(),
        };
        return Err(AssetError::archive(&name, why));
    }
    Ok(Asset::new(bytes, entries))
}

#[cfg(test)]
mod tests;
