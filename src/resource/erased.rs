//! The erasure: a typed kind with its spec becomes an object that speaks only plain data.

use super::{
    AssetRequest, Claims, Complaint, Doomed, Facts, Implied, OnDestroy, OutputDecl, Reach,
    Resource, Unresolved, Wait, not_seen,
};
use crate::aws::actions::allowed_by;
use crate::model::{
    Action, Addr, ApiCall, Around, Change, Class, Diagnostic, Diff, Fault, Observed, OutputRef,
    Outputs, Owner, Presence, Readiness, Remains, Remnant, Verdict,
};
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// A kind together with one entry's spec.
pub struct Entry<R: Resource> {
    /// The kind, with its clients.
    pub kind: Arc<R>,
    /// What is written in stack.yaml.
    pub spec: R::Spec,
}

/// What became of the attempt to look at an object before everything around it is known.
pub enum Look<'a> {
    /// It can be looked at now.
    Now(BoxFuture<'a, Result<Box<dyn Looked + 'a>, Fault>>),
    /// It cannot be found before these are known.
    Later(Vec<OutputRef>),
    /// It will never be found.
    Never(Fault),
}

/// An object that was looked at and is not compared yet.
pub trait Looked: Send {
    /// Compares, with what is known by now.
    ///
    /// # Errors
    /// Where the spec cannot be resolved, and waiting will not mend it.
    fn compare(&self, facts: &Facts) -> Result<Observed, Fault>;
}

struct LookedAt<'a, R: Resource> {
    entry: &'a Entry<R>,
    live: Option<R::Live>,
}

/// An entry as engine and loader see it.
#[allow(missing_docs)]
pub trait Managed: Send + Sync {
    fn kind(&self) -> &'static str;
    fn wait(&self) -> Wait;
    fn reach(&self) -> Reach;
    fn on_destroy(&self) -> OnDestroy;
    fn holds_data(&self) -> bool;
    fn follows(&self) -> bool;
    fn lives_in(&self) -> Option<Addr>;
    fn stoppable(&self) -> bool;
    fn outlives(&self) -> bool;
    fn outputs(&self) -> &'static [OutputDecl];
    fn references(&self) -> Vec<OutputRef>;
    fn assets(&self) -> Vec<AssetRequest>;
    fn uses_current_ip(&self) -> bool;
    fn implies(&self, addr: &Addr) -> Vec<Implied>;
    fn claims(&self, facts: &Facts) -> serde_json::Value;
    fn check(&self, facts: &Facts, others: &Claims) -> Vec<Complaint>;
    fn foretold(&self, facts: &Facts) -> Outputs;
    fn calls(&self, action: Action, diff: &Diff, around: Option<Around>) -> Vec<ApiCall>;
    fn lock(&self, facts: &Facts) -> Option<String>;
    /// Starts to look at the object, as soon as it is known what it is found by.
    fn look<'a>(&'a self, facts: &Facts) -> Look<'a>;
    /// Looks at the object and compares it.
    fn observe<'a>(&'a self, facts: &'a Facts) -> BoxFuture<'a, Result<Observed, Fault>>;
    /// Makes the object.
    fn create<'a>(&'a self, facts: &'a Facts) -> BoxFuture<'a, Result<(), Fault>>;
    /// Looks again, and changes what still differs and was promised. `made` says that this step has made the object.
    fn update<'a>(
        &'a self,
        facts: &'a Facts,
        promised: &'a Change,
        made: bool,
    ) -> BoxFuture<'a, Result<(), Fault>>;
    /// Deletes the object, where it is there and ours to delete.
    fn delete<'a>(&'a self, facts: &'a Facts) -> BoxFuture<'a, Result<(), Fault>>;
    /// Looks for what the deletion would run into, or would break for others.
    fn in_the_way<'a>(
        &'a self,
        facts: &'a Facts,
        doomed: &'a Doomed,
    ) -> BoxFuture<'a, Vec<Diagnostic>>;
    /// Looks for what stays once the object is deleted.
    fn remains<'a>(&'a self, facts: &'a Facts) -> BoxFuture<'a, Remains>;
    /// Looks for what is still there of a deleted object, and goes by itself.
    fn lingers<'a>(&'a self, facts: &'a Facts) -> BoxFuture<'a, Result<Vec<Remnant>, Fault>>;
    /// Looks for what the user should know before it is stopped.
    fn before_stop<'a>(&'a self, facts: &'a Facts)
    -> BoxFuture<'a, Result<Vec<Diagnostic>, Fault>>;
    fn stop<'a>(&'a self, facts: &'a Facts) -> BoxFuture<'a, Result<(), Fault>>;
    /// Sets or takes off the mark that it is to be stopped again.
    fn mark_to_stop<'a>(&'a self, facts: &'a Facts, on: bool) -> BoxFuture<'a, Result<(), Fault>>;
    fn start<'a>(&'a self, facts: &'a Facts) -> BoxFuture<'a, Result<(), Fault>>;
}

