//! What Cognito would mail: lines of `mail.jsonl`, since nothing leaves this machine.

use super::super::Sandbox;
use super::super::store;
use super::super::timing;
use super::super::wire::ApiError;
use super::secret;
use super::state::{Code, Pool, Purpose, User};
use serde_json::{Value, json};
use std::io::{self, Write};

/// How long the two kinds of code are good for, in milliseconds. Real time however fast the life cycles run:
/// it is a person who types them.
const SIGN_UP_LASTS: timing::Moment = 24 * 3_600_000;
const FORGOT_PASSWORD_LASTS: timing::Moment = 3_600_000;

/// Makes a new code for a user, which replaces the one before, and returns it.
pub(super) fn new_code(
    user: &mut User,
    purpose: Purpose,
    attribute: &str,
    now: timing::Moment,
) -> Code {
    let lasts = match purpose {
        Purpose::SignUp => SIGN_UP_LASTS,
        Purpose::ForgotPassword => FORGOT_PASSWORD_LASTS,
    };
    let code = Code {
        digits: secret::code(),
        purpose,
        ends_at: now + lasts,
        attribute: attribute.to_owned(),
        failures: 0,
    };
    user.code = Some(code.clone());
    code
}

/// Returns the attribute to which the code of a sign-up goes; nothing where the pool verifies none that is given.
pub(super) fn sign_up_attribute(pool: &Pool, user: &User) -> Option<&'static str> {
    let verified = pool.words("AutoVerifiedAttributes");
    let given = |name| verified.contains(&name) && user.attributes.contains_key(name);
    if given("phone_number") && pool.settings.contains_key("SmsConfiguration") {
        return Some("phone_number");
    }
    given("email").then_some("email")
}

/// Sends a code, and returns the `CodeDeliveryDetails` that tell where it went.
///
/// # Errors
/// `CodeDeliveryFailureException` where the line cannot be written.
pub(super) fn send(sandbox: &Sandbox, user: &User, code: &Code) -> Result<Value, ApiError> {
    let to = user
        .attributes
        .get(&code.attribute)
        .map_or("", String::as_str);
    let line = json!({ "to": to, "code": code.digits, "purpose": code.purpose });
    append(sandbox, &line)?;
    Ok(details(&code.attribute, to))
}

/// Notes that an invitation was sent. The temporary password stays out of it, as no password is kept in clear.
///
/// # Errors
/// `CodeDeliveryFailureException` where the line cannot be written.
pub(super) fn invite(sandbox: &Sandbox, to: &str) -> Result<(), ApiError> {
    append(
        sandbox,
        &json!({ "to": to, "code": null, "purpose": "invitation" }),
    )
}

/// Returns the `CodeDeliveryDetails` for an address, most of which they hide.
pub(super) fn details(attribute: &str, to: &str) -> Value {
    let (medium, destination) = match attribute {
        "phone_number" => {
            let tail: String = to
                .chars()
                .skip(to.chars().count().saturating_sub(4))
                .collect();
            ("SMS", format!("+*******{tail}"))
        }
        _ => {
            let (name, host) = to.split_once('@').unwrap_or((to, ""));
            let first = |text: &str| text.chars().next().unwrap_or('*');
            ("EMAIL", format!("{}***@{}***", first(name), first(host)))
        }
    };
    json!({ "Destination": destination, "DeliveryMedium": medium, "AttributeName": attribute })
}

fn append(sandbox: &Sandbox, line: &Value) -> Result<(), ApiError> {
    let write = || -> io::Result<()> {
        // one write, so that the lines of two commands never mix
        store::append(&sandbox.store.dir().join("mail.jsonl"))?
            .write_all(format!("{line}\n").as_bytes())
    };
    write().map_err(|e| {
        ApiError::new(
            400,
            "CodeDeliveryFailureException",
            format!("the message cannot be delivered: {e}"),
        )
    })
}
