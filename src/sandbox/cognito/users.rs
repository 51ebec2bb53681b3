//! Users as an administrator sees them, and the checks that every way of making one shares.

use super::super::Sandbox;
use super::super::wire::ApiError;
use super::filter::Filter;
use super::functions::Functions;
use super::page::page;
use super::secret::{Password, alphanumeric, random};
use super::state::{Pool, User, date};
use super::validate::invalid;
use super::{mail, number, signup, text};
use serde_json::{Map, Value, json};

/// The refusal for a user who is not there, as the administrator's calls say it.
pub(super) fn no_user() -> ApiError {
    ApiError::new(400, "UserNotFoundException", "User does not exist.")
}

impl Pool {
    /// Finds a user by name, by `sub`, or by an address that they sign in with.
    pub(super) fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| self.is(user, name))
    }

    /// Finds a user to change.
    pub(super) fn user_mut(&mut self, name: &str) -> Option<&mut User> {
        let at = self.users.iter().position(|user| self.is(user, name))?;
        self.users.get_mut(at)
    }

    /// Tells whether two names are one to this pool.
    pub(super) fn same(&self, a: &str, b: &str) -> bool {
        a == b || (!self.case_sensitive() && a.to_lowercase() == b.to_lowercase())
    }

    fn is(&self, user: &User, name: &str) -> bool {
        let address = |attribute: &str| {
            user.attributes
                .get(attribute)
                .is_some_and(|value| self.same(value, name))
        };
        let verified = |attribute: &str| {
            attribute == "preferred_username"
                || user.attributes.get(&format!("{attribute}_verified")) == Some(&"true".to_owned())
        };
        self.same(&user.username, name)
            || user.sub == name
            || self.words("UsernameAttributes").iter().any(|a| address(a))
            || self
                .words("AliasAttributes")
                .iter()
                .any(|a| address(a) && verified(a))
    }

    /// Returns how many earlier passwords may not come back.
    pub(super) fn password_history(&self) -> usize {
        self.setting(&["Policies", "PasswordPolicy", "PasswordHistorySize"])
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(0)
    }
}

fn listed(user: &User, wanted: Option<&Vec<Value>>) -> Vec<Value> {
    std::iter::once(("sub", user.sub.as_str()))
        .chain(
            user.attributes
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_str())),
        )
        .filter(|(name, _)| wanted.is_none_or(|list| list.iter().any(|w| w == name)))
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect()
}

fn shown(user: &User, attributes: &str, wanted: Option<&Vec<Value>>) -> Value {
    json!({
        "Username": user.username,
        attributes: listed(user, wanted),
        "UserCreateDate": date(user.created),
        "UserLastModifiedDate": date(user.modified),
        "Enabled": true,
        "UserStatus": user.status,
    })
}

/// `AdminGetUser`.
pub(super) fn get(sandbox: &Sandbox, input: &Map<String, Value>) -> Result<Value, ApiError> {
    sandbox.store.read(|w| {
        let pool = w.cognito.pool(text(input, "UserPoolId"))?;
        let user = pool.user(text(input, "Username")).ok_or_else(no_user)?;
        Ok(shown(user, "UserAttributes", None))
    })?
}

/// `ListUsers`.
pub(super) fn list(sandbox: &Sandbox, input: &Map<String, Value>) -> Result<Value, ApiError> {
    let filter = Filter::parse(text(input, "Filter"))?;
    sandbox.store.read(|w| {
        let pool = w.cognito.pool(text(input, "UserPoolId"))?;
        let wanted = input.get("AttributesToGet").and_then(Value::as_array);
        let schema = pool
            .settings
            .get("SchemaAttributes")
            .and_then(Value::as_array);
        for name in wanted.into_iter().flatten() {
            if !schema.is_some_and(|all| all.iter().any(|a| a["Name"] == *name)) {
                return Err(invalid(
                    "One or more requested attributes do not exist in user pool.",
                ));
            }
        }
        let users = pool
            .users
            .iter()
            .filter(|user| filter.as_ref().is_none_or(|f| f.matches(user)))
            .map(|user| (user.serial, shown(user, "Attributes", wanted)));
        let limit = number(input, "Limit").filter(|n| *n > 0).unwrap_or(60);
        let token = input.get("PaginationToken").and_then(Value::as_str);
        let (users, next) = page("users", users, token, limit)?;
        let mut reply = json!({ "Users": users });
        if let Some(next) = next {
            reply["PaginationToken"] = json!(next);
        }
        Ok(reply)
    })?
}

