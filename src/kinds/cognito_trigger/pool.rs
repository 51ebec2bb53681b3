//! The round trip of a user pool: from what `DescribeUserPool` says to an `UpdateUserPool` that changes one trigger and
//! nothing else, and the proof afterwards that it did.
//!
//! `UpdateUserPool` replaces the whole pool: what is not sent goes back to its default, by rules that differ from field
//! to field and have changed over time (aws-facts §5.1). So everything that was described is sent back, as raw JSON:
//! members that this program has never heard of go along.

use serde_json::{Map, Value, json};

/// What `DescribeUserPool` tells and `UpdateUserPool` does not take (aws-facts §5.2). `Name` would be `PoolName`, which
/// is for renaming only.
pub const DESCRIBE_ONLY: &[&str] = &[
    "Id",
    "Name",
    "Arn",
    "Status",
    "CreationDate",
    "LastModifiedDate",
    "SchemaAttributes",
    "AliasAttributes",
    "UsernameAttributes",
    "UsernameConfiguration",
    "EstimatedNumberOfUsers",
    "SmsConfigurationFailure",
    "EmailConfigurationFailure",
    "Domain",
    "CustomDomain",
];

/// What is known to go both ways (aws-facts §5.2).
pub const BOTH_WAYS: &[&str] = &[
    "Policies",
    "DeletionProtection",
    "LambdaConfig",
    "AutoVerifiedAttributes",
    "VerificationMessageTemplate",
    "SmsAuthenticationMessage",
    "UserAttributeUpdateSettings",
    "MfaConfiguration",
    "DeviceConfiguration",
    "EmailConfiguration",
    "SmsConfiguration",
    "UserPoolTags",
    "AdminCreateUserConfig",
    "UserPoolAddOns",
    "DcrConfiguration",
    "AccountRecoverySetting",
    "UserPoolTier",
    "KeyConfiguration",
    "IssuerConfiguration",
    "AcrConfiguration",
];

/// What changes by itself: the date of our own update, a count, and reports about delivery.
const VOLATILE: &[&str] = &[
    "LastModifiedDate",
    "EstimatedNumberOfUsers",
    "SmsConfigurationFailure",
    "EmailConfigurationFailure",
];

/// Members from before the template, and what they mirror in it.
const MIRRORED: &[(&str, &str)] = &[
    ("SmsVerificationMessage", "SmsMessage"),
    ("EmailVerificationMessage", "EmailMessage"),
    ("EmailVerificationSubject", "EmailSubject"),
];
const BY_CODE: &[&str] = &["EmailMessage", "EmailSubject"];
const BY_LINK: &[&str] = &["EmailMessageByLink", "EmailSubjectByLink"];
const TEMPLATE: &str = "VerificationMessageTemplate";

/// Returns the request that sets one trigger, or clears it, and leaves everything else as it was described.
pub fn update_request(described: &Value, trigger: &str, arn: Option<&str>) -> Value {
    let mut request = normal(described);
    request.retain(|name, value| !DESCRIBE_ONLY.contains(&name.as_str()) && !value.is_null());
    // AWS's own tags (CloudFormation's, Amplify's) are described, refused in a request, and not lost by being left out
    if let Some(tags) = request
        .get_mut("UserPoolTags")
        .and_then(Value::as_object_mut)
    {
        tags.retain(|key, _| !key.to_ascii_lowercase().starts_with("aws:"));
    }
    let triggers = request.entry("LambdaConfig").or_insert_with(|| json!({}));
    if let Some(triggers) = triggers.as_object_mut() {
        match arn {
            Some(arn) => triggers.insert(trigger.to_owned(), json!(arn)),
            // an empty map that is sent clears all triggers, and then there is none left
            None => triggers.shift_remove(trigger),
        };
    }
    let id = described.get("Id").cloned().unwrap_or_default();
    request.insert("UserPoolId".to_owned(), id);
    Value::Object(request)
}

/// Returns the request that brings a pool back to what it was. It also gives the name back, where that was lost.
pub fn restore_request(before: &Value, now: &Value, trigger: &str) -> Value {
    let mut request = update_request(before, trigger, trigger_of(before, trigger));
    if before.get("Name") != now.get("Name")
        && let Some(name) = before.get("Name")
    {
        request["PoolName"] = name.clone();
    }
    request
}

/// Returns the ARN of a trigger's function.
pub fn trigger_of<'a>(described: &'a Value, trigger: &str) -> Option<&'a str> {
    described
        .get("LambdaConfig")?
        .get(trigger)?
        .as_str()
        .filter(|arn| !arn.is_empty())
}

