//! Tags of a pool by its ARN.

use super::super::Sandbox;
use super::super::wire::ApiError;
use super::super::world::{ACCOUNT, World};
use super::state::Pool;
use super::validate::invalid;
use serde_json::{Map, Value, json};

/// A pool has at most so many tags.
const MOST: usize = 50;

/// Checks tags; the error is the sentence.
pub(super) fn check(tags: &Map<String, Value>) -> Result<(), String> {
    if let Some(key) = tags
        .keys()
        .find(|key| key.to_lowercase().starts_with("aws:"))
    {
        return Err(format!("Tag keys starting with aws: are reserved: {key}"));
    }
    if tags.len() > MOST {
        return Err(format!("A user pool cannot have more than {MOST} tags"));
    }
    Ok(())
}

fn pool_id<'a>(world: &World, input: &'a Map<String, Value>) -> Result<&'a str, ApiError> {
    let arn = input["ResourceArn"].as_str().unwrap_or_default();
    arn.strip_prefix(&format!(
        "arn:aws:cognito-idp:{}:{ACCOUNT}:userpool/",
        world.region
    ))
    .ok_or_else(|| invalid(format!("Invalid resource ARN: {arn}")))
}

fn tags_of(pool: &Pool) -> Map<String, Value> {
    pool.settings
        .get("UserPoolTags")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

/// `ListTagsForResource`.
pub(super) fn list(sandbox: &Sandbox, input: &Map<String, Value>) -> Result<Value, ApiError> {
    sandbox.store.read(|w| {
        let pool = w.cognito.pool(pool_id(w, input)?)?;
        Ok(json!({ "Tags": tags_of(pool) }))
    })?
}

/// `TagResource` and `UntagResource`.
pub(super) fn change(sandbox: &Sandbox, input: &Map<String, Value>) -> Result<Value, ApiError> {
    sandbox.store.write(|w| {
        let id = pool_id(w, input)?;
        let pool = w.cognito.pool_mut(id)?;
        let mut tags = tags_of(pool);
        if let Some(Value::Object(new)) = input.get("Tags") {
            tags.extend(new.clone());
            check(&tags).map_err(invalid)?;
        }
        if let Some(Value::Array(gone)) = input.get("TagKeys") {
            tags.retain(|key, _| !gone.iter().any(|g| g == key));
        }
        pool.settings
            .insert("UserPoolTags".to_owned(), Value::Object(tags));
        Ok(json!({}))
    })
}
