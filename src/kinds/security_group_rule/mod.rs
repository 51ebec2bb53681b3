//! An inbound rule of a security group.

mod api;
mod check;
mod desired;
mod diff;
mod live;
mod source;
mod spec;

pub use desired::{Definition, Desired, EXPIRES_TAG, Key, OWNER_TAG, WORKSPACE_TAG};
pub use live::{Live, Rule};
pub use source::{CURRENT_IP, Source};
pub use spec::{Protocol, Spec};

use crate::aws::{Clients, STACK_TAG, owner_of};
use crate::model::{
    Action, Addr, ApiCall, Diagnostic, Diff, Fault, Outputs, Owner, Readiness, Remains, Remnant,
    Shown,
};
use crate::resource::{
    Claims, Complaint, Facts, Found, OutputDecl, Reach, Resource, Unresolved, Wait,
};
use live::Written;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// The kind.
pub struct SecurityGroupRule {
    clients: Clients,
    /// Who runs this, where it was said: only then are orphaned rules for a machine's address told from other
    /// people's.
    who: Option<(String, String)>,
    /// What this run has written and not yet seen, by group and address.
    written: Mutex<BTreeMap<(String, String), Written>>,
}

impl SecurityGroupRule {
    /// Makes the kind.
    pub fn new(clients: Clients) -> Self {
        SecurityGroupRule {
            clients,
            who: None,
            written: Mutex::default(),
        }
    }

    /// Says who runs this, so that their own rules without an entry are found too.
    #[must_use]
    pub fn run_by(mut self, owner: impl Into<String>, workspace: impl Into<String>) -> Self {
        self.who = Some((owner.into(), workspace.into()));
        self
    }

    fn written(&self) -> std::sync::MutexGuard<'_, BTreeMap<(String, String), Written>> {
        self.written.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn remember(&self, group: &str, addr: &str, rule: Option<Rule>) {
        self.written()
            .insert((group.to_owned(), addr.to_owned()), Written::new(rule));
    }

    fn forget(&self, group: &str, addr: &str) {
        self.written().remove(&(group.to_owned(), addr.to_owned()));
    }
}

