//! User pools: list, describe, create, update, delete, and their MFA.

use super::super::Sandbox;
use super::super::wire::ApiError;
use super::defaults;
use super::functions::Functions;
use super::page::page;
use super::rules::{NO_FACTOR, unavailable};
use super::state::{Pool, date, new_pool_id};
use super::update::{SETTINGS, apply};
use super::validate::invalid;
use super::{number, text};
use serde_json::{Map, Value, json};

/// `ListUserPools`; the model wants `MaxResults` between 1 and 60.
pub(super) fn list(sandbox: &Sandbox, input: &Map<String, Value>) -> Result<Value, ApiError> {
    sandbox.store.read(|w| {
        let shown = w.cognito.pools.iter().map(|pool| {
            let mut one = json!({
                "Id": pool.id,
                "Name": pool.settings.get("Name"),
                "LambdaConfig": pool.settings.get("LambdaConfig"),
                "LastModifiedDate": date(pool.modified),
                "CreationDate": date(pool.created),
            });
            if let Some(members) = one.as_object_mut() {
                members.retain(|_, value| !value.is_null());
            }
            (pool.serial, one)
        });
        let limit = number(input, "MaxResults").unwrap_or(60);
        let token = input.get("NextToken").and_then(Value::as_str);
        let (pools, next) = page("pools", shown, token, limit)?;
        let mut reply = json!({ "UserPools": pools });
        if let Some(next) = next {
            reply["NextToken"] = json!(next);
        }
        Ok(reply)
    })?
}

/// `DescribeUserPool`.
pub(super) fn describe(sandbox: &Sandbox, input: &Map<String, Value>) -> Result<Value, ApiError> {
    sandbox.store.read(|w| {
        let pool = w.cognito.pool(text(input, "UserPoolId"))?;
        Ok(json!({ "UserPool": pool.describe() }))
    })?
}

/// `CreateUserPool`; the name may be one that another pool has.
pub(super) fn create<F: Functions>(
    functions: &F,
    sandbox: &Sandbox,
    input: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let now = sandbox.store.timing().now();
    sandbox.store.write(|w| {
        let (id, serial) = new_pool_id(w);
        let mut pool = Pool {
            id,
            serial,
            created: now,
            modified: now,
            ..Pool::default()
        };
        for (name, _) in SETTINGS {
            if let Some(value) = defaults::of(name) {
                pool.settings.insert((*name).to_owned(), value);
            }
        }
        let mut sent = input.clone();
        let mut schema = defaults::standard_attributes();
        if let Some(Value::Array(attributes)) = sent.shift_remove("Schema") {
            for attribute in &attributes {
                add_attribute(&mut schema, attribute)?;
            }
        }
        pool.settings
            .insert("SchemaAttributes".to_owned(), Value::Array(schema));
        for name in [
            "AliasAttributes",
            "UsernameAttributes",
            "UsernameConfiguration",
        ] {
            if let Some(value) = sent.shift_remove(name) {
                pool.settings.insert(name.to_owned(), value);
            }
        }
        if !pool.words("AliasAttributes").is_empty() && !pool.words("UsernameAttributes").is_empty()
        {
            return Err(invalid(
                "Only one of the aliasAttributes or usernameAttributes can be set in a user pool.",
            ));
        }
        apply(&mut pool, &sent, &|arn| functions.exists(w, arn))?;
        let reply = json!({ "UserPool": pool.describe() });
        w.cognito.pools.push(pool);
        Ok(reply)
    })
}

/// Adds an attribute to a schema: a standard one is changed, any other becomes `custom:…`.
fn add_attribute(schema: &mut Vec<Value>, sent: &Value) -> Result<(), ApiError> {
    let name = sent["Name"].as_str().unwrap_or_default();
    let known = schema.iter_mut().find(|known| known["Name"] == name);
    if let (Some(known), Some(members)) = (known, sent.as_object()) {
        for (member, value) in members {
            known[member] = value.clone();
        }
        return Ok(());
    }
    if sent["Required"] == true {
        return Err(invalid(
            "Required custom attributes are not supported currently.",
        ));
    }
    let kind = sent["AttributeDataType"].as_str().unwrap_or("String");
    let prefix = match sent["DeveloperOnlyAttribute"] == true {
        true => "dev:custom:",
        false => "custom:",
    };
    let mut attribute = json!({
        "Name": format!("{prefix}{name}"), "AttributeDataType": kind,
        "DeveloperOnlyAttribute": sent["DeveloperOnlyAttribute"] == true,
        "Mutable": sent["Mutable"] != false, "Required": false,
    });
    let constraints = match kind {
        "String" => Some("StringAttributeConstraints"),
        "Number" => Some("NumberAttributeConstraints"),
        _ => None,
    };
    if let Some(constraints) = constraints {
        attribute[constraints] = sent.get(constraints).cloned().unwrap_or_else(|| json!({}));
    }
    schema.push(attribute);
    Ok(())
}

