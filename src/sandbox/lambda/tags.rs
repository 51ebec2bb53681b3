//! Tags of functions. Layers cannot be tagged (aws-facts §4.8).

use super::names;
use super::request::{Request, invalid, map, nothing};
use crate::sandbox::store::Store;
use crate::sandbox::wire::{ApiError, Reply};
use serde_json::json;
use std::collections::BTreeMap;

/// Checks tags that shall be added to `held` ones with other keys.
pub(super) fn checked(
    tags: BTreeMap<String, String>,
    held: usize,
) -> Result<BTreeMap<String, String>, ApiError> {
    for (key, value) in &tags {
        if key.is_empty() || key.chars().count() > 128 {
            return Err(invalid("Tag keys must have between 1 and 128 characters."));
        }
        if value.chars().count() > 256 {
            return Err(invalid("Tag values must have at most 256 characters."));
        }
        if key.to_lowercase().starts_with("aws:") {
            return Err(invalid(
                "Tag keys beginning with aws: are reserved for system use.",
            ));
        }
        let fits = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
        if !key.chars().chain(value.chars()).all(fits) {
            return Err(invalid(format!(
                "The tag {key} has characters that are not allowed."
            )));
        }
    }
    if tags.len() + held > 50 {
        return Err(invalid("The number of tags exceeds the limit of 50 tags."));
    }
    Ok(tags)
}

fn named(store: &Store, r: &Request) -> Result<names::Named, ApiError> {
    // an ARN has no `/` of its own here, but a client may send one that is not encoded
    let arn = r.path.get(2..).unwrap_or_default().join("/");
    if !arn.starts_with("arn:") || !arn.contains(":function:") {
        return Err(invalid(format!(
            "Invalid resource ARN: {arn}. Only functions can be tagged here."
        )));
    }
    names::function(&arn, None, store.region())
}

pub(super) fn tag(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let named = named(store, r)?;
    let new = map(&r.json()?, "Tags")?.ok_or_else(|| invalid("Tags must be given."))?;
    store.write(|w| {
        let function = names::found_mut(w, &named)?;
        let held = function
            .tags
            .keys()
            .filter(|k| !new.contains_key(*k))
            .count();
        function.tags.extend(checked(new, held)?);
        Ok(())
    })?;
    Ok(nothing())
}

pub(super) fn untag(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let named = named(store, r)?;
    let keys: Vec<&str> = r
        .query
        .iter()
        .filter(|(name, _)| name == "tagKeys")
        .map(|(_, value)| value.as_str())
        .collect();
    store.write(|w| {
        names::found_mut(w, &named)?
            .tags
            .retain(|k, _| !keys.contains(&k.as_str()));
        Ok(())
    })?;
    Ok(nothing())
}

pub(super) fn list(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let named = named(store, r)?;
    let tags = store.read(|w| names::found(w, &named).map(|f| f.tags.clone()))??;
    Ok(Reply::Json(200, json!({"Tags": tags})))
}
