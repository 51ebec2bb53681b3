//! SQL scripts: schema, seed, whatever a database needs once. No AWS in here.

mod check;
mod fault;
mod live;
mod spec;
#[cfg(test)]
mod tests;

pub use live::{Live, Target, describe};
pub use spec::Spec;

use crate::model::{Action, ApiCall, Class, Diff, Fault, Force, Outputs, Owner, Readiness, Shown};
use crate::pg::{Connector, Consent, Keeper, Outcome, Progress, Session};
use crate::resource::{
    AssetRequest, Claims, Complaint, Facts, OnDestroy, OutputDecl, Reach, Resource, Unresolved,
    Wait,
};
use fault::{During, fault};
use std::collections::BTreeMap;

/// The kind `sql_script`.
#[derive(Clone, Debug)]
pub struct SqlScript {
    connector: Connector,
}

impl SqlScript {
    /// Makes the kind.
    pub fn new(connector: Connector) -> Self {
        SqlScript { connector }
    }

    async fn connect(&self, target: &Target) -> Result<Session, Fault> {
        self.connector
            .connect(&target.url)
            .await
            .map_err(|e| fault(target, During::Connect, &e))
    }

    async fn run(&self, want: &Target, consent: bool) -> Result<Outcome, Fault> {
        // the step waits, and tells for whom
        let mut session = self.connect(want).await?.not_waiting();
        let keeper = self.connector.copies().map(|copies| {
            let what = format!("{} ({})", want.script.name(), want.file);
            Keeper::new(
                copies.clone(),
                self.connector.clone(),
                want.url.clone(),
                what,
            )
        });
        // what its text does not show is in no plan, and is allowed by the entry's name alone
        let consent = match (self.connector.allows(&want.addr), consent) {
            (true, _) => Consent::Everything,
            (false, true) => Consent::Shown,
            (false, false) => Consent::Nothing,
        };
        let outcome = session
            .run_script_keeping(&want.script, consent, keeper.as_ref(), |progress| {
                note(want, &progress);
            })
            .await
            .map_err(|e| fault(want, During::Run, &e));
        session.close().await;
        outcome
    }
}

/// Notices are left out: they may quote rows.
fn note(target: &Target, progress: &Progress) {
    match progress {
        Progress::Statement {
            number,
            of,
            line,
            summary,
        } => tracing::debug!(file = %target.file, number, of, line, "{summary}"),
        Progress::Committing => tracing::debug!(file = %target.file, "commits"),
        _ => {}
    }
}

impl Resource for SqlScript {
    const KIND: &'static str = "sql_script";
    const SECTION: &'static str = "sql_scripts";
    const ABOUT: &'static str =
        "An SQL script that runs in one transaction, once for each of its versions.";
    const OUTPUTS: &'static [OutputDecl] = &[];
    const WAIT: Wait = Wait {
        every: 3.0,
        // another run may be at work first, and then looks go on
        up_to: 1800.0,
        typical: 5.0,
    };
    const REACH: Reach = Reach::Connects;
    const ON_DESTROY: OnDestroy = OnDestroy::Forget;
    type Spec = Spec;
    type Key = Target;
    type Desired = Target;
    type Live = Live;

    fn key(spec: &Spec, facts: &Facts) -> Result<Target, Unresolved> {
        live::target(spec, facts)
    }

    fn desired(spec: &Spec, facts: &Facts) -> Result<Target, Unresolved> {
        live::target(spec, facts)
    }

    fn diff(want: &Target, have: &Live) -> Diff {
        live::diff(want, have)
    }

    fn fields(want: &Target) -> Vec<(String, Shown)> {
        live::fields(want)
    }

    fn readiness(_have: &Live) -> Readiness {
        Readiness::Ready
    }

    fn outputs(_spec: &Spec, _facts: &Facts, _have: &Live) -> Outputs {
        Outputs::new()
    }

    fn owner(_have: &Live, _stack: &str) -> Owner {
        Owner::Untaggable
    }

    fn calls(action: Action, _diff: &Diff) -> Vec<ApiCall> {
        match action {
            Action::Create | Action::Update => vec![ApiCall::new("postgres", "run script")],
            _ => Vec::new(),
        }
    }

    fn lock(key: &Target) -> Option<String> {
        Some(key.database())
    }

    fn details(have: &Live) -> BTreeMap<String, String> {
        have.recorded
            .as_ref()
            .and_then(|r| jiff::Timestamp::try_from(r.applied_at).ok())
            .map(|at| ("applied".to_owned(), format!("{at:.0}")))
            .into_iter()
            .collect()
    }

    fn assets(spec: &Spec) -> Vec<AssetRequest> {
        vec![spec.request()]
    }

    fn claims(spec: &Spec, facts: &Facts) -> serde_json::Value {
        check::claims(spec, facts)
    }

    fn check(spec: &Spec, facts: &Facts, others: &Claims) -> Vec<Complaint> {
        check::check(spec, facts, others)
    }

    async fn read(&self, key: &Target) -> Result<Option<Live>, Fault> {
        let mut session = self.connect(key).await?;
        let result = async {
            let mut look = session.look(key.script.name(), &[]).await?;
            // what a current script would lose does not matter, and counting rows takes time
            let current = look
                .recorded
                .as_ref()
                .is_some_and(|r| r.digest == key.script.digest());
            if !current && !key.destructions.is_empty() {
                look = session.look(key.script.name(), &key.destructions).await?;
            }
            Ok(look)
        }
        .await;
        session.close().await;
        let look = result.map_err(|e| fault(key, During::Look, &e))?;
        // a script that never ran and loses nothing is simply absent; one that would is shown with what it loses
        let there = look.recorded.is_some() || !look.losses.is_empty();
        Ok(there.then_some(Live {
            recorded: look.recorded,
            losses: look.losses,
        }))
    }

    async fn create(&self, want: &Target) -> Result<(), Fault> {
        match self.run(want, false).await? {
            Outcome::Applied { .. } => Ok(()),
            Outcome::AlreadyCurrent(_) => Err(Fault::new(
                "postgres:run script",
                Class::Conflict,
                format!("{} has run already in {}", want.file, want.database()),
            )),
        }
    }

    async fn update(&self, want: &Target, _have: &Live, diff: &Diff) -> Result<(), Fault> {
        // consent was asked for by name, table by table, before a diff with losses comes this far
        let consent = diff.force() >= Some(Force::Consent);
        self.run(want, consent).await.map(drop)
    }

    async fn delete(&self, _have: &Live, _facts: &Facts) -> Result<(), Fault> {
        // it goes with its database
        Ok(())
    }
}
