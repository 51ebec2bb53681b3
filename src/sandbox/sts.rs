//! STS: who the caller is. In the sandbox everyone is the user `sandbox` of one account.

use super::Sandbox;
use super::wire::{ApiError, Call, Reply};
use super::world::ACCOUNT;
use super::xml::Xml;

/// The user that every caller is.
pub const CALLER: &str = "arn:aws:iam::123456789012:user/sandbox";

/// Answers one call.
///
/// # Errors
/// `InvalidAction` for everything but `GetCallerIdentity`.
pub async fn handle(_sandbox: &Sandbox, call: &Call) -> Result<Reply, ApiError> {
    match call.operation.as_str() {
        "GetCallerIdentity" => {
            let mut x = Xml::new();
            x.el("Arn", CALLER)
                .el("UserId", "AIDASANDBOXUSER000001")
                .el("Account", ACCOUNT);
            Ok(Reply::Xml(x.done()))
        }
        other => Err(ApiError::new(
            400,
            "InvalidAction",
            format!("Could not find operation {other} for version 2011-06-15"),
        )),
    }
}
