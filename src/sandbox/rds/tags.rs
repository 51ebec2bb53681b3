//! Tags of instances and snapshots.

use super::{bad_value, not_found};
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::World;
use crate::sandbox::xml::Xml;
use std::collections::BTreeMap;

type Tags = BTreeMap<String, String>;

/// Reads and checks the tags of a call (aws-facts §1.1).
pub fn read(params: &Params) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for tag in params.structs("Tags") {
        let key = tag.get("Key").unwrap_or_default();
        let value = tag.get("Value").unwrap_or_default();
        let lower = key.to_ascii_lowercase();
        if key.is_empty() || key.chars().count() > 128 || !allowed(key) {
            return Err(bad_value(format!("Invalid tag key: {key}")));
        }
        if lower.starts_with("aws:") || lower.starts_with("rds:") {
            return Err(bad_value(format!(
                "System tags cannot be added/updated by requester: {key}"
            )));
        }
        if value.chars().count() > 256 || !allowed(value) {
            return Err(bad_value(format!("Invalid tag value: {value}")));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(bad_value(format!("Duplicate tag keys found: {key}")));
        }
    }
    few_enough(&tags)?;
    Ok(tags)
}

fn allowed(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c))
}

fn few_enough(tags: &Tags) -> Result<(), ApiError> {
    if tags.len() > 50 {
        return Err(bad_value(
            "Your request exceeds the limit of 50 tags per resource",
        ));
    }
    Ok(())
}

/// Writes a `TagList`.
pub fn write(x: &mut Xml, tags: &Tags) {
    x.list("TagList", "Tag", tags, |x, (key, value)| {
        x.el("Key", key).el("Value", value);
    });
}

/// AddTagsToResource.
pub fn add(world: &mut World, params: &Params) -> Result<String, ApiError> {
    let new = read(params)?;
    let tags = find(world, params)?;
    tags.extend(new);
    few_enough(tags)?;
    Ok(String::new())
}

/// RemoveTagsFromResource; a key that is not there is fine.
pub fn remove(world: &mut World, params: &Params) -> Result<String, ApiError> {
    let tags = find(world, params)?;
    for key in params.list("TagKeys") {
        tags.remove(&key);
    }
    Ok(String::new())
}

/// ListTagsForResource.
pub fn list(world: &mut World, params: &Params) -> Result<String, ApiError> {
    let mut x = Xml::new();
    write(&mut x, find(world, params)?);
    Ok(x.done())
}

fn find<'a>(world: &'a mut World, params: &Params) -> Result<&'a mut Tags, ApiError> {
    let arn = params.require("ResourceName")?;
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    match parts[..] {
        ["arn", "aws", "rds", region, _, "db", id] if region == world.region => world
            .rds
            .instances
            .get_mut(id)
            .map(|i| &mut i.tags)
            .ok_or_else(|| not_found(id)),
        ["arn", "aws", "rds", region, _, "snapshot", id] if region == world.region => world
            .rds
            .snapshots
            .get_mut(id)
            .map(|s| &mut s.tags)
            .ok_or_else(|| super::snapshots::not_found(id)),
        _ => Err(bad_value(format!("Invalid resource name: {arn}"))),
    }
}