impl<R: Resource> Entry<R> {
    /// Adds to a denied call what would allow it, for this object.
    fn explained(&self, fault: Fault, facts: &Facts) -> Fault {
        if fault.class != Class::Denied {
            return fault;
        }
        allowed_by(fault, &facts.stack.place(R::named(&self.spec, facts)))
    }

    /// The same, where the object is known: what the file calls it may not be what its ARN has.
    fn explained_of(&self, fault: Fault, facts: &Facts, have: &R::Live) -> Fault {
        if fault.class != Class::Denied {
            return fault;
        }
        let mut names = R::named(&self.spec, facts);
        names.extend(R::named_live(have));
        allowed_by(fault, &facts.stack.place(names))
    }

    async fn live(&self, facts: &Facts) -> Result<Option<R::Live>, Fault> {
        let key = R::key(&self.spec, facts).map_err(|u| unresolved(R::KIND, u))?;
        let read = self.kind.read(&key).await;
        read.map_err(|f| self.explained(f, facts))
    }

    async fn must_live(&self, facts: &Facts) -> Result<R::Live, Fault> {
        self.live(facts).await?.ok_or_else(|| {
            Fault::new(
                R::KIND,
                Class::NotFound,
                format!("{} is not there any more", facts.addr),
            )
        })
    }
}

/// What is missing becomes a fault: at this point everything was promised to be known.
fn unresolved(kind: &str, u: Unresolved) -> Fault {
    if let Some(wrong) = u.wrong.first() {
        return Fault::new(kind, Class::Invalid, wrong.clone());
    }
    let names: Vec<_> = u.waits_for.iter().map(ToString::to_string).collect();
    Fault::new(
        kind,
        Class::Surprise,
        format!("still unknown: {}", names.join(", ")),
    )
}

