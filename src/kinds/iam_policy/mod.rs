//! `iam_policies`: customer-managed policies. A policy is found by its ARN, never by its name, because an AWS-managed
//! policy may have the same one (aws-facts §3.2).

mod api;
mod live;
mod sent;
mod spec;

#[cfg(test)]
mod tests;

pub use live::{Desired, Live, MAX_VERSIONS, Version};
pub use spec::Spec;

use sent::{Seen, Sent};

use crate::aws::{self, Clients};
use crate::model::{
    Action, ApiCall, Class, Diagnostic, Diff, Fault, Outputs, Owner, Readiness, Residue, Shown,
};
use crate::resource::{
    Claims, Complaint, Doomed, Facts, Found, OutputDecl, Resource, Unresolved, Wait, not_seen,
};
use std::collections::BTreeMap;

/// The kind `iam_policy`.
pub struct IamPolicy {
    clients: Clients,
    sent: Sent,
}

impl IamPolicy {
    /// Makes the kind.
    pub fn new(clients: Clients) -> Self {
        IamPolicy {
            clients,
            sent: Sent::default(),
        }
    }
}

fn path_of(spec: &Spec, facts: &Facts) -> Result<String, Unresolved> {
    match &spec.path {
        Some(path) => facts.get(path),
        None => Ok("/".to_owned()),
    }
}

