//! One step: looks, acts, looks again, until the object is as promised. The same loop makes, changes, completes and
//! waits, so that a step which was interrupted anywhere goes on from wherever the object is.

use super::apply::Emitter;
use super::around::Rest;
use super::progress::{LOOKS, Progress, Tries};
use super::wait::{Clock, Pace};
use crate::model::{
    Action, Addr, Change, Class, Event, Fault, Observed, Outputs, Owner, Presence, Readiness,
    Remnant, Residue, Verdict,
};
use crate::resource::{Facts, Managed, Wait};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_util::sync::CancellationToken;

/// What a step needs besides its change.
pub(super) struct Step<'a> {
    pub node: &'a dyn Managed,
    pub change: &'a Change,
    pub facts: Facts,
    pub clock: &'a dyn Clock,
    pub events: &'a Emitter,
    pub stop: &'a CancellationToken,
    /// Something that this step builds on was made or changed in this run.
    pub fresh_upstream: bool,
    /// Return when AWS has accepted.
    pub no_wait: bool,
    /// Wait for what goes by itself after a deletion as well.
    pub await_rest: bool,
    /// The answer to a call was lost, and nobody has looked since.
    pub lost: AtomicBool,
    /// A call of this step went through.
    pub acted: AtomicBool,
    /// It stood still, and was started for a change.
    pub woken: AtomicBool,
}

/// How a step ended well.
pub(super) enum Ended {
    /// The object is there and ready.
    Ready(Outputs),
    /// The object is gone, or was none of the step's business.
    Gone,
    /// AWS has accepted the change; it is not over.
    Accepted(String),
}

/// How what goes by itself after a deletion is waited for: interfaces of a function take up to three quarters of an hour
/// (aws-facts §4.7).
pub(super) const LINGERING: Wait = Wait {
    every: 20.0,
    up_to: 3600.0,
    typical: 1200.0,
};
/// How often a passing fault (throttling, a lost connection) is tried again, in a row: an instance is looked at for
/// many minutes, and a network may well fail more often than this on the way.
pub(super) const TRIES: u32 = 4;
/// How long something just made may stay unknown to other services (aws-facts §3.4), in AWS seconds: when it was made
/// in this run, and when it was not: a run that was killed may have made it a moment ago, and it may take two minutes.
const PROPAGATION: (f64, f64) = (300.0, 150.0);
/// How long a way through the network that was just opened may take to work, in AWS seconds.
const OPENING: f64 = 90.0;

