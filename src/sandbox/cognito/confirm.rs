//! Confirmations: of a sign-up, by its user or an administrator, and of a new password. Each fires the pool's
//! post-confirmation trigger, and none is undone when the trigger fails (aws-facts §5.4).

use super::super::Sandbox;
use super::super::timing::Moment;
use super::super::wire::ApiError;
use super::functions::Functions;
use super::signup::client_of;
use super::state::{Client, Pool, Purpose, User};
use super::triggers::{NO_CLIENT, Occasion, fire};
use super::users::no_user;
use super::validate::invalid;
use super::{mail, text};
use serde_json::{Map, Value, json};

/// After so many wrong codes no other is looked at.
const FAILURES: u32 = 5;

fn not_authorized(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "NotAuthorizedException", message)
}

fn expired() -> ApiError {
    ApiError::new(
        400,
        "ExpiredCodeException",
        "Invalid code provided, please request a code again.",
    )
}

fn mismatch() -> ApiError {
    ApiError::new(
        400,
        "CodeMismatchException",
        "Invalid verification code provided, please try again.",
    )
}

/// The refusal for a user who is not there, as an app client hears it: one that hides users tells a lie.
fn unknown_user(client: &Client, lie: ApiError) -> ApiError {
    match client.hides_users() {
        true => lie,
        false => ApiError::new(
            400,
            "UserNotFoundException",
            "Username/client id combination not found.",
        ),
    }
}

/// Uses a code up; the address that it went to counts as verified. A wrong code is counted.
fn use_code(
    user: &mut User,
    digits: &str,
    purpose: Purpose,
    now: Moment,
) -> Result<String, ApiError> {
    let Some(code) = user.code.as_mut().filter(|code| code.purpose == purpose) else {
        return Err(expired());
    };
    if code.failures >= FAILURES {
        return Err(ApiError::new(
            400,
            "LimitExceededException",
            "Attempt limit exceeded, please try after some time.",
        ));
    }
    if now >= code.ends_at {
        return Err(expired());
    }
    if code.digits != digits {
        code.failures += 1;
        return Err(mismatch());
    }
    let attribute = code.attribute.clone();
    user.code = None;
    user.attributes
        .insert(format!("{attribute}_verified"), "true".to_owned());
    Ok(attribute)
}

fn confirm(user: &mut User, now: Moment) -> Result<(), ApiError> {
    if user.status != "UNCONFIRMED" {
        return Err(not_authorized(format!(
            "User cannot be confirmed. Current status is {}",
            user.status
        )));
    }
    user.status = "CONFIRMED".to_owned();
    user.modified = now;
    Ok(())
}

/// Changes a user of a pool and returns them; what a refusal changed stays, as the count of wrong codes does.
fn change(
    sandbox: &Sandbox,
    pool_id: &str,
    name: &str,
    nobody: ApiError,
    step: impl FnOnce(&mut User) -> Result<(), ApiError>,
) -> Result<User, ApiError> {
    sandbox.store.write(|w| {
        let pool = w.cognito.pool_mut(pool_id)?;
        let user = pool.user_mut(name).ok_or(nobody)?;
        Ok(step(user).map(|()| user.clone()))
    })?
}

/// `ConfirmSignUp`.
pub(super) async fn sign_up<F: Functions>(
    functions: &F,
    sandbox: &Sandbox,
    input: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let now = sandbox.store.timing().now();
    let (pool, client) = client_of(sandbox, input)?;
    let name = text(input, "Username");
    let force = input.get("ForceAliasCreation") == Some(&json!(true));
    let rivals = rivals(&pool, name);
    let user = change(
        sandbox,
        &pool.id,
        name,
        unknown_user(&client, expired()),
        |user| {
            if user.status != "UNCONFIRMED" {
                return confirm(user, now);
            }
            let mut next = user.clone();
            let used = use_code(
                &mut next,
                text(input, "ConfirmationCode"),
                Purpose::SignUp,
                now,
            );
            if used
                .as_ref()
                .is_ok_and(|used| !force && rivals.iter().any(|(_, alias)| alias == used))
            {
                return Err(ApiError::new(
                    400,
                    "AliasExistsException",
                    "An account with the email already exists.",
                ));
            }
            *user = next;
            used?;
            confirm(user, now)
        },
    )?;
    for (sub, alias) in rivals {
        // whoever held the address before loses it
        change(sandbox, &pool.id, &sub, no_user(), |user| {
            user.attributes
                .insert(format!("{alias}_verified"), "false".to_owned());
            Ok(())
        })?;
    }
    let metadata = input.get("ClientMetadata");
    let occasion = Occasion::post_confirmation("ConfirmSignUp", &client.id, metadata);
    fire(functions, sandbox, &pool, &user, &occasion).await?;
    Ok(json!({}))
}