impl Resource for IamPolicy {
    const KIND: &'static str = "iam_policy";
    const SECTION: &'static str = "iam_policies";
    const ABOUT: &'static str = "An IAM policy of the account's own, with its document.";
    const OUTPUTS: &'static [OutputDecl] = &[
        OutputDecl::plain("arn", "The policy's ARN."),
        OutputDecl::plain("name", "The policy's name."),
    ];
    const WAIT: Wait = Wait {
        every: 2.0,
        up_to: 120.0,
        typical: 2.0,
    };
    const FINDING_IS_DEAR: bool = true;
    const TIDIES: &'static [&'static str] = &["copies"];
    const OUTLIVES: bool = true;
    type Spec = Spec;
    type Key = String;
    type Desired = Desired;
    type Live = Live;

    fn key(spec: &Spec, facts: &Facts) -> Result<String, Unresolved> {
        Ok(format!(
            "arn:{}:iam::{}:policy{}{}",
            facts.stack.partition,
            facts.stack.account,
            path_of(spec, facts)?,
            facts.get(&spec.name)?
        ))
    }

    fn named(spec: &Spec, facts: &Facts) -> BTreeMap<&'static str, String> {
        // in a policy's ARN the path is a part of the name
        match (path_of(spec, facts), facts.get(&spec.name)) {
            (Ok(path), Ok(name)) => {
                [("policy", format!("{}{name}", path.trim_start_matches('/')))].into()
            }
            _ => BTreeMap::new(),
        }
    }

    fn named_live(have: &Live) -> BTreeMap<&'static str, String> {
        // in a policy's ARN the path is a part of the name
        let name = have
            .arn
            .split_once(":policy/")
            .map_or(&*have.name, |(_, name)| name);
        [("policy", name.to_owned())].into()
    }

    fn desired(spec: &Spec, facts: &Facts) -> Result<Desired, Unresolved> {
        let mut tags = BTreeMap::new();
        for (name, value) in &spec.tags {
            tags.insert(name.clone(), facts.get(value)?);
        }
        tags.extend(aws::ownership(facts));
        Ok(Desired {
            arn: Self::key(spec, facts)?,
            name: facts.get(&spec.name)?,
            path: path_of(spec, facts)?,
            description: spec
                .description
                .as_ref()
                .map(|d| facts.get(d))
                .transpose()?,
            document: facts.value(&spec.document)?,
            tags,
        })
    }

    fn diff(want: &Desired, have: &Live) -> Diff {
        live::diff(want, have)
    }

    fn fields(want: &Desired) -> Vec<(String, Shown)> {
        live::fields(want)
    }

    fn readiness(have: &Live) -> Readiness {
        if have.settling {
            Readiness::Pending("its new version is not visible yet".to_owned())
        } else {
            Readiness::Ready
        }
    }

    fn outputs(_: &Spec, _: &Facts, have: &Live) -> Outputs {
        [
            ("arn".to_owned(), have.arn.clone().into()),
            ("name".to_owned(), have.name.clone().into()),
        ]
        .into()
    }

    fn foretold(spec: &Spec, facts: &Facts) -> Outputs {
        Self::key(spec, facts)
            .map(|arn| [("arn".to_owned(), arn.into())].into())
            .unwrap_or_default()
    }

    fn owner(have: &Live, stack: &str) -> Owner {
        aws::owner_of(&have.tags, stack)
    }

    fn made_by(have: &Live) -> Option<&str> {
        aws::made_by(&have.tags)
    }

    fn calls(action: Action, diff: &Diff) -> Vec<ApiCall> {
        let names: &[(&str, bool)] = match action {
            Action::Create => &[("CreatePolicy", true)],
            Action::Update | Action::Adopt => &[
                ("TagPolicy", diff.has("tags")),
                (
                    "DeletePolicyVersion",
                    diff.has("versions") || diff.has("copies"),
                ),
                ("CreatePolicyVersion", diff.has("document")),
            ],
            Action::Replace => &[("DeletePolicy", true), ("CreatePolicy", true)],
            Action::Delete => &[("DeletePolicy", true)],
            Action::NoOp | Action::Wait | Action::Forget => &[],
        };
        let used = names.iter().filter(|(_, used)| *used);
        used.map(|(name, _)| ApiCall::new("iam", name)).collect()
    }

    fn details(have: &Live) -> BTreeMap<String, String> {
        let current = have.versions.iter().find(|v| v.default);
        [
            ("attached to".to_owned(), have.attached.to_string()),
            (
                "version".to_owned(),
                current.map_or_else(|| "?".to_owned(), |v| v.id.clone()),
            ),
        ]
        .into()
    }

    fn check(spec: &Spec, facts: &Facts, _: &Claims) -> Vec<Complaint> {
        let mut found = Vec::new();
        let mut wrong = |path: String, what: String| {
            found.push(Complaint {
                path,
                diagnostic: Diagnostic::error("IAM would refuse this policy").detail(what),
            });
        };
        if let Ok(name) = facts.get(&spec.name)
            && let Some(what) = aws::iam_name_problem(&name, 128)
        {
            wrong("name".to_owned(), what);
        }
        if let Ok(path) = path_of(spec, facts)
            && let Some(what) = aws::iam_path_problem(&path)
        {
            wrong("path".to_owned(), what);
        }
        if let Some(Ok(text)) = spec.description.as_ref().map(|d| facts.get(d))
            && text.chars().count() > 1000
        {
            wrong(
                "description".to_owned(),
                "a description has at most 1000 characters".to_owned(),
            );
        }
        let document = match facts.value(&spec.document) {
            Ok(document) => document,
            Err(missing) => {
                for what in &missing.wrong {
                    wrong(
                        "document".to_owned(),
                        format!(
                            "{what}; a policy variable is written with two dollars, `$${{aws:username}}`"
                        ),
                    );
                }
                // its shape can be judged before all references are known
                spec.document.clone()
            }
        };
        for (inside, what) in aws::policy_document_problems(&document) {
            let path = match inside.as_str() {
                "" => "document".to_owned(),
                inside => format!("document.{inside}"),
            };
            wrong(path, what);
        }
        let size = aws::policy_document_size(&document);
        if size > aws::MAX_MANAGED_POLICY {
            wrong(
                "document".to_owned(),
                format!(
                    "the document has {size} characters without blanks, and IAM takes {}",
                    aws::MAX_MANAGED_POLICY
                ),
            );
        }
        found
    }

    async fn read(&self, key: &String) -> Result<Option<Live>, Fault> {
        let Some(mut have) = api::read(&self.clients, key).await? else {
            return Ok(None);
        };
        match self.sent.look(&have) {
            Seen::Nothing => {}
            Seen::NotYet => have.settling = true,
            Seen::Above(floor) => {
                have.copies = api::copies(&self.clients, &have, floor).await?;
                if have.copies.is_empty() {
                    self.sent.forget(key);
                }
            }
        }
        Ok(Some(have))
    }

    async fn create(&self, want: &Desired) -> Result<(), Fault> {
        api::create(&self.clients, want).await
    }

    async fn update(&self, want: &Desired, have: &Live, diff: &Diff) -> Result<(), Fault> {
        let mut changed = false;
        if diff.has("tags") {
            api::tag(&self.clients, want).await?;
            changed = true;
        }
        if diff.has("copies") {
            api::delete_versions(&self.clients, &have.arn, &have.copies)
                .await
                .map_err(|fault| aws::after_changes(changed, fault))?;
            self.sent.forget(&have.arn);
            changed = true;
        }
        if diff.has("document") {
            let answer = api::put_document(&self.clients, want, have).await;
            match &answer {
                Ok(None) => {}
                Ok(Some(made)) => self.sent.remember(have, made.number()),
                Err(fault) if fault.residue == Residue::Unknown => {
                    self.sent.remember(have, have.newest() + 1);
                }
                Err(_) => {}
            }
            answer.map_err(|fault| aws::after_changes(changed, fault))?;
        }
        Ok(())
    }

    async fn delete(&self, have: &Live, facts: &Facts) -> Result<(), Fault> {
        let users = api::entities(&self.clients, &have.arn).await?;
        if let Some(fault) = still_attached(have, &users, facts) {
            return Err(fault);
        }
        api::delete(&self.clients, have).await
    }

    async fn in_the_way(
        &self,
        _: Option<&Desired>,
        have: &Live,
        _: &Facts,
        doomed: &Doomed,
    ) -> Vec<Diagnostic> {
        match api::entities(&self.clients, &have.arn).await {
            Ok(users) => in_use(have, &users, doomed),
            Err(fault) => vec![not_seen("to what the policy is attached", &fault)],
        }
    }

    async fn find_owned(&self, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
        api::find_owned(&self.clients, stack).await
    }
}