impl<R: Resource> Managed for Entry<R> {
    fn kind(&self) -> &'static str {
        R::KIND
    }
    fn wait(&self) -> Wait {
        R::WAIT
    }
    fn reach(&self) -> Reach {
        R::REACH
    }
    fn on_destroy(&self) -> OnDestroy {
        R::ON_DESTROY
    }
    fn holds_data(&self) -> bool {
        R::HOLDS_DATA
    }
    fn follows(&self) -> bool {
        R::FOLLOWS
    }
    fn lives_in(&self) -> Option<Addr> {
        R::lives_in(&self.spec)
    }
    fn stoppable(&self) -> bool {
        R::STOPPABLE
    }
    fn outlives(&self) -> bool {
        R::OUTLIVES
    }
    fn outputs(&self) -> &'static [OutputDecl] {
        R::OUTPUTS
    }
    fn references(&self) -> Vec<OutputRef> {
        R::references(&self.spec)
    }
    fn assets(&self) -> Vec<AssetRequest> {
        R::assets(&self.spec)
    }
    fn uses_current_ip(&self) -> bool {
        R::uses_current_ip(&self.spec)
    }
    fn implies(&self, addr: &Addr) -> Vec<Implied> {
        R::implies(addr, &self.spec)
    }
    fn claims(&self, facts: &Facts) -> serde_json::Value {
        R::claims(&self.spec, facts)
    }
    fn check(&self, facts: &Facts, others: &Claims) -> Vec<Complaint> {
        R::check(&self.spec, facts, others)
    }
    fn foretold(&self, facts: &Facts) -> Outputs {
        R::foretold(&self.spec, facts)
    }
    fn calls(&self, action: Action, diff: &Diff, around: Option<Around>) -> Vec<ApiCall> {
        let calls = R::calls(action, diff);
        match around {
            Some(around) => R::calls_around(around, calls),
            None => calls,
        }
    }
    fn lock(&self, facts: &Facts) -> Option<String> {
        R::key(&self.spec, facts).ok().and_then(|k| R::lock(&k))
    }

    fn look<'a>(&'a self, facts: &Facts) -> Look<'a> {
        let key = match R::key(&self.spec, facts) {
            Ok(key) => key,
            Err(u) if u.wrong.is_empty() => return Look::Later(u.waits_for),
            Err(u) => return Look::Never(unresolved(R::KIND, u)),
        };
        let facts = facts.clone();
        Look::Now(Box::pin(async move {
            let live = self.kind.read(&key).await;
            let live = live.map_err(|f| self.explained(f, &facts))?;
            Ok(Box::new(LookedAt { entry: self, live }) as Box<dyn Looked + 'a>)
        }))
    }

    fn observe<'a>(&'a self, facts: &'a Facts) -> BoxFuture<'a, Result<Observed, Fault>> {
        Box::pin(async move {
            match self.look(facts) {
                Look::Now(look) => look.await?.compare(facts),
                Look::Later(waits_for) => Ok(Observed::Unknowable { waits_for }),
                Look::Never(fault) => Err(fault),
            }
        })
    }

    fn create<'a>(&'a self, facts: &'a Facts) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let want = R::desired(&self.spec, facts).map_err(|u| unresolved(R::KIND, u))?;
            let made = self.kind.create(&want).await;
            made.map_err(|f| self.explained(f, facts))
        })
    }

    fn update<'a>(
        &'a self,
        facts: &'a Facts,
        promised: &'a Change,
        made: bool,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let want = R::desired(&self.spec, facts).map_err(|u| unresolved(R::KIND, u))?;
            let have = self.must_live(facts).await?;
            let fin = R::diff(&want, &have);
            if fin.is_empty() {
                return Ok(());
            }
            let run = facts.stack.run.as_str();
            let by_us = made || R::made_by(&have).is_some_and(|maker| maker == run);
            let mut open = fin.clone();
            open.0
                .retain(|field| !R::TIDIES.contains(&field.path.as_str()));
            promised.admits(&open, by_us).map_err(|what| {
                Fault::new(R::KIND, Class::Surprise, what)
                    .help("the world has moved since the plan was made: plan again")
            })?;
            let changed = self.kind.update(&want, &have, &fin).await;
            changed.map_err(|f| self.explained_of(f, facts, &have))
        })
    }

    fn delete<'a>(&'a self, facts: &'a Facts) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let Some(have) = self.live(facts).await? else {
                return Ok(());
            };
            // looked at again because the world may have moved since the guards were checked
            match R::owner(&have, &facts.stack.stack) {
                Owner::Ours | Owner::Untaggable => {}
                owner => {
                    let whose = match owner {
                        Owner::Other(stack) => format!("belongs to stack {stack}"),
                        _ => "has no tag of this stack".to_owned(),
                    };
                    let what = format!("{} {whose}, and is not this stack's to delete", facts.addr);
                    return Err(Fault::new(R::KIND, Class::Surprise, what)
                        .help("the world has moved since the plan was made: plan again"));
                }
            }
            if let Some(why) = R::guard(&have, facts) {
                return Err(Fault::new(R::KIND, Class::Surprise, why));
            }
            let deleted = self.kind.delete(&have, facts).await;
            deleted.map_err(|f| self.explained_of(f, facts, &have))
        })
    }

    fn in_the_way<'a>(
        &'a self,
        facts: &'a Facts,
        doomed: &'a Doomed,
    ) -> BoxFuture<'a, Vec<Diagnostic>> {
        Box::pin(async move {
            let found = match self.live(facts).await {
                Ok(Some(have)) => {
                    let want = R::desired(&self.spec, facts).ok();
                    self.kind
                        .in_the_way(want.as_ref(), &have, facts, doomed)
                        .await
                }
                Ok(None) => Vec::new(),
                Err(fault) => vec![not_seen("what may be in the way", &fault)],
            };
            found.into_iter().map(|d| d.at(&facts.addr)).collect()
        })
    }

    fn remains<'a>(&'a self, facts: &'a Facts) -> BoxFuture<'a, Remains> {
        Box::pin(async move {
            match R::key(&self.spec, facts) {
                Ok(key) => remains_of(self.kind.as_ref(), &key, facts).await,
                // what it was found by went with what it lived in
                Err(_) => Remains::default(),
            }
        })
    }

    fn lingers<'a>(&'a self, facts: &'a Facts) -> BoxFuture<'a, Result<Vec<Remnant>, Fault>> {
        Box::pin(async move {
            match R::key(&self.spec, facts) {
                Ok(key) => {
                    let lingers = self.kind.lingers(&key, facts).await;
                    lingers.map_err(|f| self.explained(f, facts))
                }
                Err(_) => Ok(Vec::new()),
            }
        })
    }

    fn before_stop<'a>(
        &'a self,
        facts: &'a Facts,
    ) -> BoxFuture<'a, Result<Vec<Diagnostic>, Fault>> {
        Box::pin(async move {
            let have = self.live(facts).await?;
            let found = have.map(|have| R::before_stop(&have)).unwrap_or_default();
            Ok(found.into_iter().map(|d| d.at(&facts.addr)).collect())
        })
    }

    fn stop<'a>(&'a self, facts: &'a Facts) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let stopped = self.kind.stop(&self.must_live(facts).await?).await;
            stopped.map_err(|f| self.explained(f, facts))
        })
    }

    fn mark_to_stop<'a>(&'a self, facts: &'a Facts, on: bool) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let have = self.must_live(facts).await?;
            let marked = self.kind.mark_to_stop(&have, on).await;
            marked.map_err(|f| self.explained(f, facts))
        })
    }

    fn start<'a>(&'a self, facts: &'a Facts) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let started = self.kind.start(&self.must_live(facts).await?).await;
            started.map_err(|f| self.explained(f, facts))
        })
    }
}

