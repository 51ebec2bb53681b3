//! The groups that schedules are in: made when they are needed, found, and deleted with their last schedule.

use super::super::live::{Desired, Key};
use super::built_wrong;
use crate::aws::{Clients, STACK_TAG, fault};
use crate::model::{Class, Fault};
use aws_sdk_scheduler::error::ProvideErrorMetadata;
use aws_sdk_scheduler::types::{ScheduleGroupState, Tag};
use std::collections::BTreeMap;

/// The group that is always there, and cannot be deleted.
const DEFAULT: &str = "default";

/// Makes the group where it is not there, and tells whether it did.
pub(super) async fn ensure(clients: &Clients, want: &Desired) -> Result<bool, Fault> {
    const GET: &str = "scheduler:GetScheduleGroup";
    const OP: &str = "scheduler:CreateScheduleGroup";
    let name = &want.key.group;
    match clients
        .scheduler
        .get_schedule_group()
        .name(name)
        .send()
        .await
    {
        // a group goes a while after its last schedule; then it is made again
        Ok(group) if group.state == Some(ScheduleGroupState::Deleting) => {
            return Err(Fault::new(
                GET,
                Class::Busy,
                format!("the group {name} is being deleted"),
            ));
        }
        Ok(_) => return Ok(false),
        Err(e) if e.code() == Some(super::NOT_FOUND) => {}
        Err(e) => return Err(fault(GET, false, &[], &e)),
    }
    let tags = want
        .tags
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect::<Result<Vec<Tag>, _>>()
        .map_err(|e| built_wrong(OP, &e))?;
    clients
        .scheduler
        .create_schedule_group()
        .name(name)
        .set_tags(Some(tags))
        .send()
        .await
        .map(|_| true)
        .map_err(|e| fault(OP, true, &[], &e))
}

/// Deletes a group that is the stack's and has no schedules.
pub(super) async fn tidy(
    clients: &Clients,
    group: &str,
    arn: &str,
    stack: &str,
) -> Result<(), Fault> {
    if group == DEFAULT || !names(clients, Some(group), Some(1)).await?.is_empty() {
        return Ok(());
    }
    // arn:aws:scheduler:us-west-2:123456789012:schedule/group/name
    let prefix: Vec<&str> = arn.splitn(6, ':').take(5).collect();
    let arn = format!("{}:schedule-group/{group}", prefix.join(":"));
    if !group_is_ours(clients, &arn, stack).await? {
        return Ok(());
    }
    let sent = clients.scheduler.delete_schedule_group().name(group).send();
    match sent.await {
        // a conflict: it is being deleted already
        Err(e) if !matches!(e.code(), Some(super::NOT_FOUND | "ConflictException")) => {
            Err(fault("scheduler:DeleteScheduleGroup", true, &[], &e))
        }
        _ => Ok(()),
    }
}

async fn group_is_ours(clients: &Clients, arn: &str, stack: &str) -> Result<bool, Fault> {
    let tags = tags(clients, arn).await?;
    Ok(tags.get(STACK_TAG).map(String::as_str) == Some(stack))
}

pub(super) async fn tags(clients: &Clients, arn: &str) -> Result<BTreeMap<String, String>, Fault> {
    let sent = clients
        .scheduler
        .list_tags_for_resource()
        .resource_arn(arn)
        .send()
        .await;
    match sent {
        Ok(answer) => Ok(answer
            .tags
            .unwrap_or_default()
            .into_iter()
            .map(|t| (t.key, t.value))
            .collect()),
        Err(e) if e.code() == Some(super::NOT_FOUND) => Ok(BTreeMap::new()),
        Err(e) => Err(fault("scheduler:ListTagsForResource", false, &[], &e)),
    }
}

/// Lists schedules, in one group or in all: all of them, or no further once so many are found.
pub(super) async fn names(
    clients: &Clients,
    group: Option<&str>,
    most: Option<usize>,
) -> Result<Vec<Key>, Fault> {
    let mut found = Vec::new();
    let mut pages = clients
        .scheduler
        .list_schedules()
        .set_group_name(group.map(str::to_owned))
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => found.extend(page.schedules.into_iter().filter_map(|s| {
                Some(Key {
                    group: s.group_name?,
                    name: s.name?,
                })
            })),
            Err(e) if e.code() == Some(super::NOT_FOUND) => break,
            Err(e) => return Err(fault("scheduler:ListSchedules", false, &[], &e)),
        }
        if most.is_some_and(|most| found.len() >= most) {
            break;
        }
    }
    Ok(found)
}

/// Returns names and ARNs of groups that none of these schedules is in, and that are not going already.
pub(super) async fn empty(clients: &Clients, keys: &[Key]) -> Result<Vec<(String, String)>, Fault> {
    let mut found = Vec::new();
    let mut pages = clients
        .scheduler
        .list_schedule_groups()
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| fault("scheduler:ListScheduleGroups", false, &[], &e))?;
        found.extend(page.schedule_groups.into_iter().filter_map(|g| {
            let (name, arn) = (g.name?, g.arn?);
            let used = name == DEFAULT || keys.iter().any(|k| k.group == name);
            let going = g.state == Some(ScheduleGroupState::Deleting);
            (!used && !going).then_some((name, arn))
        }));
    }
    Ok(found)
}
