//! A trigger as it should be, as it is, and how the two differ.

use super::spec::Trigger;
use crate::model::{Diff, Force};
use serde_json::Value;

/// What a trigger is found by.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The user pool as it is written, an id or a name.
    pub user_pool: String,
    /// The occasion.
    pub trigger: Trigger,
    /// The name of this stack's function, where it is known. Nothing is found by it; it tells later whether the trigger
    /// points at this stack's function or at somebody else's.
    pub ours: Option<String>,
}

/// A trigger as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// The user pool as it is written.
    pub user_pool: String,
    /// The occasion.
    pub trigger: Trigger,
    /// The function's ARN.
    pub function: String,
}

/// A trigger as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// The pool's id.
    pub pool_id: String,
    /// The pool's ARN.
    pub pool_arn: Option<String>,
    /// The occasion.
    pub trigger: Trigger,
    /// The ARN of the function that is set.
    pub function: String,
    /// The name of this stack's function, where it is known.
    pub ours: Option<String>,
    /// The whole pool, as it was described.
    pub pool: Value,
}

/// Whose function a trigger points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Points {
    /// This stack's.
    Here,
    /// Another one.
    Elsewhere,
    /// It cannot be told, because this stack's function is not known (any more).
    Unknown,
}

impl Live {
    /// Tells whose function the trigger points at. An alias or a version of the same function is the same function.
    pub fn points(&self) -> Points {
        match &self.ours {
            None => Points::Unknown,
            Some(ours) if function_name(&self.function) == ours => Points::Here,
            Some(_) => Points::Elsewhere,
        }
    }
}

/// Returns the function's name in an ARN.
pub fn function_name(arn: &str) -> &str {
    arn.split_once(":function:")
        .map_or(arn, |(_, rest)| rest)
        .split(':')
        .next()
        .unwrap_or(arn)
}

/// Compares.
pub fn diff(want: &Desired, have: &Live) -> Diff {
    let mut diff = Diff::default();
    let same_function = function_name(&have.function) == function_name(&want.function);
    let force = if same_function {
        Force::Update
    } else {
        // a trigger holds one function: the other one would not be called any more
        Force::Consent
    };
    if let Some(change) = diff.field("function", &have.function, &want.function, force)
        && !same_function
    {
        change.why(format!(
            "another function is set: {}. It would not be called any more.",
            have.function
        ));
    }
    diff
}
