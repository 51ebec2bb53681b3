//! `schedules`: schedules of EventBridge Scheduler that stop and start database instances.

mod api;
mod check;
mod live;
mod mark;
mod spec;
#[cfg(test)]
mod tests;

pub use live::{Desired, Key, Live};
pub use mark::group as default_group;
pub use spec::{AfterCompletion, Spec, State, What};

use crate::aws::Clients;
use crate::model::{Action, ApiCall, Diff, Fault, Outputs, Owner, Readiness, Shown};
use crate::resource::{Claims, Complaint, Facts, Found, OutputDecl, Resource, Unresolved, Wait};
use std::collections::BTreeMap;

/// The kind `schedule`.
#[derive(Clone, Debug)]
pub struct Schedule {
    clients: Clients,
}

impl Schedule {
    /// Makes the kind.
    pub fn new(clients: Clients) -> Self {
        Schedule { clients }
    }
}

impl Resource for Schedule {
    const KIND: &'static str = "schedule";
    const SECTION: &'static str = "schedules";
    const ABOUT: &'static str = "A schedule that stops or starts a database instance.";
    const OUTPUTS: &'static [OutputDecl] = &[
        OutputDecl::plain("arn", "The schedule's ARN."),
        OutputDecl::plain("name", "Its name."),
        OutputDecl::plain("group", "The group that it is in."),
    ];
    const WAIT: Wait = Wait {
        every: 2.0,
        up_to: 300.0,
        typical: 2.0,
    };
    const FINDING_IS_DEAR: bool = true;
    type Spec = Spec;
    type Key = Key;
    type Desired = Desired;
    type Live = Live;

    fn key(spec: &Spec, facts: &Facts) -> Result<Key, Unresolved> {
        live::key(spec, facts)
    }

    fn named(spec: &Spec, facts: &Facts) -> BTreeMap<&'static str, String> {
        let mut names = facts.names([("passed_role", Some(&spec.role))]);
        if let Ok(key) = Self::key(spec, facts) {
            names.extend([("schedule", key.name), ("schedule_group", key.group)]);
        }
        names
    }

    fn named_live(have: &Live) -> BTreeMap<&'static str, String> {
        let mut names = BTreeMap::from([("schedule_group", have.group.clone())]);
        if !have.name.is_empty() {
            names.insert("schedule", have.name.clone());
        }
        names
    }

    fn desired(spec: &Spec, facts: &Facts) -> Result<Desired, Unresolved> {
        live::desired(spec, facts)
    }

    fn diff(want: &Desired, have: &Live) -> Diff {
        live::diff(want, have)
    }

    fn fields(want: &Desired) -> Vec<(String, Shown)> {
        live::fields(want)
    }

    fn readiness(_: &Live) -> Readiness {
        Readiness::Ready
    }

    fn outputs(_: &Spec, _: &Facts, have: &Live) -> Outputs {
        [
            ("arn".to_owned(), have.arn.clone().into()),
            ("name".to_owned(), have.name.clone().into()),
            ("group".to_owned(), have.group.clone().into()),
        ]
        .into()
    }

    fn foretold(spec: &Spec, facts: &Facts) -> Outputs {
        let Ok(key) = live::key(spec, facts) else {
            return Outputs::new();
        };
        let stack = &facts.stack;
        let arn = format!(
            "arn:{}:scheduler:{}:{}:schedule/{}/{}",
            stack.partition, stack.region, stack.account, key.group, key.name
        );
        [
            ("arn".to_owned(), arn.into()),
            ("name".to_owned(), key.name.into()),
            ("group".to_owned(), key.group.into()),
        ]
        .into()
    }

    fn owner(have: &Live, stack: &str) -> Owner {
        mark::owner(&have.description, stack)
    }

    fn calls(action: Action, diff: &Diff) -> Vec<ApiCall> {
        let names: &[&str] = match action {
            Action::Create => &["CreateScheduleGroup", "CreateSchedule"],
            Action::Update | Action::Adopt if !diff.is_empty() => &["UpdateSchedule"],
            Action::Replace => &["DeleteSchedule", "CreateSchedule"],
            Action::Delete => &["DeleteSchedule", "DeleteScheduleGroup"],
            _ => &[],
        };
        let call = |name: &&str| ApiCall::new("scheduler", name);
        names.iter().map(call).collect()
    }

    /// One writer a group: the last one to go takes it along.
    fn lock(key: &Key) -> Option<String> {
        Some(format!("schedule group {}", key.group))
    }

    fn details(have: &Live) -> BTreeMap<String, String> {
        let mut all: BTreeMap<String, String> = [
            ("expression".to_owned(), have.expression.clone()),
            ("action".to_owned(), have.action().to_owned()),
        ]
        .into();
        if let Some(until) = have.until {
            all.insert("until".to_owned(), live::moment(until));
        }
        if !have.enabled {
            all.insert("state".to_owned(), "disabled".to_owned());
        }
        all
    }

    fn check(spec: &Spec, facts: &Facts, _: &Claims) -> Vec<Complaint> {
        check::check(spec, facts)
    }

    async fn read(&self, key: &Key) -> Result<Option<Live>, Fault> {
        api::read(&self.clients, key).await
    }

    async fn create(&self, want: &Desired) -> Result<(), Fault> {
        api::create(&self.clients, want).await
    }

    async fn update(&self, want: &Desired, _: &Live, diff: &Diff) -> Result<(), Fault> {
        api::update(&self.clients, want, diff).await
    }

    async fn delete(&self, have: &Live, facts: &Facts) -> Result<(), Fault> {
        api::delete(&self.clients, have, &facts.stack.stack).await
    }

    async fn find_owned(&self, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
        api::find_owned(&self.clients, stack).await
    }
}
