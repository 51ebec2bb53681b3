//! Tags of groups by their ARN.

use super::input::{ARN, Members, group_of, up_to};
use super::invalid;
use crate::sandbox::store::Store;
use crate::sandbox::wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A group has at most so many tags.
const MOST: usize = 50;

/// Refuses tags that a group may not have.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if let Some(key) = tags
        .keys()
        .find(|key| key.to_ascii_lowercase().starts_with("aws:"))
    {
        return Err(invalid(format!(
            "Tag keys that start with aws: are reserved: {key}"
        )));
    }
    if tags.len() > MOST {
        return Err(ApiError::new(
            400,
            "TooManyTagsException",
            format!("A resource can have no more than {MOST} tags."),
        ));
    }
    Ok(())
}

/// `TagResource`.
pub(super) fn tag(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&["resourceArn", "tags"])?;
    let arn = m.must("resourceArn", &ARN)?;
    let given = m.tags()?.ok_or_else(|| invalid("tags must not be null"))?;
    store.write(|w| {
        let group = w.logs.group_mut(group_of(arn, store.region())?)?;
        let mut tags = group.tags.clone();
        tags.extend(given);
        check(&tags)?;
        group.tags = tags;
        Ok(json!({}))
    })
}

/// `UntagResource`.
pub(super) fn untag(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&["resourceArn", "tagKeys"])?;
    let arn = m.must("resourceArn", &ARN)?;
    let keys = m.texts("tagKeys", MOST, &up_to(128))?.unwrap_or_default();
    store.write(|w| {
        let group = w.logs.group_mut(group_of(arn, store.region())?)?;
        group.tags.retain(|key, _| !keys.contains(&key.as_str()));
        Ok(json!({}))
    })
}

/// `ListTagsForResource`.
pub(super) fn list(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&["resourceArn"])?;
    let arn = m.must("resourceArn", &ARN)?;
    store.read(|w| {
        let group = w.logs.group(group_of(arn, store.region())?)?;
        Ok(json!({ "tags": group.tags }))
    })?
}
