//! The calls to Cognito, in raw JSON: a typed description drops the members that the SDK does not know, and sending it
//! back would reset them (aws-facts §5.2). The SDK still signs, retries and reads the errors.

use super::live::Whose;
use super::round_trip::{UPDATE, Wire};
use crate::aws::{Clients, STACK_TAG, fault, unexpected};
use crate::model::{Class, Fault};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Keeps the body of the last answer.
#[derive(Clone, Debug, Default)]
struct Capture(Arc<Mutex<Option<Vec<u8>>>>);

impl Capture {
    /// Returns a member of the answer.
    fn value(&self, op: &str) -> Option<Value> {
        let body = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()?;
        tracing::trace!(op, bytes = body.len(), "raw answer");
        serde_json::from_slice(&body).ok()
    }
}

impl Intercept for Capture {
    fn name(&self) -> &'static str {
        "Capture"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // by now the body is in memory; each attempt overwrites the one before
        let body = context.response().body().bytes().map(<[u8]>::to_vec);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = body;
        Ok(())
    }
}

/// User pools over the SDK.
pub struct Pools<'a>(pub &'a Clients);

impl Wire for Pools<'_> {
    async fn describe(&self, id: &str) -> Result<Value, Fault> {
        const OP: &str = "cognito-idp:DescribeUserPool";
        let capture = Capture::default();
        self.0
            .cognito
            .describe_user_pool()
            .user_pool_id(id)
            .customize()
            .interceptor(capture.clone())
            .send()
            .await
            .map_err(|e| fault(OP, false, &[], &e))?;
        match capture
            .value(OP)
            .map(|mut answer| answer["UserPool"].take())
        {
            Some(pool @ Value::Object(_)) => Ok(pool),
            _ => Err(unexpected(OP, "the user pool")),
        }
    }

    async fn factors(&self, id: &str) -> Result<Value, Fault> {
        const OP: &str = "cognito-idp:GetUserPoolMfaConfig";
        let capture = Capture::default();
        self.0
            .cognito
            .get_user_pool_mfa_config()
            .user_pool_id(id)
            .customize()
            .interceptor(capture.clone())
            .send()
            .await
            .map_err(|e| fault(OP, false, &[], &e))?;
        capture
            .value(OP)
            .ok_or_else(|| unexpected(OP, "the configuration"))
    }

    async fn update(&self, request: &Value) -> Result<(), Fault> {
        let body = request.to_string();
        self.0
            .cognito
            .update_user_pool()
            .set_user_pool_id(request["UserPoolId"].as_str().map(str::to_owned))
            .customize()
            // before the signature is made, on every attempt anew
            .mutate_request(move |http| {
                http.headers_mut()
                    .insert("content-length", body.len().to_string());
                *http.body_mut() = SdkBody::from(body.as_str());
            })
            .send()
            .await
            .map(|_| ())
            .map_err(|e| fault(UPDATE, true, &[], &e))
    }
}

/// Returns the ids of all pools of the region.
pub async fn pool_ids(clients: &Clients) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    let mut pages = clients
        .cognito
        .list_user_pools()
        .max_results(60)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| fault("cognito-idp:ListUserPools", false, &[], &e))?;
        let pools = page.user_pools.unwrap_or_default();
        found.extend(pools.into_iter().filter_map(|pool| pool.id));
    }
    Ok(found)
}

/// Returns the tags of a function; nothing where there is no such function.
///
/// # Errors
/// `Denied` too: what may not be looked at is not absent.
pub async fn function_tags(
    clients: &Clients,
    arn: &str,
) -> Result<Option<HashMap<String, String>>, Fault> {
    let get = clients.lambda.get_function().function_name(arn);
    match get.send().await {
        Ok(answer) => Ok(Some(answer.tags.unwrap_or_default())),
        Err(e) => match fault("lambda:GetFunction", false, &[], &e) {
            gone if gone.class == Class::NotFound => Ok(None),
            other => Err(other),
        },
    }
}

/// Tells whose a function is, by its tags.
pub async fn whose(clients: &Clients, arn: &str, stack: &str) -> Result<Whose, Fault> {
    let here = arn.split(':').nth(3) == Some(clients.region.as_str());
    match function_tags(clients, arn).await {
        Ok(Some(tags)) if tags.get(STACK_TAG).map(String::as_str) == Some(stack) => Ok(Whose::Ours),
        Ok(None) if here => Ok(Whose::Gone),
        Ok(_) => Ok(Whose::Foreign),
        // of what may not be looked at nothing can be said
        Err(fault) if matches!(fault.class, Class::Denied | Class::Invalid) => Ok(Whose::Foreign),
        Err(fault) => Err(fault),
    }
}
