//! Parameters of Systems Manager: made where there is none of the name, read, deleted.

use super::{Clients, OnlyOnce, fault};
use crate::model::{Class, Fault};
use aws_sdk_ssm::config::Builder;
use aws_sdk_ssm::error::ProvideErrorMetadata;
use aws_sdk_ssm::types::{ParameterType, Tag};
use std::collections::BTreeMap;

const NOT_FOUND: &str = "ParameterNotFound";

/// Makes a parameter of plain text. It never overwrites one.
///
/// # Errors
/// `Conflict` where there is one of this name. Where the reply may have been lost, the residue is unknown.
pub async fn new_parameter(
    clients: &Clients,
    name: &str,
    value: &str,
    about: &str,
    tags: &BTreeMap<String, String>,
) -> Result<(), Fault> {
    const OP: &str = "ssm:PutParameter";
    let tags = tags
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect::<Result<Vec<Tag>, _>>()
        .map_err(|e| Fault::new(OP, Class::Bug, e.to_string()))?;
    clients
        .ssm
        .put_parameter()
        .name(name)
        .value(value)
        .description(about)
        .r#type(ParameterType::String)
        .overwrite(false)
        .set_tags(Some(tags))
        .customize()
        // sent again by itself, it would find its own parameter and take it for somebody else's
        .config_override(Builder::new().retry_classifier(OnlyOnce))
        .send()
        .await
        .map(drop)
        .map_err(|e| fault(OP, true, &[], &e))
}

/// Returns the value of a parameter; nothing where there is none.
///
/// # Errors
/// Where it may not be read.
pub async fn parameter(clients: &Clients, name: &str) -> Result<Option<String>, Fault> {
    match clients.ssm.get_parameter().name(name).send().await {
        Ok(answer) => Ok(answer.parameter.and_then(|p| p.value)),
        Err(e) if e.code() == Some(NOT_FOUND) => Ok(None),
        Err(e) => Err(fault("ssm:GetParameter", false, &[], &e)),
    }
}

/// Deletes a parameter. One that is not there is a success. The name says nothing of whose it is: sent again by itself
/// after a lost reply, the call would delete what somebody else has made since.
///
/// # Errors
/// Where it may not be deleted. Where the reply may have been lost, the residue is unknown: look before it is sent again.
pub async fn delete_parameter(clients: &Clients, name: &str) -> Result<(), Fault> {
    let deletion = clients
        .ssm
        .delete_parameter()
        .name(name)
        .customize()
        .config_override(Builder::new().retry_classifier(OnlyOnce));
    match deletion.send().await {
        Ok(_) => Ok(()),
        Err(e) if e.code() == Some(NOT_FOUND) => Ok(()),
        Err(e) => Err(fault("ssm:DeleteParameter", true, &[], &e)),
    }
}
