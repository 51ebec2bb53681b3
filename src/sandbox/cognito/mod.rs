//! Cognito user pools: an `UpdateUserPool` that forgets what it is not told, and users whose confirmation fires
//! the pool's trigger.
//!
//! Nothing is mailed: the codes are lines of `mail.jsonl` in the sandbox's directory.

mod clients;
mod confirm;
mod defaults;
mod filter;
mod functions;
mod mail;
mod page;
mod pattern;
mod pools;
mod rules;
mod schema;
mod secret;
mod shapes;
mod signup;
mod state;
mod tags;
mod triggers;
mod update;
mod users;
mod validate;

#[cfg(test)]
mod tests;

pub use defaults::FIRST_CLIENT;
pub use state::{Client, Code, Pool, Purpose, State, User};

use super::Sandbox;
use super::wire::{ApiError, Call, Input, Reply};
use functions::{Functions, Lambda};
use serde_json::{Map, Value};

/// Answers one call.
///
/// # Errors
/// What Cognito would refuse; `UnknownOperationException` for an operation that the sandbox does not have.
pub async fn handle(sandbox: &Sandbox, call: &Call) -> Result<Reply, ApiError> {
    answer(&Lambda, sandbox, call).await
}

async fn answer<F: Functions>(
    functions: &F,
    sandbox: &Sandbox,
    call: &Call,
) -> Result<Reply, ApiError> {
    let operation = call.operation.as_str();
    let unknown = || {
        ApiError::new(
            400,
            "UnknownOperationException",
            format!("The sandbox does not have the operation {operation}"),
        )
    };
    let shape = shapes::request(operation).ok_or_else(unknown)?;
    let Input::Json(body) = &call.input else {
        return Err(ApiError::new(
            400,
            "SerializationException",
            "The request is not JSON",
        ));
    };
    let input = &validate::check(operation, shape, body)?;
    let reply = match operation {
        "ListUserPools" => pools::list(sandbox, input),
        "DescribeUserPool" => pools::describe(sandbox, input),
        "CreateUserPool" => pools::create(functions, sandbox, input),
        "UpdateUserPool" => pools::update(functions, sandbox, input),
        "DeleteUserPool" => pools::delete(sandbox, input),
        "GetUserPoolMfaConfig" => pools::mfa(sandbox, input),
        "SetUserPoolMfaConfig" => pools::set_mfa(sandbox, input),
        "ListUserPoolClients" => clients::list(sandbox, input),
        "CreateUserPoolClient" => clients::create(sandbox, input),
        "DescribeUserPoolClient" => clients::get(sandbox, input),
        "TagResource" | "UntagResource" => tags::change(sandbox, input),
        "ListTagsForResource" => tags::list(sandbox, input),
        "SignUp" => signup::sign_up(functions, sandbox, input).await,
        "ConfirmSignUp" => confirm::sign_up(functions, sandbox, input).await,
        "AdminConfirmSignUp" => confirm::by_admin(functions, sandbox, input).await,
        "ForgotPassword" => confirm::forgot(sandbox, input),
        "ConfirmForgotPassword" => confirm::new_password(functions, sandbox, input).await,
        "AdminCreateUser" => users::create(functions, sandbox, input).await,
        "AdminGetUser" => users::get(sandbox, input),
        "AdminDeleteUser" => users::delete(sandbox, input),
        "AdminSetUserPassword" => users::set_password(sandbox, input),
        "ListUsers" => users::list(sandbox, input),
        _ => Err(unknown()),
    };
    reply.map(|body| Reply::Json(200, body))
}

/// Returns a text member that the model requires.
fn text<'a>(input: &'a Map<String, Value>, name: &str) -> &'a str {
    input.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Returns a member that is a count.
fn number(input: &Map<String, Value>, name: &str) -> Option<usize> {
    input
        .get(name)
        .and_then(Value::as_u64)
        .and_then(|n| usize::try_from(n).ok())
}