/// `AdminDeleteUser`.
pub(super) fn delete(sandbox: &Sandbox, input: &Map<String, Value>) -> Result<Value, ApiError> {
    sandbox.store.write(|w| {
        let pool = w.cognito.pool_mut(text(input, "UserPoolId"))?;
        let serial = pool
            .user(text(input, "Username"))
            .ok_or_else(no_user)?
            .serial;
        pool.users.retain(|user| user.serial != serial);
        Ok(json!({}))
    })
}

/// `AdminSetUserPassword`, which fires no trigger.
pub(super) fn set_password(
    sandbox: &Sandbox,
    input: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let now = sandbox.store.timing().now();
    sandbox.store.write(|w| {
        let pool = w.cognito.pool_mut(text(input, "UserPoolId"))?;
        let password = text(input, "Password");
        pool.user(text(input, "Username")).ok_or_else(no_user)?;
        pool.check_password(password)?;
        let history = pool.password_history();
        let user = pool.user_mut(text(input, "Username")).ok_or_else(no_user)?;
        user.renew_password(password, history)?;
        user.status = match input.get("Permanent") == Some(&json!(true)) {
            true => "CONFIRMED".to_owned(),
            false => "FORCE_CHANGE_PASSWORD".to_owned(),
        };
        user.modified = now;
        Ok(json!({}))
    })
}

impl User {
    /// Gives the user a password that is none of the last ones.
    ///
    /// # Errors
    /// `PasswordHistoryPolicyViolationException`.
    pub(super) fn renew_password(
        &mut self,
        password: &str,
        history: usize,
    ) -> Result<(), ApiError> {
        if self
            .passwords
            .iter()
            .take(history)
            .any(|old| old.is(password))
        {
            return Err(ApiError::new(
                400,
                "PasswordHistoryPolicyViolationException",
                "Password has previously been used",
            ));
        }
        self.passwords.insert(0, Password::keep(password));
        self.passwords.truncate(history.max(1));
        Ok(())
    }
}

/// `AdminCreateUser`. The user's first password change fires no post-confirmation trigger (aws-facts §5.4).
pub(super) async fn create<F: Functions>(
    functions: &F,
    sandbox: &Sandbox,
    input: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let now = sandbox.store.timing().now();
    let id = text(input, "UserPoolId");
    let name = text(input, "Username");
    let message = input.get("MessageAction").and_then(Value::as_str);
    let pool = sandbox.store.read(|w| w.cognito.pool(id).cloned())??;
    let password = match input.get("TemporaryPassword").and_then(Value::as_str) {
        Some(password) => {
            pool.check_password(password)?;
            password.to_owned()
        }
        // every kind of character, whatever the policy wants
        None => format!("Aa1!{}", alphanumeric(random(), 95, false)),
    };
    if message == Some("RESEND") {
        return resend(sandbox, id, name, &password);
    }
    let mut user = signup::new_user(
        &pool,
        name,
        pool.attributes(input.get("UserAttributes"))?,
        now,
    )?;
    user.status = "FORCE_CHANGE_PASSWORD".to_owned();
    user.passwords.push(Password::keep(&password));
    signup::ask_before(
        functions,
        sandbox,
        &pool,
        &mut user,
        input,
        "AdminCreateUser",
    )
    .await?;
    // the trigger may only confirm those who sign up themselves
    user.status = "FORCE_CHANGE_PASSWORD".to_owned();
    let user = signup::keep(sandbox, id, user)?;
    if message != Some("SUPPRESS") {
        mail::invite(sandbox, address(&user))?;
    }
    Ok(json!({ "User": shown(&user, "Attributes", None) }))
}

fn address(user: &User) -> &str {
    ["email", "phone_number"]
        .iter()
        .find_map(|name| user.attributes.get(*name))
        .map_or("", String::as_str)
}

fn resend(sandbox: &Sandbox, id: &str, name: &str, password: &str) -> Result<Value, ApiError> {
    let now = sandbox.store.timing().now();
    let user = sandbox.store.write(|w| {
        let pool = w.cognito.pool_mut(id)?;
        let user = pool.user_mut(name).ok_or_else(no_user)?;
        if user.status != "FORCE_CHANGE_PASSWORD" {
            return Err(ApiError::new(
                400,
                "UnsupportedUserStateException",
                format!("Resend not possible. {name} status is not FORCE_CHANGE_PASSWORD"),
            ));
        }
        user.passwords.insert(0, Password::keep(password));
        user.modified = now;
        Ok(user.clone())
    })?;
    mail::invite(sandbox, address(&user))?;
    Ok(json!({ "User": shown(&user, "Attributes", None) }))
}
