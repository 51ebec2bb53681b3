//! Groups and schedules as they are kept.

use super::expression::{Expression, zone};
use crate::sandbox::timing::{Moment, Timing};
use crate::sandbox::world::ACCOUNT;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The group that is always there.
pub const DEFAULT: &str = "default";

/// How many firings are remembered of each schedule.
const REMEMBERED: usize = 20;

/// EventBridge Scheduler's part of the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// Groups by name.
    pub groups: BTreeMap<String, Group>,
    /// Schedules by `group/name`.
    pub schedules: BTreeMap<String, Schedule>,
}

/// A group of schedules; the only thing here that has tags.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Group {
    /// When it was made.
    pub created: Moment,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// `DELETING` from the call on until then, gone afterwards.
    pub gone_at: Option<Moment>,
}

/// A schedule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Schedule {
    /// Its group.
    pub group: String,
    /// Its name, unique in the group.
    pub name: String,
    /// `ScheduleExpression`.
    pub expression: String,
    /// `ScheduleExpressionTimezone`.
    pub timezone: String,
    /// `StartDate`.
    pub start: Option<Moment>,
    /// `EndDate`.
    pub end: Option<Moment>,
    /// `Description`.
    pub description: Option<String>,
    /// `State`.
    pub enabled: bool,
    /// `KmsKeyArn`.
    pub kms_key: Option<String>,
    /// `Target`, with the retry policy that it has by default.
    pub target: Value,
    /// `FlexibleTimeWindow`.
    pub window: Value,
    /// `ActionAfterCompletion`: it goes by itself when it is over.
    pub delete_after: bool,
    /// When it was made.
    pub created: Moment,
    /// When it was last changed.
    pub modified: Moment,
    /// When it is due next; none where it is over.
    pub next: Option<Moment>,
    /// A call that failed and is tried again.
    pub retry: Option<Retry>,
    /// What became of it when it was due, the latest last.
    pub firings: Vec<Firing>,
}

/// A call that failed and is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// When.
    pub at: Moment,
    /// When the event is too old.
    pub until: Moment,
    /// How many more.
    pub left: i64,
}

/// One time that a schedule was due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Firing {
    /// When it was due.
    pub due: Moment,
    /// When it was carried out: with the next call that the sandbox got.
    pub at: Moment,
    /// Why the target was not reached, or refused; none where all went well.
    pub error: Option<String>,
}

impl Default for State {
    fn default() -> Self {
        State {
            groups: [(DEFAULT.to_owned(), Group::default())].into(),
            schedules: BTreeMap::new(),
        }
    }
}

impl State {
    /// Lets everything happen that is a matter of time alone: what is being deleted is gone, what is over goes where
    /// it is to.
    pub fn settle(&mut self, now: Moment) {
        self.groups
            .retain(|_, g| g.gone_at.is_none_or(|gone| now < gone));
        self.schedules.retain(|_, s| {
            let over = s.next.is_none() && s.retry.is_none();
            !(over && s.delete_after)
        });
    }
}

/// Returns the key of a schedule in the world.
pub fn key(group: &str, name: &str) -> String {
    format!("{group}/{name}")
}

impl Schedule {
    /// Returns its ARN.
    pub fn arn(&self, region: &str) -> String {
        format!(
            "arn:aws:scheduler:{region}:{ACCOUNT}:schedule/{}/{}",
            self.group, self.name
        )
    }

    /// Finds when it is due next after `after`.
    pub fn plan(&mut self, after: Moment, timing: &Timing) {
        // a rate without a start date calls its target at once (user guide, "Rate-based schedules")
        let base = self.start.unwrap_or(self.created);
        let zone = zone(&self.timezone);
        let found = Expression::parse(&self.expression)
            .zip(zone)
            .and_then(|(expression, zone)| {
                let once = matches!(expression, Expression::At(_));
                // one-time schedules have no use for dates (service model)
                let after = match self.start.filter(|_| !once) {
                    Some(start) => after.max(start - 1),
                    None => after,
                };
                let next = expression.next(after, base, &zone, timing)?;
                let within = once || self.end.is_none_or(|end| next < end);
                within.then_some(next)
            });
        self.next = found;
    }

    /// Tells whether something is to be carried out by now.
    pub fn is_due(&self, now: Moment) -> bool {
        let due = self.next.filter(|_| self.enabled);
        let again = self.retry.map(|r| r.at);
        due.into_iter().chain(again).any(|at| at <= now)
    }

    /// Remembers what became of it.
    pub fn remember(&mut self, firing: Firing) {
        self.firings.push(firing);
        let excess = self.firings.len().saturating_sub(REMEMBERED);
        self.firings.drain(..excess);
    }
}
