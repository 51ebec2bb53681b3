//! How a user comes to be.

use super::super::Sandbox;
use super::super::timing::Moment;
use super::super::wire::ApiError;
use super::functions::Functions;
use super::secret::{Password, uuid};
use super::state::{Client, Pool, Purpose, User};
use super::triggers::{NO_CLIENT, Occasion, fire};
use super::validate::invalid;
use super::{mail, text};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Returns the pool and the app client of a call, whose `SecretHash` is checked.
pub(super) fn client_of(
    sandbox: &Sandbox,
    input: &Map<String, Value>,
) -> Result<(Pool, Client), ApiError> {
    let (pool, client) = sandbox.store.read(|w| {
        let found = w.cognito.client(text(input, "ClientId"));
        found.map(|(pool, client)| (pool.clone(), client.clone()))
    })??;
    client.check_secret(input)?;
    Ok((pool, client))
}

/// Returns a user who is not in the pool yet.
///
/// # Errors
/// `InvalidParameterException` for a name that the pool does not take and for missing attributes.
pub(super) fn new_user(
    pool: &Pool,
    name: &str,
    mut attributes: BTreeMap<String, String>,
    now: Moment,
) -> Result<User, ApiError> {
    let sub = uuid();
    let by = pool.words("UsernameAttributes");
    let is_email = name.contains('@');
    let is_phone = name.starts_with('+') && name[1..].chars().all(|c| c.is_ascii_digit());
    let mut username = name.to_owned();
    if !by.is_empty() {
        // people sign in with an address; their name in the pool is the sub
        let attribute = match (
            is_email && by.contains(&"email"),
            is_phone && by.contains(&"phone_number"),
        ) {
            (true, _) => "email",
            (_, true) => "phone_number",
            _ => {
                let wanted = match by.as_slice() {
                    ["email"] => "an email",
                    ["phone_number"] => "a phone number",
                    _ => "either an email or a phone number",
                };
                return Err(invalid(format!("Username should be {wanted}.")));
            }
        };
        attributes
            .entry(attribute.to_owned())
            .or_insert_with(|| name.to_owned());
        username = sub.clone();
    } else {
        for (alias, looks) in [("email", is_email), ("phone_number", is_phone)] {
            if looks && pool.words("AliasAttributes").contains(&alias) {
                let kind = alias.replace('_', " ");
                return Err(invalid(format!(
                    "Username cannot be of {kind} format, since user pool is configured for {kind} alias."
                )));
            }
        }
    }
    pool.check_required(&attributes)?;
    Ok(User {
        username,
        sub,
        status: "UNCONFIRMED".to_owned(),
        created: now,
        modified: now,
        attributes,
        ..User::default()
    })
}

