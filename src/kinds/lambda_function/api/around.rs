//! What is around a function: who calls it, its aliases, its network interfaces, its log.

use super::{Clients, NOT_FOUND, fault};
use crate::model::{Class, Fault};
use aws_sdk_cloudwatchlogs::types::LogGroup;
use aws_sdk_cognitoidentityprovider::types::LambdaConfigType;
use aws_sdk_ec2::types::Filter;
use aws_sdk_lambda::error::ProvideErrorMetadata;

/// What calls a function by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventSource {
    /// By which it is deleted.
    pub uuid: String,
    /// A queue, a stream.
    pub arn: String,
}

/// A network interface that Lambda made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// `eni-…`.
    pub id: String,
    /// `AWS Lambda VPC ENI-<function>-<uuid>`.
    pub description: String,
    /// `in-use`, `available`.
    pub status: String,
    /// Where it lies.
    pub subnet: String,
    /// The groups that it carries, by id.
    pub groups: Vec<String>,
}

/// A log group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Its name.
    pub name: String,
    /// What it holds, as AWS has counted last.
    pub bytes: i64,
    /// After how many days its events go; nothing where they stay for ever.
    pub days: Option<i32>,
}

/// Lists what calls a function by itself.
pub async fn event_sources(clients: &Clients, name: &str) -> Result<Vec<EventSource>, Fault> {
    const OP: &str = "lambda:ListEventSourceMappings";
    let mut all = Vec::new();
    let mut pages = clients
        .lambda
        .list_event_source_mappings()
        .function_name(name)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = match page {
            Err(e) if e.code() == Some(NOT_FOUND) => break,
            other => other.map_err(|e| fault(OP, false, &[], &e))?,
        };
        for m in page.event_source_mappings.unwrap_or_default() {
            // one that is on its way out calls nobody
            if m.state.as_deref() == Some("Deleting") {
                continue;
            }
            all.push(EventSource {
                uuid: m.uuid.unwrap_or_default(),
                arn: m.event_source_arn.unwrap_or_default(),
            });
        }
    }
    Ok(all)
}

/// Lists the names of a function's aliases.
pub async fn aliases(clients: &Clients, name: &str) -> Result<Vec<String>, Fault> {
    const OP: &str = "lambda:ListAliases";
    let mut all = Vec::new();
    let mut pages = clients
        .lambda
        .list_aliases()
        .function_name(name)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = match page {
            Err(e) if e.code() == Some(NOT_FOUND) => break,
            other => other.map_err(|e| fault(OP, false, &[], &e))?,
        };
        let found = page.aliases.unwrap_or_default();
        all.extend(found.into_iter().filter_map(|a| a.name));
    }
    Ok(all)
}

/// Returns the policy that says who may call a function; nothing where nobody was ever allowed to.
pub async fn policy(clients: &Clients, name: &str) -> Result<Option<String>, Fault> {
    let sent = clients.lambda.get_policy().function_name(name).send().await;
    match sent {
        Ok(answer) => Ok(answer.policy),
        Err(e) if e.code() == Some(NOT_FOUND) => Ok(None),
        Err(e) => Err(fault("lambda:GetPolicy", false, &[], &e)),
    }
}

/// Returns which functions a user pool calls, each with the occasion as stack.yaml names it. A pool that is gone calls
/// none.
pub async fn triggers(clients: &Clients, pool: &str) -> Result<Vec<(&'static str, String)>, Fault> {
    const OP: &str = "cognito-idp:DescribeUserPool";
    let sent = clients
        .cognito
        .describe_user_pool()
        .user_pool_id(pool)
        .send()
        .await;
    let config = match sent.map_err(|e| fault(OP, false, &[], &e)) {
        Ok(answer) => answer.user_pool.and_then(|p| p.lambda_config),
        Err(fault) if fault.class == Class::NotFound => None,
        Err(fault) => return Err(fault),
    };
    Ok(config.map(called).unwrap_or_default())
}

fn called(c: LambdaConfigType) -> Vec<(&'static str, String)> {
    let sms = c.custom_sms_sender.map(|s| s.lambda_arn);
    let mail = c.custom_email_sender.map(|s| s.lambda_arn);
    [
        ("pre_sign_up", c.pre_sign_up),
        ("custom_message", c.custom_message),
        ("post_confirmation", c.post_confirmation),
        ("pre_authentication", c.pre_authentication),
        ("post_authentication", c.post_authentication),
        ("define_auth_challenge", c.define_auth_challenge),
        ("create_auth_challenge", c.create_auth_challenge),
        (
            "verify_auth_challenge_response",
            c.verify_auth_challenge_response,
        ),
        ("pre_token_generation", c.pre_token_generation),
        ("user_migration", c.user_migration),
        ("custom_sms_sender", sms),
        ("custom_email_sender", mail),
    ]
    .into_iter()
    .filter_map(|(occasion, arn)| Some((occasion, arn?)))
    .collect()
}

/// Lists the network interfaces whose description begins with a function's name: another function's name may begin so
/// too.
pub async fn interfaces(clients: &Clients, name: &str) -> Result<Vec<Interface>, Fault> {
    const OP: &str = "ec2:DescribeNetworkInterfaces";
    let filter = |name: &str, value: String| Filter::builder().name(name).values(value).build();
    let mut all = Vec::new();
    let mut pages = clients
        .ec2
        .describe_network_interfaces()
        .filters(filter(
            "description",
            format!("AWS Lambda VPC ENI-{name}-*"),
        ))
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| fault(OP, false, &[], &e))?;
        for i in page.network_interfaces.unwrap_or_default() {
            let groups = i.groups.unwrap_or_default();
            all.push(Interface {
                id: i.network_interface_id.unwrap_or_default(),
                description: i.description.unwrap_or_default(),
                status: i.status.map_or_else(String::new, |s| s.as_str().to_owned()),
                subnet: i.subnet_id.unwrap_or_default(),
                groups: groups.into_iter().filter_map(|g| g.group_id).collect(),
            });
        }
    }
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(all)
}

/// Returns the log group of this name.
pub async fn log(clients: &Clients, group: &str) -> Result<Option<Log>, Fault> {
    const OP: &str = "logs:DescribeLogGroups";
    let mut pages = clients
        .logs
        .describe_log_groups()
        .log_group_name_prefix(group)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| fault(OP, false, &[], &e))?;
        let is_it = |g: &LogGroup| g.log_group_name.as_deref() == Some(group);
        if let Some(found) = page.log_groups.unwrap_or_default().into_iter().find(is_it) {
            return Ok(Some(Log {
                name: group.to_owned(),
                bytes: found.stored_bytes.unwrap_or_default(),
                days: found.retention_in_days,
            }));
        }
    }
    Ok(None)
}
