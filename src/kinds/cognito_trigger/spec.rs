//! What is written in stack.yaml.

use crate::resource::{Input, Template};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A function that a user pool calls on some occasion.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The user pool, by id or by a name that only one pool has. Pools are never created, replaced or deleted here.
    pub user_pool: Input<String>,
    /// The occasion.
    pub trigger: Trigger,
    /// The function's ARN. The permission for Cognito to invoke it is planned with the trigger, under the same name.
    pub function: Input<String>,
}

/// The occasions whose setting is one function's ARN.
///
/// Left out are those with a version (`PreTokenGeneration`, which must agree with `PreTokenGenerationConfig`) and those
/// that need a key (`CustomSMSSender`, `CustomEmailSender`): they are more than an ARN (aws-facts §5.2).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Before somebody signs up.
    PreSignUp,
    /// After a sign-up or a new password is confirmed.
    PostConfirmation,
    /// Before somebody signs in.
    PreAuthentication,
    /// After somebody has signed in.
    PostAuthentication,
    /// When a message is written.
    CustomMessage,
    /// When the next challenge is chosen.
    DefineAuthChallenge,
    /// When a challenge is made.
    CreateAuthChallenge,
    /// When the answer to a challenge is judged.
    VerifyAuthChallengeResponse,
    /// When somebody signs in whom the pool does not know.
    UserMigration,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Trigger; 9] = [
        Trigger::PreSignUp,
        Trigger::PostConfirmation,
        Trigger::PreAuthentication,
        Trigger::PostAuthentication,
        Trigger::CustomMessage,
        Trigger::DefineAuthChallenge,
        Trigger::CreateAuthChallenge,
        Trigger::VerifyAuthChallengeResponse,
        Trigger::UserMigration,
    ];

    /// Returns AWS's name for it in `LambdaConfig`.
    pub fn member(self) -> &'static str {
        match self {
            Trigger::PreSignUp => "PreSignUp",
            Trigger::PostConfirmation => "PostConfirmation",
            Trigger::PreAuthentication => "PreAuthentication",
            Trigger::PostAuthentication => "PostAuthentication",
            Trigger::CustomMessage => "CustomMessage",
            Trigger::DefineAuthChallenge => "DefineAuthChallenge",
            Trigger::CreateAuthChallenge => "CreateAuthChallenge",
            Trigger::VerifyAuthChallengeResponse => "VerifyAuthChallengeResponse",
            Trigger::UserMigration => "UserMigration",
        }
    }
}

/// Returns the spec of the permission that a trigger brings along.
pub fn permission(spec: &Spec) -> Value {
    json!({ "function": written(&spec.function), "user_pool": written(&spec.user_pool) })
}

/// Returns a field as stack.yaml has it.
fn written(input: &Input<String>) -> String {
    match input {
        Input::Known(text) => text.replace("${", "$${"),
        Input::Template(template) => Template::to_string(template),
    }
}