/// Says who uses the policy and stays, and how it is taken from them.
fn in_use(have: &Live, users: &[String], doomed: &Doomed) -> Vec<Diagnostic> {
    let pairs = users.iter().filter_map(|user| user.split_once(' '));
    let staying =
        pairs.filter(|(what, name)| *what != "role" || !doomed.includes("iam_role", name));
    let each = staying.map(|(what, name)| {
        Diagnostic::error(format!(
            "{} is attached to the {what} {name}, which stays: `aws iam detach-{what}-policy --{what}-name {name} \
             --policy-arn {}` takes it from there",
            have.name, have.arn
        ))
    });
    each.collect()
}

/// Refuses to delete a policy that others use. A role of this stack that has just been deleted may still be listed,
/// since IAM is eventually consistent: that one is waited for.
fn still_attached(have: &Live, users: &[String], facts: &Facts) -> Option<Fault> {
    if users.is_empty() {
        return None;
    }
    let ours = facts.outputs.iter().filter_map(|(addr, outputs)| {
        match (addr.kind.as_str(), outputs.get("name")) {
            ("iam_role", Some(crate::model::Output::Plain(name))) => {
                name.as_str().map(|name| format!("role {name}"))
            }
            _ => None,
        }
    });
    let ours: Vec<String> = ours.collect();
    let class = if users.iter().all(|user| ours.contains(user)) {
        Class::Busy
    } else {
        Class::Invalid
    };
    Some(
        Fault::new(
            "iam:DeletePolicy",
            class,
            format!("{} is still attached to {}", have.name, users.join(", ")),
        )
        .help("detach it there, or keep the policy"),
    )
}
