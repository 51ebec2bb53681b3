//! A schedule as it should be, as it is, and how the two differ. Everything but group and name is changed in place.

use super::mark;
use super::spec::{AfterCompletion, Spec, State, What};
use crate::aws;
use crate::model::{Diff, Force, Shown};
use crate::resource::{Facts, Unresolved, only_set};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The most that Scheduler tries again, which is also its default (service model).
pub const MOST_RETRIES: i32 = 185;

/// What a schedule is found by.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The group.
    pub group: String,
    /// The name.
    pub name: String,
}

/// A schedule as it should be. What stack.yaml does not say is not compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// Group and name.
    pub key: Key,
    /// What its description begins with.
    pub mark: String,
    /// The description without it.
    pub description: Option<String>,
    /// When.
    pub expression: String,
    /// The time zone of that.
    pub timezone: Option<String>,
    /// The ARN of the call.
    pub target: String,
    /// What it does.
    pub action: What,
    /// The instance, in lower case.
    pub instance: String,
    /// The role's ARN.
    pub role: String,
    /// When it ends, in seconds since 1970.
    pub until: Option<i64>,
    /// What becomes of it then.
    pub after_completion: AfterCompletion,
    /// Whether it does anything.
    pub state: Option<State>,
    /// How long a failed call is tried again, in seconds.
    pub retry_for: u32,
    /// The tags of a group that is made for it.
    pub tags: BTreeMap<String, String>,
}

/// A schedule as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    /// The group.
    pub group: String,
    /// The name; empty for a group of ours that has no schedules any more.
    pub name: String,
    /// The ARN, of the group where there is no name.
    pub arn: String,
    /// The whole description.
    pub description: String,
    /// When.
    pub expression: String,
    /// The time zone of that.
    pub timezone: String,
    /// The ARN of the call.
    pub target: String,
    /// What the call is given, as JSON text.
    pub input: String,
    /// The role's ARN.
    pub role: String,
    /// When it ends, in seconds since 1970.
    pub until: Option<i64>,
    /// AWS deletes it when it is over.
    pub deleted_after: bool,
    /// It does something.
    pub enabled: bool,
    /// How often a failed call is tried again.
    pub retries: i32,
    /// For how long, in seconds.
    pub retry_age: i32,
}

impl Live {
    /// Returns the instance that it is about, where that can be told.
    pub fn instance(&self) -> Option<String> {
        let input: Value = serde_json::from_str(&self.input).ok()?;
        let name = input["DbInstanceIdentifier"].as_str()?;
        Some(name.to_ascii_lowercase())
    }

    /// Returns what it does, as stack.yaml would have it, or the ARN of the call.
    pub fn action(&self) -> &str {
        match self.target.rsplit(':').next() {
            Some("stopDBInstance") => "stop",
            Some("startDBInstance") => "start",
            _ => &self.target,
        }
    }

    fn retry(&self) -> Shown {
        match self.retries {
            0 => 0.into(),
            MOST_RETRIES => self.retry_age.into(),
            n => format!("{n} times within {} s", self.retry_age).into(),
        }
    }
}

/// Writes seconds since 1970 as a text.
pub fn moment(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |t| t.to_string())
}

/// Reads a moment; the service keeps whole seconds.
pub fn seconds(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(|t| t.as_second())
}

/// Returns what the schedule is found by.
///
/// # Errors
/// What is missing for it.
pub fn key(spec: &Spec, facts: &Facts) -> Result<Key, Unresolved> {
    let group = match &spec.group {
        Some(group) => facts.get(group)?,
        None => mark::group(&facts.stack.stack),
    };
    Ok(Key {
        group,
        name: facts.get(&spec.name)?,
    })
}

/// Returns the schedule as it should be.
///
/// # Errors
/// What is missing for it, and an end that is no moment.
pub fn desired(spec: &Spec, facts: &Facts) -> Result<Desired, Unresolved> {
    let some = |input: &Option<crate::resource::Input<String>>| {
        input.as_ref().map(|i| facts.get(i)).transpose()
    };
    let until = match some(&spec.until)? {
        None => None,
        Some(text) => Some(seconds(&text).ok_or_else(|| {
            Unresolved::wrong(format!(
                "until: `{text}` is no moment like 2027-01-31T00:00:00Z"
            ))
        })?),
    };
    // all that is missing is told at once
    let mut missing = Vec::new();
    let mut need = |input| match facts.get(input) {
        Ok(text) => text,
        Err(why) => {
            missing.push(why);
            String::new()
        }
    };
    let expression = need(&spec.expression);
    let instance = need(&spec.instance).to_ascii_lowercase();
    let role = need(&spec.role);
    if let Some(first) = missing.into_iter().reduce(|mut all, more: Unresolved| {
        all.waits_for.extend(more.waits_for);
        all.wrong.extend(more.wrong);
        all
    }) {
        return Err(first);
    }
    Ok(Desired {
        key: key(spec, facts)?,
        mark: mark::mark(&facts.stack.stack, &facts.addr.to_string()),
        description: some(&spec.description)?,
        expression: expression.trim().to_owned(),
        timezone: some(&spec.timezone)?,
        target: spec.action.target(&facts.stack.partition),
        action: spec.action,
        instance,
        role,
        until,
        after_completion: spec.action_after_completion,
        state: spec.state,
        retry_for: match &spec.retry_for {
            Some(seconds) => facts.get(seconds)?,
            None => 0,
        },
        tags: aws::ownership(facts),
    })
}

