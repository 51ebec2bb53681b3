//! What `CreateUserPool` and `UpdateUserPool` refuse although each member is well formed (aws-facts §5.2).

use super::super::wire::ApiError;
use super::super::world::ACCOUNT;
use super::state::Pool;
use super::validate::invalid;
use serde_json::{Map, Value};

/// What AWS says when MFA is asked for and the pool has no factor for it.
pub(super) const NO_FACTOR: &str = "SMS configuration and Auto verification for phone_number are required when MFA is required/optional";

/// The members of a verification template that belong to a code, and to a link.
const BY_CODE: &[&str] = &["EmailMessage", "EmailSubject"];
const BY_LINK: &[&str] = &["EmailMessageByLink", "EmailSubjectByLink"];

fn has(value: Option<&Value>, names: &[&str]) -> bool {
    value.is_some_and(|v| names.iter().any(|name| v.get(*name).is_some()))
}

fn word<'a>(value: Option<&'a Value>, name: &str) -> Option<&'a str> {
    value?.get(name)?.as_str()
}

/// Checks what a request says against itself and against the pool as it is.
pub(super) fn request(
    pool: &Pool,
    sent: &Map<String, Value>,
    is_function: &dyn Fn(&str) -> bool,
) -> Result<(), ApiError> {
    messages(sent)?;
    email(pool, sent.get("EmailConfiguration"))?;
    sms(pool, sent.get("SmsConfiguration"))?;
    recovery(sent.get("AccountRecoverySetting"))?;
    triggers(pool, sent.get("LambdaConfig"), is_function)?;
    acr(sent.get("AcrConfiguration"))?;
    if let Some(Value::Object(tags)) = sent.get("UserPoolTags") {
        super::tags::check(tags)
            .map_err(|message| ApiError::new(400, "UserPoolTaggingException", message))?;
    }
    let key = sent.get("KeyConfiguration");
    match (word(key, "KeyType"), word(key, "KmsKeyArn")) {
        (Some("CUSTOMER_MANAGED_KEY"), None) => Err(invalid(
            "KmsKeyArn is required when KeyType is CUSTOMER_MANAGED_KEY",
        )),
        (Some("AWS_OWNED_KEY"), Some(_)) => Err(invalid(
            "KmsKeyArn must not be set when KeyType is AWS_OWNED_KEY",
        )),
        _ => Ok(()),
    }
}

fn messages(sent: &Map<String, Value>) -> Result<(), ApiError> {
    let template = sent.get("VerificationMessageTemplate");
    if has(template, BY_CODE) && has(template, BY_LINK) {
        return Err(invalid(
            "EmailMessage and EmailMessageByLink cannot both be set in VerificationMessageTemplate",
        ));
    }
    let invitation = sent
        .get("AdminCreateUserConfig")
        .and_then(|config| config.get("InviteMessageTemplate"));
    let custom = has(template, BY_CODE) || has(template, BY_LINK) || has(invitation, BY_CODE);
    let own = word(sent.get("EmailConfiguration"), "EmailSendingAccount") == Some("DEVELOPER");
    if custom && !own {
        return Err(invalid(
            "Email message and subject can be customized only if EmailSendingAccount is DEVELOPER",
        ));
    }
    Ok(())
}

fn email(pool: &Pool, config: Option<&Value>) -> Result<(), ApiError> {
    let source = word(config, "SourceArn");
    if word(config, "EmailSendingAccount") == Some("DEVELOPER") && source.is_none() {
        return Err(invalid(
            "SourceArn is required if EmailSendingAccount is DEVELOPER",
        ));
    }
    let before = word(pool.settings.get("EmailConfiguration"), "SourceArn");
    let ours = format!(":{ACCOUNT}:identity/");
    match source {
        Some(arn) if Some(arn) != before && !(arn.contains(":ses:") && arn.contains(&ours)) => {
            Err(ApiError::new(
                400,
                "InvalidEmailRoleAccessPolicyException",
                "Cognito is not allowed to use your email identity",
            ))
        }
        _ => Ok(()),
    }
}