/// Asks the pre-sign-up trigger, which may refuse a user, confirm them and vouch for their addresses.
///
/// # Errors
/// Those of [`fire`].
pub(super) async fn ask_before<F: Functions>(
    functions: &F,
    sandbox: &Sandbox,
    pool: &Pool,
    user: &mut User,
    input: &Map<String, Value>,
    source: &'static str,
) -> Result<(), ApiError> {
    let mut request = Map::new();
    if let Some(Value::Array(data)) = input.get("ValidationData") {
        let pairs = data.iter().filter_map(|one| {
            let value = one.get("Value").cloned().unwrap_or_default();
            Some((one["Name"].as_str()?.to_owned(), value))
        });
        request.insert("validationData".to_owned(), Value::Object(pairs.collect()));
    }
    let client = input.get("ClientId").and_then(Value::as_str);
    let occasion = Occasion {
        trigger: "PreSignUp",
        source,
        client: client.unwrap_or(NO_CLIENT),
        metadata: input.get("ClientMetadata"),
        extra: (
            request,
            json!({ "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false }),
        ),
    };
    let Some(response) = fire(functions, sandbox, pool, user, &occasion).await? else {
        return Ok(());
    };
    for (answer, attribute) in [
        ("autoVerifyEmail", "email"),
        ("autoVerifyPhone", "phone_number"),
    ] {
        if response[answer] == true && user.attributes.contains_key(attribute) {
            user.attributes
                .insert(format!("{attribute}_verified"), "true".to_owned());
        }
    }
    if response["autoConfirmUser"] == true {
        user.status = "CONFIRMED".to_owned();
    }
    Ok(())
}

/// Puts a new user into the pool.
///
/// # Errors
/// `UsernameExistsException`.
pub(super) fn keep(sandbox: &Sandbox, pool_id: &str, mut user: User) -> Result<User, ApiError> {
    sandbox.store.write(|w| {
        user.serial = w.next_serial();
        let pool = w.cognito.pool_mut(pool_id)?;
        if pool.user(&user.username).is_some() {
            return Err(exists("User already exists"));
        }
        for name in pool.words("UsernameAttributes") {
            let taken = user
                .attributes
                .get(name)
                .is_some_and(|value| pool.user(value).is_some());
            if taken {
                let kind = name.replace('_', " ");
                return Err(exists(&format!(
                    "An account with the given {kind} already exists."
                )));
            }
        }
        pool.users.push(user.clone());
        Ok(user)
    })
}

fn exists(message: &str) -> ApiError {
    ApiError::new(400, "UsernameExistsException", message)
}

/// `SignUp`.
pub(super) async fn sign_up<F: Functions>(
    functions: &F,
    sandbox: &Sandbox,
    input: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let now = sandbox.store.timing().now();
    let (pool, client) = client_of(sandbox, input)?;
    if pool.setting(&["AdminCreateUserConfig", "AllowAdminCreateUserOnly"]) == Some(&json!(true)) {
        return Err(ApiError::new(
            400,
            "NotAuthorizedException",
            "SignUp is not permitted for this user pool",
        ));
    }
    let attributes = pool.attributes(input.get("UserAttributes"))?;
    may_write(&client, attributes.keys())?;
    let mut user = new_user(&pool, text(input, "Username"), attributes, now)?;
    match input.get("Password").and_then(Value::as_str) {
        Some(password) => {
            pool.check_password(password)?;
            user.passwords.push(Password::keep(password));
        }
        None if !without_password(&pool) => return Err(invalid("Password is required.")),
        None => (),
    }
    ask_before(functions, sandbox, &pool, &mut user, input, "SignUp").await?;
    let confirmed = user.status == "CONFIRMED";
    let code = match mail::sign_up_attribute(&pool, &user) {
        Some(attribute) if !confirmed => {
            Some(mail::new_code(&mut user, Purpose::SignUp, attribute, now))
        }
        _ => None,
    };
    let user = keep(sandbox, &pool.id, user)?;
    let mut reply = json!({ "UserConfirmed": confirmed, "UserSub": user.sub });
    if let Some(code) = code {
        reply["CodeDeliveryDetails"] = mail::send(sandbox, &user, &code)?;
    }
    if confirmed {
        let metadata = input.get("ClientMetadata");
        let occasion = Occasion::post_confirmation("ConfirmSignUp", &client.id, metadata);
        fire(functions, sandbox, &pool, &user, &occasion).await?;
    }
    Ok(reply)
}

/// Tells whether people may sign in with a code alone.
fn without_password(pool: &Pool) -> bool {
    pool.setting(&["Policies", "SignInPolicy", "AllowedFirstAuthFactors"])
        .and_then(Value::as_array)
        .is_some_and(|all| all.iter().any(|f| f == "EMAIL_OTP" || f == "SMS_OTP"))
}

/// Checks that an app client may write attributes: never those that Cognito itself keeps.
fn may_write<'a>(client: &Client, names: impl Iterator<Item = &'a String>) -> Result<(), ApiError> {
    let allowed = client
        .settings
        .get("WriteAttributes")
        .and_then(Value::as_array);
    for name in names {
        let own = matches!(
            name.as_str(),
            "sub" | "email_verified" | "phone_number_verified"
        );
        let listed = allowed.is_none_or(|list| list.iter().any(|one| one == name));
        if own || !listed {
            return Err(ApiError::new(
                400,
                "NotAuthorizedException",
                "A client attempted to write unauthorized attribute",
            ));
        }
    }
    Ok(())
}
