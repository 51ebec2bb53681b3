//! A permission as it should be, as it is, and how the two differ.

use super::function::Function;
use super::statement::{Ids, Statement};
use crate::model::{Diff, Force, Shown};
use crate::resource::only_set;

/// What a permission is found by.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The function in whose policy it is.
    pub function: Function,
    /// The ids that its statement may have.
    pub ids: Ids,
    /// The user pool as it is written, an id or a name.
    pub user_pool: Option<String>,
    /// What the pool's ARN begins with.
    pub pool_prefix: String,
}

/// On whose behalf.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A user pool, by id or by name.
    UserPool(String),
    /// An ARN.
    Arn(String),
}

/// A permission as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// The function.
    pub function: Function,
    /// The ids that its statement may have.
    pub ids: Ids,
    /// Who.
    pub principal: String,
    /// What.
    pub action: String,
    /// On whose behalf.
    pub source: Source,
    /// In which account that is.
    pub source_account: String,
    /// What a user pool's ARN begins with.
    pub pool_prefix: String,
}

/// A permission as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// The function.
    pub function: Function,
    /// This entry's statements: one, or two where a change was broken off between adding and removing.
    pub statements: Vec<Statement>,
    /// The ARN of the user pool that the entry names; nothing where it names none, or where there is no such pool.
    pub pool_arn: Option<String>,
    /// What the policy was when it was read; a change goes through only while it is.
    pub revision: Option<String>,
}

impl Live {
    /// Returns the ARN that should be there, or the pool's name where there is no such pool.
    pub fn wanted_arn(&self, source: &Source) -> String {
        match source {
            Source::Arn(arn) => arn.clone(),
            Source::UserPool(given) => self.pool_arn.clone().unwrap_or_else(|| given.clone()),
        }
    }

    /// Returns the statement that is as it should be.
    pub fn right(&self, want: &Desired) -> Option<&Statement> {
        let arn = self.wanted_arn(&want.source);
        self.statements.iter().find(|s| {
            s.principal == want.principal
                && s.action.eq_ignore_ascii_case(&want.action)
                && s.source_arn.as_deref() == Some(arn.as_str())
                && s.source_account.as_deref() == Some(want.source_account.as_str())
                && s.more.is_empty()
        })
    }

    /// Returns the statements that have to go.
    pub fn stale(&self, want: &Desired) -> Vec<&Statement> {
        let right = self.right(want).map(|s| s.id.as_str());
        self.statements
            .iter()
            .filter(|s| Some(s.id.as_str()) != right)
            .collect()
    }
}

/// What a new permission will be like. The pool stays as it is written: its ARN takes a look, where it is a name.
pub fn fields(want: &Desired) -> Vec<(String, Shown)> {
    let (path, source) = match &want.source {
        Source::UserPool(given) => ("user_pool", given),
        Source::Arn(arn) => ("source_arn", arn),
    };
    let function = match &want.function.qualifier {
        Some(qualifier) => format!("{}:{qualifier}", want.function.target),
        None => want.function.target.clone(),
    };
    only_set([
        ("function", function.into()),
        ("statement_id", want.ids.0[0].as_str().into()),
        ("principal", want.principal.as_str().into()),
        ("action", want.action.as_str().into()),
        (path, source.as_str().into()),
        ("source_account", want.source_account.as_str().into()),
    ])
}

/// Compares. Every change adds a statement and removes the old one, which is a field of its own, `stale`: so what is
/// still to be done after an interruption between the two is within what was promised.
pub fn diff(want: &Desired, have: &Live) -> Diff {
    let mut diff = Diff::default();
    if have.right(want).is_none()
        && let Some(old) = have.statements.first()
    {
        diff.field("principal", &old.principal, &want.principal, Force::Update);
        if !old.action.eq_ignore_ascii_case(&want.action) {
            diff.field("action", &old.action, &want.action, Force::Update);
        }
        diff.field(
            "source_arn",
            &old.source_arn,
            &Some(have.wanted_arn(&want.source)),
            Force::Update,
        );
        diff.field(
            "source_account",
            &old.source_account,
            &Some(want.source_account.clone()),
            Force::Update,
        );
        if !old.more.is_empty() {
            diff.note(
                "conditions",
                old.more.clone(),
                Shown::NOTHING,
                Force::Update,
            );
        }
    }
    let stale: Vec<String> = have.stale(want).iter().map(|s| s.id.clone()).collect();
    if !stale.is_empty() {
        diff.note("stale", stale, Shown::NOTHING, Force::Update);
    }
    diff
}
