//! What is written in stack.yaml.

use crate::resource::Input;
use schemars::JsonSchema;
use serde::Deserialize;

/// A statement in a function's own policy that lets somebody invoke it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The function's ARN or name; with a version or an alias at the end, the permission is for that one.
    pub function: Input<String>,
    /// Who may invoke it: a service or an account. Default `cognito-idp.amazonaws.com`.
    pub principal: Option<Input<String>>,
    /// What they may do. Default `lambda:InvokeFunction`.
    pub action: Option<Input<String>>,
    /// The user pool on whose behalf, by id or by a name that only one pool has. Either this or `source_arn`.
    pub user_pool: Option<Input<String>>,
    /// The ARN on whose behalf. Wildcards in it are live. Either this or `user_pool`.
    pub source_arn: Option<Input<String>>,
    /// The account that the source is in. Default: the stack's account.
    pub source_account: Option<Input<String>>,
    /// The statement's id. Default `cruddur-infra-` and the entry's name.
    pub statement_id: Option<String>,
}
