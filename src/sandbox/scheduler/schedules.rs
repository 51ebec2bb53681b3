//! Schedules: create, get, update, delete, list.

use super::check;
use super::model::{Schedule, key};
use super::request::{Request, conflict, named, not_found, seconds};
use crate::sandbox::timing::Timing;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;
use serde_json::{Value, json};

fn absent(name: &str) -> ApiError {
    not_found(format!("Schedule {name} does not exist."))
}

pub(super) fn create(w: &mut World, timing: &Timing, r: &Request) -> Result<Value, ApiError> {
    let mut made = check::schedule(w, r, timing)?;
    match w.scheduler.groups.get(&made.group) {
        None => {
            return Err(not_found(format!(
                "Schedule group {} does not exist.",
                made.group
            )));
        }
        Some(group) if group.gone_at.is_some() => {
            return Err(conflict(format!(
                "Schedule group {} is being deleted.",
                made.group
            )));
        }
        Some(_) => {}
    }
    let key = key(&made.group, &made.name);
    if w.scheduler.schedules.contains_key(&key) {
        return Err(conflict(format!("Schedule {} already exists.", made.name)));
    }
    made.plan(timing.now() - 1, timing);
    let arn = made.arn(&w.region);
    w.scheduler.schedules.insert(key, made);
    Ok(json!({"ScheduleArn": arn}))
}

pub(super) fn update(w: &mut World, timing: &Timing, r: &Request) -> Result<Value, ApiError> {
    let mut wanted = check::schedule(w, r, timing)?;
    let key = key(&wanted.group, &wanted.name);
    let had = w
        .scheduler
        .schedules
        .get(&key)
        .ok_or_else(|| absent(&wanted.name))?;
    wanted.created = had.created;
    wanted.firings = had.firings.clone();
    // what is due goes on from now: an update calls nothing by itself
    wanted.plan(timing.now(), timing);
    let arn = wanted.arn(&w.region);
    w.scheduler.schedules.insert(key, wanted);
    Ok(json!({"ScheduleArn": arn}))
}

/// Returns the key of the schedule that a get or a delete names.
fn asked(r: &Request) -> Result<String, ApiError> {
    let group = named("groupName", r.query("groupName").unwrap_or("default"))?;
    Ok(key(group, r.name()?))
}

pub(super) fn get(w: &World, r: &Request) -> Result<Value, ApiError> {
    let name = r.name()?;
    let s = w
        .scheduler
        .schedules
        .get(&asked(r)?)
        .ok_or_else(|| absent(name))?;
    let mut shown = json!({
        "Arn": s.arn(&w.region),
        "GroupName": s.group,
        "Name": s.name,
        "ScheduleExpression": s.expression,
        "ScheduleExpressionTimezone": s.timezone,
        "State": state(s),
        "Target": s.target,
        "FlexibleTimeWindow": s.window,
        "ActionAfterCompletion": if s.delete_after { "DELETE" } else { "NONE" },
        "CreationDate": seconds(s.created),
        "LastModificationDate": seconds(s.modified),
    });
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            shown[name] = value;
        }
    };
    add("StartDate", s.start.map(seconds));
    add("EndDate", s.end.map(seconds));
    add("Description", s.description.clone().map(Value::from));
    add("KmsKeyArn", s.kms_key.clone().map(Value::from));
    Ok(shown)
}

fn state(s: &Schedule) -> &'static str {
    if s.enabled { "ENABLED" } else { "DISABLED" }
}

pub(super) fn delete(w: &mut World, _: &Timing, r: &Request) -> Result<Value, ApiError> {
    let name = r.name()?;
    match w.scheduler.schedules.remove(&asked(r)?) {
        Some(_) => Ok(json!({})),
        None => Err(absent(name)),
    }
}

pub(super) fn list(w: &World, r: &Request) -> Result<Value, ApiError> {
    let group = r.query("ScheduleGroup");
    if let Some(group) = group
        && !w.scheduler.groups.contains_key(group)
    {
        return Err(not_found(format!("Schedule group {group} does not exist.")));
    }
    let prefix = r.query("NamePrefix").unwrap_or_default();
    let wanted = r.query("State");
    let items = w
        .scheduler
        .schedules
        .iter()
        .filter(|(_, s)| group.is_none_or(|g| s.group == g))
        .filter(|(_, s)| s.name.starts_with(prefix))
        .filter(|(_, s)| wanted.is_none_or(|w| state(s) == w))
        .map(|(key, s)| {
            let summary = json!({
                "Arn": s.arn(&w.region),
                "Name": s.name,
                "GroupName": s.group,
                "State": state(s),
                "CreationDate": seconds(s.created),
                "LastModificationDate": seconds(s.modified),
                "Target": {"Arn": s.target["Arn"]},
            });
            (key.clone(), summary)
        })
        .collect();
    let (schedules, next) = r.page(items)?;
    Ok(json!({"Schedules": schedules, "NextToken": next}))
}