fn sms(pool: &Pool, config: Option<&Value>) -> Result<(), ApiError> {
    let Some(config) = config else { return Ok(()) };
    let caller = word(Some(config), "SnsCallerArn").filter(|arn| !arn.is_empty());
    let other = config.get("EumsSms");
    match (caller, other) {
        (Some(_), Some(_)) => {
            return Err(invalid(
                "SnsCallerArn and EumsSms cannot both be set in SmsConfiguration",
            ));
        }
        (None, None) => return Err(invalid("SmsConfiguration requires SnsCallerArn or EumsSms")),
        _ => (),
    }
    let before = pool.settings.get("SmsConfiguration");
    let role = caller.or(word(other, "CallerArn")).unwrap_or_default();
    let known = word(before, "SnsCallerArn")
        .or_else(|| word(before.and_then(|b| b.get("EumsSms")), "CallerArn"));
    if known != Some(role) && !role.starts_with(&format!("arn:aws:iam::{ACCOUNT}:role/")) {
        return Err(ApiError::new(
            400,
            "InvalidSmsRoleTrustRelationshipException",
            "Role does not have a trust relationship allowing Cognito to assume the role",
        ));
    }
    Ok(())
}

fn recovery(setting: Option<&Value>) -> Result<(), ApiError> {
    let list = setting
        .and_then(|s| s.get("RecoveryMechanisms"))
        .and_then(Value::as_array);
    let Some([first, second]) = list.map(Vec::as_slice) else {
        return Ok(());
    };
    if [first, second].iter().any(|m| m["Name"] == "admin_only") {
        return Err(invalid(
            "Invalid account recovery setting parameter. Account recovery setting cannot use admin_only setting with any other recovery mechanisms.",
        ));
    }
    if first["Priority"] == second["Priority"] || first["Name"] == second["Name"] {
        return Err(invalid(
            "Invalid account recovery setting parameter. Account recovery setting cannot have duplicate names or priorities.",
        ));
    }
    Ok(())
}

fn acr(config: Option<&Value>) -> Result<(), ApiError> {
    let Some(Value::Object(sent)) = config else {
        return Ok(());
    };
    let all = super::defaults::acr_levels(sent);
    let mut names: Vec<&str> = all
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(_, level)| level["AcrValue"].as_str())
        .collect();
    names.sort_unstable();
    match names.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err(invalid("AcrValue must be unique across all levels")),
        false => Ok(()),
    }
}

/// Returns the function that a trigger names, whichever of the two forms it has.
fn function_of(trigger: Option<&Value>) -> Option<&str> {
    let trigger = trigger?;
    trigger
        .as_str()
        .or_else(|| trigger.get("LambdaArn")?.as_str())
}

fn triggers(
    pool: &Pool,
    config: Option<&Value>,
    is_function: &dyn Fn(&str) -> bool,
) -> Result<(), ApiError> {
    let Some(Value::Object(sent)) = config else {
        return Ok(());
    };
    let old = sent.get("PreTokenGeneration").and_then(Value::as_str);
    let new = function_of(sent.get("PreTokenGenerationConfig"));
    if old.is_some() && new.is_some() && old != new {
        return Err(invalid(
            "PreTokenGeneration and the LambdaArn of PreTokenGenerationConfig must be identical",
        ));
    }
    let sender = has(config, &["CustomSMSSender", "CustomEmailSender"]);
    if sender && !sent.contains_key("KMSKeyID") {
        return Err(invalid(
            "KMSKeyID is required when a custom sender trigger is set",
        ));
    }
    for (name, trigger) in sent.iter().filter(|(name, _)| *name != "KMSKeyID") {
        let Some(arn) = function_of(Some(trigger)) else {
            continue;
        };
        // What the pool has already is not looked at again: a pool may name a function that is gone.
        if function_of(pool.setting(&["LambdaConfig", name])) == Some(arn) {
            continue;
        }
        if !is_function_arn(arn) {
            return Err(invalid(format!(
                "LambdaConfig.{name} is not the ARN of a Lambda function: {arn}"
            )));
        }
        if !is_function(arn) {
            return Err(invalid(format!(
                "LambdaConfig.{name} names a Lambda function that does not exist: {arn}"
            )));
        }
    }
    Ok(())
}

