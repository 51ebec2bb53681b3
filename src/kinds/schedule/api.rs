//! The calls to EventBridge Scheduler.

mod groups;

use super::live::{Desired, Key, Live};
use super::mark;
use super::spec::{AfterCompletion, State};
use crate::aws::{self, Clients, STACK_TAG, after_changes, fault, unexpected};
use crate::model::{Class, Diff, Fault};
use crate::resource::Found;
use aws_sdk_scheduler::error::ProvideErrorMetadata;
use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::primitives::DateTime;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, ScheduleState,
    Target,
};
use futures_util::{StreamExt, TryStreamExt, stream};

const NOT_FOUND: &str = "ResourceNotFoundException";
/// So many of these calls at once.
const AT_ONCE: usize = 6;

/// What Scheduler says while IAM does not know a new role everywhere. The code is that of any wrong parameter, so that
/// the words decide here, and only here (as aws-facts §3.4).
const PROPAGATING: &str =
    "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.";

/// Tells what a refusal of a schedule really means.
pub fn meaning(mut fault: Fault) -> Fault {
    if fault.code.as_deref() == Some("ValidationException") && fault.message.contains(PROPAGATING) {
        fault.class = Class::Propagating;
        return fault.help(
            "if the role was not made just now: its trust policy must let scheduler.amazonaws.com assume it",
        );
    }
    fault
}

async fn get(clients: &Clients, key: &Key) -> Result<Option<GetScheduleOutput>, Fault> {
    let sent = clients
        .scheduler
        .get_schedule()
        .group_name(&key.group)
        .name(&key.name)
        .send()
        .await;
    match sent {
        Ok(answer) => Ok(Some(answer)),
        Err(e) if e.code() == Some(NOT_FOUND) => Ok(None),
        Err(e) => Err(fault("scheduler:GetSchedule", false, &[], &e)),
    }
}

/// Looks.
pub async fn read(clients: &Clients, key: &Key) -> Result<Option<Live>, Fault> {
    const OP: &str = "scheduler:GetSchedule";
    let Some(answer) = get(clients, key).await? else {
        return Ok(None);
    };
    let target = answer.target.ok_or_else(|| unexpected(OP, "the target"))?;
    let retry = target.retry_policy.as_ref();
    Ok(Some(Live {
        group: answer.group_name.unwrap_or_else(|| key.group.clone()),
        name: answer.name.unwrap_or_else(|| key.name.clone()),
        arn: answer.arn.ok_or_else(|| unexpected(OP, "the ARN"))?,
        description: answer.description.unwrap_or_default(),
        expression: answer.schedule_expression.unwrap_or_default(),
        timezone: answer
            .schedule_expression_timezone
            .unwrap_or_else(|| "UTC".to_owned()),
        target: target.arn,
        input: target.input.unwrap_or_default(),
        role: target.role_arn,
        until: answer.end_date.map(|d| d.secs()),
        deleted_after: answer.action_after_completion == Some(ActionAfterCompletion::Delete),
        enabled: answer.state != Some(ScheduleState::Disabled),
        // the defaults of the service model
        retries: retry
            .and_then(|r| r.maximum_retry_attempts)
            .unwrap_or(super::live::MOST_RETRIES),
        retry_age: retry
            .and_then(|r| r.maximum_event_age_in_seconds)
            .unwrap_or(86400),
    }))
}

/// Makes the schedule, and its group where there is none.
pub async fn create(clients: &Clients, want: &Desired) -> Result<(), Fault> {
    const OP: &str = "scheduler:CreateSchedule";
    let made = groups::ensure(clients, want).await?;
    let window = FlexibleTimeWindow::builder()
        .mode(FlexibleTimeWindowMode::Off)
        .build()
        .map_err(|e| built_wrong(OP, &e))?;
    let target = Target::builder()
        .arn(&want.target)
        .role_arn(&want.role)
        .input(want.input())
        .retry_policy(retry(want))
        .build()
        .map_err(|e| built_wrong(OP, &e))?;
    clients
        .scheduler
        .create_schedule()
        .group_name(&want.key.group)
        .name(&want.key.name)
        .set_client_token(want.token())
        .description(want.whole_description(""))
        .schedule_expression(&want.expression)
        .set_schedule_expression_timezone(want.timezone.clone())
        .set_end_date(want.until.map(DateTime::from_secs))
        .action_after_completion(after(want))
        .set_state(want.state.map(state))
        .flexible_time_window(window)
        .target(target)
        .send()
        .await
        .map(|_| ())
        .map_err(|e| after_changes(made, meaning(fault(OP, true, &[], &e))))
}

fn built_wrong(op: &str, error: &aws_sdk_scheduler::error::BuildError) -> Fault {
    Fault::new(op, Class::Bug, error.to_string())
}

