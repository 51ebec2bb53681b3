//! Takes the stack's lock, and gives it back.

use super::content::{Content, Found, about_lock, alive};
use crate::aws::actions::{Place, allowed_by};
use crate::aws::{self, Clients};
use crate::cli::args::Locking;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::signals;
use crate::engine::{Clock, RealClock};
use crate::model::{Class, Diagnostic, Fault, Residue};
use crate::resource::StackFacts;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// How often the lock is tried for, where a call fails or what holds it cannot be seen.
const TRIES: u32 = 5;
/// How many looks each try gets.
const LOOKS: u32 = 4;
/// Between two looks, in seconds.
const PAUSE: f64 = 0.3;

/// The name of a stack's lock. A stack's name is letters, digits, `-` and `_`.
pub fn name(stack: &str) -> String {
    format!("/cruddur-infra/{stack}/lock")
}

/// The lock, for as long as this run holds it.
#[derive(Default)]
pub struct Lock(Mutex<Option<Held>>);

#[derive(Clone)]
struct Held {
    clients: Clients,
    name: String,
    run: String,
    here: (String, String),
    place: Place,
    /// The program with its global options, for advice.
    program: String,
}

/// What became of the lock meanwhile.
pub enum Given {
    Back,
    Gone,
    Taken(Found),
}