impl Resource for SecurityGroupRule {
    const KIND: &'static str = "security_group_rule";
    const SECTION: &'static str = "security_group_rules";
    const ABOUT: &'static str = "An inbound rule of a security group of Amazon EC2.";
    const OUTPUTS: &'static [OutputDecl] = &[
        OutputDecl::plain("rule_id", "The id of the rule, sgr-…"),
        OutputDecl::plain(
            "cidr",
            "The addresses that it admits; absent where it admits a group.",
        ),
        OutputDecl::plain("security_group_id", "The group that it is in."),
    ];
    const WAIT: Wait = Wait {
        every: 2.0,
        up_to: 120.0,
        typical: 1.0,
    };
    const REACH: Reach = Reach::Opens;
    type Spec = Spec;
    type Key = Key;
    type Desired = Desired;
    type Live = Live;

    fn key(spec: &Spec, facts: &Facts) -> Result<Key, Unresolved> {
        desired::key(spec, facts)
    }

    fn named(spec: &Spec, facts: &Facts) -> BTreeMap<&'static str, String> {
        facts.names([("security_group", Some(&spec.security_group))])
    }

    fn named_live(have: &Live) -> BTreeMap<&'static str, String> {
        [("security_group", have.rule.group.clone())].into()
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
        if have.settling {
            Readiness::Pending("written, not visible yet".to_owned())
        } else {
            Readiness::Ready
        }
    }

    fn outputs(spec: &Spec, facts: &Facts, have: &Live) -> Outputs {
        let mut out = Outputs::new();
        out.insert("rule_id".to_owned(), have.rule.id.as_str().into());
        out.insert(
            "security_group_id".to_owned(),
            have.rule.group.as_str().into(),
        );
        // what it will be once the plan is done, so that no output changes under an update
        let source =
            desired::source(spec, facts).unwrap_or_else(|_| have.rule.definition.source.clone());
        if let Source::Cidr(net) = source {
            out.insert("cidr".to_owned(), net.to_string().into());
        }
        out
    }

    fn owner(have: &Live, stack: &str) -> Owner {
        owner_of(&have.rule.tags, stack)
    }

    fn made_by(have: &Live) -> Option<&str> {
        crate::aws::made_by(&have.rule.tags)
    }

    fn calls(action: Action, diff: &Diff) -> Vec<ApiCall> {
        let mut names = Vec::new();
        match action {
            Action::Create => names.push("AuthorizeSecurityGroupIngress"),
            Action::Delete => names.push("RevokeSecurityGroupIngress"),
            Action::Replace => {
                names.extend([
                    "RevokeSecurityGroupIngress",
                    "AuthorizeSecurityGroupIngress",
                ]);
            }
            Action::Update | Action::Adopt => {
                if diff.has("duplicates") || diff.has("expired") {
                    names.push("RevokeSecurityGroupIngress");
                }
                if diff::redefines(diff) {
                    names.push("ModifySecurityGroupRules");
                }
                let tag = |gone: bool| {
                    let null = crate::model::Shown::NOTHING;
                    diff.0
                        .iter()
                        .any(|f| f.path.starts_with("tags.") && (f.after == null) == gone)
                };
                if tag(false) {
                    names.push("CreateTags");
                }
                if tag(true) {
                    names.push("DeleteTags");
                }
            }
            Action::NoOp | Action::Wait | Action::Forget => {}
        }
        names
            .into_iter()
            .map(|name| ApiCall::new("ec2", name))
            .collect()
    }

    fn lock(key: &Key) -> Option<String> {
        Some(key.group.clone())
    }

    fn details(have: &Live) -> BTreeMap<String, String> {
        let d = &have.rule.definition;
        let mut map: BTreeMap<String, String> = [
            ("from", d.source.to_string()),
            ("protocol", d.protocol.clone()),
            ("ports", d.ports_text()),
            ("description", have.rule.description.clone()),
        ]
        .map(|(k, v)| (k.to_owned(), v))
        .into();
        for (name, tag) in [
            ("owner", OWNER_TAG),
            ("workspace", WORKSPACE_TAG),
            ("expires", EXPIRES_TAG),
        ] {
            if let Some(value) = have.rule.tags.get(tag) {
                map.insert(name.to_owned(), value.clone());
            }
        }
        map
    }

    fn warnings(want: &Desired, have: Option<&Live>) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        if want.source_was_unknown {
            all.extend(check::remarks(&want.definition.source));
        }
        if let Some(have) = have
            && have.borrowed
        {
            all.push(
                Diagnostic::warning("someone else's rule admits this address already")
                    .detail(format!(
                        "{} is {}. EC2 takes no second rule for the same address; when that one goes, `cruddur-infra \
                         refresh-ip` makes one of your own.",
                        have.rule.id,
                        have.rule.whose()
                    )),
            );
        }
        all
    }

    fn uses_current_ip(spec: &Spec) -> bool {
        desired::is_personal(spec)
    }

    fn claims(spec: &Spec, facts: &Facts) -> serde_json::Value {
        check::claims(spec, facts)
    }

    fn check(spec: &Spec, facts: &Facts, others: &Claims) -> Vec<Complaint> {
        check::check(spec, facts, others)
    }

    async fn read(&self, key: &Key) -> Result<Option<Live>, Fault> {
        let found = live::pick(key, api::rules(&self.clients.ec2, &key.group).await?);
        let mut written = self.written();
        let name = (key.group.clone(), key.addr.clone());
        let Some(memory) = written.get_mut(&name) else {
            return Ok(found);
        };
        let (live, done) = memory.seen(found);
        if done {
            written.remove(&name);
        }
        Ok(live)
    }

    async fn create(&self, want: &Desired) -> Result<(), Fault> {
        let rule = api::create(&self.clients.ec2, want).await?;
        if let Some(rule) = rule {
            let rule = Rule {
                tags: want.all_tags(),
                ..rule
            };
            self.remember(&want.key.group, &want.key.addr, Some(rule));
        }
        Ok(())
    }

    async fn update(&self, want: &Desired, have: &Live, diff: &Diff) -> Result<(), Fault> {
        let ec2 = &self.clients.ec2;
        let (group, addr) = (&want.key.group, &want.key.addr);
        self.forget(group, addr);
        if diff.has("expired") {
            api::revoke(ec2, group, &have.expired).await?;
        }
        if diff.has("duplicates") {
            // one of them may be what stands in the way of the change below
            api::revoke(ec2, group, &have.duplicates).await?;
        }
        if have.twin.is_some() && have.rule.definition != want.definition {
            // a colleague's rule admits this address, and EC2 takes no second one
            return api::revoke(ec2, group, std::slice::from_ref(&have.rule.id)).await;
        }
        if diff::redefines(diff) {
            let rule = api::modify(ec2, want, have).await?;
            self.remember(group, addr, Some(rule));
        }
        api::retag(ec2, &have.rule, want, diff).await
    }

    async fn delete(&self, have: &Live, facts: &Facts) -> Result<(), Fault> {
        let addr = facts.addr.to_string();
        if have.borrowed {
            self.remember(&have.rule.group, &addr, None);
            return Ok(());
        }
        self.forget(&have.rule.group, &addr);
        let mut ids = vec![have.rule.id.clone()];
        ids.extend(have.duplicates.clone());
        api::revoke(&self.clients.ec2, &have.rule.group, &ids).await
    }

    async fn remains(&self, key: &Key, facts: &Facts) -> Remains {
        let rules = api::rules(&self.clients.ec2, &key.group).await;
        let mut remains = Remains::default();
        let others = rules.map(|all| {
            let others = all.iter().filter(|rule| self.is_of_others(rule, key));
            others
                .map(|rule| left(&facts.addr, rule, &facts.stack.region))
                .collect()
        });
        remains.note(&facts.addr, "other people's rules", others);
        remains
    }

    async fn find_owned(&self, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
        let rules = api::tagged(&self.clients.ec2, stack).await?;
        Ok(rules
            .into_iter()
            .filter(|rule| self.is_for_us(rule))
            .filter_map(|rule| {
                Some(Found {
                    addr: rule.tags.get(crate::aws::ADDR_TAG)?.clone(),
                    id: rule.id.clone(),
                    live: Live {
                        rule,
                        duplicates: Vec::new(),
                        expired: Vec::new(),
                        twin: None,
                        borrowed: false,
                        settling: false,
                    },
                })
            })
            .collect())
    }
}

