//! The files that entries are made of.

use super::Loaded;
use crate::assets::{self, Arch, Asset, AssetError, PinnedPackage, WheelSource};
use crate::model::{Addr, Diagnostic};
use crate::resource::AssetRequest;
use std::collections::BTreeMap;
use std::path::Path;

impl Loaded {
    /// Reads and packs every file that the entries name, relative to `base`. Layers made of packages need the
    /// package index or a cache; without a source of wheels they are left out.
    ///
    /// Returns what could be had, and what is wrong with the rest.
    pub async fn assets(
        &self,
        base: &Path,
        wheels: Option<&WheelSource>,
    ) -> (BTreeMap<AssetRequest, Asset>, Vec<Diagnostic>) {
        let mut found = BTreeMap::new();
        let mut wrong = Vec::new();
        for (addr, entry) in &self.entries {
            for request in entry.managed.assets() {
                if found.contains_key(&request) {
                    continue;
                }
                match one(&request, base, wheels).await {
                    Some(Ok(asset)) => {
                        found.insert(request, asset);
                    }
                    Some(Err(error)) => wrong.push(self.asset_error(addr, &request, &error)),
                    None => {}
                }
            }
        }
        (found, wrong)
    }

    fn asset_error(&self, addr: &Addr, request: &AssetRequest, error: &AssetError) -> Diagnostic {
        let text = match request {
            AssetRequest::Directory(p) | AssetRequest::File(p) | AssetRequest::LayerZip(p) => {
                p.display().to_string()
            }
            AssetRequest::PythonLayer { packages, .. } => {
                packages.first().cloned().unwrap_or_default()
            }
        };
        let mut d = Diagnostic::error(error.to_string()).at(addr);
        if let Some(entry) = self.entries.get(addr) {
            let mut place = (entry.node.offset, 1);
            entry.node.texts(&mut |node, t| {
                if t == text {
                    place = (node.offset, node.len);
                }
            });
            d = d.span(self.span(place.0, place.1));
        }
        d
    }
}

async fn one(
    request: &AssetRequest,
    base: &Path,
    wheels: Option<&WheelSource>,
) -> Option<Result<Asset, AssetError>> {
    match request {
        AssetRequest::Directory(path) => Some(assets::function_zip(&base.join(path))),
        AssetRequest::LayerZip(path) => Some(assets::layer_zip(&base.join(path))),
        AssetRequest::File(path) => Some(assets::plain_file(&base.join(path))),
        AssetRequest::PythonLayer {
            packages,
            runtime,
            architecture,
        } => {
            let wheels = wheels?;
            Some(layer(packages, runtime, architecture, wheels).await)
        }
    }
}

async fn layer(
    packages: &[String],
    runtime: &str,
    architecture: &str,
    wheels: &WheelSource,
) -> Result<Asset, AssetError> {
    let pins = packages
        .iter()
        .map(|p| PinnedPackage::parse(p))
        .collect::<Result<Vec<_>, _>>()?;
    let arch: Arch = architecture.parse()?;
    assets::python_layer(&pins, runtime, arch, wheels)
        .await
        .map(|l| l.asset)
}
