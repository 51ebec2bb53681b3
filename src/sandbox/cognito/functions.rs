//! The way from Cognito to the functions of the same world.

use super::super::Sandbox;
use super::super::lambda::{self, Invocation};
use super::super::wire::ApiError;
use super::super::world::{ACCOUNT, World};
use serde_json::Value;

/// What triggers need of Lambda.
pub(super) trait Functions: Sync {
    /// Tells whether an ARN belongs to a function that exists.
    fn exists(&self, world: &World, arn: &str) -> bool;

    /// Invokes a function for a pool and waits for its answer, at most `deadline_ms`.
    fn invoke(
        &self,
        sandbox: &Sandbox,
        arn: &str,
        event: &Value,
        pool_arn: &str,
        deadline_ms: u64,
    ) -> impl Future<Output = Result<Invocation, ApiError>> + Send;
}

/// The Lambda of the sandbox.
pub(super) struct Lambda;

/// Who invokes a trigger, as a function's resource policy names it.
const PRINCIPAL: &str = "cognito-idp.amazonaws.com";

impl Functions for Lambda {
    fn exists(&self, world: &World, arn: &str) -> bool {
        let place = format!("arn:aws:lambda:{}:{ACCOUNT}:function:", world.region);
        let name = arn.strip_prefix(&place);
        // nothing but `$LATEST` exists: the sandbox publishes no versions and has no aliases
        let name = name.map(|name| name.strip_suffix(":$LATEST").unwrap_or(name));
        name.is_some_and(|name| world.lambda.functions.contains_key(name))
    }

    async fn invoke(
        &self,
        sandbox: &Sandbox,
        arn: &str,
        event: &Value,
        pool_arn: &str,
        deadline_ms: u64,
    ) -> Result<Invocation, ApiError> {
        let caller = Some((PRINCIPAL, pool_arn));
        lambda::invoke(sandbox, arn, event, caller, Some(deadline_ms)).await
    }
}
