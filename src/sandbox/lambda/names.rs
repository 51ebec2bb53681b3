//! The ways in which a function or a layer may be named.

use super::model::Function;
use super::request::{invalid, not_found, violation};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::{ACCOUNT, World};

/// A function as a call names it.
pub(super) struct Named {
    pub(super) name: String,
}

/// Returns the ARN of a function.
pub(super) fn function_arn(region: &str, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{name}")
}

/// Returns the ARN of a layer.
pub(super) fn layer_arn(region: &str, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{ACCOUNT}:layer:{name}")
}

fn plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// Understands `name`, `name:qualifier`, `123456789012:function:name` and a whole ARN, each with `$LATEST` or no
/// qualifier; there are no published versions and no aliases here.
pub(super) fn function(
    text: &str,
    qualifier: Option<&str>,
    region: &str,
) -> Result<Named, ApiError> {
    let bad = || {
        violation(
            text,
            "functionName",
            "Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|\
             (-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
        )
    };
    let parts: Vec<&str> = text.split(':').collect();
    let (place, account, rest) = match parts.as_slice() {
        ["arn", _, "lambda", place, account, "function", rest @ ..] => {
            (Some(*place), Some(*account), rest)
        }
        [account, "function", rest @ ..] => (None, Some(*account), rest),
        ["function", rest @ ..] => (None, None, rest),
        rest => (None, None, rest),
    };
    let (name, inner) = match rest {
        [name] => (*name, None),
        [name, inner] => (*name, Some(*inner)),
        _ => return Err(bad()),
    };
    if !plain(name) || text.len() > 256 {
        return Err(bad());
    }
    if name.len() > 64 {
        return Err(invalid(format!(
            "The function name {name} exceeds the maximum of 64 characters."
        )));
    }
    if let (Some(inner), Some(outer)) = (inner, qualifier)
        && inner != outer
    {
        return Err(invalid(
            "The derived qualifier from the function name does not match the specified qualifier.",
        ));
    }
    let qualifier = inner.or(qualifier);
    let place = place.unwrap_or(region);
    let account = account.unwrap_or(ACCOUNT);
    let arn = format!("arn:aws:lambda:{place}:{account}:function:{name}");
    match qualifier {
        None | Some("$LATEST") => {}
        Some(other) => return Err(not_found(format!("Function not found: {arn}:{other}"))),
    }
    if place != region || account != ACCOUNT {
        return Err(not_found(format!("Function not found: {arn}")));
    }
    Ok(Named {
        name: name.to_owned(),
    })
}

/// Returns a function that exists.
pub(super) fn found<'a>(w: &'a World, named: &Named) -> Result<&'a Function, ApiError> {
    w.lambda.functions.get(&named.name).ok_or_else(|| {
        not_found(format!(
            "Function not found: {}",
            function_arn(&w.region, &named.name)
        ))
    })
}

/// Returns a function that exists, to change it.
pub(super) fn found_mut<'a>(w: &'a mut World, named: &Named) -> Result<&'a mut Function, ApiError> {
    let arn = function_arn(&w.region, &named.name);
    w.lambda
        .functions
        .get_mut(&named.name)
        .ok_or_else(|| not_found(format!("Function not found: {arn}")))
}

/// Understands the name or the ARN of a layer, and returns the name.
pub(super) fn layer(text: &str, region: &str) -> Result<String, ApiError> {
    let prefix = format!("arn:aws:lambda:{region}:{ACCOUNT}:layer:");
    let name = text.strip_prefix(&prefix).unwrap_or(text);
    if name.starts_with("arn:") {
        return Err(denied(text));
    }
    if plain(name) && name.len() <= 140 {
        Ok(name.to_owned())
    } else {
        Err(violation(
            text,
            "layerName",
            "Member must satisfy regular expression pattern: (arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:\
             [a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+",
        ))
    }
}

/// The parts of the ARN of a layer version.
pub(super) struct LayerVersionName {
    pub(super) name: String,
    pub(super) version: u64,
}

/// Understands the ARN of a layer version of this account and region.
pub(super) fn layer_version(arn: &str, region: &str) -> Result<LayerVersionName, ApiError> {
    let parts: Vec<&str> = arn.split(':').collect();
    let [
        "arn",
        "aws",
        "lambda",
        place,
        account,
        "layer",
        name,
        version,
    ] = parts.as_slice()
    else {
        return Err(violation(
            arn,
            "layers",
            "Member must satisfy regular expression pattern: arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:\
             [a-zA-Z0-9-_]+:[0-9]+",
        ));
    };
    let version = version
        .parse()
        .map_err(|_| invalid(format!("Invalid Layer arn: {arn}")))?;
    if *account != ACCOUNT || *place != region {
        return Err(denied(arn));
    }
    Ok(LayerVersionName {
        name: (*name).to_owned(),
        version,
    })
}

/// Layers of other accounts do not exist here; AWS would say the same of one that is not shared.
fn denied(arn: &str) -> ApiError {
    ApiError::new(
        403,
        "AccessDeniedException",
        format!(
            "User: arn:aws:iam::{ACCOUNT}:user/sandbox is not authorized to perform: lambda:GetLayerVersion on \
             resource: {arn} because no resource-based policy allows the lambda:GetLayerVersion action"
        ),
    )
}
