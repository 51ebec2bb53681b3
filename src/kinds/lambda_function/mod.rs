//! Lambda functions.

mod api;
mod check;
mod desired;
mod diff;
mod live;
mod remains;
mod runtimes;
mod spec;
#[cfg(test)]
mod tests;

pub use desired::{Code, Desired, Network};
pub use live::{Environment, Live, Status};
pub use spec::{Architecture, Spec, Vpc};

use crate::aws::{self, ADDR_TAG, Clients, functions_of};
use crate::model::{
    Action, ApiCall, Class, Diagnostic, Diff, Fault, OutputRef, Outputs, Owner, Readiness, Remains,
    Remnant, Shown,
};
use crate::resource::{
    AssetRequest, Claims, Complaint, Doomed, Facts, Found, OutputDecl, Resource, Unresolved, Wait,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The kind `lambda_function`.
#[derive(Clone, Debug)]
pub struct LambdaFunction {
    clients: Clients,
    /// The functions that this run has sent an update for, each with its revision before.
    sent: Arc<Mutex<BTreeMap<String, Option<String>>>>,
}

impl LambdaFunction {
    /// Makes the kind.
    pub fn new(clients: Clients) -> Self {
        LambdaFunction {
            clients,
            sent: Arc::default(),
        }
    }

    fn sent(&self) -> MutexGuard<'_, BTreeMap<String, Option<String>>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_code(op: &str) -> Fault {
    Fault::new(op, Class::Invalid, "the function's folder could not be had")
}

impl Resource for LambdaFunction {
    const KIND: &'static str = "lambda_function";
    const SECTION: &'static str = "lambda_functions";
    const ABOUT: &'static str = "A Lambda function made from a folder.";
    const OUTPUTS: &'static [OutputDecl] = &[
        OutputDecl::plain("arn", "the function's ARN, without a version"),
        OutputDecl::plain("name", "the function's name"),
        OutputDecl::plain("role", "the ARN of the role that it runs as"),
    ];
    // in a VPC a new function takes a minute or two (aws-facts §4.3), network trouble up to nine more (§3.4)
    const WAIT: Wait = Wait {
        every: 5.0,
        up_to: 900.0,
        typical: 60.0,
    };
    const FINDING_IS_DEAR: bool = true;
    type Spec = Spec;
    type Key = String;
    type Desired = Desired;
    type Live = Live;

    fn key(spec: &Spec, _facts: &Facts) -> Result<String, Unresolved> {
        Ok(spec.name.clone())
    }

    fn named(spec: &Spec, facts: &Facts) -> BTreeMap<&'static str, String> {
        let mut names = facts.names([("passed_role", Some(&spec.role))]);
        names.insert("function", spec.name.clone());
        names
    }

    fn named_live(have: &Live) -> BTreeMap<&'static str, String> {
        [("function", have.name.clone())].into()
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
        live::readiness(have)
    }

    fn outputs(spec: &Spec, facts: &Facts, have: &Live) -> Outputs {
        let mut outputs: Outputs = [
            ("arn".to_owned(), have.arn.clone().into()),
            ("name".to_owned(), have.name.clone().into()),
        ]
        .into();
        // the role can be changed in place, and an output must not change under an update: so it is the one that the
        // function has once it is right
        if let Ok(role) = facts.get(&spec.role) {
            outputs.insert("role".to_owned(), role.into());
        }
        outputs
    }

    fn foretold(spec: &Spec, facts: &Facts) -> Outputs {
        let name = &spec.name;
        let (partition, region) = (&facts.stack.partition, &facts.stack.region);
        let arn = format!(
            "arn:{partition}:lambda:{region}:{}:function:{name}",
            facts.stack.account
        );
        [
            ("arn".to_owned(), arn.into()),
            ("name".to_owned(), name.clone().into()),
        ]
        .into()
    }

    fn owner(have: &Live, stack: &str) -> Owner {
        aws::owner_of(&have.tags, stack)
    }

    fn made_by(have: &Live) -> Option<&str> {
        aws::made_by(&have.tags)
    }

    fn calls(action: Action, diff: &Diff) -> Vec<ApiCall> {
        let call = |name| ApiCall::new("lambda", name);
        match action {
            Action::Create => vec![call("CreateFunction")],
            Action::Replace => vec![call("DeleteFunction"), call("CreateFunction")],
            Action::Delete => vec![call("UpdateFunctionConfiguration"), call("DeleteFunction")],
            Action::Update | Action::Adopt => [
                (diff::configuration(diff), "UpdateFunctionConfiguration"),
                (diff::code(diff), "UpdateFunctionCode"),
                (diff.has("tags"), "TagResource"),
            ]
            .into_iter()
            .filter(|(needed, _)| *needed)
            .map(|(_, name)| call(name))
            .collect(),
            _ => Vec::new(),
        }
    }

    fn lock(key: &String) -> Option<String> {
        // as lambda_permission has it: a function takes one change at a time
        Some(format!("lambda_function:{key}"))
    }

    fn details(have: &Live) -> BTreeMap<String, String> {
        live::details(have)
    }

    fn warnings(_want: &Desired, have: Option<&Live>) -> Vec<Diagnostic> {
        have.map(live::warnings).unwrap_or_default()
    }

    fn references(spec: &Spec) -> Vec<OutputRef> {
        spec.network_of()
            .map(|(subnets, groups)| vec![subnets, groups])
            .unwrap_or_default()
    }

    fn assets(spec: &Spec) -> Vec<AssetRequest> {
        vec![spec.request()]
    }

    fn claims(spec: &Spec, _facts: &Facts) -> serde_json::Value {
        check::claims(spec)
    }

    fn check(spec: &Spec, facts: &Facts, others: &Claims) -> Vec<Complaint> {
        check::check(spec, facts, others)
    }

    async fn read(&self, key: &String) -> Result<Option<Live>, Fault> {
        let mut have = api::get(&self.clients, key).await?;
        if let Some(have) = &mut have {
            have.just_failed = live::failed_since(self.sent().get(key), have);
        }
        Ok(have)
    }

    async fn create(&self, want: &Desired) -> Result<(), Fault> {
        let code = want
            .code
            .as_ref()
            .ok_or_else(|| no_code("lambda:CreateFunction"))?;
        api::create(&self.clients, want, code).await
    }

    /// One call each time, in the order that works (aws-facts §4.3): while one is under way AWS refuses the next.
    async fn update(&self, want: &Desired, have: &Live, diff: &Diff) -> Result<(), Fault> {
        if diff::configuration(diff) {
            api::configure(&self.clients, want, have, diff).await?;
            self.sent().insert(have.name.clone(), have.revision.clone());
            return Ok(());
        }
        if diff::code(diff) {
            let code = want
                .code
                .as_ref()
                .ok_or_else(|| no_code("lambda:UpdateFunctionCode"))?;
            api::replace_code(&self.clients, want, code, have).await?;
            self.sent().insert(have.name.clone(), have.revision.clone());
            return Ok(());
        }
        let tags = aws::lasting(&want.tags)
            .filter(|(name, value)| have.tags.get(*name) != Some(value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        api::tag(&self.clients, &have.arn, &tags).await
    }

    async fn delete(&self, have: &Live, _facts: &Facts) -> Result<(), Fault> {
        // a function that failed cannot be changed, and one whose last update failed may never leave
        let can_leave = !have.state.is("Failed") && !have.update.is("Failed");
        if have.network.is_some() && can_leave {
            match api::leave_vpc(&self.clients, have).await {
                // leaving first only frees the network sooner; where it is refused (its role is gone, say), the
                // function is deleted as it is
                Err(fault) if matches!(fault.class, Class::Invalid | Class::Denied) => {}
                Err(fault) if fault.class == Class::NotFound => return Ok(()),
                other => return other,
            }
        }
        api::delete(&self.clients, &have.name).await
    }

    async fn in_the_way(
        &self,
        _: Option<&Desired>,
        have: &Live,
        _: &Facts,
        doomed: &Doomed,
    ) -> Vec<Diagnostic> {
        remains::in_the_way(&self.clients, have, doomed).await
    }

    fn key_of_owned(id: &str) -> Option<String> {
        id.rsplit(':').next().map(str::to_owned)
    }

    async fn remains(&self, key: &String, facts: &Facts) -> Remains {
        remains::remains(&self.clients, key, facts).await
    }

    async fn lingers(&self, key: &String, facts: &Facts) -> Result<Vec<Remnant>, Fault> {
        remains::lingers(&self.clients, key, facts).await
    }

    async fn find_owned(&self, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
        let looks =
            functions_of(&self.clients, stack)
                .await?
                .into_iter()
                .map(|function| async move {
                    // it may have gone since it was listed
                    let live = api::get(&self.clients, &function.name).await?;
                    Ok::<_, Fault>(live.map(|live| Found {
                        addr: function.tags.get(ADDR_TAG).cloned().unwrap_or_default(),
                        id: function.arn,
                        live,
                    }))
                });
        let found = futures_util::future::try_join_all(looks).await?;
        Ok(found.into_iter().flatten().collect())
    }
}
