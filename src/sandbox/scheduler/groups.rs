//! Groups of schedules, and their tags: schedules themselves have none.

use super::check;
use super::model::{DEFAULT, Group};
use super::request::{Request, conflict, invalid, member, need, not_found, seconds, violation};
use crate::sandbox::timing::Timing;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::{ACCOUNT, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How long a group is being deleted, in AWS seconds.
const DELETING: f64 = 10.0;

fn arn(region: &str, name: &str) -> String {
    format!("arn:aws:scheduler:{region}:{ACCOUNT}:schedule-group/{name}")
}

fn absent(name: &str) -> ApiError {
    not_found(format!("Schedule group {name} does not exist."))
}

pub(super) fn create(w: &mut World, timing: &Timing, r: &Request) -> Result<Value, ApiError> {
    let name = r.name()?;
    check::token(&r.body)?;
    let tags = checked(&r.body, 0)?;
    if let Some(group) = w.scheduler.groups.get(name) {
        return Err(conflict(match group.gone_at {
            Some(_) => format!("Schedule group {name} is being deleted."),
            None => format!("Schedule group {name} already exists."),
        }));
    }
    let group = Group {
        created: timing.now(),
        tags,
        gone_at: None,
    };
    w.scheduler.groups.insert(name.to_owned(), group);
    Ok(json!({"ScheduleGroupArn": arn(&w.region, name)}))
}

fn show(region: &str, name: &str, group: &Group) -> Value {
    json!({
        "Arn": arn(region, name),
        "Name": name,
        "State": if group.gone_at.is_some() { "DELETING" } else { "ACTIVE" },
        "CreationDate": seconds(group.created),
        "LastModificationDate": seconds(group.created),
    })
}

pub(super) fn get(w: &World, r: &Request) -> Result<Value, ApiError> {
    let name = r.name()?;
    let group = w.scheduler.groups.get(name).ok_or_else(|| absent(name))?;
    Ok(show(&w.region, name, group))
}

pub(super) fn delete(w: &mut World, timing: &Timing, r: &Request) -> Result<Value, ApiError> {
    let name = r.name()?;
    if name == DEFAULT {
        return Err(invalid("The default schedule group cannot be deleted."));
    }
    let group = w
        .scheduler
        .groups
        .get_mut(name)
        .ok_or_else(|| absent(name))?;
    if group.gone_at.is_some() {
        return Err(conflict(format!("Schedule group {name} is being deleted.")));
    }
    group.gone_at = Some(timing.after(DELETING));
    w.scheduler.schedules.retain(|_, s| s.group != name);
    Ok(json!({}))
}

pub(super) fn list(w: &World, r: &Request) -> Result<Value, ApiError> {
    let prefix = r.query("NamePrefix").unwrap_or_default();
    let items = w
        .scheduler
        .groups
        .iter()
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, group)| (name.clone(), show(&w.region, name, group)))
        .collect();
    let (groups, next) = r.page(items)?;
    Ok(json!({"ScheduleGroups": groups, "NextToken": next}))
}

/// Finds the group that an ARN names.
fn named<'a>(w: &'a mut World, r: &Request) -> Result<&'a mut Group, ApiError> {
    let asked = r.arn();
    let prefix = arn(&w.region, "");
    let Some(name) = asked.strip_prefix(&prefix) else {
        return Err(violation(
            &asked,
            "resourceArn",
            "Member must satisfy regular expression pattern: \
             ^arn:aws[a-z-]*:scheduler:[a-z0-9\\-]+:\\d{12}:schedule-group\\/[0-9a-zA-Z-_.]+$",
        ));
    };
    let name = name.to_owned();
    w.scheduler
        .groups
        .get_mut(&name)
        .ok_or_else(|| absent(&name))
}

pub(super) fn tag(w: &mut World, _: &Timing, r: &Request) -> Result<Value, ApiError> {
    let group = named(w, r)?;
    let new = checked(&r.body, group.tags.len())?;
    group.tags.extend(new);
    Ok(json!({}))
}

pub(super) fn untag(w: &mut World, _: &Timing, r: &Request) -> Result<Value, ApiError> {
    let keys: Vec<String> = r
        .query
        .iter()
        .filter(|(name, _)| name == "TagKeys")
        .map(|(_, value)| value.clone())
        .collect();
    named(w, r)?.tags.retain(|k, _| !keys.contains(k));
    Ok(json!({}))
}

pub(super) fn tags(w: &World, r: &Request) -> Result<Value, ApiError> {
    let mut w = w.clone();
    let tags: Vec<Value> = named(&mut w, r)?
        .tags
        .iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    Ok(json!({"Tags": tags}))
}

fn checked(body: &Value, held: usize) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    let Some(list) = member(body, "Tags") else {
        return Ok(tags);
    };
    for tag in list.as_array().into_iter().flatten() {
        let (key, value) = (need(tag, "Key")?, need(tag, "Value")?);
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(violation(
                key,
                "tags",
                "a key has 1 to 128 characters, a value 1 to 256",
            ));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid("Tag keys that begin with aws: are reserved."));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    if tags.len() + held > 50 {
        return Err(ApiError::new(
            402,
            "ServiceQuotaExceededException",
            "A resource has at most 50 tags.",
        ));
    }
    Ok(tags)
}