fn retry(want: &Desired) -> RetryPolicy {
    let (attempts, age) = want.retries();
    RetryPolicy::builder()
        .maximum_retry_attempts(attempts)
        .set_maximum_event_age_in_seconds(age)
        .build()
}

fn after(want: &Desired) -> ActionAfterCompletion {
    match want.after_completion {
        AfterCompletion::None => ActionAfterCompletion::None,
        AfterCompletion::Delete => ActionAfterCompletion::Delete,
    }
}

fn state(state: State) -> ScheduleState {
    match state {
        State::Enabled => ScheduleState::Enabled,
        State::Disabled => ScheduleState::Disabled,
    }
}

/// Changes what is in `diff`. `UpdateSchedule` resets what is not sent (service model): everything that is there is
/// read, changed and sent back.
pub async fn update(clients: &Clients, want: &Desired, diff: &Diff) -> Result<(), Fault> {
    const OP: &str = "scheduler:UpdateSchedule";
    let Some(mut all) = get(clients, &want.key).await? else {
        return Err(Fault::new(
            OP,
            Class::NotFound,
            format!("the schedule {} is not there any more", want.key.name),
        ));
    };
    let mut target = all
        .target
        .take()
        .ok_or_else(|| unexpected("scheduler:GetSchedule", "the target"))?;
    if diff.has("description") {
        let have = all.description.unwrap_or_default();
        all.description = Some(want.whole_description(&have));
    }
    if diff.has("expression") {
        all.schedule_expression = Some(want.expression.clone());
    }
    if diff.has("timezone") {
        all.schedule_expression_timezone = want.timezone.clone();
    }
    if diff.has("action") {
        target.arn = want.target.clone();
    }
    if diff.has("action") || diff.has("instance") {
        target.input = Some(want.input());
    }
    if diff.has("role") {
        target.role_arn = want.role.clone();
    }
    if diff.has("until") {
        all.end_date = want.until.map(DateTime::from_secs);
    }
    if diff.has("action_after_completion") {
        all.action_after_completion = Some(after(want));
    }
    if diff.has("state") {
        all.state = want.state.map(state);
    }
    if diff.has("retry_for") {
        target.retry_policy = Some(retry(want));
    }
    clients
        .scheduler
        .update_schedule()
        .group_name(&want.key.group)
        .name(&want.key.name)
        .set_schedule_expression(all.schedule_expression)
        .set_schedule_expression_timezone(all.schedule_expression_timezone)
        .set_start_date(all.start_date)
        .set_end_date(all.end_date)
        .set_description(all.description)
        .set_state(all.state)
        .set_kms_key_arn(all.kms_key_arn)
        .set_flexible_time_window(all.flexible_time_window)
        .set_action_after_completion(all.action_after_completion)
        .target(target)
        .send()
        .await
        .map(|_| ())
        .map_err(|e| meaning(fault(OP, true, &[], &e)))
}

/// Deletes the schedule, and then its group where that is the stack's and has no other. First the schedule itself: one
/// that goes with its group may call its target for a while (service model, DeleteScheduleGroup).
pub async fn delete(clients: &Clients, have: &Live, stack: &str) -> Result<(), Fault> {
    if !have.name.is_empty() {
        let sent = clients
            .scheduler
            .delete_schedule()
            .group_name(&have.group)
            .name(&have.name)
            .send()
            .await;
        match sent {
            Err(e) if e.code() != Some(NOT_FOUND) => {
                return Err(fault("scheduler:DeleteSchedule", true, &[], &e));
            }
            _ => {}
        }
    }
    groups::tidy(clients, &have.group, &have.arn, stack)
        .await
        .map_err(|fault| after_changes(true, fault))
}

/// Finds the stack's schedules, and groups of its own that have none any more. A list shows no descriptions, so that each
/// schedule costs a call of its own.
pub async fn find_owned(clients: &Clients, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
    let keys = groups::names(clients, None, None).await?;
    let all: Vec<Option<Live>> = stream::iter(keys.clone())
        .map(|key| async move { read(clients, &key).await })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut found: Vec<Found<Live>> = all
        .into_iter()
        .flatten()
        .filter_map(|live| {
            Some(Found {
                addr: mark::addr_in(&live.description, stack)?.to_owned(),
                id: live.arn.clone(),
                live,
            })
        })
        .collect();
    for (name, arn) in groups::empty(clients, &keys).await? {
        let tags = groups::tags(clients, &arn).await?;
        if tags.get(STACK_TAG).map(String::as_str) == Some(stack)
            && let Some(addr) = tags.get(aws::ADDR_TAG)
        {
            found.push(Found {
                addr: addr.clone(),
                id: arn.clone(),
                live: Live {
                    group: name,
                    arn,
                    ..Live::default()
                },
            });
        }
    }
    Ok(found)
}
