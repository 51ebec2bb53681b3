//! `cognito_triggers`: one function on one occasion of a user pool that exists. Of the pool this kind owns that one
//! setting, and it never creates, replaces or deletes a pool.
//!
//! A trigger has no tags, but the function that it calls has: a trigger is this stack's where the function is. So a
//! renamed function is still known, and one that was deleted by hand leaves a trigger that anyone may clear. Where the
//! function is somebody else's, `destroy` leaves the trigger alone, and `apply` takes it over only where the user says
//! so.

mod api;
mod live;
mod owned;
pub mod pool;
pub mod round_trip;
mod spec;

#[cfg(test)]
mod api_tests;
#[cfg(test)]
mod pool_tests;
#[cfg(test)]
mod round_trip_tests;
#[cfg(test)]
mod tests;

pub use live::{Desired, Key, Live, Whose, unqualified};
pub use spec::{Spec, Trigger};

use crate::aws::{Clients, user_pool_id};
use crate::model::{
    Action, Addr, ApiCall, Class, Diagnostic, Diff, Fault, Outputs, Owner, Readiness, Remains,
    Remnant, Shown,
};
use crate::resource::{
    Claims, Complaint, Facts, Found, Implied, OutputDecl, Resource, Unresolved, Wait,
};
use round_trip::{Setting, UPDATE, Wire};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The kind `cognito_trigger`.
pub struct CognitoTrigger {
    clients: Clients,
}

impl CognitoTrigger {
    /// Makes the kind.
    pub fn new(clients: Clients) -> Self {
        CognitoTrigger { clients }
    }

    /// Returns the pool's id. A pool that is not there is an error and not absence: it is not ours to make.
    async fn pool_id(&self, given: &str) -> Result<String, Fault> {
        user_pool_id(&self.clients, given)
            .await
            .map_err(|fault| match fault.class {
                Class::NotFound => Fault {
                    class: Class::Invalid,
                    ..fault
                },
                _ => fault,
            })
    }
}

