//! What is written in stack.yaml.

use crate::resource::Input;
use schemars::JsonSchema;
use serde::Deserialize;

/// A schedule of EventBridge Scheduler that stops or starts a database instance.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The schedule's name, at most 64 letters, digits and `-_.`, unique in its group.
    pub name: Input<String>,
    /// The group that it is in. Schedules cannot be tagged, groups can: the default is `cruddur-infra-` and the stack's
    /// name. A group that is not there is made, and goes with its last schedule.
    pub group: Option<Input<String>>,
    /// What it is for. Not compared where it is not written; what says whose the schedule is comes before it.
    pub description: Option<Input<String>>,
    /// When: `rate(1 hour)`, `cron(0 20 ? * MON-FRI *)` or `at(2027-01-31T20:00:00)`.
    pub expression: Input<String>,
    /// The time zone of a cron or at expression, `Europe/Berlin`. A new schedule gets UTC; not compared where it is not
    /// written.
    pub timezone: Option<Input<String>>,
    /// What it does with the instance.
    pub action: What,
    /// The instance's identifier.
    pub instance: Input<String>,
    /// The ARN of the role that it acts as. `scheduler.amazonaws.com` must be able to assume it, and it must allow
    /// `rds:StopDBInstance` or `rds:StartDBInstance` on the instance's ARN.
    pub role: Input<String>,
    /// When it ends, `2027-01-31T00:00:00Z`. Left out: never.
    #[serde(default)]
    pub until: Option<Input<String>>,
    /// What becomes of the schedule when it is over: `none` keeps it, `delete` lets AWS delete it. Default `none`.
    #[serde(default)]
    pub action_after_completion: AfterCompletion,
    /// Whether it is `enabled` or `disabled`. A new schedule is enabled; not compared where it is not written.
    pub state: Option<State>,
    /// How long a call that failed is tried again, in seconds: 60 to 86400, or 0 for not at all. Default 0, so that no
    /// late call stops what was started meanwhile.
    #[serde(default)]
    pub retry_for: Option<Input<u32>>,
}

/// What a schedule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Stop the instance.
    Stop,
    /// Start it.
    Start,
}

/// What becomes of a schedule that is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterCompletion {
    /// It stays.
    #[default]
    None,
    /// AWS deletes it.
    Delete,
}

/// Whether it does anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It does.
    Enabled,
    /// It does nothing until it is enabled.
    Disabled,
}

impl What {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            What::Stop => "stop",
            What::Start => "start",
        }
    }

    /// The call to RDS as a universal target names it (Scheduler's user guide, "Using universal targets").
    pub fn target(self, partition: &str) -> String {
        let call = match self {
            What::Stop => "stopDBInstance",
            What::Start => "startDBInstance",
        };
        format!("arn:{partition}:scheduler:::aws-sdk:rds:{call}")
    }
}
