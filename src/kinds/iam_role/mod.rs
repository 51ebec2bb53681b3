//! `iam_roles`: roles that AWS services assume.
//!
//! The trust policy is made of `assumed_by` and compared by its meaning. Where `policies` is written it is the whole list:
//! nothing but the file tells what a role of this stack may do, so what is taken out of the list, or was attached by hand,
//! is detached. Where it is not written, policies stay as they are, and are shown as a warning. The same goes for
//! `inline_policies`; a tag names those that the stack made, because only they may go with the role.

mod api;
mod check;
mod live;
mod spec;

#[cfg(test)]
mod tests;

pub use live::{Desired, Live, trust_policy};
pub use spec::{Services, Spec};

use crate::aws::{self, Clients};
use crate::model::{
    Action, ApiCall, Class, Diagnostic, Diff, Fault, FieldChange, Outputs, Owner, Readiness, Shown,
};
use crate::resource::{
    Claims, Complaint, Doomed, Facts, Found, OutputDecl, Resource, Unresolved, Wait, not_seen,
};
use std::collections::{BTreeMap, BTreeSet};

/// The kind `iam_role`.
pub struct IamRole {
    clients: Clients,
}

impl IamRole {
    /// Makes the kind.
    pub fn new(clients: Clients) -> Self {
        IamRole { clients }
    }
}

