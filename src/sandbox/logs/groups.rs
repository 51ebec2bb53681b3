//! Groups: made, listed, deleted, and for how long they keep.

use super::input::{GROUP, IDENTIFIER, Members, group_of, up_to};
use super::{Group, State, broken, exists, group_arn, invalid, kept, tags};
use crate::sandbox::store::Store;
use crate::sandbox::wire::ApiError;
use serde_json::{Map, Value, json};

/// The classes of groups.
const CLASSES: [&str; 4] = ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS"];

/// The periods that AWS takes, in days (aws-facts §4.9).
const PERIODS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// `CreateLogGroup`.
pub(super) fn create(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&["logGroupName", "kmsKeyId", "tags", "logGroupClass"])?;
    let name = m.must("logGroupName", &GROUP)?;
    let key = m.text("kmsKeyId", &up_to(256))?;
    let class = m.choice("logGroupClass", &CLASSES)?;
    let given = m.tags()?.unwrap_or_default();
    tags::check(&given)?;
    if name.to_ascii_lowercase().starts_with("aws/") {
        return Err(invalid(format!(
            "Log groups starting with AWS/ are reserved for AWS: {name}"
        )));
    }
    let now = store.timing().now();
    store.write(|w| {
        if w.logs.groups.contains_key(name) {
            return Err(exists("log group"));
        }
        State::made(w, name, now);
        let group = w.logs.group_mut(name)?;
        group.kms_key = key.map(str::to_owned);
        group.tags = given;
        if let Some(class) = class {
            group.class = class.to_owned();
        }
        Ok(json!({}))
    })
}

/// `DeleteLogGroup`.
pub(super) fn delete(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&["logGroupName"])?;
    let name = m.must("logGroupName", &GROUP)?;
    let id = store.write(|w| {
        let id = w.logs.group(name)?.id.clone();
        w.logs.groups.remove(name);
        Ok(id)
    })?;
    kept::forget(store, &id).map_err(broken)?;
    Ok(json!({}))
}

/// `PutRetentionPolicy`.
pub(super) fn expire(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&["logGroupName", "retentionInDays"])?;
    let name = m.must("logGroupName", &GROUP)?;
    let days = m
        .number("retentionInDays", i64::MIN, i64::MAX)?
        .filter(|days| PERIODS.contains(days))
        .ok_or_else(|| {
            let set: Vec<String> = PERIODS.iter().map(i64::to_string).collect();
            invalid(format!(
                "1 validation error detected: Value at 'retentionInDays' failed to satisfy constraint: Member must \
                 satisfy enum value set: [{}]",
                set.join(", ")
            ))
        })?;
    store.write(|w| {
        w.logs.group_mut(name)?.retention_days = Some(days);
        Ok(json!({}))
    })
}

/// `DeleteRetentionPolicy`.
pub(super) fn keep(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&["logGroupName"])?;
    let name = m.must("logGroupName", &GROUP)?;
    store.write(|w| {
        w.logs.group_mut(name)?.retention_days = None;
        Ok(json!({}))
    })
}

/// `DescribeLogGroups`.
pub(super) fn describe(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&[
        "logGroupNamePrefix",
        "logGroupNamePattern",
        "logGroupIdentifiers",
        "logGroupClass",
        "nextToken",
        "limit",
    ])?;
    let prefix = m.text("logGroupNamePrefix", &GROUP)?;
    let pattern = m.text("logGroupNamePattern", &GROUP)?;
    let given = m.texts("logGroupIdentifiers", 50, &IDENTIFIER)?;
    let class = m.choice("logGroupClass", &CLASSES)?;
    let after = m.text("nextToken", &up_to(2048))?.unwrap_or_default();
    let limit = m.limit(50)?;
    if prefix.is_some() && pattern.is_some() {
        return Err(invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ));
    }
    let region = store.region();
    let named = given
        .map(|all| {
            let name = |text: &str| match text.starts_with("arn:") {
                true => group_of(text, region).map(str::to_owned),
                false => Ok(text.to_owned()),
            };
            all.into_iter().map(name).collect::<Result<Vec<_>, _>>()
        })
        .transpose()?;
    let fits = |name: &str, group: &Group| {
        let lower = name.to_ascii_lowercase();
        prefix.is_none_or(|p| name.starts_with(p))
            && pattern.is_none_or(|p| lower.contains(&p.to_ascii_lowercase()))
            && named
                .as_ref()
                .is_none_or(|all| all.iter().any(|n| n == name))
            && class.is_none_or(|c| group.class == c)
    };
    let mut found: Vec<(String, Group)> = store.read(|w| {
        w.logs
            .groups
            .iter()
            .filter(|(name, group)| name.as_str() > after && fits(name, group))
            .map(|(name, group)| (name.clone(), group.clone()))
            .collect()
    })?;
    let more = found.len() > limit;
    found.truncate(limit);
    let mut answer = Map::new();
    if let (true, Some((last, _))) = (more, found.last()) {
        answer.insert("nextToken".to_owned(), last.as_str().into());
    }
    let shown = found
        .iter()
        .map(|(name, group)| show(store, name, group))
        .collect::<Result<Vec<_>, _>>()?;
    answer.insert("logGroups".to_owned(), shown.into());
    Ok(answer.into())
}

fn show(store: &Store, name: &str, group: &Group) -> Result<Value, ApiError> {
    let events = kept::events(store, group).map_err(broken)?;
    let bytes: usize = events
        .iter()
        .map(|e| e.message.len() + kept::OVERHEAD)
        .sum();
    let arn = group_arn(store.region(), name);
    let mut shown = json!({
        "logGroupName": name,
        "creationTime": group.created,
        "metricFilterCount": 0,
        "arn": format!("{arn}:*"),
        "storedBytes": bytes,
        "logGroupClass": group.class,
        "logGroupArn": arn,
        "deletionProtectionEnabled": false,
    });
    if let Some(days) = group.retention_days {
        shown["retentionInDays"] = days.into();
    }
    if let Some(key) = &group.kms_key {
        shown["kmsKeyId"] = key.as_str().into();
    }
    Ok(shown)
}