impl Lock {
    /// Takes the lock, where that is asked for. Nothing else of AWS is looked at before.
    ///
    /// # Errors
    /// Where somebody holds it; calls that failed.
    pub async fn take(
        session: &Session,
        how: &Locking,
        command: &str,
        output: &Output,
        stop: &CancellationToken,
    ) -> Result<Lock, Failure> {
        if how.no_lock || !(how.lock || session.locks) {
            return Ok(Lock::default());
        }
        let facts = &session.stack.facts;
        let name = name(&facts.stack);
        let held = Held {
            clients: session.clients.clone(),
            run: facts.run.clone(),
            here: (facts.owner.clone(), facts.workspace.clone()),
            place: facts.place(named(&name).into()),
            program: output.program(),
            name,
        };
        // what is told to stop a second time does not come to its end, nor does a call that takes the lock just then
        let last = held.clone();
        let taken = Arc::new(AtomicBool::new(false));
        let known = taken.clone();
        signals::at_last(Some(Box::pin(async move {
            // a call on its way may make it while nobody waits for the answer: looked for as long as there is time
            while let Ok(Given::Gone) = last.give_back().await
                && !known.load(Ordering::Relaxed)
            {}
        }) as BoxFuture<'static, ()>));
        if let Err(failure) = held.take(facts, command, stop).await {
            signals::at_last(None);
            return Err(session.explained_all(failure, named(&held.name)));
        }
        taken.store(true, Ordering::Relaxed);
        Ok(Lock(Mutex::new(Some(held))))
    }

    /// Gives the lock back, once. What keeps it from that is told, and changes nothing of what was done.
    pub async fn release(&self, output: &Output) {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(held) = held else { return };
        let result = held.give_back().await;
        signals::at_last(None);
        let program = &held.program;
        let warning = match result {
            Ok(Given::Back) => return,
            Ok(Given::Gone) => Diagnostic::warning("somebody has broken the lock during this run")
                .help(format!("somebody else may have changed the stack at the same time: `{program} plan` shows")),
            Ok(Given::Taken(by)) => Diagnostic::warning(format!(
                "somebody has broken the lock during this run; it is {}",
                by.told(Timestamp::now(), |c| alive(c, held.here()))
            ))
            .help(format!("somebody else may be changing the stack: `{program} plan` shows")),
            Err(fault) => {
                let fault = allowed_by(fault, &held.place);
                let allow = fault.advice().map(|a| format!("\n{a}")).unwrap_or_default();
                Diagnostic::warning(format!("the lock was not given back: {fault}"))
                    .help(format!("`{program} lock break` removes it{allow}"))
            }
        };
        output.warn(&warning);
    }
}

/// What the statement that would allow a call about the lock is about.
pub fn named(name: &str) -> [(&'static str, String); 1] {
    [("parameter", name.trim_start_matches('/').to_owned())]
}

impl Held {
    fn here(&self) -> (&str, &str) {
        (&self.here.0, &self.here.1)
    }

    async fn take(
        &self,
        facts: &StackFacts,
        command: &str,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let (owner, workspace) = self.here();
        let content = Content::new(owner, workspace, command, &self.run, Timestamp::now());
        let text = serde_json::to_string(&content).map_err(std::io::Error::other)?;
        let tags = BTreeMap::from([
            (aws::STACK_TAG.to_owned(), facts.stack.clone()),
            (aws::RUN_TAG.to_owned(), self.run.clone()),
        ]);
        let about = "Held by a run of cruddur-infra while it changes the stack.";
        let mut last = None;
        for _ in 0..TRIES {
            if stop.is_cancelled() {
                return Err(Failure::Interrupted);
            }
            let fault =
                match aws::new_parameter(&self.clients, &self.name, &text, about, &tags).await {
                    Ok(()) => return Ok(()),
                    Err(fault) => fault,
                };
            let passes = matches!(
                fault.class,
                Class::Conflict | Class::Transient | Class::Throttled | Class::Busy
            );
            if !passes {
                return Err(about_lock(fault, &self.program).into());
            }
            // whose it is decides, and not what was said of the call: its reply may be what was lost
            match self.look().await.map_err(|why| self.unsure(why, &fault))? {
                Some(found) if found.is_of(&self.run) => return Ok(()),
                Some(found) => return Err(self.refused(&found)),
                None => last = Some(fault),
            }
        }
        // it was looked for after each try, and is not there: nothing is left behind
        let fault = last.unwrap_or_else(|| Fault::new("lock", Class::Bug, "never tried"));
        Err(about_lock(fault.residue(Residue::Nothing), &self.program).into())
    }

    async fn look(&self) -> Result<Option<Found>, Fault> {
        look(&self.clients, &self.name).await
    }

    fn refused(&self, found: &Found) -> Failure {
        let told = found.told(Timestamp::now(), |c| alive(c, self.here()));
        Failure::with_help(
            format!("the stack is {told}"),
            format!(
                "wait until that run has ended, or ask; where it was killed, `{} lock break` removes the lock",
                self.program
            ),
        )
    }

    /// The lock may have been taken, and that cannot be seen.
    fn unsure(&self, why: Fault, taking: &Fault) -> Failure {
        let program = &self.program;
        let fault = if taking.residue == Residue::Unknown {
            why.residue(Residue::Unknown).help(format!(
                "this run may hold the lock all the same: `{program} lock status` tells, `{program} lock break` \
                 removes it"
            ))
        } else {
            about_lock(why, program)
        };
        fault.into()
    }

    async fn give_back(&self) -> Result<Given, Fault> {
        delete(&self.clients, &self.name, |found| found.is_of(&self.run)).await
    }
}

/// Looks who holds a lock; a look may be behind.
async fn look(clients: &Clients, name: &str) -> Result<Option<Found>, Fault> {
    let clock = RealClock::new(1.0);
    for look in 0..LOOKS {
        if look > 0 {
            clock.sleep(PAUSE).await;
        }
        if let Some(text) = aws::parameter(clients, name).await? {
            return Ok(Some(Found::read(text)));
        }
    }
    Ok(None)
}

/// Deletes a lock, and none but the one that is meant: the call names it by its name alone, which the next holder's has
/// too.
///
/// # Errors
/// Where it may not be looked at or deleted, or does not go.
pub async fn delete(
    clients: &Clients,
    name: &str,
    meant: impl Fn(&Found) -> bool,
) -> Result<Given, Fault> {
    let mut seen = look(clients, name).await?;
    let mut last = None;
    let mut lost = false;
    for _ in 0..TRIES {
        match seen {
            Some(found) if meant(&found) => {}
            // it was there before the call whose reply was lost: that call has deleted it
            _ if lost => return Ok(Given::Back),
            Some(found) => return Ok(Given::Taken(found)),
            None => return Ok(Given::Gone),
        }
        let fault = match aws::delete_parameter(clients, name).await {
            Ok(()) => return Ok(Given::Back),
            Err(fault) => fault,
        };
        let passes = matches!(
            fault.class,
            Class::Transient | Class::Throttled | Class::Busy
        );
        lost |= fault.residue == Residue::Unknown;
        if !passes && !lost {
            return Err(fault);
        }
        seen = settled(clients, name, &meant)
            .await
            .map_err(|why| why.residue(fault.residue))?;
        last = Some(fault);
    }
    match (seen, last) {
        (Some(found), Some(fault)) if meant(&found) => Err(fault),
        _ => Ok(Given::Back),
    }
}

/// Looks until the lock is another or none. A look may be behind: it is the same only where every look says so.
async fn settled(
    clients: &Clients,
    name: &str,
    meant: impl Fn(&Found) -> bool,
) -> Result<Option<Found>, Fault> {
    let clock = RealClock::new(1.0);
    let mut seen = None;
    for _ in 0..LOOKS {
        clock.sleep(PAUSE).await;
        seen = aws::parameter(clients, name).await?.map(Found::read);
        if !seen.as_ref().is_some_and(&meant) {
            break;
        }
    }
    Ok(seen)
}