impl Resource for IamRole {
    const KIND: &'static str = "iam_role";
    const SECTION: &'static str = "iam_roles";
    const ABOUT: &'static str = "An IAM role that AWS services assume, with its policies attached.";
    const OUTPUTS: &'static [OutputDecl] = &[
        OutputDecl::plain("arn", "The role's ARN."),
        OutputDecl::plain("name", "The role's name."),
        OutputDecl::plain("role_id", "AWS's own id of the role, `AROA…`."),
    ];
    const WAIT: Wait = Wait {
        every: 2.0,
        up_to: 120.0,
        typical: 2.0,
    };
    const FINDING_IS_DEAR: bool = true;
    const OUTLIVES: bool = true;
    type Spec = Spec;
    type Key = String;
    type Desired = Desired;
    type Live = Live;

    fn key(spec: &Spec, facts: &Facts) -> Result<String, Unresolved> {
        facts.get(&spec.name)
    }

    fn named(spec: &Spec, facts: &Facts) -> BTreeMap<&'static str, String> {
        let Ok(name) = facts.get(&spec.name) else {
            return BTreeMap::new();
        };
        // in a role's ARN the path is a part of the name; a role that is there may have any
        let path = match &spec.path {
            Some(path) => facts.get(path).unwrap_or_else(|_| "/*".to_owned()),
            None => "/".to_owned(),
        };
        [("role", format!("{}{name}", path.trim_start_matches('/')))].into()
    }

    fn named_live(have: &Live) -> BTreeMap<&'static str, String> {
        let path = have.path.trim_start_matches('/');
        [("role", format!("{path}{}", have.name))].into()
    }

    fn desired(spec: &Spec, facts: &Facts) -> Result<Desired, Unresolved> {
        let mut tags = BTreeMap::new();
        for (name, value) in &spec.tags {
            tags.insert(name.clone(), facts.get(value)?);
        }
        tags.extend(aws::ownership(facts));
        let mut inline = None;
        for (name, document) in spec.inline_policies.iter().flatten() {
            inline
                .get_or_insert_with(BTreeMap::new)
                .insert(name.clone(), facts.value(document)?);
        }
        if spec.inline_policies.is_some() {
            tags.extend([live::inline_tag(inline.get_or_insert_default())]);
        }
        let all = |inputs: &[crate::resource::Input<String>]| {
            inputs
                .iter()
                .map(|input| facts.get(input))
                .collect::<Result<BTreeSet<String>, _>>()
        };
        Ok(Desired {
            name: facts.get(&spec.name)?,
            path: spec.path.as_ref().map(|p| facts.get(p)).transpose()?,
            description: spec
                .description
                .as_ref()
                .map(|d| facts.get(d))
                .transpose()?,
            services: all(&spec.assumed_by.0)?,
            policies: all(spec.policies.as_deref().unwrap_or_default())?,
            only_these: spec.policies.is_some(),
            inline,
            max_session: spec
                .max_session_duration
                .as_ref()
                .map(|m| facts.get(m))
                .transpose()?,
            boundary: spec
                .permissions_boundary
                .as_ref()
                .map(|b| facts.get(b))
                .transpose()?,
            tags,
        })
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
            ("role_id".to_owned(), have.role_id.clone().into()),
        ]
        .into()
    }

    fn foretold(spec: &Spec, facts: &Facts) -> Outputs {
        let path = match &spec.path {
            Some(path) => facts.get(path),
            None => Ok("/".to_owned()),
        };
        let (Ok(name), Ok(path)) = (facts.get(&spec.name), path) else {
            return Outputs::new();
        };
        let (partition, account) = (&facts.stack.partition, &facts.stack.account);
        let arn = format!("arn:{partition}:iam::{account}:role{path}{name}");
        [
            ("arn".to_owned(), arn.into()),
            ("name".to_owned(), name.into()),
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
        let names: &[(&str, bool)] = match action {
            // where the fields are not known yet, some of them are most likely policies
            Action::Create => &[
                ("CreateRole", true),
                ("AttachRolePolicy", diff.is_empty() || diff.has("policies")),
                ("PutRolePolicy", inside(diff, false)),
            ],
            Action::Update | Action::Adopt => &[
                ("UpdateAssumeRolePolicy", diff.has("assumed_by")),
                (
                    "UpdateRole",
                    diff.has("description") || diff.has("max_session_duration"),
                ),
                (
                    "PutRolePermissionsBoundary",
                    diff.has("permissions_boundary"),
                ),
                ("TagRole", diff.has("tags")),
                ("PutRolePolicy", inside(diff, false)),
                ("AttachRolePolicy", policies(diff, false)),
                ("DetachRolePolicy", policies(diff, true)),
                ("DeleteRolePolicy", inside(diff, true)),
            ],
            Action::Replace => &[
                ("DetachRolePolicy", true),
                ("DeleteRolePolicy", true),
                ("DeleteRole", true),
                ("CreateRole", true),
                ("AttachRolePolicy", true),
                ("PutRolePolicy", true),
            ],
            Action::Delete => &[
                ("DetachRolePolicy", true),
                ("DeleteRolePolicy", true),
                ("DeleteRole", true),
            ],
            Action::NoOp | Action::Wait | Action::Forget => &[],
        };
        let used = names.iter().filter(|(_, used)| *used);
        used.map(|(name, _)| ApiCall::new("iam", name)).collect()
    }

    fn guard(have: &Live, _: &Facts) -> Option<String> {
        // deleting what somebody else has put into the role would lose their work
        let others = have.inline_of_others();
        (!others.is_empty()).then(|| {
            format!(
                "the role {} has policies inside that this stack did not make: {}; `aws iam delete-role-policy \
                 --role-name {} --policy-name {}` removes one",
                have.name,
                others.join(", "),
                have.name,
                others[0]
            )
        })
    }

    fn details(have: &Live) -> BTreeMap<String, String> {
        [(
            "attached policies".to_owned(),
            have.attached.len().to_string(),
        )]
        .into()
    }

    fn warnings(want: &Desired, have: Option<&Live>) -> Vec<Diagnostic> {
        let Some(have) = have else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let foreign: Vec<&str> = have
            .attached
            .difference(&want.policies)
            .map(String::as_str)
            .collect();
        if !foreign.is_empty() && !want.only_these {
            found.push(
                Diagnostic::warning("more policies are attached than stack.yaml names")
                    .detail(format!(
                        "The role {} also has {}. They stay.",
                        have.name,
                        foreign.join(", ")
                    ))
                    .help("name them under `policies`, or detach them by hand"),
            );
        }
        let names = have.inline_of_others();
        if !names.is_empty() && want.inline.is_none() {
            found.push(
                Diagnostic::warning("the role has policies inside").detail(format!(
                    "The role {} also has {} inside. They stay, and the role cannot be deleted before they are.",
                    have.name,
                    names.join(", ")
                )),
            );
        }
        found
    }

    fn check(spec: &Spec, facts: &Facts, _: &Claims) -> Vec<Complaint> {
        check::check(spec, facts)
    }

    async fn read(&self, key: &String) -> Result<Option<Live>, Fault> {
        api::read(&self.clients, key).await
    }

    async fn create(&self, want: &Desired) -> Result<(), Fault> {
        // the policies follow as an update: a role without them is no danger, and a fault there does not undo this
        api::create(&self.clients, want).await
    }

    async fn update(&self, want: &Desired, have: &Live, diff: &Diff) -> Result<(), Fault> {
        let mut changed = false;
        if diff.has("assumed_by") {
            api::put_trust(&self.clients, want).await?;
            changed = true;
        }
        if diff.has("description") || diff.has("max_session_duration") {
            api::put_settings(&self.clients, want, have)
                .await
                .map_err(|fault| aws::after_changes(changed, fault))?;
            changed = true;
        }
        if let (true, Some(boundary)) = (diff.has("permissions_boundary"), &want.boundary) {
            api::put_boundary(&self.clients, &want.name, boundary)
                .await
                .map_err(|fault| aws::after_changes(changed, fault))?;
            changed = true;
        }
        if diff.has("tags") {
            api::tag(&self.clients, &want.name, &want.tags_meanwhile(have))
                .await
                .map_err(|fault| aws::after_changes(changed, fault))?;
            changed = true;
        }
        for arn in want.policies.difference(&have.attached) {
            api::attach(&self.clients, &want.name, arn)
                .await
                .map_err(|fault| aws::after_changes(changed, fault))?;
            changed = true;
        }
        // after the tag that names them, so that what is inside can always go with the role
        for (name, document) in want.missing(have) {
            api::put_inline(&self.clients, &want.name, name, document)
                .await
                .map_err(|fault| aws::after_changes(changed, fault))?;
            changed = true;
        }
        // after the new ones are there, so that there is no moment without either
        for name in have.excess(want) {
            api::delete_inline(&self.clients, &want.name, name)
                .await
                .map_err(|fault| aws::after_changes(changed, fault))?;
            changed = true;
        }
        if diff.has("tags") && want.tags_meanwhile(have) != want.tags {
            api::tag(&self.clients, &want.name, &want.tags)
                .await
                .map_err(|fault| aws::after_changes(changed, fault))?;
            changed = true;
        }
        for arn in have.foreign(want) {
            api::detach(&self.clients, &want.name, arn)
                .await
                .map_err(|fault| aws::after_changes(changed, fault))?;
            changed = true;
        }
        Ok(())
    }

    async fn delete(&self, have: &Live, facts: &Facts) -> Result<(), Fault> {
        const OP: &str = "iam:DeleteRole";
        if let Some(why) = Self::guard(have, facts) {
            return Err(Fault::new(OP, Class::Invalid, why).help("delete those policies first"));
        }
        let profiles = api::instance_profiles(&self.clients, &have.name).await?;
        if !profiles.is_empty() {
            return Err(Fault::new(
                OP,
                Class::Invalid,
                format!(
                    "the role {} is in the instance profiles {}",
                    have.name,
                    profiles.join(", ")
                ),
            )
            .help("take it out there first"));
        }
        let mut changed = false;
        for arn in &have.attached {
            api::detach(&self.clients, &have.name, arn)
                .await
                .map_err(|fault| aws::after_changes(changed, fault))?;
            changed = true;
        }
        for name in have.inline.keys() {
            api::delete_inline(&self.clients, &have.name, name)
                .await
                .map_err(|fault| aws::after_changes(changed, fault))?;
            changed = true;
        }
        api::delete(&self.clients, &have.name)
            .await
            .map_err(|fault| aws::after_changes(changed, fault))
    }

    async fn in_the_way(
        &self,
        want: Option<&Desired>,
        have: &Live,
        _: &Facts,
        doomed: &Doomed,
    ) -> Vec<Diagnostic> {
        let (profiles, functions) = futures_util::future::join(
            api::instance_profiles(&self.clients, &have.name),
            aws::function_uses(&self.clients),
        )
        .await;
        let mut found = Vec::new();
        match profiles {
            Ok(profiles) => found.extend(in_profiles(have, &profiles)),
            Err(fault) => found.push(not_seen(
                "the instance profiles that the role is in",
                &fault,
            )),
        }
        match functions {
            Ok(all) => found.extend(used_by(have, &all, doomed)),
            Err(fault) => found.push(not_seen("the functions that run as the role", &fault)),
        }
        found.extend(want.and_then(|want| detached(want, have)));
        found
    }

    async fn find_owned(&self, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
        api::find_owned(&self.clients, stack).await
    }
}

