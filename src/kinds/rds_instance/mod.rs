//! A database instance of RDS.

mod advice;
mod api;
mod change;
mod check;
mod desired;
mod diff;
mod immutable;
mod live;
mod outputs;
mod pending;
mod remains;
mod settle;
mod spec;
mod url;
mod version;
mod words;

pub use desired::Desired;
pub use live::{Live, Pending, Subnet};
pub use spec::{Apply, Engine, PerformanceInsights, Spec};

use crate::aws::{Clients, owner_of};
use crate::model::{
    Action, ApiCall, Around, Class, Diagnostic, Diff, Fault, Outputs, Owner, Readiness, Remains,
    Shown,
};
use crate::resource::{
    Claims, Complaint, Doomed, Facts, FinalSnapshot, Found, OutputDecl, Resource, Unresolved, Wait,
};
use settle::Sent;
use std::collections::BTreeMap;
use std::sync::Mutex;
use version::Version;

/// The kind.
pub struct RdsInstance {
    clients: Clients,
    /// What this run has sent and not yet seen arrive, by identifier.
    sent: Mutex<BTreeMap<String, Sent>>,
}

impl RdsInstance {
    /// Makes the kind.
    pub fn new(clients: Clients) -> Self {
        RdsInstance {
            clients,
            sent: Mutex::default(),
        }
    }

