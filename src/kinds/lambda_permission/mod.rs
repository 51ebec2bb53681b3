//! `lambda_permissions`: statements in a function's own policy. A trigger in a user pool does nothing without one, and
//! AWS's console is the only client that makes it by itself (aws-facts §4.5).

mod api;
mod function;
mod live;
mod spec;
mod statement;

#[cfg(test)]
mod tests;

pub use function::Function;
pub use live::{Desired, Key, Live, Source};
pub use spec::Spec;
pub use statement::{Ids, Statement};

use crate::aws::{Clients, after_changes, functions_of};
use crate::model::{
    Action, Addr, ApiCall, Class, Diagnostic, Diff, Fault, Outputs, Owner, Readiness, Shown,
};
use crate::resource::{
    Claims, Complaint, Facts, Found, Input, OutputDecl, Resource, Unresolved, Wait,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The kind `lambda_permission`.
pub struct LambdaPermission {
    clients: Clients,
}

impl LambdaPermission {
    /// Makes the kind.
    pub fn new(clients: Clients) -> Self {
        LambdaPermission { clients }
    }
}

fn ids(spec: &Spec, addr: &Addr) -> Ids {
    match &spec.statement_id {
        Some(id) => Ids::given(id),
        None => Ids::of_entry(&addr.name),
    }
}

/// Names an entry's statements. The slash keeps the function's name from looking like the beginning of it.
fn id(function: &str, ids: &Ids) -> String {
    format!("{function}/{}", ids.0[0])
}

fn or_default(
    facts: &Facts,
    input: Option<&Input<String>>,
    default: &str,
) -> Result<String, Unresolved> {
    input.map_or_else(|| Ok(default.to_owned()), |given| facts.get(given))
}

fn pool_prefix(facts: &Facts) -> String {
    let stack = &facts.stack;
    format!(
        "arn:{}:cognito-idp:{}:{}:userpool/",
        stack.partition, stack.region, stack.account
    )
}

impl Resource for LambdaPermission {
    const KIND: &'static str = "lambda_permission";
    const SECTION: &'static str = "lambda_permissions";
    const ABOUT: &'static str =
        "A permission for somebody, by default Cognito, to invoke a function.";
    const OUTPUTS: &'static [OutputDecl] = &[
        OutputDecl::plain("function", "The function's name."),
        OutputDecl::plain("source_arn", "The ARN on whose behalf it may be invoked."),
        OutputDecl::plain(
            "id",
            "The function's name and the statement's id, with a slash between.",
        ),
    ];
    const WAIT: Wait = Wait {
        every: 2.0,
        up_to: 120.0,
        typical: 1.0,
    };
    // the policy of every function of the stack is read
    const FINDING_IS_DEAR: bool = true;
    type Spec = Spec;
    type Key = Key;
    type Desired = Desired;
    type Live = Live;

    fn key(spec: &Spec, facts: &Facts) -> Result<Key, Unresolved> {
        // the statement lives in the function and dies with it
        Ok(Key {
            function: Function::parse(&facts.get(&spec.function)?),
            ids: ids(spec, &facts.addr),
            user_pool: spec.user_pool.as_ref().map(|p| facts.get(p)).transpose()?,
            pool_prefix: pool_prefix(facts),
        })
    }

    fn named(spec: &Spec, facts: &Facts) -> BTreeMap<&'static str, String> {
        match Self::key(spec, facts) {
            Ok(key) => [("function", key.function.name)].into(),
            Err(_) => BTreeMap::new(),
        }
    }

    fn named_live(have: &Live) -> BTreeMap<&'static str, String> {
        [("function", have.function.name.clone())].into()
    }

    fn desired(spec: &Spec, facts: &Facts) -> Result<Desired, Unresolved> {
        let source = match (&spec.user_pool, &spec.source_arn) {
            (Some(pool), None) => Source::UserPool(facts.get(pool)?),
            (None, Some(arn)) => Source::Arn(facts.get(arn)?),
            _ => return Err(Unresolved::wrong(ONE_SOURCE)),
        };
        Ok(Desired {
            function: Function::parse(&facts.get(&spec.function)?),
            ids: ids(spec, &facts.addr),
            principal: or_default(facts, spec.principal.as_ref(), "cognito-idp.amazonaws.com")?,
            action: or_default(facts, spec.action.as_ref(), "lambda:InvokeFunction")?,
            source,
            source_account: or_default(facts, spec.source_account.as_ref(), &facts.stack.account)?,
            pool_prefix: pool_prefix(facts),
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

    fn outputs(spec: &Spec, facts: &Facts, have: &Live) -> Outputs {
        let function = &have.function.name;
        let mut outputs: Outputs = [
            ("function".to_owned(), function.clone().into()),
            (
                "id".to_owned(),
                id(function, &ids(spec, &facts.addr)).into(),
            ),
        ]
        .into();
        // what should be there, not what is: an update must not change an output
        let arn = match &spec.source_arn {
            Some(arn) => facts.get(arn).ok(),
            None => have.pool_arn.clone(),
        };
        if let Some(arn) = arn {
            outputs.insert("source_arn".to_owned(), arn.into());
        }
        outputs
    }

    fn owner(_: &Live, _: &str) -> Owner {
        Owner::Untaggable
    }

    fn calls(action: Action, diff: &Diff) -> Vec<ApiCall> {
        let names: &[(&str, bool)] = match action {
            Action::Create => &[("AddPermission", true)],
            Action::Update | Action::Adopt => &[
                // whatever differs besides leftovers is written anew
                ("AddPermission", diff.0.iter().any(|f| f.path != "stale")),
                ("RemovePermission", diff.has("stale")),
            ],
            Action::Replace => &[("RemovePermission", true), ("AddPermission", true)],
            Action::Delete => &[("RemovePermission", true)],
            Action::NoOp | Action::Wait | Action::Forget => &[],
        };
        let used = names.iter().filter(|(_, used)| *used);
        used.map(|(name, _)| ApiCall::new("lambda", name)).collect()
    }

    fn lock(key: &Key) -> Option<String> {
        // a function has one policy, and one update at a time
        Some(format!("lambda_function:{}", key.function.name))
    }

    fn details(have: &Live) -> BTreeMap<String, String> {
        let ids: Vec<&str> = have.statements.iter().map(|s| s.id.as_str()).collect();
        [("statement".to_owned(), ids.join(", "))].into()
    }

    fn claims(spec: &Spec, facts: &Facts) -> Value {
        match facts.get(&spec.function) {
            Ok(function) => json!({
                "function": Function::parse(&function).name,
                "statements": ids(spec, &facts.addr).0,
            }),
            Err(_) => Value::Null,
        }
    }

    fn check(spec: &Spec, facts: &Facts, others: &Claims) -> Vec<Complaint> {
        let mut found = Vec::new();
        let mut wrong = |path: &str, what: String| {
            found.push(Complaint {
                path: path.to_owned(),
                diagnostic: Diagnostic::error("Lambda would refuse this permission").detail(what),
            });
        };
        if spec.user_pool.is_some() == spec.source_arn.is_some() {
            wrong("", ONE_SOURCE.to_owned());
        }
        let ids = ids(spec, &facts.addr);
        for id in &ids.0 {
            let fits = (1..=100).contains(&id.len())
                && id
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            if !fits {
                let what = "a statement id has at most 98 letters, digits, `-` and `_`: a change needs a second id, two characters longer";
                wrong("statement_id", what.to_owned());
                break;
            }
        }
        if let Some(Ok(arn)) = spec.source_arn.as_ref().map(|a| facts.get(a))
            && !arn.starts_with("arn:")
        {
            wrong("source_arn", format!("`{arn}` is no ARN"));
        }
        if let Some(Ok(account)) = spec.source_account.as_ref().map(|a| facts.get(a))
            && (account.len() != 12 || !account.chars().all(|c| c.is_ascii_digit()))
        {
            wrong(
                "source_account",
                format!("`{account}` is no account number"),
            );
        }
        if let Ok(function) = facts.get(&spec.function) {
            let name = Function::parse(&function).name;
            for (addr, claim) in others.iter().filter(|(addr, _)| **addr != facts.addr) {
                let same = claim["function"] == json!(name)
                    && claim["statements"]
                        .as_array()
                        .is_some_and(|theirs| ids.0.iter().any(|id| theirs.contains(&json!(id))));
                if addr.kind == Self::KIND && same {
                    wrong(
                        "statement_id",
                        format!("{addr} uses the same id in the same policy"),
                    );
                }
            }
        }
        found
    }

    async fn read(&self, key: &Key) -> Result<Option<Live>, Fault> {
        let Some((policy, revision)) = api::policy(&self.clients, &key.function).await? else {
            return Ok(None);
        };
        let statements = statement::ours(&policy, &key.ids).map_err(unreadable)?;
        if statements.is_empty() {
            return Ok(None);
        }
        let pool_arn = match &key.user_pool {
            None => None,
            Some(given) => match api::pool_arn(&self.clients, &key.pool_prefix, given).await {
                Ok(arn) => Some(arn),
                // a permission for a pool that is gone must still be seen, and be removable
                Err(fault) if fault.class == Class::NotFound => None,
                Err(fault) => return Err(fault),
            },
        };
        Ok(Some(Live {
            function: key.function.clone(),
            statements,
            pool_arn,
            revision,
        }))
    }

    async fn create(&self, want: &Desired) -> Result<(), Fault> {
        let source = self.source(want).await?;
        api::add(&self.clients, want, &want.ids.0[0], &source, None).await
    }

    async fn update(&self, want: &Desired, have: &Live, _: &Diff) -> Result<(), Fault> {
        let mut stale = have.stale(want);
        let mut changed = false;
        if have.right(want).is_none() {
            let source = self.source(want).await?;
            let id = want.ids.free(&have.statements);
            let mut revision = have.revision.as_deref();
            // neither of two is right: one makes room, the other keeps the function callable meanwhile
            if let Some(at) = stale.iter().position(|s| s.id == id) {
                let old = stale.remove(at);
                api::remove(&self.clients, &have.function, &old.id).await?;
                changed = true;
                revision = None;
            }
            api::add(&self.clients, want, id, &source, revision)
                .await
                .map_err(|fault| match fault.class {
                    // the id was free a moment ago: somebody is at work there, or it is our own lost reply
                    Class::Conflict => after_changes(
                        changed,
                        Fault {
                            class: Class::Busy,
                            ..fault
                        },
                    ),
                    _ => after_changes(changed, fault),
                })?;
            changed = true;
        }
        for old in stale {
            api::remove(&self.clients, &have.function, &old.id)
                .await
                .map_err(|fault| after_changes(changed, fault))?;
            changed = true;
        }
        Ok(())
    }

    async fn delete(&self, have: &Live, _: &Facts) -> Result<(), Fault> {
        let mut changed = false;
        for old in &have.statements {
            api::remove(&self.clients, &have.function, &old.id)
                .await
                .map_err(|fault| after_changes(changed, fault))?;
            changed = true;
        }
        Ok(())
    }

    /// A statement has no tags, but its id has the entry's name, and the function has the stack's tag. One whose id is
    /// given in stack.yaml is not found.
    async fn find_owned(&self, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
        let mut found = Vec::new();
        for owned in functions_of(&self.clients, stack).await? {
            let function = Function::parse(&owned.name);
            let Some((policy, revision)) = api::policy(&self.clients, &function).await? else {
                continue;
            };
            for name in statement::entries(&policy).map_err(unreadable)? {
                let ids = Ids::of_entry(&name);
                found.push(Found {
                    addr: Addr::new(Self::KIND, &name).to_string(),
                    id: id(&function.name, &ids),
                    live: Live {
                        statements: statement::ours(&policy, &ids).map_err(unreadable)?,
                        function: function.clone(),
                        pool_arn: None,
                        revision: revision.clone(),
                    },
                });
            }
        }
        Ok(found)
    }
}

fn unreadable(why: String) -> Fault {
    Fault::new(
        "lambda:GetPolicy",
        Class::Transient,
        format!("the policy cannot be read: {why}"),
    )
}

const ONE_SOURCE: &str = "write exactly one of `user_pool` and `source_arn`";

impl LambdaPermission {
    async fn source(&self, want: &Desired) -> Result<String, Fault> {
        match &want.source {
            Source::Arn(arn) => Ok(arn.clone()),
            Source::UserPool(given) => api::pool_arn(&self.clients, &want.pool_prefix, given).await,
        }
    }
}