/// `UpdateUserPool`.
pub(super) fn update<F: Functions>(
    functions: &F,
    sandbox: &Sandbox,
    input: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let now = sandbox.store.timing().now();
    sandbox.store.write(|w| {
        let id = text(input, "UserPoolId");
        let mut pool = w.cognito.pool(id)?.clone();
        apply(&mut pool, input, &|arn| functions.exists(w, arn))?;
        pool.modified = now;
        *w.cognito.pool_mut(id)? = pool;
        Ok(json!({}))
    })
}

/// `DeleteUserPool`.
pub(super) fn delete(sandbox: &Sandbox, input: &Map<String, Value>) -> Result<Value, ApiError> {
    sandbox.store.write(|w| {
        let id = text(input, "UserPoolId");
        let pool = w.cognito.pool(id)?;
        if pool.settings.get("DeletionProtection") == Some(&json!("ACTIVE")) {
            return Err(invalid(
                "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.",
            ));
        }
        w.cognito.pools.retain(|pool| pool.id != id);
        Ok(json!({}))
    })
}

fn mfa_of(pool: &Pool) -> Value {
    let mut shown = Map::new();
    for factor in [
        "SoftwareTokenMfaConfiguration",
        "EmailMfaConfiguration",
        "WebAuthnConfiguration",
    ] {
        if let Some(value) = pool.mfa.get(factor) {
            shown.insert(factor.to_owned(), value.clone());
        }
    }
    if pool.mfa.contains_key("Sms") {
        let mut sms = Map::new();
        for name in ["SmsAuthenticationMessage", "SmsConfiguration"] {
            if let Some(value) = pool.settings.get(name) {
                sms.insert(name.to_owned(), value.clone());
            }
        }
        shown.insert("SmsMfaConfiguration".to_owned(), Value::Object(sms));
    }
    let mode = pool.settings.get("MfaConfiguration").cloned();
    shown.insert(
        "MfaConfiguration".to_owned(),
        mode.unwrap_or_else(|| json!("OFF")),
    );
    Value::Object(shown)
}

/// `GetUserPoolMfaConfig`.
pub(super) fn mfa(sandbox: &Sandbox, input: &Map<String, Value>) -> Result<Value, ApiError> {
    sandbox
        .store
        .read(|w| Ok(mfa_of(w.cognito.pool(text(input, "UserPoolId"))?)))?
}

/// `SetUserPoolMfaConfig`, which replaces all of it: a mode that is left out is `OFF` (aws-facts §5.3).
pub(super) fn set_mfa(sandbox: &Sandbox, input: &Map<String, Value>) -> Result<Value, ApiError> {
    let now = sandbox.store.timing().now();
    sandbox.store.write(|w| {
        let pool = w.cognito.pool_mut(text(input, "UserPoolId"))?;
        let mode = input
            .get("MfaConfiguration")
            .and_then(Value::as_str)
            .unwrap_or("OFF");
        let sms = input.get("SmsMfaConfiguration");
        let software = input.get("SoftwareTokenMfaConfiguration");
        let mail = input.get("EmailMfaConfiguration");
        let any = sms.is_some() || software.is_some() || mail.is_some();
        if mode == "OFF" && any {
            return Err(invalid(
                "Invalid MFA configuration given, can't turn off MFA and configure an MFA together.",
            ));
        }
        let usable = sms.is_some() || mail.is_some() || software.is_some_and(|s| s["Enabled"] == true);
        if mode != "OFF" && !usable {
            return Err(invalid(NO_FACTOR));
        }
        if mail.is_some() {
            if pool.settings.get("UserPoolTier") == Some(&json!("LITE")) {
                return Err(unavailable("Email MFA", "LITE"));
            }
            let account = pool.setting(&["EmailConfiguration", "EmailSendingAccount"]);
            if account != Some(&json!("DEVELOPER")) {
                return Err(invalid(
                    "Email MFA requires an EmailConfiguration whose EmailSendingAccount is DEVELOPER",
                ));
            }
        }
        let mut next = Map::new();
        for name in [
            "SoftwareTokenMfaConfiguration",
            "EmailMfaConfiguration",
            "WebAuthnConfiguration",
        ] {
            if let Some(value) = input.get(name) {
                next.insert(name.to_owned(), value.clone());
            }
        }
        if let Some(Value::Object(sms)) = sms {
            for (name, value) in sms {
                pool.settings.insert(name.clone(), value.clone());
            }
            if !pool.settings.contains_key("SmsConfiguration") {
                return Err(invalid(NO_FACTOR));
            }
            next.insert("Sms".to_owned(), json!(true));
        }
        pool.mfa = next;
        pool.settings.insert("MfaConfiguration".to_owned(), json!(mode));
        pool.modified = now;
        Ok(mfa_of(pool))
    })
}
