//! A change of something that stands still on purpose: it is started, changed, and stopped again. A mark on the object
//! says so, and outlives the run: whoever comes next goes on from wherever this was interrupted.

use super::progress::{LOOKS, Tries};
use super::step::{Ended, Step, surprise};
use super::wait::Pace;
use crate::model::{Action, Around, Class, Diff, Fault, Presence, Readiness, Residue};
use std::sync::atomic::Ordering;

/// How often it is started in one step. Something else may stop it meanwhile, as what keeps it stopped does; whoever
/// does so more often than this must be told.
const STARTS: u32 = 3;

/// What a step has done about its object's standing still.
#[derive(Default)]
pub(super) struct Rest {
    /// It was seen running.
    ran: bool,
    marked: bool,
    /// How often the mark was not taken, while it stood still. After some times it gets the mark once it runs.
    untaken: u32,
    starts: u32,
    stops: u32,
    /// Looks since the last call that still show the old state.
    looks: u32,
}

impl Rest {
    /// Takes a look into account.
    pub(super) fn note(&mut self, p: &Presence) {
        if p.readiness.rests().is_none() {
            self.ran = true;
        }
    }

    /// Tells whether it was started or stopped.
    pub(super) fn called(&self) -> bool {
        self.starts + self.stops > 0
    }

    /// Tells whether it was told to stop again.
    pub(super) fn stopped(&self) -> bool {
        self.stops > 0
    }

    /// Tells whether to look once more before a call is repeated: it may not show yet.
    fn quiet(&mut self, calls: u32) -> bool {
        self.looks += 1;
        calls > 0 && self.looks <= LOOKS
    }
}

impl Step<'_> {
    /// It stands still: either that is how it should be, or it is started for what differs.
    pub(super) async fn parked(
        &self,
        p: Presence,
        diff: &Diff,
        rest: &mut Rest,
        tries: &mut Tries,
        pace: &mut Pace<'_>,
    ) -> Result<Option<Ended>, Fault> {
        let Readiness::Parked(word) = &p.readiness else {
            return Ok(None);
        };
        let promised = self.change.around.is_some();
        let in_place = matches!(self.change.action, Action::Update | Action::Adopt) && !rest.ran;
        if diff.is_empty() && (promised || in_place) {
            return match p.to_stop {
                true => self.unmark(p, tries, pace).await,
                false => Ok(Some(Ended::Ready(p.outputs))),
            };
        }
        if !promised {
            return Err(Fault::new(
                self.node.kind(),
                Class::Surprise,
                format!("{} is {word}", self.addr()),
            )
            .help("plan again; `cruddur-infra start` starts it"));
        }
        // nothing is started for what was not promised
        self.change.admits(diff, false).map_err(surprise)?;
        if rest.quiet(rest.starts) {
            self.pause(pace, &format!("{word}, not started yet"))
                .await?;
            return Ok(None);
        }
        if rest.starts >= STARTS {
            let often = format!(
                "{} was started {STARTS} times to be changed, and is {word} again",
                self.addr()
            );
            return Err(Fault::new(self.node.kind(), Class::Surprise, often)
                .residue(Residue::Remains)
                .help("see what stops it (a schedule, another person), then run the same command again"));
        }
        if rest.untaken <= LOOKS && !self.marked(p.to_stop, rest, tries, pace).await? {
            return Ok(None);
        }
        match self.node.start(&self.facts).await {
            Ok(()) => {
                self.woken.store(true, Ordering::Relaxed);
                rest.starts += 1;
                self.over(rest, tries, pace, "starting").await?;
            }
            Err(fault) => self.tolerate(fault, &mut tries.calls, pace).await?,
        }
        Ok(None)
    }

    /// Sees to it that it has the mark, and tells whether it has.
    pub(super) async fn marked(
        &self,
        has: bool,
        rest: &mut Rest,
        tries: &mut Tries,
        pace: &mut Pace<'_>,
    ) -> Result<bool, Fault> {
        if has || rest.marked {
            return Ok(true);
        }
        let fault = match self.node.mark_to_stop(&self.facts, true).await {
            Ok(()) => {
                self.went_through();
                rest.marked = true;
                tries.calls = 0;
                return Ok(true);
            }
            Err(fault) => fault,
        };
        // whether RDS tags a stopped instance is not documented (aws-facts §1.2). Where it does not, it gets the mark as
        // soon as it runs, and before anything else is changed
        rest.untaken += u32::from(fault.class == Class::Busy && !rest.ran);
        if rest.untaken > LOOKS && !rest.ran {
            return Ok(true);
        }
        self.tolerate(fault, &mut tries.calls, pace).await?;
        Ok(false)
    }

    /// Everything is as it should be: it is stopped again.
    pub(super) async fn stop_again(
        &self,
        rest: &mut Rest,
        tries: &mut Tries,
        pace: &mut Pace<'_>,
    ) -> Result<(), Fault> {
        if rest.quiet(rest.stops) {
            return self.pause(pace, "not stopped yet").await;
        }
        match self.node.stop(&self.facts).await {
            Ok(()) => {
                self.woken.store(false, Ordering::Relaxed);
                rest.stops += 1;
                self.over(rest, tries, pace, "stopping").await
            }
            Err(fault) => self.tolerate(fault, &mut tries.calls, pace).await,
        }
    }

    /// A call went through: its effect takes its own time.
    async fn over(
        &self,
        rest: &mut Rest,
        tries: &mut Tries,
        pace: &mut Pace<'_>,
        status: &str,
    ) -> Result<(), Fault> {
        self.went_through();
        rest.looks = 0;
        tries.calls = 0;
        pace.grant();
        pace.quicken();
        self.pause(pace, status).await
    }

    /// It stands still and is as it should be: the mark has served.
    async fn unmark(
        &self,
        p: Presence,
        tries: &mut Tries,
        pace: &mut Pace<'_>,
    ) -> Result<Option<Ended>, Fault> {
        match self.node.mark_to_stop(&self.facts, false).await {
            Ok(()) => Ok(Some(Ended::Ready(p.outputs))),
            // it cannot be taken off what stands still; `start` does that
            Err(fault) if fault.class == Class::Busy => Ok(Some(Ended::Ready(p.outputs))),
            Err(fault) => {
                self.tolerate(fault, &mut tries.calls, pace).await?;
                Ok(None)
            }
        }
    }
}

/// Says what is done around a change, for people.
pub(super) fn reason(around: Around, differs: &str) -> String {
    match around {
        Around::StartAndStop => format!("{differs}; started for it, and stopped again"),
        Around::Stop if differs.is_empty() => {
            "started only to be changed: it is stopped again".to_owned()
        }
        Around::Stop => format!("{differs}; started only to be changed, and stopped again"),
    }
}

/// Says that a run which does not wait leaves the rest to another.
pub(super) fn unfinished(word: &str) -> String {
    format!("{word}; what is left, the stop included, is for another `cruddur-infra apply`")
}