fn in_profiles(have: &Live, profiles: &[String]) -> Vec<Diagnostic> {
    let each = profiles.iter().map(|profile| {
        Diagnostic::error(format!(
            "the role {name} is in the instance profile {profile}: `aws iam remove-role-from-instance-profile \
             --instance-profile-name {profile} --role-name {name}` takes it out",
            name = have.name
        ))
    });
    each.collect()
}

/// A function whose role is gone cannot be called any more.
fn used_by(have: &Live, all: &[aws::FunctionUse], doomed: &Doomed) -> Vec<Diagnostic> {
    let users = all.iter().filter(|f| f.role == have.arn);
    let staying = users.filter(|f| !doomed.includes("lambda_function", &f.name));
    let each = staying.map(|f| {
        Diagnostic::error(format!(
            "the function {name} runs as the role {}, and stays: `aws lambda update-function-configuration \
             --function-name {name} --role ARN` gives it another one",
            have.name,
            name = f.name
        ))
    });
    each.collect()
}

/// Policies that somebody else has attached stay what they are, and are attached to one role less.
fn detached(want: &Desired, have: &Live) -> Option<Diagnostic> {
    let foreign: Vec<&str> = have
        .attached
        .difference(&want.policies)
        .map(String::as_str)
        .collect();
    (!foreign.is_empty()).then(|| {
        Diagnostic::warning("policies are detached that stack.yaml does not name").detail(format!(
            "The role {} also has {}. They are detached with it, and stay.",
            have.name,
            foreign.join(", ")
        ))
    })
}

/// Tells whether policies are attached, or detached.
fn policies(diff: &Diff, gone: bool) -> bool {
    let policy = |f: &&FieldChange| f.path.starts_with("policies[");
    diff.0
        .iter()
        .filter(policy)
        .any(|f| (f.after == Shown::NOTHING) == gone)
}

/// Tells whether policies are put inside, or deleted there.
fn inside(diff: &Diff, gone: bool) -> bool {
    let policy = |f: &&FieldChange| f.path.starts_with("inline_policies[");
    diff.0
        .iter()
        .filter(policy)
        .any(|f| (f.after == Shown::NOTHING) == gone)
}
