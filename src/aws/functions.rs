//! Which Lambda functions are a stack's, by their tags.

use super::{Clients, STACK_TAG, fault};
use crate::model::{Class, Fault};
use futures_util::stream::{StreamExt, TryStreamExt};
use std::collections::HashMap;

/// How many functions are asked for their tags at once.
const AT_ONCE: usize = 8;

/// A function of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedFunction {
    /// Its name.
    pub name: String,
    /// Its ARN, without a version.
    pub arn: String,
    /// Its tags.
    pub tags: HashMap<String, String>,
}

/// Finds the functions that carry the stack's tag. Costs a call a page and one a function.
///
/// # Errors
/// Where they may not be listed, or one's tags not be read.
pub async fn functions_of(clients: &Clients, stack: &str) -> Result<Vec<OwnedFunction>, Fault> {
    let mut all = Vec::new();
    let mut pages = clients.lambda.list_functions().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| fault("lambda:ListFunctions", false, &[], &e))?;
        let functions = page.functions.unwrap_or_default();
        all.extend(
            functions
                .into_iter()
                .filter_map(|f| Some((f.function_name?, f.function_arn?))),
        );
    }
    futures_util::stream::iter(all)
        .map(|(name, arn)| async move {
            let tags = tags(clients, &arn).await?;
            let ours = tags.get(STACK_TAG).map(String::as_str) == Some(stack);
            Ok(ours.then_some(OwnedFunction { name, arn, tags }))
        })
        .buffer_unordered(AT_ONCE)
        .try_filter_map(async |found| Ok(found))
        .try_collect()
        .await
}

/// Returns the tags of a function; none of one that went away meanwhile.
async fn tags(clients: &Clients, arn: &str) -> Result<HashMap<String, String>, Fault> {
    match clients.lambda.list_tags().resource(arn).send().await {
        Ok(answer) => Ok(answer.tags.unwrap_or_default()),
        Err(e) => match fault("lambda:ListTags", false, &[], &e) {
            gone if gone.class == Class::NotFound => Ok(HashMap::new()),
            other => Err(other),
        },
    }
}

/// A function of the account, and what it uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionUse {
    /// Its name.
    pub name: String,
    /// The ARN of the role that it runs as.
    pub role: String,
    /// The ARNs of its layers, with their versions.
    pub layers: Vec<String>,
    /// Its subnets.
    pub subnets: Vec<String>,
    /// Its security groups.
    pub groups: Vec<String>,
}

/// Lists what the functions of the account and region use. Costs a call a page.
///
/// # Errors
/// Where they may not be listed.
pub async fn function_uses(clients: &Clients) -> Result<Vec<FunctionUse>, Fault> {
    let mut all = Vec::new();
    let mut pages = clients.lambda.list_functions().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| fault("lambda:ListFunctions", false, &[], &e))?;
        for f in page.functions.unwrap_or_default() {
            let layers = f.layers.unwrap_or_default();
            let vpc = f.vpc_config;
            all.push(FunctionUse {
                name: f.function_name.unwrap_or_default(),
                role: f.role.unwrap_or_default(),
                layers: layers.into_iter().filter_map(|l| l.arn).collect(),
                subnets: vpc
                    .as_ref()
                    .and_then(|v| v.subnet_ids.clone())
                    .unwrap_or_default(),
                groups: vpc.and_then(|v| v.security_group_ids).unwrap_or_default(),
            });
        }
    }
    Ok(all)
}
