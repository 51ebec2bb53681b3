//! Parameters are put, read and deleted.

use super::input::Members;
use super::{Parameter, arn, invalid, tags};
use crate::sandbox::store::Store;
use crate::sandbox::wire::ApiError;
use serde_json::{Value, json};

/// The longest name (service model).
const LONGEST_NAME: usize = 2048;
/// The longest value of the standard tier, in characters.
const LONGEST: usize = 4096;
/// A hierarchy has at most so many levels.
const DEEPEST: usize = 15;
/// The longest description.
const DESCRIPTION: usize = 1024;

/// `PutParameter`.
pub(super) fn put(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&[
        "Name",
        "Value",
        "Type",
        "Overwrite",
        "Description",
        "Tags",
        "Tier",
        "DataType",
    ])?;
    let name = named(m.must("Name", LONGEST_NAME)?)?;
    let value = m.must("Value", 8192)?;
    let sort = m.choice("Type", &["String", "StringList", "SecureString"])?;
    let overwrite = m.flag("Overwrite")?;
    let description = m.text("Description", DESCRIPTION)?;
    let given = m.tags()?;
    if m.choice("Tier", &["Standard", "Advanced", "Intelligent-Tiering"])?
        .is_some_and(|tier| tier != "Standard")
        || m.choice(
            "DataType",
            &["text", "aws:ec2:image", "aws:ssm:integration"],
        )?
        .is_some_and(|sort| sort != "text")
    {
        return Err(invalid(
            "The sandbox has parameters of the tier Standard and the data type text alone",
        ));
    }
    if sort == Some("SecureString") {
        return Err(invalid("The sandbox does not have encrypted parameters"));
    }
    if value.chars().count() > LONGEST {
        return Err(invalid(format!(
            "Standard tier parameters support a maximum parameter value of {LONGEST} characters. To create a larger \
             parameter value, upgrade the parameter to use the advanced-parameter tier."
        )));
    }
    if overwrite && !given.is_empty() {
        return Err(invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please \
             remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
             RemoveTagsFromResource.",
        ));
    }
    tags::check(&given)?;
    let modified = store.timing().now();
    store.write(|w| {
        let all = &mut w.ssm.parameters;
        let version = match all.get_mut(name) {
            Some(_) if !overwrite => {
                return Err(ApiError::new(
                    400,
                    "ParameterAlreadyExists",
                    "The parameter already exists. To overwrite this value, set the overwrite option in the request \
                     to true.",
                ));
            }
            Some(there) => {
                if sort.is_some_and(|sort| sort != there.sort) {
                    return Err(ApiError::new(
                        400,
                        "HierarchyTypeMismatchException",
                        "Parameter Store does not support changing a parameter type in a hierarchy.",
                    ));
                }
                value.clone_into(&mut there.value);
                there.version += 1;
                there.modified = modified;
                if let Some(text) = description {
                    there.description = Some(text.to_owned());
                }
                there.version
            }
            None => {
                let sort = sort.ok_or_else(|| {
                    invalid("A parameter type is required when you create a parameter.")
                })?;
                let parameter = Parameter {
                    sort: sort.to_owned(),
                    value: value.to_owned(),
                    description: description.map(str::to_owned),
                    version: 1,
                    modified,
                    tags: given,
                };
                all.insert(name.to_owned(), parameter);
                1
            }
        };
        Ok(json!({"Version": version, "Tier": "Standard"}))
    })
}

/// `GetParameter`.
pub(super) fn get(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&["Name", "WithDecryption"])?;
    m.flag("WithDecryption")?;
    let asked = m.must("Name", LONGEST_NAME)?;
    // `name:3` asks for one version; older ones are not kept here
    let (name, version) = match asked.rsplit_once(':') {
        Some((name, number)) if !asked.starts_with("arn:") => (name, Some(number)),
        _ => (asked, None),
    };
    let region = store.region();
    let name = name
        .strip_prefix(arn(region, "/").as_str())
        .map_or_else(|| name.to_owned(), |rest| format!("/{rest}"));
    store.read(|w| {
        let found = w.ssm.parameters.get(&name).ok_or_else(absent)?;
        if version.is_some_and(|v| v != found.version.to_string()) {
            return Err(ApiError::new(
                400,
                "ParameterVersionNotFound",
                format!("Systems Manager could not find version {asked}."),
            ));
        }
        let mut parameter = json!({
            "Name": name,
            "Type": found.sort,
            "Value": found.value,
            "Version": found.version,
            "LastModifiedDate": found.modified as f64 / 1000.0,
            "ARN": arn(region, &name),
            "DataType": "text",
        });
        if let Some(number) = version {
            parameter["Selector"] = format!(":{number}").into();
        }
        Ok(json!({"Parameter": parameter}))
    })?
}

/// `DeleteParameter`.
pub(super) fn delete(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&["Name"])?;
    let name = m.must("Name", LONGEST_NAME)?;
    store.write(|w| {
        let gone = w.ssm.parameters.remove(name);
        gone.map(|_| json!({})).ok_or_else(absent)
    })
}

fn absent() -> ApiError {
    // the message is as empty as AWS's
    ApiError::new(400, "ParameterNotFound", "")
}

/// Checks the name of a new parameter.
fn named(name: &str) -> Result<&str, ApiError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    if !name.chars().all(fits) {
        return Err(invalid(
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of \
             sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the \
             following 3 symbols .-_",
        ));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(invalid("Parameter name must be a fully qualified name."));
    }
    let levels: Vec<&str> = name.trim_start_matches('/').split('/').collect();
    let first = levels[0].to_ascii_lowercase();
    if first.starts_with("aws") || first.starts_with("ssm") {
        return Err(ApiError::new(
            400,
            if first.starts_with("aws") {
                "AccessDeniedException"
            } else {
                "ValidationException"
            },
            format!("No access to reserved parameter name: {name}."),
        ));
    }
    if levels.len() > DEEPEST {
        return Err(ApiError::new(
            400,
            "HierarchyLevelLimitExceededException",
            format!("A hierarchy can have a maximum of {DEEPEST} levels."),
        ));
    }
    if levels.iter().any(|level| level.is_empty()) {
        return Err(invalid("Parameter name: a sub-path must not be empty."));
    }
    Ok(name)
}
