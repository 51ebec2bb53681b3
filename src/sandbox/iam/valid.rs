//! The checks of names, paths, texts and tags (aws-facts §3.3), and the errors that several operations share.

use super::model::Role;
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::{ACCOUNT, World};
use std::collections::BTreeMap;

/// `ValidationError`.
pub(super) fn error(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "ValidationError", message)
}

/// `ValidationError` in the words for one broken constraint.
pub(super) fn constraint(member: &str, what: &str) -> ApiError {
    error(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: {what}"
    ))
}

/// `NoSuchEntity`.
pub(super) fn absent(message: impl Into<String>) -> ApiError {
    ApiError::new(404, "NoSuchEntity", message)
}

/// A conflict or a limit, which IAM answers with 409.
pub(super) fn conflict(code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(409, code, message)
}

/// Returns a parameter that must be there and not empty.
pub(super) fn need<'a>(params: &'a Params, name: &str) -> Result<&'a str, ApiError> {
    match params.get(name) {
        Some("") => Err(constraint(
            &lower(name),
            "Member must have length greater than or equal to 1",
        )),
        Some(value) => Ok(value),
        None => Err(error(format!(
            "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
            lower(name)
        ))),
    }
}

fn lower(name: &str) -> String {
    let mut chars = name.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// Returns a name: at most `most` of letters, digits and `+=,.@_-`.
pub(super) fn name<'a>(params: &'a Params, param: &str, most: usize) -> Result<&'a str, ApiError> {
    let value = need(params, param)?;
    if value.len() > most {
        return Err(constraint(
            &lower(param),
            &format!("Member must have length less than or equal to {most}"),
        ));
    }
    if !value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c))
    {
        return Err(error(format!(
            "The specified value for {} is invalid. It must contain only alphanumeric characters and/or the \
             following: +=,.@_-",
            lower(param)
        )));
    }
    Ok(value)
}

/// Returns a policy ARN.
pub(super) fn policy_arn(params: &Params) -> Result<&str, ApiError> {
    let arn = need(params, "PolicyArn")?;
    if !(20..=2048).contains(&arn.len()) {
        return Err(constraint(
            "policyArn",
            "Member must have length between 20 and 2048",
        ));
    }
    let resource = arn
        .strip_prefix("arn:aws:iam::")
        .and_then(|rest| rest.split_once(':'));
    match resource {
        Some((_, resource)) if resource.starts_with("policy/") => Ok(arn),
        _ => Err(ApiError::new(
            400,
            "InvalidInput",
            format!("ARN {arn} is not valid."),
        )),
    }
}

/// Refuses to change a policy that is not the account's own.
pub(super) fn own(arn: &str) -> Result<(), ApiError> {
    if arn.starts_with(&format!("arn:aws:iam::{ACCOUNT}:")) {
        Ok(())
    } else {
        Err(ApiError::new(
            403,
            "AccessDenied",
            "Policy is outside your own account.",
        ))
    }
}

/// Returns a path, `/` where none is given.
pub(super) fn path(params: &Params) -> Result<&str, ApiError> {
    let path = params.get("Path").unwrap_or("/");
    let fits = path.len() <= 512
        && path.starts_with('/')
        && path.ends_with('/')
        && !path.contains("//")
        && path.chars().all(|c| ('!'..='~').contains(&c));
    if fits {
        Ok(path)
    } else {
        Err(error(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
             characters and/or / characters.",
        ))
    }
}

/// Returns the prefix of a path, `/` where none is given.
pub(super) fn path_prefix(params: &Params) -> Result<&str, ApiError> {
    match params.get("PathPrefix") {
        None => Ok("/"),
        Some(prefix) if prefix.starts_with('/') && prefix.len() <= 512 => Ok(prefix),
        Some(_) => Err(constraint(
            "pathPrefix",
            "Member must satisfy regular expression pattern: \\u002F[\\u0021-\\u007F]*",
        )),
    }
}

/// Returns a description of at most 1000 characters.
pub(super) fn description(params: &Params) -> Result<Option<String>, ApiError> {
    match params.get("Description") {
        Some(text) if text.chars().count() > 1000 => Err(constraint(
            "description",
            "Member must have length less than or equal to 1000",
        )),
        text => Ok(text.map(str::to_owned)),
    }
}

/// Returns the longest session in seconds, if one is given.
pub(super) fn session(params: &Params) -> Result<Option<i64>, ApiError> {
    match params.get("MaxSessionDuration") {
        None => Ok(None),
        Some(text) => match text.parse::<i64>() {
            Ok(n) if (3600..=43200).contains(&n) => Ok(Some(n)),
            _ => Err(constraint(
                "maxSessionDuration",
                "Member must have value between 3600 and 43200",
            )),
        },
    }
}

/// Adds the `Tags` of a call to those that are there.
pub(super) fn add_tags(
    params: &Params,
    tags: &mut BTreeMap<String, String>,
) -> Result<(), ApiError> {
    let mut seen: Vec<String> = Vec::new();
    for tag in params.structs("Tags") {
        let key = need(&tag, "Key")?;
        let value = tag.get("Value").unwrap_or_default();
        if key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(constraint(
                "tags",
                "Member must have a key of at most 128 and a value of at most 256 characters",
            ));
        }
        let fits = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
        if !key.chars().all(fits) || !value.chars().all(fits) {
            return Err(constraint(
                "tags",
                "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+",
            ));
        }
        let folded = key.to_lowercase();
        if folded.starts_with("aws:") {
            return Err(ApiError::new(
                400,
                "InvalidInput",
                "Tag keys beginning with aws: are reserved for system use.",
            ));
        }
        if seen.contains(&folded) {
            return Err(ApiError::new(
                400,
                "InvalidInput",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
        // keys keep their case and are told apart without it
        tags.retain(|k, _| k.to_lowercase() != folded);
        tags.insert(key.to_owned(), value.to_owned());
        seen.push(folded);
    }
    if tags.len() > 50 {
        return Err(conflict(
            "LimitExceeded",
            "The number of tags has reached the maximum limit.",
        ));
    }
    Ok(())
}

/// Removes the `TagKeys` of a call; one that is not there is no error.
pub(super) fn remove_tags(params: &Params, tags: &mut BTreeMap<String, String>) {
    for key in params.list("TagKeys") {
        let folded = key.to_lowercase();
        tags.retain(|k, _| k.to_lowercase() != folded);
    }
}

/// Returns the role that a call names.
pub(super) fn role<'a>(world: &'a World, params: &Params) -> Result<&'a Role, ApiError> {
    let name = name(params, "RoleName", 64)?;
    world.iam.roles.get(name).ok_or_else(|| no_role(name))
}

/// Returns the role that a call names, to change it.
pub(super) fn role_mut<'a>(
    world: &'a mut World,
    params: &Params,
) -> Result<&'a mut Role, ApiError> {
    let name = name(params, "RoleName", 64)?;
    world.iam.roles.get_mut(name).ok_or_else(|| no_role(name))
}

fn no_role(name: &str) -> ApiError {
    absent(format!("The role with name {name} cannot be found."))
}

/// `NoSuchEntity` for a policy.
pub(super) fn no_policy(arn: &str) -> ApiError {
    absent(format!("Policy {arn} was not found."))
}
