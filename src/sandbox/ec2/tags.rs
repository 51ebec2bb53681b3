//! Tags on everything that EC2 has.

use super::state::{State, Tags};
use super::{bad, done, dry_run};
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::{ApiError, Params, Reply};

/// Tags of one resource.
const LIMIT: usize = 50;

/// Reads the tags that a create call gives to what it makes (`TagSpecification.N`).
///
/// # Errors
/// `InvalidParameterValue` for another resource type, a reserved or repeated key.
pub fn specified(params: &Params, resource: &str) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for specification in params.structs("TagSpecification") {
        let kind = specification.require("ResourceType")?;
        if kind != resource {
            return Err(bad(
                "InvalidParameterValue",
                format!("'{kind}' is not a valid taggable resource type for this operation."),
            ));
        }
        read(&specification, &mut tags)?;
    }
    check_count(&tags)?;
    Ok(tags)
}

fn read(params: &Params, tags: &mut Tags) -> Result<(), ApiError> {
    for tag in params.structs("Tag") {
        let key = tag.require("Key")?;
        let value = tag.get("Value").unwrap_or_default();
        if key.is_empty() || key.chars().count() > 127 {
            return Err(bad(
                "InvalidParameterValue",
                format!(
                    "Tag key exceeds the maximum length of 127 characters or is empty: '{key}'"
                ),
            ));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(bad(
                "InvalidParameterValue",
                "Tag keys starting with 'aws:' are reserved for internal use",
            ));
        }
        if value.chars().count() > 255 {
            return Err(bad(
                "InvalidParameterValue",
                "Tag value exceeds the maximum length of 255 characters",
            ));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(bad(
                "InvalidParameterValue",
                format!("Duplicate tag key '{key}' specified."),
            ));
        }
    }
    Ok(())
}

fn check_count(tags: &Tags) -> Result<(), ApiError> {
    if tags.len() > LIMIT {
        return Err(bad(
            "TagLimitExceeded",
            format!("The maximum number of Tags for a resource has been reached ({LIMIT})."),
        ));
    }
    Ok(())
}

/// Answers `CreateTags`: on each resource, new keys are added and known ones overwritten.
pub fn create(state: &mut State, params: &Params, now: Moment) -> Result<Reply, ApiError> {
    let ids = resources(state, params, now)?;
    let mut given = Tags::new();
    read(params, &mut given)?;
    if given.is_empty() {
        return Err(bad(
            "MissingParameter",
            "The request must contain the parameter Tag",
        ));
    }
    dry_run(params)?;
    for id in &ids {
        if let Some(tags) = tags_of(state, id, now) {
            tags.extend(given.clone());
            check_count(tags)?;
        }
    }
    Ok(done())
}

/// Answers `DeleteTags`: by key, or by key and value; without any tag, all of them go.
pub fn delete(state: &mut State, params: &Params, now: Moment) -> Result<Reply, ApiError> {
    let ids = resources(state, params, now)?;
    let named = params.structs("Tag");
    dry_run(params)?;
    for id in &ids {
        let Some(tags) = tags_of(state, id, now) else {
            continue;
        };
        if named.is_empty() {
            tags.clear();
        }
        for tag in &named {
            let key = tag.require("Key")?;
            // a value that is given must match, and an empty one matches only the empty value
            if tag
                .get("Value")
                .is_none_or(|v| tags.get(key).is_some_and(|have| have == v))
            {
                tags.remove(key);
            }
        }
    }
    Ok(done())
}

fn resources(state: &mut State, params: &Params, now: Moment) -> Result<Vec<String>, ApiError> {
    let ids = params.list("ResourceId");
    if ids.is_empty() {
        return Err(bad(
            "MissingParameter",
            "The request must contain the parameter resourceIdSet",
        ));
    }
    for id in &ids {
        if tags_of(state, id, now).is_none() {
            return Err(unknown(id));
        }
    }
    Ok(ids)
}

fn unknown(id: &str) -> ApiError {
    let known = [
        ("sg-", "InvalidGroup.NotFound", "security group"),
        (
            "sgr-",
            "InvalidSecurityGroupRuleId.NotFound",
            "security group rule ID",
        ),
        ("subnet-", "InvalidSubnetID.NotFound", "subnet ID"),
        ("vpc-", "InvalidVpcID.NotFound", "vpc ID"),
        (
            "eni-",
            "InvalidNetworkInterfaceID.NotFound",
            "networkInterface ID",
        ),
    ];
    match known.iter().find(|(prefix, ..)| id.starts_with(prefix)) {
        Some((_, code, what)) => super::filters::not_found(code, what, id),
        None => bad("InvalidID", format!("The ID '{id}' is not valid")),
    }
}

fn tags_of<'a>(state: &'a mut State, id: &str, now: Moment) -> Option<&'a mut Tags> {
    if let Some(r) = state.rules.iter_mut().find(|r| r.id == id) {
        return Some(&mut r.tags);
    }
    if let Some(g) = state.groups.iter_mut().find(|g| g.id == id) {
        return Some(&mut g.tags);
    }
    if let Some(s) = state.subnets.iter_mut().find(|s| s.id == id) {
        return Some(&mut s.tags);
    }
    if let Some(v) = state.vpcs.iter_mut().find(|v| v.id == id) {
        return Some(&mut v.tags);
    }
    state
        .interfaces
        .iter_mut()
        .find(|i| i.id == id && i.gone_at.is_none_or(|at| now < at))
        .map(|i| &mut i.tags)
}
