//! Layers: every publication is a new version that never changes (aws-facts §4.8).

use super::model::LayerVersion;
use super::request::{Request, date, invalid, not_found, nothing, text, texts, violation};
use super::{code, names, runtimes, show};
use crate::sandbox::store::Store;
use crate::sandbox::wire::{ApiError, Reply};
use serde_json::{Map, Value, json};

const ARCHITECTURES: [&str; 2] = ["x86_64", "arm64"];

/// Every call makes a new version, also with the same bytes.
pub(super) fn publish(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let body = r.json()?;
    let name = names::layer(r.segment(2)?, store.region())?;
    let description = text(&body, "Description")?.unwrap_or_default();
    if description.chars().count() > 256 {
        return Err(violation(
            description,
            "description",
            "Member must have length less than or equal to 256",
        ));
    }
    let runtimes = texts(&body, "CompatibleRuntimes")?.unwrap_or_default();
    if runtimes.len() > 15 {
        return Err(violation(
            "compatibleRuntimes",
            "compatibleRuntimes",
            "Member must have length less than or equal to 15",
        ));
    }
    if let Some(unknown) = runtimes.iter().find(|r| !runtimes::exists(r)) {
        return Err(invalid(format!(
            "Value [{unknown}] at 'compatibleRuntimes' failed to satisfy constraint: Member must satisfy enum value set"
        )));
    }
    let architectures = texts(&body, "CompatibleArchitectures")?.unwrap_or_default();
    if let Some(unknown) = architectures
        .iter()
        .find(|a| !ARCHITECTURES.contains(&a.as_str()))
    {
        return Err(violation(
            unknown,
            "compatibleArchitectures",
            "Member must satisfy enum value set: [x86_64, arm64]",
        ));
    }
    let license = text(&body, "LicenseInfo")?.map(str::to_owned);
    if license.as_ref().is_some_and(|l| l.chars().count() > 512) {
        return Err(violation(
            "licenseInfo",
            "licenseInfo",
            "Member must have length less than or equal to 512",
        ));
    }
    let code = code::take(
        store,
        body.get("Content").unwrap_or(&Value::Null),
        "PublishLayerVersion",
    )?;
    let version = store.write(|w| {
        let layer = w.lambda.layers.entry(name.clone()).or_default();
        layer.last += 1;
        let version = LayerVersion {
            number: layer.last,
            code,
            created: store.timing().now(),
            description: description.to_owned(),
            runtimes,
            architectures,
            license,
        };
        layer.versions.push(version.clone());
        Ok(version)
    })?;
    Ok(Reply::Json(201, shown(store, &name, &version)))
}

fn summary(store: &Store, name: &str, version: &LayerVersion) -> Map<String, Value> {
    let arn = names::layer_arn(store.region(), name);
    let mut out = Map::new();
    out.insert(
        "LayerVersionArn".into(),
        format!("{arn}:{}", version.number).into(),
    );
    out.insert("Version".into(), version.number.into());
    out.insert("Description".into(), version.description.as_str().into());
    out.insert("CreatedDate".into(), date(version.created).into());
    if !version.runtimes.is_empty() {
        out.insert("CompatibleRuntimes".into(), json!(version.runtimes));
    }
    if !version.architectures.is_empty() {
        out.insert(
            "CompatibleArchitectures".into(),
            json!(version.architectures),
        );
    }
    if let Some(license) = &version.license {
        out.insert("LicenseInfo".into(), license.as_str().into());
    }
    out
}

fn shown(store: &Store, name: &str, version: &LayerVersion) -> Value {
    let mut out = summary(store, name, version);
    out.insert(
        "LayerArn".into(),
        names::layer_arn(store.region(), name).into(),
    );
    out.insert(
        "Content".into(),
        json!({
            "Location": show::location(store, &version.code),
            "CodeSha256": version.code.sha256,
            "CodeSize": version.code.size,
        }),
    );
    Value::Object(out)
}

fn find(store: &Store, name: &str, number: u64) -> Result<Reply, ApiError> {
    let version = store.read(|w| {
        let layer = w.lambda.layers.get(name)?;
        layer.versions.iter().find(|v| v.number == number).cloned()
    })?;
    match version {
        Some(version) => Ok(Reply::Json(200, shown(store, name, &version))),
        None => Err(not_found("The resource you requested does not exist.")),
    }
}

fn number(text: &str) -> Result<u64, ApiError> {
    text.parse()
        .map_err(|_| violation(text, "versionNumber", "Member must be a whole number"))
}

pub(super) fn get(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let name = names::layer(r.segment(2)?, store.region())?;
    find(store, &name, number(r.segment(4)?)?)
}

pub(super) fn get_by_arn(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let arn = r
        .query("Arn")
        .ok_or_else(|| invalid("Arn must be given."))?;
    let named = names::layer_version(arn, store.region())?;
    find(store, &named.name, named.version)
}

/// Returns whether a version is for what the query asks.
fn wanted(r: &Request, version: &LayerVersion) -> bool {
    let has =
        |all: &[String], one: Option<&str>| one.is_none_or(|one| all.iter().any(|a| a == one));
    has(&version.runtimes, r.query("CompatibleRuntime"))
        && has(&version.architectures, r.query("CompatibleArchitecture"))
}

/// Newest first; a layer that does not exist has no versions.
pub(super) fn list_versions(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let name = names::layer(r.segment(2)?, store.region())?;
    let items = store.read(|w| {
        let versions = w.lambda.layers.get(&name).map(|l| l.versions.as_slice());
        versions
            .unwrap_or_default()
            .iter()
            .filter(|v| wanted(r, v))
            .map(|v| {
                (
                    format!("{:020}", u64::MAX - v.number),
                    summary(store, &name, v),
                )
            })
            .collect()
    })?;
    let (versions, next) = r.page(items, 50)?;
    let mut shown = json!({"LayerVersions": versions});
    if let Some(next) = next {
        shown["NextMarker"] = next.into();
    }
    Ok(Reply::Json(200, shown))
}

pub(super) fn list(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let items = store.read(|w| {
        w.lambda
            .layers
            .iter()
            .filter_map(|(name, layer)| {
                let latest = layer.versions.iter().rev().find(|v| wanted(r, v))?;
                let shown = json!({
                    "LayerName": name,
                    "LayerArn": names::layer_arn(store.region(), name),
                    "LatestMatchingVersion": summary(store, name, latest),
                });
                Some((name.clone(), shown))
            })
            .collect()
    })?;
    let (layers, next) = r.page(items, 50)?;
    let mut shown = json!({"Layers": layers});
    if let Some(next) = next {
        shown["NextMarker"] = next.into();
    }
    Ok(Reply::Json(200, shown))
}

/// A version that is not there is no error. Functions that use it go on to work.
pub(super) fn delete(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let name = names::layer(r.segment(2)?, store.region())?;
    let number = number(r.segment(4)?)?;
    store.write(|w| {
        if let Some(layer) = w.lambda.layers.get_mut(&name) {
            layer.versions.retain(|v| v.number != number);
        }
        Ok(())
    })?;
    Ok(nothing())
}