/// A rule that lets somebody else in, to something that is gone.
fn left(addr: &Addr, rule: &Rule, region: &str) -> Remnant {
    let d = &rule.definition;
    Remnant {
        addr: addr.to_string(),
        what: "security group rule".to_owned(),
        id: rule.id.clone(),
        about: format!(
            "lets {} in to port {} of {}: {}",
            d.source,
            d.ports_text(),
            rule.group,
            rule.whose()
        ),
        passes: None,
        cost: None,
        remove: Some(format!(
            "aws ec2 revoke-security-group-ingress --region {region} --group-id {} --security-group-rule-ids {}",
            rule.group, rule.id
        )),
    }
}

impl SecurityGroupRule {
    /// This stack's, and somebody else's.
    fn is_of_others(&self, rule: &Rule, key: &Key) -> bool {
        rule.tags.get(STACK_TAG) == Some(&key.stack) && !self.is_for_us(rule)
    }

    /// Other people's rules for their machines are theirs to remove, not orphans of this run's.
    fn is_for_us(&self, rule: &Rule) -> bool {
        let owner = rule.tags.get(OWNER_TAG);
        let workspace = rule.tags.get(WORKSPACE_TAG);
        match (owner, workspace, &self.who) {
            (None, None, _) => true,
            (o, w, Some((owner, workspace))) => o == Some(owner) && w == Some(workspace),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