impl Resource for CognitoTrigger {
    const KIND: &'static str = "cognito_trigger";
    const SECTION: &'static str = "cognito_triggers";
    const ABOUT: &'static str =
        "A function that an existing Cognito user pool calls on some occasion.";
    const OUTPUTS: &'static [OutputDecl] = &[
        OutputDecl::plain("user_pool_id", "The user pool's id."),
        OutputDecl::plain("user_pool_arn", "The user pool's ARN."),
        OutputDecl::plain(
            "id",
            "The user pool's id and the occasion, with a slash between.",
        ),
    ];
    const WAIT: Wait = Wait {
        every: 2.0,
        up_to: 120.0,
        typical: 2.0,
    };
    // every user pool of the region is described
    const FINDING_IS_DEAR: bool = true;
    type Spec = Spec;
    type Key = Key;
    type Desired = Desired;
    type Live = Live;

    fn key(spec: &Spec, facts: &Facts) -> Result<Key, Unresolved> {
        // not needed to find it, so it may be unknown: the trigger does not die with the function
        let function: Option<String> = facts.get(&spec.function).ok();
        Ok(Key {
            user_pool: facts.get(&spec.user_pool)?,
            trigger: spec.trigger,
            function: function.map(|arn| unqualified(&arn).to_owned()),
            stack: facts.stack.stack.clone(),
        })
    }

    fn named(spec: &Spec, facts: &Facts) -> BTreeMap<&'static str, String> {
        // a pool may be given by its name, which no ARN has
        let mut names = facts.names([("user_pool", Some(&spec.user_pool))]);
        names.retain(|_, id| id.starts_with(&format!("{}_", facts.stack.region)));
        names
    }

    fn named_live(have: &Live) -> BTreeMap<&'static str, String> {
        [("user_pool", have.pool_id.clone())].into()
    }

    fn desired(spec: &Spec, facts: &Facts) -> Result<Desired, Unresolved> {
        Ok(Desired {
            user_pool: facts.get(&spec.user_pool)?,
            trigger: spec.trigger,
            function: facts.get(&spec.function)?,
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
        let mut outputs: Outputs = [
            ("user_pool_id".to_owned(), have.pool_id.clone().into()),
            (
                "id".to_owned(),
                owned::id(&have.pool_id, have.trigger).into(),
            ),
        ]
        .into();
        if let Some(arn) = &have.pool_arn {
            outputs.insert("user_pool_arn".to_owned(), arn.clone().into());
        }
        outputs
    }

    fn owner(have: &Live, _: &str) -> Owner {
        match have.whose {
            Whose::Ours | Whose::Gone => Owner::Untaggable,
            Whose::Foreign => Owner::Nobody,
        }
    }

    fn calls(action: Action, _: &Diff) -> Vec<ApiCall> {
        match action {
            Action::Create | Action::Update | Action::Adopt | Action::Replace | Action::Delete => {
                vec![ApiCall::new("cognito-idp", "UpdateUserPool")]
            }
            Action::NoOp | Action::Wait | Action::Forget => Vec::new(),
        }
    }

    fn lock(_: &Key) -> Option<String> {
        // every trigger of a pool is set by sending the whole pool, and two entries may name one pool in two ways
        Some("user_pools".to_owned())
    }

    fn details(have: &Live) -> BTreeMap<String, String> {
        let whose = match have.whose {
            Whose::Ours => "this stack's",
            Whose::Gone => "there is no such function: every call fails",
            Whose::Foreign => "not known to be this stack's: destroy leaves the trigger alone",
        };
        [
            ("calls".to_owned(), have.function.clone()),
            ("whose".to_owned(), whose.to_owned()),
        ]
        .into()
    }

    fn implies(addr: &Addr, spec: &Spec) -> Vec<Implied> {
        // without it a sign-up fails although the trigger is set (aws-facts §4.5)
        vec![Implied {
            addr: Addr::new("lambda_permission", &addr.name),
            spec: spec::permission(spec),
        }]
    }

    fn claims(spec: &Spec, facts: &Facts) -> Value {
        match facts.get(&spec.user_pool) {
            Ok(pool) => json!({ "user_pool": pool, "trigger": spec.trigger.member() }),
            Err(_) => Value::Null,
        }
    }

    fn check(spec: &Spec, facts: &Facts, others: &Claims) -> Vec<Complaint> {
        let mut found = Vec::new();
        if let Ok(function) = facts.get(&spec.function)
            && !(function.starts_with("arn:") && function.contains(":function:"))
        {
            found.push(Complaint {
                path: "function".to_owned(),
                diagnostic: Diagnostic::error("Cognito would refuse this trigger")
                    .detail(format!("`{function}` is no function's ARN."))
                    .help("write ${lambda_function.NAME.arn}"),
            });
        }
        let mine = Self::claims(spec, facts);
        for (addr, claim) in others.iter().filter(|(addr, _)| **addr != facts.addr) {
            if addr.kind == Self::KIND && !mine.is_null() && *claim == mine {
                found.push(Complaint {
                    path: "trigger".to_owned(),
                    diagnostic: Diagnostic::error("two entries set the same trigger").detail(
                        format!(
                            "{addr} sets it too, and a pool calls one function on each occasion."
                        ),
                    ),
                });
            }
        }
        found
    }

    async fn read(&self, key: &Key) -> Result<Option<Live>, Fault> {
        let id = self.pool_id(&key.user_pool).await?;
        let pool = api::Pools(&self.clients).describe(&id).await?;
        let Some(function) = pool::trigger_of(&pool, key.trigger.member()) else {
            return Ok(None);
        };
        let whose = if key.function.as_deref() == Some(unqualified(function)) {
            Whose::Ours
        } else {
            api::whose(&self.clients, function, &key.stack).await?
        };
        Ok(Some(Live {
            function: function.to_owned(),
            pool_arn: pool["Arn"].as_str().map(str::to_owned),
            pool_id: id,
            trigger: key.trigger,
            whose,
            pool,
        }))
    }

    async fn create(&self, want: &Desired) -> Result<(), Fault> {
        let id = self.pool_id(&want.user_pool).await?;
        let setting = Setting {
            id: &id,
            trigger: want.trigger.member(),
            arn: Some(&want.function),
            seen: None,
        };
        round_trip::set(&api::Pools(&self.clients), setting).await
    }

    async fn update(&self, want: &Desired, have: &Live, _: &Diff) -> Result<(), Fault> {
        let setting = Setting {
            id: &have.pool_id,
            trigger: want.trigger.member(),
            arn: Some(&want.function),
            seen: Some(&have.pool),
        };
        round_trip::set(&api::Pools(&self.clients), setting).await
    }

    async fn delete(&self, have: &Live, _: &Facts) -> Result<(), Fault> {
        // clearing somebody else's trigger would break their sign-ups
        if have.whose == Whose::Foreign {
            return Err(Fault::new(
                UPDATE,
                Class::Surprise,
                format!(
                    "the trigger {} calls {}, which is not this stack's; it stays as it is",
                    have.trigger.member(),
                    have.function
                ),
            )
            .help("clear it by hand if nobody needs it, or take the entry out of stack.yaml"));
        }
        let setting = Setting {
            id: &have.pool_id,
            trigger: have.trigger.member(),
            arn: None,
            seen: Some(&have.pool),
        };
        round_trip::set(&api::Pools(&self.clients), setting).await
    }

    async fn remains(&self, key: &Key, facts: &Facts) -> Remains {
        // known without a look: it is never touched but for the trigger
        let pool = Remnant {
            addr: facts.addr.to_string(),
            what: "user pool".to_owned(),
            id: key.user_pool.clone(),
            about: "untouched, with its users; never the stack's, and its price is not in the sum"
                .to_owned(),
            ..Remnant::default()
        };
        Remains {
            found: vec![pool],
            ..Remains::default()
        }
    }

    async fn find_owned(&self, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
        owned::find(&self.clients, stack).await
    }
}