pub(super) async fn remains_of<R: Resource>(kind: &R, key: &R::Key, facts: &Facts) -> Remains {
    let (mut remains, lingers) =
        futures_util::future::join(kind.remains(key, facts), kind.lingers(key, facts)).await;
    remains.note(&facts.addr, "what goes by itself", lingers);
    remains
}

impl<R: Resource> Looked for LookedAt<'_, R> {
    fn compare(&self, facts: &Facts) -> Result<Observed, Fault> {
        let spec = &self.entry.spec;
        let want = match R::desired(spec, facts) {
            Err(u) if !u.wrong.is_empty() => return Err(unresolved(R::KIND, u)),
            other => other,
        };
        // what is on its way out is not compared either: it is made anew
        let readiness = self.live.as_ref().map(R::readiness);
        let stays = |_: &&R::Live| !matches!(readiness, Some(Readiness::Leaving(_)));
        let (verdict, warnings) = match want {
            Ok(want) => (
                Verdict::Diff(match self.live.as_ref().filter(stays) {
                    Some(have) => R::diff(&want, have),
                    None => Diff::of_new(R::fields(&want)),
                }),
                // which entry it is that they are about only the facts know
                R::warnings(&want, self.live.as_ref())
                    .into_iter()
                    .map(|warning| warning.at(&facts.addr))
                    .collect(),
            ),
            Err(u) => (
                Verdict::Deferred {
                    waits_for: u.waits_for,
                },
                Vec::new(),
            ),
        };
        let (Some(have), Some(readiness)) = (&self.live, readiness) else {
            return Ok(Observed::Absent { verdict, warnings });
        };
        let must_run = match &verdict {
            _ if !R::STOPPABLE || readiness.rests().is_none() => false,
            Verdict::Diff(diff) => !diff.is_empty() && R::must_run(diff),
            Verdict::Deferred { .. } => true,
        };
        Ok(Observed::Present(Box::new(Presence {
            outputs: R::outputs(spec, facts, have),
            readiness,
            verdict,
            owner: R::owner(have, &facts.stack.stack),
            must_run,
            to_stop: R::STOPPABLE && R::to_stop(have),
            guard: R::guard(have, facts),
            details: R::details(have),
            warnings,
        })))
    }
}
