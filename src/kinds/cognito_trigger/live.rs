//! A trigger as it should be, as it is, and how the two differ.

use super::spec::Trigger;
use crate::model::{Diff, Force, Shown};
use crate::resource::only_set;
use serde_json::{Value, json};

/// What a trigger is found by.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The user pool as it is written, an id or a name.
    pub user_pool: String,
    /// The occasion.
    pub trigger: Trigger,
    /// The ARN of the entry's function without a version, where it is known by now. Nothing is found by it.
    pub function: Option<String>,
    /// The stack, whose tag a function of ours carries.
    pub stack: String,
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
    /// Whose that function is.
    pub whose: Whose,
    /// The whole pool, as it was described.
    pub pool: Value,
}

/// Whose function a trigger calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// This stack's: the entry names it, or it carries the stack's tag.
    Ours,
    /// Nobody's: there is no such function (any more), and every call fails.
    Gone,
    /// Somebody else's, or one that the caller may not look at.
    Foreign,
}

/// Returns a function's ARN without a version or an alias. Its name alone does not say which function it is: another
/// account may have one of the same name.
pub fn unqualified(arn: &str) -> &str {
    const BEFORE: &str = ":function:";
    arn.find(BEFORE)
        .map(|at| at + BEFORE.len())
        .and_then(|name| Some(name + arn[name..].find(':')?))
        .map_or(arn, |end| &arn[..end])
}

/// What a new trigger will be like.
pub fn fields(want: &Desired) -> Vec<(String, Shown)> {
    only_set([
        ("user_pool", want.user_pool.as_str().into()),
        ("trigger", json!(want.trigger).into()),
        ("function", want.function.as_str().into()),
    ])
}

/// Compares.
pub fn diff(want: &Desired, have: &Live) -> Diff {
    let mut diff = Diff::default();
    // a version or an alias of the same function is the same function
    let foreign =
        have.whose == Whose::Foreign && unqualified(&have.function) != unqualified(&want.function);
    let force = if foreign {
        // a trigger holds one function: the other one would not be called any more
        Force::Consent
    } else {
        Force::Update
    };
    if let Some(change) = diff.field("function", &have.function, &want.function, force)
        && foreign
    {
        change.why(format!(
            "another function is set: {}. It would not be called any more.",
            have.function
        ));
    }
    diff
}