impl Step<'_> {
    pub(super) fn addr(&self) -> &Addr {
        &self.change.addr
    }

    fn waiting(&self, pace: &Pace<'_>, status: &str) {
        self.events.send(Event::Waiting {
            addr: self.addr().clone(),
            status: status.to_owned(),
            seconds: pace.seconds(),
            limit: pace.limit(),
        });
    }

    /// Looks. What is there settles what a lost call did; an absence may be behind.
    async fn observe(&self) -> Result<Observed, Fault> {
        let observed = self.node.observe(&self.facts).await;
        if matches!(observed, Ok(Observed::Present(_))) {
            self.lost.store(false, Ordering::Relaxed);
        }
        observed
    }

    pub(super) async fn pause(&self, pace: &mut Pace<'_>, status: &str) -> Result<(), Fault> {
        self.waiting(pace, status);
        pace.pause(self.addr(), status).await
    }

    /// Does what the change says.
    pub(super) async fn run(&self) -> Result<Ended, Fault> {
        let ended = self.act().await;
        // whatever ended it, a look that failed or a signal: what the lost call did is not known
        let lost = self.lost.load(Ordering::Relaxed);
        ended.map_err(|fault| match fault.residue {
            _ if lost => fault.residue(Residue::Unknown),
            // the last call changed nothing, but one before it did
            Residue::Nothing if self.acted.load(Ordering::Relaxed) => self.halfway(fault),
            _ => fault,
        })
    }

    fn halfway(&self, mut fault: Fault) -> Fault {
        if self.woken.load(Ordering::Relaxed) {
            fault.message += "; it was started to be changed, and runs";
        }
        fault.residue(Residue::Remains)
    }

    /// Notes that a call went through.
    pub(super) fn went_through(&self) {
        self.acted.store(true, Ordering::Relaxed);
    }

    async fn act(&self) -> Result<Ended, Fault> {
        match self.change.action {
            Action::Delete => {
                let ended = self.dismantle().await?;
                if self.await_rest && matches!(ended, Ended::Gone) {
                    self.outwait().await?;
                }
                Ok(ended)
            }
            Action::Replace => {
                // weaker is allowed: if nothing forces the replacement any more, nothing is deleted
                if self.still_replaces().await? {
                    self.dismantle().await?;
                }
                self.converge().await
            }
            Action::Forget | Action::NoOp => Ok(Ended::Gone),
            Action::Create | Action::Update | Action::Adopt | Action::Wait => self.converge().await,
        }
    }

    async fn still_replaces(&self) -> Result<bool, Fault> {
        use crate::model::Force;
        let mut pace = Pace::new(self.clock, self.stop, self.node.wait());
        let mut tries = Tries::default();
        let observed = loop {
            match self.observe().await {
                Ok(observed) => break observed,
                Err(fault) => self.tolerate(fault, &mut tries.looks, &mut pace).await?,
            }
        };
        Ok(match observed {
            Observed::Present(p) => {
                self.check_owner(&p)?;
                match p.verdict {
                    Verdict::Diff(d) => {
                        let promised = |f: &crate::model::FieldChange| {
                            self.change
                                .diff
                                .0
                                .iter()
                                .any(|p| p.path == f.path && p.after == f.after)
                        };
                        if let Some(new) =
                            d.0.iter().find(|f| f.force > Force::Update && !promised(f))
                        {
                            return Err(surprise(format!("{} was not in the plan", new.path)));
                        }
                        d.force() >= Some(Force::Replace)
                    }
                    Verdict::Deferred { .. } => true,
                }
            }
            _ => false,
        })
    }

    fn check_owner(&self, p: &Presence) -> Result<(), Fault> {
        match (&p.owner, self.change.action) {
            (Owner::Ours | Owner::Untaggable, _) | (Owner::Nobody, Action::Adopt) => Ok(()),
            (Owner::Nobody, _) => Err(Fault::new(
                self.node.kind(),
                Class::Conflict,
                format!("{} exists and has no tag of this stack", self.addr()),
            )
            .help(format!("plan again; --adopt {} takes it over", self.addr()))),
            (Owner::Other(stack), _) => Err(Fault::new(
                self.node.kind(),
                Class::Conflict,
                format!("{} belongs to stack {stack}", self.addr()),
            )),
        }
    }

    /// Looks and acts until the object is there, ready, and as it should be.
    async fn converge(&self) -> Result<Ended, Fault> {
        let mut pace = Pace::new(self.clock, self.stop, self.node.wait());
        let mut tries = Tries::default();
        let mut made = false;
        let mut seen = self.change.action == Action::Wait;
        let mut absent = 0;
        let mut unseen = 0;
        let mut progress = Progress::default();
        let mut rest = Rest::default();
        loop {
            let observed = match self.observe().await {
                Ok(observed) => observed,
                Err(fault) => {
                    self.tolerate(fault, &mut tries.looks, &mut pace).await?;
                    continue;
                }
            };
            tries.looks = 0;
            match observed {
                // what was there and is not any more was deleted by somebody; a look may be behind
                Observed::Absent { .. } if absent > LOOKS => {
                    return Err(surprise(format!("{} is not there any more", self.addr())));
                }
                Observed::Absent { .. } if made || self.change.action == Action::Wait => {
                    absent += u32::from(seen);
                    self.pause(&mut pace, "not visible yet").await?;
                }
                // a reply was lost: before the same is sent again, it is looked whether it was done
                Observed::Absent { .. } if unseen > 0 => {
                    unseen -= 1;
                    self.pause(&mut pace, "looking whether it was made").await?;
                }
                Observed::Absent { .. } => match self.change.action {
                    Action::Create | Action::Replace => {
                        // looked for often enough
                        self.lost.store(false, Ordering::Relaxed);
                        match self.node.create(&self.facts).await {
                            Ok(()) => {
                                self.went_through();
                                made = true;
                                tries.calls = 0;
                                pace.quicken();
                            }
                            // a lost reply, or a race: the next look tells whether it is ours
                            Err(fault) if fault.class == Class::Conflict => {
                                tries.conflict(fault)?;
                                self.pause(&mut pace, "looking again").await?;
                            }
                            Err(fault) => {
                                if fault.residue == Residue::Unknown {
                                    unseen = LOOKS;
                                }
                                self.tolerate(fault, &mut tries.calls, &mut pace).await?;
                            }
                        }
                    }
                    _ => {
                        return Err(surprise(format!("{} is not there any more", self.addr())));
                    }
                },
                Observed::Unknowable { waits_for } => {
                    let names: Vec<_> = waits_for.iter().map(ToString::to_string).collect();
                    return Err(surprise(format!("still unknown: {}", names.join(", "))));
                }
                Observed::Unlooked { because } => return Err(surprise(because)),
                Observed::Present(p) => {
                    seen = true;
                    absent = 0;
                    if let Some(ended) = self
                        .advance(*p, made, &mut pace, &mut tries, &mut progress, &mut rest)
                        .await?
                    {
                        return Ok(ended);
                    }
                }
            }
        }
    }

    async fn advance(
        &self,
        p: Presence,
        made: bool,
        pace: &mut Pace<'_>,
        tries: &mut Tries,
        progress: &mut Progress,
        rest: &mut Rest,
    ) -> Result<Option<Ended>, Fault> {
        // a service may show an object before it shows its tags; what this step made is its own
        if !(made && p.owner == Owner::Nobody) {
            self.check_owner(&p)?;
        }
        let diff = match &p.verdict {
            Verdict::Diff(diff) => diff.clone(),
            Verdict::Deferred { waits_for } => {
                let names: Vec<_> = waits_for.iter().map(ToString::to_string).collect();
                return Err(surprise(format!("still unknown: {}", names.join(", "))));
            }
        };
        rest.note(&p);
        if matches!(p.readiness, Readiness::Parked(_)) && (p.must_run || diff.is_empty()) {
            return self.parked(p, &diff, rest, tries, pace).await;
        }
        match p.readiness {
            Readiness::Pending(word) | Readiness::Parking(word) => {
                let called = made || progress.calls > 0 || rest.called();
                if self.no_wait && (called || self.change.action == Action::Wait) {
                    let word = match self.change.around {
                        Some(_) if !rest.stopped() => super::around::unfinished(&word),
                        _ => word,
                    };
                    return Ok(Some(Ended::Accepted(word)));
                }
                self.pause(pace, &word).await?;
            }
            Readiness::Leaving(word) => self.pause(pace, &word).await?,
            Readiness::Failed(why) => {
                return Err(Fault::new(self.node.kind(), Class::Invalid, why)
                    .residue(Residue::Remains)
                    .help("mend the cause and run the same command again"));
            }
            Readiness::Ready if diff.is_empty() && self.change.around.is_some() => {
                self.stop_again(rest, tries, pace).await?;
            }
            Readiness::Ready if diff.is_empty() => return Ok(Some(Ended::Ready(p.outputs))),
            // what stands still and need not run is changed as it is
            Readiness::Ready | Readiness::Parked(_) => {
                if self.change.around.is_some()
                    && !self.marked(p.to_stop, rest, tries, pace).await?
                {
                    return Ok(None);
                }
                if progress.wait_for_effect(&diff) {
                    self.pause(pace, "not visible yet").await?;
                    return Ok(None);
                }
                if self.change.action == Action::Wait {
                    self.change.admits(&diff, made).map_err(surprise)?;
                }
                progress.call(&diff).map_err(|stuck| {
                    Fault::new(self.node.kind(), Class::Surprise, stuck)
                        .residue(Residue::Remains)
                        .help("plan again, and look at the object in the AWS console")
                })?;
                match self.node.update(&self.facts, self.change, made).await {
                    Ok(()) => {
                        self.went_through();
                        tries.calls = 0;
                        pace.quicken();
                    }
                    Err(fault) => {
                        progress.undo(fault.residue);
                        self.tolerate(fault, &mut tries.calls, pace).await?;
                    }
                }
            }
        }
        Ok(None)
    }

    /// Deletes until the object is gone.
    async fn dismantle(&self) -> Result<Ended, Fault> {
        let mut pace = Pace::new(self.clock, self.stop, self.node.wait());
        let mut tries = Tries::default();
        let mut calls = 0;
        loop {
            let observed = match self.observe().await {
                Ok(observed) => observed,
                Err(fault) => {
                    self.tolerate(fault, &mut tries.looks, &mut pace).await?;
                    continue;
                }
            };
            tries.looks = 0;
            let p = match observed {
                Observed::Present(p) => p,
                Observed::Absent { .. } => return Ok(Ended::Gone),
                // not to be found is not gone
                Observed::Unknowable { waits_for } => {
                    let names: Vec<_> = waits_for.iter().map(ToString::to_string).collect();
                    return Err(surprise(format!("still unknown: {}", names.join(", "))));
                }
                Observed::Unlooked { because } => return Err(surprise(because)),
            };
            match p.readiness {
                Readiness::Leaving(word) => {
                    if self.no_wait {
                        return Ok(Ended::Accepted(word));
                    }
                    self.pause(&mut pace, &word).await?;
                }
                // what was called may still be under way
                Readiness::Pending(word) | Readiness::Parking(word) if calls > 0 => {
                    self.pause(&mut pace, &word).await?
                }
                _ if calls >= 6 => {
                    return Err(Fault::new(
                        self.node.kind(),
                        Class::Surprise,
                        format!(
                            "{} is still there after {calls} calls to delete it",
                            self.addr()
                        ),
                    )
                    .residue(Residue::Remains));
                }
                _ => match self.node.delete(&self.facts).await {
                    Ok(()) => {
                        self.went_through();
                        calls += 1;
                        tries.calls = 0;
                        pace.quicken();
                        if calls > 1 {
                            self.pause(&mut pace, "still there").await?;
                        }
                    }
                    Err(fault) => self.tolerate(fault, &mut tries.calls, &mut pace).await?,
                },
            }
        }
    }

    /// Waits for what is still there of a deleted object and goes by itself.
    async fn outwait(&self) -> Result<(), Fault> {
        let mut pace = Pace::new(self.clock, self.stop, LINGERING);
        let mut tries = Tries::default();
        loop {
            let left = match self.node.lingers(&self.facts).await {
                Ok(left) => left,
                Err(fault) => {
                    self.tolerate(fault, &mut tries.looks, &mut pace).await?;
                    continue;
                }
            };
            tries.looks = 0;
            let Some(status) = still_there(&left) else {
                return Ok(());
            };
            self.pause(&mut pace, &status).await?;
        }
    }

    /// Waits where a fault passes by itself, and gives it back where it does not.
    pub(super) async fn tolerate(
        &self,
        fault: Fault,
        tries: &mut u32,
        pace: &mut Pace<'_>,
    ) -> Result<(), Fault> {
        if fault.residue == Residue::Unknown {
            self.lost.store(true, Ordering::Relaxed);
        }
        let speed = self.clock.speed();
        // as with limits, a fast world leaves the machine under it at least this long
        let within = |seconds: f64| pace.seconds() < (seconds / speed).max(10.0);
        let passes = match fault.class {
            Class::Busy => true,
            Class::Propagating if self.fresh_upstream => within(PROPAGATION.0),
            Class::Propagating => within(PROPAGATION.1),
            Class::Unreachable => within(OPENING),
            Class::Throttled | Class::Transient => {
                *tries += 1;
                *tries <= TRIES
            }
            _ => false,
        };
        if !passes {
            return Err(fault);
        }
        self.events.send(Event::Retrying {
            addr: self.addr().clone(),
            fault: fault.clone(),
            seconds: pace.seconds(),
        });
        pace.retry(self.addr(), fault).await
    }
}

/// Says what is still there, where anything is.
pub(super) fn still_there(left: &[Remnant]) -> Option<String> {
    let first = left.first()?;
    Some(match left.len() {
        1 => format!("{} {} lingers", first.what, first.id),
        all => format!("{} {} and {} more linger", first.what, first.id, all - 1),
    })
}

pub(super) fn surprise(what: String) -> Fault {
    Fault::new("plan", Class::Surprise, what)
        .help("the world has moved since the plan was made: plan again")
}
