//! Tags of parameters.

use super::input::Members;
use super::{Parameter, invalid};
use crate::sandbox::store::Store;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A parameter has at most so many tags.
const MOST: usize = 50;

/// Refuses tags that a parameter may not have.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > MOST {
        return Err(ApiError::new(
            400,
            "TooManyTagsError",
            format!("A resource can have no more than {MOST} tags."),
        ));
    }
    Ok(())
}

/// Returns the name of the parameter that is meant.
fn resource<'a>(m: &Members<'a>) -> Result<&'a str, ApiError> {
    let sort = m.must("ResourceType", 64)?;
    if sort != "Parameter" {
        return Err(ApiError::new(
            400,
            "InvalidResourceType",
            format!("{sort} is not a valid resource type here."),
        ));
    }
    m.must("ResourceId", 2048)
}

fn tagged<'a>(w: &'a mut World, name: &str) -> Result<&'a mut Parameter, ApiError> {
    let found = w.ssm.parameters.get_mut(name);
    found.ok_or_else(|| {
        ApiError::new(
            400,
            "InvalidResourceId",
            format!("The resource ID \"{name}\" is not valid. Verify the ID and try again."),
        )
    })
}

/// `AddTagsToResource`.
pub(super) fn add(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&["ResourceType", "ResourceId", "Tags"])?;
    let name = resource(m)?;
    let given = m.tags()?;
    if given.is_empty() {
        return Err(invalid("Tags must not be empty."));
    }
    store.write(|w| {
        let parameter = tagged(w, name)?;
        let mut tags = parameter.tags.clone();
        tags.extend(given);
        check(&tags)?;
        parameter.tags = tags;
        Ok(json!({}))
    })
}

/// `RemoveTagsFromResource`.
pub(super) fn remove(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&["ResourceType", "ResourceId", "TagKeys"])?;
    let name = resource(m)?;
    let keys = m.texts("TagKeys")?;
    store.write(|w| {
        let parameter = tagged(w, name)?;
        parameter
            .tags
            .retain(|key, _| !keys.contains(&key.as_str()));
        Ok(json!({}))
    })
}

/// `ListTagsForResource`.
pub(super) fn list(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&["ResourceType", "ResourceId"])?;
    let name = resource(m)?;
    store.read(|w| {
        let mut w = w.clone();
        let tags: Vec<Value> = tagged(&mut w, name)?
            .tags
            .iter()
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect();
        Ok(json!({"TagList": tags}))
    })?
}