    fn sent(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Sent>> {
        self.sent.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// Returns the name of the final snapshot, or `None` where there is to be none.
fn snapshot_name(have: &Live, facts: &Facts) -> Option<String> {
    match &facts.stack.final_snapshot {
        FinalSnapshot::Generated(suffix) => Some(format!("{}-final-{suffix}", have.identifier)),
        FinalSnapshot::Named(name) => Some(name.clone()),
        FinalSnapshot::Skip => None,
    }
}

fn guard(have: &Live, facts: &Facts) -> Option<String> {
    if have.status == "deleting" {
        return None;
    }
    if have.deletion_protection && have.status == "stopped" {
        // nothing of a stopped instance can be changed, its protection neither (aws-facts §1.2)
        return Some(format!(
            "{} has deletion protection and is stopped: write `deletion_protection: false`, apply, which starts it for \
             that and stops it again, and then delete it",
            have.identifier
        ));
    }
    if have.deletion_protection {
        return Some(format!(
            "{} has deletion protection: write `deletion_protection: false`, apply, and then delete it",
            have.identifier
        ));
    }
    let name = snapshot_name(have, facts)?;
    if !have.can_be_snapshot() {
        return Some(format!(
            "no final snapshot can be made of an instance whose status is {}: wait for it, or give \
             --skip-final-snapshot and lose its data",
            have.status
        ));
    }
    (!words::is_identifier(&name, 255)).then(|| {
        format!(
            "`{name}` cannot be the name of a snapshot: use up to 255 letters, digits and hyphens, a letter first, no \
             hyphen last and no two together"
        )
    })
}

fn warnings(want: &Desired, have: &Live) -> Vec<Diagnostic> {
    let mut all = Vec::new();
    for f in pending::foreign(want, have) {
        all.push(
            Diagnostic::warning("someone else has scheduled a change")
                .detail(format!(
                    "{} is to become {} in the next maintenance window, which stack.yaml does not ask for.",
                    f.field, f.pending
                ))
                .help("take it back in RDS, or write it in stack.yaml"),
        );
    }
    if have.to_stop() && have.status != "stopped" {
        all.push(
            Diagnostic::warning("the instance was started only to be changed")
                .detail("It is to be stopped again; what lives on it is not looked at meanwhile.")
                .help(
                    "`cruddur-infra apply` stops it again, `cruddur-infra start` keeps it running",
                ),
        );
    }
    if let Some(status) = have.readiness().rests() {
        let d = diff::diff(want, have);
        let changes = !d.is_empty() && <RdsInstance as Resource>::must_run(&d);
        let when = have
            .restarts_at
            .as_ref()
            .map(|at| format!(" AWS starts it again at {at}."))
            .unwrap_or_default();
        all.push(
            Diagnostic::warning(format!("the instance is {status}"))
                .detail(match changes {
                    // aws-facts §1.3 and §1.4: each of the three takes minutes, and running is billed for ten at least
                    true => "For its change it is started, changed and stopped again: 15 to 40 minutes as a rule, \
                             billed as running, with what the change itself takes."
                        .to_owned(),
                    false => {
                        format!("A stopped instance cannot be changed or connected to.{when}")
                    }
                })
                .help(match changes {
                    true => "to have it running afterwards, `cruddur-infra start` first",
                    false => "`cruddur-infra start` starts it",
                }),
        );
    }
    if have.status == "storage-full" {
        all.push(
            Diagnostic::warning("the storage is full")
                .detail("The instance takes no connections before there is room again.")
                .help("raise `allocated_storage` by a tenth or more"),
        );
    }
    if want.backup_retention_period.is_none() && have.backup_retention_period == 0 {
        all.push(
            Diagnostic::warning("there are no automated backups")
                .detail("A dropped table cannot be brought back by point-in-time recovery.")
                .help("write `backup_retention_period: 1` or more"),
        );
    }
    let d = diff::diff(want, have);
    if have.storage_is_busy() && change::touches_storage(&d) {
        all.push(
            Diagnostic::warning("the storage cannot be changed now")
                .detail(
                    "AWS still optimises it after the last change, which can take more than a day.",
                )
                .help("apply again when its status is `available`"),
        );
    }
    if let (Some(w), Some(v)) = (want.engine_version, Version::parse(&have.engine_version))
        && w.major < v.major
    {
        all.push(
            Diagnostic::warning("the instance runs a newer major version than stack.yaml names")
                .detail(format!(
                    "It runs {}; versions never go downwards.",
                    have.engine_version
                ))
                .help(format!("write `engine_version: \"{}\"`", v.major)),
        );
    }
    if let Some((group, status)) = &have.parameter_group
        && status == "pending-reboot"
    {
        all.push(
            Diagnostic::warning("parameters wait for a reboot")
                .detail(format!(
                    "Static parameters of {group} take effect when the instance is rebooted."
                ))
                .help(format!(
                    "reboot it when it suits: `aws rds reboot-db-instance --db-instance-identifier {}`",
                    have.identifier
                )),
        );
    }
    all
}

impl Resource for RdsInstance {
    const KIND: &'static str = "rds_instance";
    const SECTION: &'static str = "rds_instances";
    const ABOUT: &'static str = "A database instance of Amazon RDS.";
    const OUTPUTS: &'static [OutputDecl] = outputs::DECLARED;
    // create and modify take 5 to 15 minutes, start and delete up to an hour (aws-facts §1.3)
    const WAIT: Wait = Wait {
        every: 15.0,
        up_to: 3600.0,
        typical: 480.0,
    };
    const HOLDS_DATA: bool = true;
    const STOPPABLE: bool = true;
    type Spec = Spec;
    type Key = String;
    type Desired = Desired;
    type Live = Live;

    fn key(spec: &Spec, facts: &Facts) -> Result<String, Unresolved> {
        facts
            .get(&spec.identifier)
            .map(|id| id.to_ascii_lowercase())
    }

    fn named(spec: &Spec, facts: &Facts) -> BTreeMap<&'static str, String> {
        let mut names = facts.names([
            ("subnet_group", spec.db_subnet_group.as_ref()),
            ("parameter_group", spec.parameter_group.as_ref()),
        ]);
        if let Ok(identifier) = Self::key(spec, facts) {
            names.insert("db", identifier);
        }
        names
    }

    fn named_live(have: &Live) -> BTreeMap<&'static str, String> {
        [("db", have.identifier.clone())].into()
    }

    fn desired(spec: &Spec, facts: &Facts) -> Result<Desired, Unresolved> {
        desired::desired(spec, facts)
    }

    fn diff(want: &Desired, have: &Live) -> Diff {
        diff::diff(want, have)
    }

    fn fields(want: &Desired) -> Vec<(String, Shown)> {
        diff::fields(want)
    }

    fn readiness(have: &Live) -> Readiness {
        have.readiness()
    }

    fn outputs(spec: &Spec, facts: &Facts, have: &Live) -> Outputs {
        outputs::outputs(spec, facts, have)
    }

    fn owner(have: &Live, stack: &str) -> Owner {
        owner_of(&have.tags, stack)
    }

    fn made_by(have: &Live) -> Option<&str> {
        crate::aws::made_by(&have.tags)
    }

    fn calls(action: Action, diff: &Diff) -> Vec<ApiCall> {
        let names: &[&str] = match action {
            Action::Create => &["CreateDBInstance"],
            Action::Replace => &["DeleteDBInstance", "CreateDBInstance"],
            Action::Delete => &["DeleteDBInstance"],
            Action::Update | Action::Adopt => {
                let tag =
                    |path: &str| path.starts_with("tags.") || path == "master_password_version";
                match (
                    diff.0.iter().any(|f| !f.path.starts_with("tags.")),
                    diff.0.iter().any(|f| tag(&f.path)),
                ) {
                    (true, true) => &["ModifyDBInstance", "AddTagsToResource"],
                    (true, false) => &["ModifyDBInstance"],
                    (false, true) => &["AddTagsToResource"],
                    (false, false) => &[],
                }
            }
            Action::NoOp | Action::Wait | Action::Forget => &[],
        };
        names.iter().map(|name| ApiCall::new("rds", name)).collect()
    }

    fn must_run(diff: &Diff) -> bool {
        diff.0.iter().any(|f| !f.path.starts_with("tags."))
    }

    fn to_stop(have: &Live) -> bool {
        have.to_stop()
    }

    fn calls_around(around: Around, calls: Vec<ApiCall>) -> Vec<ApiCall> {
        let call = |name| ApiCall::new("rds", name);
        let before: &[&str] = match around {
            Around::StartAndStop => &["AddTagsToResource", "StartDBInstance"],
            Around::Stop => &[],
        };
        let mut all: Vec<ApiCall> = before.iter().copied().map(call).collect();
        all.extend(calls);
        all.extend(["StopDBInstance", "RemoveTagsFromResource"].map(call));
        all
    }

    fn guard(have: &Live, facts: &Facts) -> Option<String> {
        guard(have, facts)
    }

    fn details(have: &Live) -> BTreeMap<String, String> {
        have.details()
    }

    fn warnings(want: &Desired, have: Option<&Live>) -> Vec<Diagnostic> {
        have.map(|have| warnings(want, have)).unwrap_or_default()
    }

    fn claims(spec: &Spec, facts: &Facts) -> serde_json::Value {
        check::claims(spec, facts)
    }

    fn check(spec: &Spec, facts: &Facts, others: &Claims) -> Vec<Complaint> {
        check::check(spec, facts, others)
    }

    async fn read(&self, key: &String) -> Result<Option<Live>, Fault> {
        let have = api::read(&self.clients.rds, key).await?;
        let mut sent = self.sent();
        Ok(match have {
            None => {
                sent.remove(key);
                None
            }
            Some(mut have) => {
                if let Some(change) = sent.get_mut(key) {
                    have.settling = change.is_on_its_way(&have);
                    if !have.settling {
                        sent.remove(key);
                    }
                }
                Some(have)
            }
        })
    }

    async fn create(&self, want: &Desired) -> Result<(), Fault> {
        api::create(&self.clients.rds, want).await
    }

    async fn update(&self, want: &Desired, have: &Live, diff: &Diff) -> Result<(), Fault> {
        const OP: &str = "rds:ModifyDBInstance";
        let resting = have.rests().then(|| want.for_resting());
        let want = resting.as_ref().unwrap_or(want);
        let change = change::modification(want, have, diff);
        if change.is_some() && have.status == "stopped" {
            return Err(
                Fault::new(OP, Class::Invalid, "a stopped instance cannot be changed")
                    .help("plan again: it is then started, changed, and stopped again"),
            );
        }
        if change::touches_storage(diff) && have.storage_is_busy() {
            return Err(Fault::new(
                OP,
                Class::Invalid,
                "AWS still optimises the storage after its last change, and takes no other one until that is over",
            )
            .help("apply again when the instance's status is `available`, at the earliest six hours after that change"));
        }
        if let Some(change) = change {
            let remembered = Sent::new(want, have, diff, change.immediately);
            api::modify(&self.clients.rds, have, change).await?;
            self.sent().insert(have.identifier.clone(), remembered);
        }
        let tags = change::new_tags(want, diff);
        if !tags.is_empty() {
            api::tag(&self.clients.rds, have, &tags).await?;
        }
        Ok(())
    }

    async fn delete(&self, have: &Live, facts: &Facts) -> Result<(), Fault> {
        if have.status == "deleting" {
            return Ok(());
        }
        api::delete(
            &self.clients.rds,
            &have.identifier,
            snapshot_name(have, facts),
        )
        .await
    }

    async fn find_owned(&self, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
        api::find_owned(&self.clients.rds, stack).await
    }

    async fn in_the_way(
        &self,
        _: Option<&Desired>,
        have: &Live,
        facts: &Facts,
        doomed: &Doomed,
    ) -> Vec<Diagnostic> {
        remains::in_the_way(&self.clients, have, facts, doomed).await
    }

    fn before_stop(have: &Live) -> Vec<Diagnostic> {
        advice::before_stop(have)
    }

    fn key_of_owned(id: &str) -> Option<String> {
        Some(id.to_owned())
    }

    async fn remains(&self, key: &String, facts: &Facts) -> Remains {
        remains::remains(&self.clients, key, facts).await
    }

    async fn stop(&self, have: &Live) -> Result<(), Fault> {
        match have.status.as_str() {
            "stopped" | "stopping" => Ok(()),
            _ => api::stop(&self.clients.rds, &have.identifier).await,
        }
    }

    async fn mark_to_stop(&self, have: &Live, on: bool) -> Result<(), Fault> {
        match on {
            true => {
                let mark = [(desired::STOP_TAG.to_owned(), "yes".to_owned())].into();
                api::tag(&self.clients.rds, have, &mark).await
            }
            false => api::untag(&self.clients.rds, have, desired::STOP_TAG).await,
        }
    }

    async fn start(&self, have: &Live) -> Result<(), Fault> {
        match have.status.as_str() {
            "starting" => Ok(()),
            _ if have.idle() => Ok(()),
            _ => api::start(&self.clients.rds, have).await,
        }
    }
}

#[cfg(test)]
mod tests;
