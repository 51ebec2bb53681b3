//! `verify`: proves the chain from a sign-up to a row in the database, hop by hop. What it makes for that it removes
//! again. What it cannot prove it calls unknown, never passed.

mod chain;
mod database;
mod function;
mod sign_up;

use super::args::{Global, VerifyArgs};
use super::failure::{Failure, code};
use super::output::Output;
use super::planning::LOOKS;
use super::session::{Needs, Session};
use super::signals::{self, or_stopped};
use crate::engine::{self, Clock, Goal, RealClock, Seen};
use crate::model::{Addr, Fault};
use crate::render::{self, Hop, Mask, Proof, Verification};
use crate::resource::Reach;
use chain::Chain;
use std::collections::{BTreeMap, BTreeSet};

/// `verify`.
///
/// # Errors
/// Whatever keeps it from looking at all. What it finds is no error of the command, but of the exit code: 1 where
/// something failed, 3 where something is unknown.
pub async fn verify(global: &Global, args: &VerifyArgs, output: &Output) -> Result<u8, Failure> {
    let stop = signals::listen();
    let needs = Needs {
        dial: args.dial.clone(),
        comparing: true,
        ..Needs::default()
    };
    let session = Session::open(global, &needs, &stop).await?;
    let result = or_stopped(all(&session, global, args), &stop).await;
    session.close().await;
    let found = result?;
    output.result(&if output.json {
        render::verify_json(&found)
    } else {
        render::verify_human(&found, &output.out)
    })?;
    Ok(match (found.failed, found.unknown) {
        (0, 0) => code::DONE,
        (0, _) => code::PARTLY,
        _ => code::ERROR,
    })
}

/// What every part needs.
struct Prober<'a> {
    session: &'a Session,
    clock: RealClock,
    seen: Seen,
    faults: BTreeMap<Addr, Fault>,
    several: bool,
}

async fn all(
    session: &Session,
    global: &Global,
    args: &VerifyArgs,
) -> Result<Verification, Failure> {
    let chains = chain::of(&session.stack);
    if chains.is_empty() {
        return Err(Failure::with_help(
            "the file has no instance, function or trigger, so there is nothing to verify",
            "`cruddur-infra init` writes a whole stack",
        ));
    }
    let (seen, faults) = look(session).await?;
    let prober = Prober {
        session,
        clock: RealClock::new(1.0),
        seen,
        faults,
        several: chains.len() > 1,
    };
    let mut hops = Vec::new();
    for chain in &chains {
        hops.extend(prober.chain(chain, global, args).await);
    }
    // what a function or a service says of a failure may quote what it was given
    let mask = Mask::of(session.stack.facts.env.values());
    for hop in hops.iter_mut().filter(|h| h.proof != Proof::Passed) {
        hop.detail = mask.hide(&hop.detail);
        hop.remedy = hop.remedy.take().map(|text| mask.hide(&text));
    }
    Ok(Verification::new(&session.stack.facts.stack, hops))
}

/// Looks at everything; where a database cannot be looked into, at everything else.
async fn look(session: &Session) -> Result<(Seen, BTreeMap<Addr, Fault>), Failure> {
    let stack = &session.stack;
    let all: BTreeSet<Addr> = stack.nodes.keys().cloned().collect();
    let failed = match engine::observe(stack, &all, Goal::Keep, LOOKS).await {
        Ok(seen) => return Ok((seen, BTreeMap::new())),
        Err(failed) => failed,
    };
    let of_aws: BTreeSet<Addr> = stack
        .nodes
        .iter()
        .filter(|(_, node)| node.reach() != Reach::Connects)
        .map(|(addr, _)| addr.clone())
        .collect();
    if failed.iter().any(|(addr, _)| of_aws.contains(addr)) {
        return Err(Failure::Faults(
            failed.into_iter().map(|(a, f)| (Some(a), f)).collect(),
        ));
    }
    let seen = engine::observe(stack, &of_aws, Goal::Keep, LOOKS).await;
    let seen = seen.map_err(|faults| {
        Failure::Faults(faults.into_iter().map(|(a, f)| (Some(a), f)).collect())
    })?;
    Ok((seen, failed.into_iter().collect()))
}

impl Prober<'_> {
    async fn chain(&self, chain: &Chain, global: &Global, args: &VerifyArgs) -> Vec<Hop> {
        let mut hops = Vec::new();
        let mut session = None;
        if let Some(instance) = &chain.instance {
            let (found, opened) = self.database(instance, &chain.scripts).await;
            hops.extend(found);
            session = opened;
        }
        if let Some(function) = &chain.function {
            hops.extend(
                self.function(function, session.as_ref(), args.no_invoke)
                    .await,
            );
        }
        if let Some(trigger) = &chain.trigger {
            hops.push(self.as_in_file("invoke permission", &chain.permission));
            hops.push(self.as_in_file("trigger", &Some(trigger.clone())));
            if global.sandbox && !args.no_invoke {
                hops.push(self.sign_up(trigger, session.as_ref()).await);
            }
        }
        if let Some(session) = session {
            session.close().await;
        }
        if self.several {
            let name = chain.name();
            for hop in &mut hops {
                hop.hop = format!("{} ({name})", hop.hop);
            }
        }
        hops
    }
}

/// A hop that passed.
fn passed(hop: &str, seconds: Option<f64>, detail: impl Into<String>) -> Hop {
    Hop {
        hop: hop.to_owned(),
        proof: Proof::Passed,
        seconds,
        detail: detail.into(),
        remedy: None,
    }
}

/// A hop that did not.
fn failed(
    hop: &str,
    seconds: Option<f64>,
    cause: impl Into<String>,
    remedy: Option<String>,
) -> Hop {
    Hop {
        hop: hop.to_owned(),
        proof: Proof::Failed,
        seconds,
        detail: cause.into(),
        remedy,
    }
}

/// A hop of which nothing can be said.
fn unknown(hop: &str, why: impl Into<String>, remedy: Option<&str>) -> Hop {
    Hop {
        hop: hop.to_owned(),
        proof: Proof::Unknown,
        seconds: None,
        detail: why.into(),
        remedy: remedy.map(str::to_owned),
    }
}

/// What cannot be proved because of a hop before it.
fn unreached(hops: &[&str], because: &str) -> Vec<Hop> {
    hops.iter()
        .map(|hop| unknown(hop, format!("not reached: {because}"), None))
        .collect()
}

impl Prober<'_> {
    /// Runs something and measures it.
    async fn timed<T>(&self, work: impl Future<Output = T>) -> (T, f64) {
        let began = self.clock.now();
        let result = work.await;
        (result, self.clock.now() - began)
    }
}