impl Desired {
    /// Returns the whole description that it should have, where it has this one.
    pub fn whole_description(&self, have: &str) -> String {
        let text = match &self.description {
            Some(text) => text,
            None => mark::parts(have).text,
        };
        mark::description(&self.mark, text)
    }

    /// Returns the client token of the create: the same for every attempt of this run, however often the engine comes back
    /// to it. Without a nonce the SDK makes one for each call.
    pub fn token(&self) -> Option<String> {
        let run = aws::made_by(&self.tags)?;
        let name = format!("{}/{}", self.key.group, self.key.name);
        let digest = Sha256::digest(name.as_bytes());
        let digits = digest.iter().take(8).map(|b| format!("{b:02x}"));
        Some(format!("{run}-{}", digits.collect::<String>()))
    }

    /// Returns what the call is given. The members are spelled as the SDKs have them, not as RDS's interface has.
    pub fn input(&self) -> String {
        json!({"DbInstanceIdentifier": self.instance}).to_string()
    }

    /// Returns how often, and for how many seconds, a failed call is tried again.
    pub fn retries(&self) -> (i32, Option<i32>) {
        match self.retry_for {
            0 => (0, None),
            n => (MOST_RETRIES, i32::try_from(n).ok()),
        }
    }

    fn retries_so(&self, have: &Live) -> bool {
        let (retries, age) = self.retries();
        have.retries == retries && age.is_none_or(|age| have.retry_age == age)
    }
}

/// What a new schedule will be like.
pub fn fields(want: &Desired) -> Vec<(String, Shown)> {
    only_set([
        ("name", want.key.name.as_str().into()),
        ("group", want.key.group.as_str().into()),
        ("description", want.description.clone().into()),
        ("expression", want.expression.as_str().into()),
        ("timezone", want.timezone.clone().into()),
        ("action", want.action.name().into()),
        ("instance", want.instance.as_str().into()),
        ("role", want.role.as_str().into()),
        ("until", want.until.map(moment).into()),
        (
            "action_after_completion",
            after(want.after_completion == AfterCompletion::Delete).into(),
        ),
        (
            "state",
            want.state.map(|s| state(s == State::Enabled)).into(),
        ),
        ("retry_for", want.retry_for.into()),
    ])
}

fn after(deleted: bool) -> &'static str {
    if deleted { "delete" } else { "none" }
}

fn state(enabled: bool) -> &'static str {
    if enabled { "enabled" } else { "disabled" }
}

/// Compares.
pub fn diff(want: &Desired, have: &Live) -> Diff {
    let mut diff = Diff::default();
    let whole = want.whole_description(&have.description);
    if whole != have.description {
        let (old, new) = (mark::parts(&have.description), mark::parts(&whole));
        // the mark is shown where it is what differs
        let (before, after) = match old.mark == new.mark {
            true => (old.text.to_owned(), new.text.to_owned()),
            false => (have.description.clone(), whole.clone()),
        };
        diff.note("description", before, after, Force::Update);
    }
    let mut compare = |path: &str, before: Shown, after: Shown| {
        if before != after {
            diff.note(path, before, after, Force::Update);
        }
    };
    compare(
        "expression",
        have.expression.as_str().into(),
        want.expression.as_str().into(),
    );
    if let Some(timezone) = &want.timezone {
        compare(
            "timezone",
            have.timezone.as_str().into(),
            timezone.as_str().into(),
        );
    }
    if have.target != want.target {
        compare("action", have.action().into(), want.action.name().into());
    }
    let instance = have.instance().unwrap_or_else(|| have.input.clone());
    compare("instance", instance.into(), want.instance.as_str().into());
    compare("role", have.role.as_str().into(), want.role.as_str().into());
    compare(
        "until",
        have.until.map(moment).into(),
        want.until.map(moment).into(),
    );
    compare(
        "action_after_completion",
        after(have.deleted_after).into(),
        after(want.after_completion == AfterCompletion::Delete).into(),
    );
    if let Some(wanted) = want.state {
        compare(
            "state",
            state(have.enabled).into(),
            state(wanted == State::Enabled).into(),
        );
    }
    if !want.retries_so(have) {
        compare("retry_for", have.retry(), want.retry_for.into());
    }
    diff
}