/// Returns members that are on neither list: they are carried, and AWS may refuse them.
pub fn unknown(described: &Value) -> Vec<&str> {
    let members = described.as_object().into_iter().flatten();
    let known = |name: &str| {
        DESCRIBE_ONLY.contains(&name)
            || BOTH_WAYS.contains(&name)
            || MIRRORED.iter().any(|(old, _)| *old == name)
    };
    members
        .map(|(name, _)| name.as_str())
        .filter(|name| !known(name))
        .collect()
}

/// Returns the paths of everything that differs between two descriptions, one trigger aside.
pub fn moved(before: &Value, after: &Value, but_for: Option<&str>) -> Vec<String> {
    let prepared = |described: &Value| {
        let mut pool = normal(described);
        pool.retain(|name, value| !VOLATILE.contains(&name.as_str()) && !value.is_null());
        let triggers = pool.entry("LambdaConfig").or_insert_with(|| json!({}));
        if let (Some(triggers), Some(trigger)) = (triggers.as_object_mut(), but_for) {
            triggers.shift_remove(trigger);
        }
        Value::Object(pool)
    };
    let mut found = Vec::new();
    compare("", &prepared(before), &prepared(after), &mut found);
    found
}

fn compare(path: &str, before: &Value, after: &Value, found: &mut Vec<String>) {
    if let (Value::Object(b), Value::Object(a)) = (before, after) {
        let mut names: Vec<&String> = b.keys().chain(a.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let inside = match path {
                "" => name.clone(),
                path => format!("{path}.{name}"),
            };
            let part = |of: &Map<String, Value>| of.get(name).cloned().unwrap_or_default();
            compare(&inside, &part(b), &part(a), found);
        }
    } else if unordered(before) != unordered(after) {
        found.push(path.to_owned());
    }
}

/// Cognito's lists are sets (attributes, factors, recovery mechanisms with their priority): the order says nothing.
fn unordered(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(unordered).collect();
            items.sort_by_cached_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members
                .iter()
                .map(|(name, value)| (name.clone(), unordered(value)))
                .collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members.into_iter().collect())
        }
        other => other.clone(),
    }
}

/// Returns a description in which everything that AWS tells twice is told once, in the form that `UpdateUserPool`
/// takes (the table of aws-facts §5.2).
fn normal(described: &Value) -> Map<String, Value> {
    let mut pool = described.as_object().cloned().unwrap_or_default();
    temporary_days(&mut pool);
    messages(&mut pool);
    pool
}

/// The days that a temporary password is good for have two names, and a request may have only the newer one.
fn temporary_days(pool: &mut Map<String, Value>) {
    const OLD: &str = "UnusedAccountValidityDays";
    const NEW: &str = "TemporaryPasswordValidityDays";
    let positive = |value: Option<&Value>| value.and_then(Value::as_i64).filter(|days| *days > 0);
    let old = positive(pool.get("AdminCreateUserConfig").and_then(|c| c.get(OLD)));
    let Some(policy) = pool
        .get_mut("Policies")
        .and_then(|p| p.get_mut("PasswordPolicy"))
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    match (positive(policy.get(NEW)), old, policy.contains_key(NEW)) {
        (Some(_), _, _) => {}
        // zero means "not given": then the older name has the real value, or the default holds
        (None, Some(days), _) => {
            policy.insert(NEW.to_owned(), json!(days));
        }
        (None, None, true) => {
            policy.insert(NEW.to_owned(), json!(7));
        }
        (None, None, false) => return,
    }
    if let Some(config) = pool
        .get_mut("AdminCreateUserConfig")
        .and_then(Value::as_object_mut)
    {
        config.shift_remove(OLD);
    }
}

/// Verification texts have older names beside the template, and a template has texts for a code and for a link, of
/// which a request may have only those in use.
fn messages(pool: &mut Map<String, Value>) {
    let old: Vec<(&str, Value)> = MIRRORED
        .iter()
        .filter_map(|(old, new)| Some((*new, pool.shift_remove(*old)?)))
        .filter(|(_, value)| !value.is_null())
        .collect();
    if old.is_empty() && !pool.contains_key(TEMPLATE) {
        return;
    }
    let template = pool
        .entry(TEMPLATE)
        .or_insert_with(|| json!({ "DefaultEmailOption": "CONFIRM_WITH_CODE" }));
    let Some(template) = template.as_object_mut() else {
        return;
    };
    for (name, value) in old {
        template.entry(name).or_insert(value);
    }
    let by_link = template.get("DefaultEmailOption") == Some(&json!("CONFIRM_WITH_LINK"));
    for name in if by_link { BY_CODE } else { BY_LINK } {
        template.shift_remove(*name);
    }
}
