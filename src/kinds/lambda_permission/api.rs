//! The calls to Lambda.

use super::function::Function;
use super::live::Desired;
use crate::aws::{Clients, OnlyOnce, fault, unexpected, user_pool_id};
use crate::model::Fault;
use aws_sdk_lambda::config::Builder;

fn is_gone(fault: &Fault) -> bool {
    fault.code.as_deref() == Some("ResourceNotFoundException")
}

/// Returns a function's policy and its revision; nothing where it has none, or where there is no such function.
pub async fn policy(
    clients: &Clients,
    function: &Function,
) -> Result<Option<(String, Option<String>)>, Fault> {
    const OP: &str = "lambda:GetPolicy";
    let sent = clients
        .lambda
        .get_policy()
        .function_name(&function.target)
        .set_qualifier(function.qualifier.clone())
        .send()
        .await;
    match sent {
        Ok(answer) => {
            let policy = answer.policy.ok_or_else(|| unexpected(OP, "the policy"))?;
            Ok(Some((policy, answer.revision_id)))
        }
        Err(e) => match fault(OP, false, &[], &e) {
            fault if is_gone(&fault) => Ok(None),
            fault => Err(fault),
        },
    }
}

/// Returns the ARN of the pool that `given` names.
pub async fn pool_arn(clients: &Clients, prefix: &str, given: &str) -> Result<String, Fault> {
    let id = user_pool_id(clients, given).await?;
    Ok(format!("{prefix}{id}"))
}

/// Adds a statement.
pub async fn add(
    clients: &Clients,
    want: &Desired,
    id: &str,
    source_arn: &str,
    revision: Option<&str>,
) -> Result<(), Fault> {
    clients
        .lambda
        .add_permission()
        .function_name(&want.function.target)
        .set_qualifier(want.function.qualifier.clone())
        .statement_id(id)
        .action(&want.action)
        .principal(&want.principal)
        .source_arn(source_arn)
        .source_account(&want.source_account)
        .set_revision_id(revision.map(str::to_owned))
        .customize()
        .config_override(Builder::new().retry_classifier(OnlyOnce))
        .send()
        .await
        .map(|_| ())
        .map_err(|e| fault("lambda:AddPermission", true, &[], &e))
}

/// Removes a statement; one that is gone already is no error.
pub async fn remove(clients: &Clients, function: &Function, id: &str) -> Result<(), Fault> {
    let sent = clients
        .lambda
        .remove_permission()
        .function_name(&function.target)
        .set_qualifier(function.qualifier.clone())
        .statement_id(id)
        .send()
        .await;
    match sent.map_err(|e| fault("lambda:RemovePermission", true, &[], &e)) {
        Err(fault) if !is_gone(&fault) => Err(fault),
        _ => Ok(()),
    }
}
