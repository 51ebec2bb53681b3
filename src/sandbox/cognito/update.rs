//! `UpdateUserPool` replaces: what becomes of every setting that is sent, and of every one that is not.

use super::super::wire::ApiError;
use super::defaults::{self, MIRRORED};
use super::rules;
use super::state::Pool;
use super::validate::invalid;
use serde_json::{Map, Value, json};

/// What becomes of a setting that a request leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Omitted {
    /// It goes back to its default.
    Reset,
    /// It stays.
    Keep,
}

/// Every setting of `UpdateUserPool` and what leaving it out does (aws-facts §5.1, §5.2).
///
/// `DeletionProtection`, `UserPoolTier` and the three configurations at the end are unmeasured; AWS documents
/// "sets it to its default value", which is also the case that a caller has to fear.
pub(super) const SETTINGS: &[(&str, Omitted)] = &[
    ("Policies", Omitted::Keep),
    ("DeletionProtection", Omitted::Reset),
    ("LambdaConfig", Omitted::Reset),
    ("AutoVerifiedAttributes", Omitted::Reset),
    ("VerificationMessageTemplate", Omitted::Reset),
    ("SmsAuthenticationMessage", Omitted::Reset),
    ("UserAttributeUpdateSettings", Omitted::Keep),
    ("MfaConfiguration", Omitted::Keep),
    ("DeviceConfiguration", Omitted::Reset),
    ("EmailConfiguration", Omitted::Reset),
    ("SmsConfiguration", Omitted::Reset),
    ("UserPoolTags", Omitted::Reset),
    ("AdminCreateUserConfig", Omitted::Reset),
    ("UserPoolAddOns", Omitted::Reset),
    ("DcrConfiguration", Omitted::Keep),
    ("AccountRecoverySetting", Omitted::Reset),
    ("UserPoolTier", Omitted::Reset),
    ("KeyConfiguration", Omitted::Reset),
    ("IssuerConfiguration", Omitted::Reset),
    ("AcrConfiguration", Omitted::Reset),
];

/// Applies a request that was checked against its shape.
///
/// `is_function` tells whether an ARN belongs to a function that exists; it is asked about triggers that are
/// new or changed.
///
/// # Errors
/// `InvalidParameterException` and the others of `UpdateUserPool`; the pool is then half changed, and the
/// caller forgets it.
pub(super) fn apply(
    pool: &mut Pool,
    sent: &Map<String, Value>,
    is_function: &dyn Fn(&str) -> bool,
) -> Result<(), ApiError> {
    let sent = with_template(sent)?;
    let days = unused_account_days(&sent, pool)?;
    rules::request(pool, &sent, is_function)?;
    let before = pool.clone();
    for (name, omitted) in SETTINGS {
        let next = match (sent.get(*name), omitted) {
            (Some(value), _) => Some(filled(name, value, &before)),
            (None, Omitted::Keep) => continue,
            (None, Omitted::Reset) => defaults::of(name),
        };
        match next {
            Some(value) => pool.settings.insert((*name).to_owned(), value),
            None => pool.settings.shift_remove(*name),
        };
    }
    if let Some(name) = sent.get("PoolName") {
        // left out, the name stays: there is no default to go back to
        pool.settings.insert("Name".to_owned(), name.clone());
    }
    if let Some(days) = days
        && let Some(policy) = pool.settings.get_mut("Policies")
    {
        policy["PasswordPolicy"]["TemporaryPasswordValidityDays"] = json!(days);
    }
    if temporary_days(&sent).is_some() {
        pool.temporary_days_chosen = true;
    }
    rules::factors(pool, &sent)?;
    rules::tier(pool, &before, &sent)
}

/// Moves the members from before the template into it.
fn with_template(sent: &Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let mut sent = sent.clone();
    let old: Vec<(&str, &str, Value)> = MIRRORED
        .iter()
        .filter_map(|(old, new)| sent.shift_remove(*old).map(|value| (*old, *new, value)))
        .collect();
    if old.is_empty() {
        return Ok(sent);
    }
    let mut template = sent
        .get("VerificationMessageTemplate")
        .cloned()
        .unwrap_or_else(|| json!({}));
    for (old, new, value) in old {
        match template.get(new) {
            Some(other) if *other != value => {
                return Err(invalid(format!(
                    "{old} and VerificationMessageTemplate.{new} must not differ"
                )));
            }
            _ => template[new] = value,
        }
    }
    sent.insert("VerificationMessageTemplate".to_owned(), template);
    Ok(sent)
}

fn temporary_days(sent: &Map<String, Value>) -> Option<i64> {
    sent.get("Policies")?
        .get("PasswordPolicy")?
        .get("TemporaryPasswordValidityDays")?
        .as_i64()
        .filter(|days| *days > 0)
}

/// Returns the days that a request gives by their older name, which is refused beside the newer one
/// (aws-facts §5.2); zero counts as not given.
fn unused_account_days(sent: &Map<String, Value>, pool: &Pool) -> Result<Option<i64>, ApiError> {
    let days = sent
        .get("AdminCreateUserConfig")
        .and_then(|config| config.get("UnusedAccountValidityDays"))
        .and_then(Value::as_i64)
        .filter(|days| *days > 0);
    if days.is_some() && (temporary_days(sent).is_some() || pool.temporary_days_chosen) {
        return Err(invalid(
            "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays",
        ));
    }
    Ok(days)
}

/// Returns a setting that was sent, as the pool will show it.
fn filled(name: &str, sent: &Value, before: &Pool) -> Value {
    let mut value = sent.clone();
    let members = sent.as_object().cloned().unwrap_or_default();
    match name {
        "Policies" => {
            // each of the two stays where only the other one is sent
            let mut policies = before.settings.get(name).cloned().unwrap_or_default();
            if let Some(Value::Object(policy)) = sent.get("PasswordPolicy") {
                policies["PasswordPolicy"] = defaults::password_policy(policy);
            }
            if let Some(policy) = sent.get("SignInPolicy") {
                policies["SignInPolicy"] = policy.clone();
            }
            return policies;
        }
        "DeviceConfiguration" => {
            // an empty object turns the feature on
            fill(&mut value, "ChallengeRequiredOnNewDevice", json!(false));
            fill(&mut value, "DeviceOnlyRememberedOnUserPrompt", json!(false));
        }
        "UserAttributeUpdateSettings" if members.is_empty() => {
            return before.settings.get(name).cloned().unwrap_or(value);
        }
        "EmailConfiguration" => fill(&mut value, "EmailSendingAccount", json!("COGNITO_DEFAULT")),
        "VerificationMessageTemplate" => {
            fill(&mut value, "DefaultEmailOption", json!("CONFIRM_WITH_CODE"));
        }
        "AdminCreateUserConfig" => {
            fill(&mut value, "AllowAdminCreateUserOnly", json!(false));
            // kept in the password policy alone, which shows it under both names
            if let Some(config) = value.as_object_mut() {
                config.shift_remove("UnusedAccountValidityDays");
            }
        }
        "DcrConfiguration" => return defaults::client_registration(&members),
        "AcrConfiguration" => return defaults::acr_levels(&members),
        "KeyConfiguration" => {
            let kind = match members.contains_key("KmsKeyArn") {
                true => "CUSTOMER_MANAGED_KEY",
                false => "AWS_OWNED_KEY",
            };
            fill(&mut value, "KeyType", json!(kind));
        }
        "IssuerConfiguration" => fill(&mut value, "Type", json!("ORIGINAL")),
        _ => (),
    }
    value
}

fn fill(value: &mut Value, name: &str, default: Value) {
    if value.get(name).is_none() {
        value[name] = default;
    }
}