/// Returns who else holds an address of a user as a verified alias, by `sub` and attribute.
fn rivals(pool: &Pool, name: &str) -> Vec<(String, String)> {
    let Some(user) = pool.user(name) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for alias in pool.words("AliasAttributes") {
        let Some(value) = user.attributes.get(alias) else {
            continue;
        };
        for other in pool.users.iter().filter(|other| other.sub != user.sub) {
            let holds = other
                .attributes
                .get(alias)
                .is_some_and(|v| pool.same(v, value));
            let verified = other.attributes.get(&format!("{alias}_verified"));
            if holds && verified.is_some_and(|v| v == "true") {
                found.push((other.sub.clone(), alias.to_owned()));
            }
        }
    }
    found
}

/// `AdminConfirmSignUp`: without a code, so that no address becomes verified.
pub(super) async fn by_admin<F: Functions>(
    functions: &F,
    sandbox: &Sandbox,
    input: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let now = sandbox.store.timing().now();
    let id = text(input, "UserPoolId");
    let pool = sandbox.store.read(|w| w.cognito.pool(id).cloned())??;
    let user = change(sandbox, id, text(input, "Username"), no_user(), |user| {
        confirm(user, now)?;
        user.code = None;
        Ok(())
    })?;
    let metadata = input.get("ClientMetadata");
    let occasion = Occasion::post_confirmation("ConfirmSignUp", NO_CLIENT, metadata);
    fire(functions, sandbox, &pool, &user, &occasion).await?;
    Ok(json!({}))
}

/// Returns the verified attribute to which the code for a new password goes.
fn recovery_attribute(pool: &Pool, user: &User) -> Result<&'static str, ApiError> {
    let mut ways: Vec<(i64, &str)> = pool
        .setting(&["AccountRecoverySetting", "RecoveryMechanisms"])
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|way| Some((way["Priority"].as_i64()?, way["Name"].as_str()?)))
        .collect();
    if ways.is_empty() {
        // without the setting: text message first
        ways = vec![(1, "verified_phone_number"), (2, "verified_email")];
    }
    ways.sort_unstable();
    let verified = |name: &str| {
        user.attributes
            .get(&format!("{name}_verified"))
            .is_some_and(|v| v == "true")
    };
    for (_, way) in ways {
        match way {
            "admin_only" => return Err(not_authorized("Contact administrator to reset password.")),
            "verified_email" if verified("email") => return Ok("email"),
            "verified_phone_number" if verified("phone_number") => return Ok("phone_number"),
            _ => (),
        }
    }
    Err(invalid(
        "Cannot reset password for the user as there is no registered/verified email or phone_number",
    ))
}

/// `ForgotPassword`.
pub(super) fn forgot(sandbox: &Sandbox, input: &Map<String, Value>) -> Result<Value, ApiError> {
    let now = sandbox.store.timing().now();
    let (pool, client) = client_of(sandbox, input)?;
    let name = text(input, "Username");
    let Some(user) = pool.user(name) else {
        // a client that hides users pretends that something was sent
        return match client.hides_users() {
            true => Ok(json!({ "CodeDeliveryDetails": mail::details("email", name) })),
            false => Err(unknown_user(&client, no_user())),
        };
    };
    if user.status == "FORCE_CHANGE_PASSWORD" {
        return Err(not_authorized(
            "User password cannot be reset in the current state.",
        ));
    }
    let attribute = recovery_attribute(&pool, user)?;
    let user = change(sandbox, &pool.id, name, no_user(), |user| {
        mail::new_code(user, Purpose::ForgotPassword, attribute, now);
        Ok(())
    })?;
    let code = user.code.as_ref().ok_or_else(expired)?;
    Ok(json!({ "CodeDeliveryDetails": mail::send(sandbox, &user, code)? }))
}

/// `ConfirmForgotPassword`.
pub(super) async fn new_password<F: Functions>(
    functions: &F,
    sandbox: &Sandbox,
    input: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let now = sandbox.store.timing().now();
    let (pool, client) = client_of(sandbox, input)?;
    let password = text(input, "Password");
    pool.check_password(password)?;
    let history = pool.password_history();
    let nobody = unknown_user(&client, mismatch());
    let user = change(sandbox, &pool.id, text(input, "Username"), nobody, |user| {
        let mut next = user.clone();
        let used = use_code(
            &mut next,
            text(input, "ConfirmationCode"),
            Purpose::ForgotPassword,
            now,
        );
        if used.is_ok() {
            // a password that is refused does not use the code up
            next.renew_password(password, history)?;
            next.status = "CONFIRMED".to_owned();
            next.modified = now;
        }
        *user = next;
        used.map(|_| ())
    })?;
    let metadata = input.get("ClientMetadata");
    let occasion = Occasion::post_confirmation("ConfirmForgotPassword", &client.id, metadata);
    fire(functions, sandbox, &pool, &user, &occasion).await?;
    Ok(json!({}))
}
