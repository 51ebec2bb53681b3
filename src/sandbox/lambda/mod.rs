//! Lambda: functions with their life cycle, resource policies and tags, layers, and invocations that really run.
//!
//! Semantics follow `aws-facts §4`.

mod code;
mod fit;
mod functions;
mod invoke;
mod layers;
mod logs;
mod model;
mod names;
mod network;
mod permissions;
mod prepare;
mod python;
mod report;
mod request;
mod run;
mod runtimes;
mod settings;
mod show;
mod sources;
mod tags;
#[cfg(test)]
mod tests;
mod unpack;
mod updates;
mod variables;

use super::Sandbox;
use super::wire::{ApiError, Call, Input, Reply};
pub use invoke::{Invocation, invoke};
pub use model::{Function, Layer, LayerVersion};
use request::Request;
use serde::{Deserialize, Serialize};
pub use sources::Source;
use std::collections::BTreeMap;

/// Functions and layers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Functions by name.
    pub functions: BTreeMap<String, Function>,
    /// Layers by name.
    pub layers: BTreeMap<String, Layer>,
    /// Event source mappings by UUID.
    #[serde(default)]
    pub sources: BTreeMap<String, Source>,
}

impl State {
    /// Returns the function with this ARN (with or without `$LATEST`), in the region and account of this world.
    pub fn function_by_arn(&self, region: &str, arn: &str) -> Option<&Function> {
        let named = names::function(arn, None, region).ok()?;
        self.functions.get(&named.name)
    }
}

/// Answers one call.
///
/// # Errors
/// What Lambda would refuse, in its own words; 404 for an operation that the sandbox lacks.
pub async fn handle(sandbox: &Sandbox, call: &Call) -> Result<Reply, ApiError> {
    let Input::Rest {
        path,
        query,
        headers,
        body,
        ..
    } = &call.input
    else {
        return Err(unknown(call));
    };
    let r = Request {
        path,
        query,
        headers,
        body,
    };
    let s = &sandbox.store;
    match call.operation.as_str() {
        "CreateFunction" => functions::create(s, &r),
        "GetFunction" => functions::get(s, &r),
        "GetFunctionConfiguration" => functions::configuration(s, &r),
        "ListFunctions" => functions::list(s, &r),
        "DeleteFunction" => functions::delete(s, &r),
        "UpdateFunctionCode" => updates::code(s, &r),
        "UpdateFunctionConfiguration" => updates::configuration(s, &r),
        "AddPermission" => permissions::add(s, &r),
        "RemovePermission" => permissions::remove(s, &r),
        "GetPolicy" => permissions::get(s, &r),
        "TagResource" => tags::tag(s, &r),
        "UntagResource" => tags::untag(s, &r),
        "ListTags" => tags::list(s, &r),
        "PublishLayerVersion" => layers::publish(s, &r),
        "GetLayerVersion" => layers::get(s, &r),
        "GetLayerVersionByArn" => layers::get_by_arn(s, &r),
        "ListLayerVersions" => layers::list_versions(s, &r),
        "ListLayers" => layers::list(s, &r),
        "DeleteLayerVersion" => layers::delete(s, &r),
        "CreateEventSourceMapping" => sources::create(s, &r),
        "ListEventSourceMappings" => sources::list(s, &r),
        "DeleteEventSourceMapping" => sources::delete(s, &r),
        "ListAliases" => sources::aliases(s, &r),
        "Invoke" => invoke::operation(sandbox, &r, &call.request_id).await,
        _ => Err(unknown(call)),
    }
}

fn unknown(call: &Call) -> ApiError {
    ApiError::new(
        404,
        "UnknownOperationException",
        format!(
            "The sandbox does not know the Lambda operation {}.",
            call.operation
        ),
    )
}