/// Tells whether text is `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`.
fn is_function_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    (7..=8).contains(&parts.len())
        && parts[0] == "arn"
        && parts[2] == "lambda"
        && parts[4].len() == 12
        && parts[5] == "function"
        && parts.iter().all(|part| !part.is_empty())
}

/// Settles MFA after the settings are in place: what is asked for needs a factor, what is off has none.
pub(super) fn factors(pool: &mut Pool, sent: &Map<String, Value>) -> Result<(), ApiError> {
    let sms = pool.settings.contains_key("SmsConfiguration");
    if !sms {
        pool.mfa.shift_remove("Sms");
    }
    match sent.get("MfaConfiguration").and_then(Value::as_str) {
        None => (),
        Some("OFF") => {
            for factor in [
                "Sms",
                "SoftwareTokenMfaConfiguration",
                "EmailMfaConfiguration",
            ] {
                pool.mfa.shift_remove(factor);
            }
        }
        Some(_) => {
            let software = pool.mfa.get("SoftwareTokenMfaConfiguration");
            let software = software.is_some_and(|token| token["Enabled"] == true);
            if !sms && !software && !pool.mfa.contains_key("EmailMfaConfiguration") {
                return Err(invalid(NO_FACTOR));
            }
            if sms {
                pool.mfa.insert("Sms".to_owned(), Value::Bool(true));
            }
        }
    }
    Ok(())
}

/// The refusal of a feature that the pool's tier does not have.
pub(super) fn unavailable(feature: &str, tier: &str) -> ApiError {
    ApiError::new(
        400,
        "FeatureUnavailableInTierException",
        format!("{feature} is not available in the {tier} feature plan of this user pool"),
    )
}

/// Checks the settings against the tier that the pool now has.
pub(super) fn tier(pool: &Pool, before: &Pool, sent: &Map<String, Value>) -> Result<(), ApiError> {
    let tier = pool
        .settings
        .get("UserPoolTier")
        .and_then(Value::as_str)
        .unwrap_or("ESSENTIALS");
    let add_ons = pool.settings.get("UserPoolAddOns");
    let watched = word(add_ons, "AdvancedSecurityMode").is_some_and(|mode| mode != "OFF")
        || has(add_ons, &["AdvancedSecurityAdditionalFlows"]);
    if watched && tier != "PLUS" {
        return Err(unavailable("Threat protection", tier));
    }
    if tier != "LITE" {
        return Ok(());
    }
    let dcr = word(pool.settings.get("DcrConfiguration"), "EnableStatus") == Some("Enabled");
    let factors = pool.setting(&["Policies", "SignInPolicy", "AllowedFirstAuthFactors"]);
    let choice = factors
        .and_then(Value::as_array)
        .is_some_and(|list| list.iter().any(|factor| factor != "PASSWORD"));
    let choice_sent = sent
        .get("Policies")
        .is_some_and(|policies| policies.get("SignInPolicy").is_some());
    let version = word(
        pool.setting(&["LambdaConfig", "PreTokenGenerationConfig"]),
        "LambdaVersion",
    );
    let acr = sent.get("AcrConfiguration").is_some()
        && pool.settings.get("AcrConfiguration")
            != super::defaults::of("AcrConfiguration").as_ref();
    let features = [
        (
            "Dynamic client registration",
            dcr,
            sent.contains_key("DcrConfiguration"),
        ),
        ("Choice-based sign-in", choice, choice_sent),
        (
            "Access token customization",
            version.is_some_and(|v| v != "V1_0"),
            true,
        ),
        ("A custom ACR level name", acr, true),
        (
            "Email MFA",
            pool.mfa.contains_key("EmailMfaConfiguration"),
            false,
        ),
    ];
    for (feature, used, asked_for) in features {
        if used && asked_for {
            return Err(unavailable(feature, tier));
        }
        if used && before.settings.get("UserPoolTier") != pool.settings.get("UserPoolTier") {
            return Err(ApiError::new(
                400,
                "TierChangeNotAllowedException",
                format!("The feature plan cannot be changed to {tier} while {feature} is in use"),
            ));
        }
    }
    Ok(())
}
