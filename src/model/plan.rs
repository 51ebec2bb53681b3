//! The plan: what will be done, in executable order, as data.

use super::{Addr, Diagnostic, Diff, OutputRef};
use serde::{Deserialize, Serialize};

/// The version of the plan's format. Within one version fields are only added.
pub const FORMAT_VERSION: u32 = 1;

/// What is done to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    NoOp,
    /// It is right, but not ready yet: the others wait for it.
    Wait,
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is deleted and made again.
    Replace,
    /// It is deleted.
    Delete,
    /// It exists without our tag, and is taken over.
    Adopt,
    /// It goes with the object that it lives in; no call of its own.
    Forget,
}

/// What is done around a change of something that stands still on purpose (a stopped instance).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Around {
    /// It stands still: it is started, changed, and stopped again.
    StartAndStop,
    /// It was started to be changed and still runs: it is stopped again.
    Stop,
}

/// One call to a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiCall {
    /// `rds`, `ec2`, … or `postgres`.
    pub service: String,
    /// `CreateDBInstance`.
    pub operation: String,
}

impl ApiCall {
    /// Makes one.
    pub fn new(service: &str, operation: &str) -> Self {
        ApiCall {
            service: service.to_owned(),
            operation: operation.to_owned(),
        }
    }
}

/// What is done to one object, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The object.
    #[serde(rename = "address")]
    pub addr: Addr,
    /// What is done.
    pub action: Action,
    /// Why; for people, no code branches on it.
    pub reason: String,
    /// The fields.
    #[serde(rename = "fields")]
    pub diff: Diff,
    /// What is not known yet; the change is settled when it is.
    pub deferred: Vec<OutputRef>,
    /// What must be done before.
    pub after: Vec<Addr>,
    /// Changes with the same lock never run together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
    /// The calls that it will make.
    pub calls: Vec<ApiCall>,
    /// What is done around it, where it stands still on purpose or was started only for a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<Around>,
    /// Why apply will not do it as it stands, one reason a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// What the object looked like, digested; a saved plan holds only while this does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What AWS calls it, for an object that is not in the file any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl Change {
    /// Adds a reason why apply will not do it as it stands.
    pub fn refuse(&mut self, why: &str) {
        let line = why.replace('\n', " ");
        match &mut self.refused {
            Some(before) if before.lines().any(|l| l == line) => {}
            Some(before) => {
                before.push('\n');
                before.push_str(&line);
            }
            None => self.refused = Some(line),
        }
    }

    /// Tells whether the change does anything at all.
    pub fn is_change(&self) -> bool {
        !matches!(self.action, Action::NoOp)
    }
}

/// Something of ours that is no longer in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Orphan {
    /// The address in its tag.
    #[serde(rename = "address")]
    pub addr: Addr,
    /// What AWS calls it.
    pub id: String,
    /// It holds data, and needs its own flag besides `--prune`.
    pub holds_data: bool,
    /// Why it must not be deleted now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<String>,
}

/// What the plan is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To make AWS match the file.
    #[default]
    Apply,
    /// To remove what the stack owns.
    Destroy,
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Summary {
    pub create: usize,
    pub update: usize,
    pub replace: usize,
    pub delete: usize,
    pub adopt: usize,
    pub wait: usize,
    #[serde(default)]
    pub forget: usize,
    pub no_op: usize,
}

/// What the user allowed and asked for; a saved plan is checked and run with the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanOptions {
    /// `--only`.
    #[serde(default)]
    pub only: Vec<Addr>,
    /// `--adopt`.
    #[serde(default)]
    pub adopt: Vec<Addr>,
    /// `--allow-replace`.
    #[serde(default)]
    pub allow_replace: Vec<Addr>,
    /// `--prune`.
    #[serde(default)]
    pub prune: bool,
    /// `--skip-final-snapshot`.
    #[serde(default)]
    pub skip_final_snapshot: bool,
    /// `--final-snapshot`.
    #[serde(default)]
    pub final_snapshot: Option<String>,
    /// `--allow-data-loss`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_data_loss: Vec<Addr>,
    /// `--wait`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wait: bool,
}

/// The plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// What it is for.
    #[serde(default)]
    pub purpose: Purpose,
    /// The stack's name.
    pub stack: String,
    /// The digest of the file and everything it names.
    #[serde(default)]
    pub stack_digest: String,
    /// The account that it was made for.
    pub account: String,
    /// The region that it was made for.
    pub region: String,
    /// What to do, in executable order.
    pub changes: Vec<Change>,
    /// What is ours and no longer in the file.
    pub orphans: Vec<Orphan>,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
    /// How many of each.
    pub summary: Summary,
    /// What the user allowed and asked for.
    #[serde(default)]
    pub options: PlanOptions,
    /// The digest of all of the above: what was changed in a saved plan by accident is found by it.
    #[serde(default)]
    pub digest: String,
}

impl Plan {
    /// Counts the actions.
    pub fn count(changes: &[Change]) -> Summary {
        let mut s = Summary::default();
        for change in changes {
            match change.action {
                Action::NoOp => s.no_op += 1,
                Action::Wait => s.wait += 1,
                Action::Create => s.create += 1,
                Action::Update => s.update += 1,
                Action::Replace => s.replace += 1,
                Action::Delete => s.delete += 1,
                Action::Adopt => s.adopt += 1,
                Action::Forget => s.forget += 1,
            }
        }
        s
    }

    /// Tells whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.iter().all(|c| !c.is_change())
    }

    /// Returns what apply will not do as the plan stands.
    pub fn refused(&self) -> impl Iterator<Item = (&Addr, &str)> {
        self.changes
            .iter()
            .filter_map(|c| c.refused.as_deref().map(|why| (&c.addr, why)))
            .flat_map(|(addr, why)| why.lines().map(move |line| (addr, line)))
    }
}
