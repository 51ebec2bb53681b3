//! The list of kinds. A new kind is one folder and one line here; the order is the one in which things are made.

pub mod cognito_trigger;
pub mod iam_policy;
pub mod iam_role;
pub mod lambda_function;
pub mod lambda_layer;
pub mod lambda_permission;
pub mod postgres_role;
pub mod rds_instance;
pub mod schedule;
pub mod security_group_rule;
pub mod sql_script;

use crate::aws::Clients;
use crate::pg::Connector;
use crate::resource::{Kind, KindOf, Resource};
use std::sync::Arc;

/// Returns every kind, with its clients. `owner` and `workspace` say whose rules for the current address are ours.
pub fn all(
    clients: &Clients,
    connector: &Connector,
    owner: &str,
    workspace: &str,
) -> Vec<Arc<dyn Kind>> {
    let c = || clients.clone();
    vec![
        of(rds_instance::RdsInstance::new(c())),
        of(security_group_rule::SecurityGroupRule::new(c()).run_by(owner, workspace)),
        of(iam_policy::IamPolicy::new(c())),
        of(iam_role::IamRole::new(c())),
        of(schedule::Schedule::new(c())),
        of(lambda_layer::LambdaLayer::new(c())),
        of(lambda_function::LambdaFunction::new(c())),
        of(lambda_permission::LambdaPermission::new(c())),
        of(cognito_trigger::CognitoTrigger::new(c())),
        of(sql_script::SqlScript::new(connector.clone())),
        of(postgres_role::PostgresRole::new(connector.clone())),
    ]
}

/// Returns every kind with clients that can reach nothing: enough to read and check a file.
pub fn offline() -> Vec<Arc<dyn Kind>> {
    all(&Clients::unconnected(), &Connector::default(), "", "")
}

fn of<R: Resource>(kind: R) -> Arc<dyn Kind> {
    Arc::new(KindOf(Arc::new(kind)))
}
