//! Where wheels come from: the cache, else the index.

use std::path::PathBuf;

use reqwest::Url;

use super::MAX_UNZIPPED;
use super::asset::sha256_hex;
use super::cache::{Cache, Record};
use super::error::AssetError;
use super::http::{Http, trusted};
use super::index::{Page, SIMPLE_JSON, choose};
use super::package::PinnedPackage;
use super::target::{Interpreter, Target};
use super::wheel_name::WheelName;

/// The index that is asked unless another is given.
pub const DEFAULT_INDEX: &str = "https://pypi.org";

/// The largest page we read; the longest on PyPI are about a tenth of it.
const MAX_PAGE: u64 = 64 * 1024 * 1024;

/// A package index together with a cache.
#[derive(Debug)]
pub struct WheelSource {
    index: Url,
    cache: Cache,
    http: Http,
}

/// A wheel in the cache, verified.
#[derive(Clone)]
pub struct CachedWheel {
    /// Its file.
    pub path: PathBuf,
    /// Its name, taken apart.
    pub name: WheelName,
    /// Its verified digest in lower-case hex.
    pub sha256: String,
    pub(super) bytes: Vec<u8>,
}

impl std::fmt::Debug for CachedWheel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CachedWheel")
            .field("path", &self.path)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

impl WheelSource {
    /// Wheels from `index`, such as [`DEFAULT_INDEX`], kept in the folder `cache`, which is made
    /// when needed.
    ///
    /// The index is asked over `https`; plain `http` is for this machine alone. Before the first
    /// download the process must have installed rustls's default crypto provider; without it the
    /// HTTP client panics.
    pub fn new(index: &str, cache: impl Into<PathBuf>) -> Result<Self, AssetError> {
        let refused = |why: String| AssetError::IndexAddress {
            url: index.to_owned(),
            why,
        };
        let mut url = Url::parse(index).map_err(|error| {
            refused(format!("{error}; write an address such as {DEFAULT_INDEX}"))
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            // it would end up in messages and in the cache; and so it must not be repeated here
            // either
            return Err(AssetError::IndexAddress {
                url: url.host_str().unwrap_or_default().to_owned(),
                why: "holds a password; indexes that ask for one are not supported".into(),
            });
        }
        if !trusted(&url) {
            return Err(refused("only https is accepted, as anybody on the way could swap the package; plain http is for 127.0.0.1".into()));
        }
        let path = url
            .path()
            .trim_end_matches('/')
            .trim_end_matches("/simple")
            .to_owned();
        url.set_path(&format!("{path}/"));
        Ok(Self {
            http: Http::new(url.scheme() == "http"),
            index: url,
            cache: Cache::new(cache.into()),
        })
    }

    /// The best wheel of the package for the target, from the cache or the index.
    ///
    /// What the index answered once is kept: later calls give the same wheel, without network as
    /// long as it is in the cache.
    pub async fn wheel(
        &self,
        package: &PinnedPackage,
        target: &Target,
    ) -> Result<CachedWheel, AssetError> {
        let record_path = self.cache.record_path(package, target);
        let (record, help) = match self.cache.record(&record_path, self.index.as_str()) {
            Some(record) => (
                record,
                format!(
                    "To look the package up again, remove {}",
                    record_path.display()
                ),
            ),
            None => (
                self.look_up(package, target).await?,
                "The index or a proxy on the way is at fault; try again later".to_owned(),
            ),
        };
        let name = WheelName::parse(&record.filename)
            .ok_or_else(|| AssetError::archive(&record.filename, "is not a wheel's file name"))?;
        let (cache, wheel, sha256) = (self.cache.clone(), name.clone(), record.sha256.clone());
        let bytes = match blocking(move || Ok(cache.wheel(&wheel, &sha256))).await? {
            Some(bytes) => bytes,
            None => {
                let bytes = self
                    .http
                    .get(&self.http.trusted_url(&record.url)?, None, MAX_UNZIPPED)
                    .await?;
                let (cache, wheel, expected, what) = (
                    self.cache.clone(),
                    name.clone(),
                    record.sha256.clone(),
                    record.url.clone(),
                );
                blocking(move || {
                    let got = sha256_hex(&bytes);
                    if got != expected {
                        return Err(AssetError::Digest {
                            what,
                            expected,
                            got,
                            help,
                        });
                    }
                    cache.keep_wheel(&wheel, &bytes)?;
                    Ok(bytes)
                })
                .await?
            }
        };
        // after the wheel, so that a record always speaks of something that was good
        self.cache.keep_record(&record_path, &record)?;
        Ok(CachedWheel {
            path: self.cache.wheel_path(&name),
            name,
            sha256: record.sha256,
            bytes,
        })
    }

    async fn look_up(
        &self,
        package: &PinnedPackage,
        target: &Target,
    ) -> Result<Record, AssetError> {
        let page_url = self
            .index
            .join(&format!("simple/{}/", package.name()))
            .map_err(|error| self.address(&error.to_string()))?;
        let body = self
            .http
            .get(&page_url, Some(SIMPLE_JSON), MAX_PAGE)
            .await
            .map_err(|error| match error {
                AssetError::Http { why, .. } if why.starts_with("404") => AssetError::NotFound {
                    package: package.to_string(),
                    index: self.index.to_string(),
                    help: format!(
                        "The index has no package {}; check its spelling",
                        package.name()
                    ),
                },
                error => error,
            })?;
        let page: Page = serde_json::from_slice(&body).map_err(|error| AssetError::Http {
            url: page_url.to_string(),
            why: format!("the answer is no project page of PEP 691 ({error})"),
        })?;
        let best = choose(page, package, target, self.index.as_str())?;
        let file = &best.wheel.filename;
        let sha256 = best
            .sha256
            .map(|hex| hex.to_ascii_lowercase())
            .filter(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(sha256) = sha256 else {
            return Err(AssetError::Http {
                url: page_url.to_string(),
                why: format!(
                    "{file} has no sha256 there, so it could not be verified; use an index that gives it"
                ),
            });
        };
        let url = page_url.join(&best.url).map_err(|error| AssetError::Http {
            url: best.url.clone(),
            why: error.to_string(),
        })?;
        Ok(Record {
            index: self.index.to_string(),
            filename: file.clone(),
            url: url.to_string(),
            sha256,
        })
    }

    fn address(&self, why: &str) -> AssetError {
        AssetError::IndexAddress {
            url: self.index.to_string(),
            why: why.to_owned(),
        }
    }
}

/// Runs what hashes or packs megabytes beside the runtime's own threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AssetError> + Send + 'static,
) -> Result<T, AssetError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // the runtime is shutting down, or the work panicked and has said so
        Err(error) => Err(AssetError::archive(
            "assets",
            format!("packing was broken off: {error}"),
        )),
    }
}

/// The wheel of the package that runs in a Python on this machine, as a file in the cache. It is
/// for running a function locally, whose layer holds binaries for Lambda.
pub async fn wheel_for_interpreter(
    package: &PinnedPackage,
    interpreter: &Interpreter,
    source: &WheelSource,
) -> Result<PathBuf, AssetError> {
    Ok(source.wheel(package, &interpreter.target()?).await?.path)
}

#[cfg(test)]
mod tests;
