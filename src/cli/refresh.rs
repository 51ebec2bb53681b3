//! `refresh-ip`: points the rules for the current address at this machine. Once, at a workspace's start, or for as long
//! as a laptop moves.

use super::args::{Global, RefreshArgs, Run};
use super::failure::{Failure, code};
use super::output::{Output, shell_word};
use super::planning::{plan, refused};
use super::run::{finish_empty, run};
use super::session::{Needs, Session, address};
use super::signals::{self, or_stopped};
use crate::engine::{Clock, RealClock};
use crate::model::{Addr, PlanOptions, Purpose};
use serde_json::json;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a workspace's start is held up at most.
const AT_START: Duration = Duration::from_secs(20);

/// After so many seconds the rule is looked at again, though the address is the same: it may have been removed, and its
/// time must be renewed.
const LOOK_AGAIN: f64 = 600.0;

/// `refresh-ip`.
///
/// # Errors
/// Whatever keeps the run from beginning; no rule that follows the current address; an instance that is not there.
pub async fn refresh_ip(
    global: &Global,
    args: &RefreshArgs,
    output: &Output,
) -> Result<u8, Failure> {
    let stop = signals::listen();
    if args.watch {
        return watch(global, args, output, &stop).await;
    }
    let limit = args.within.map(|period| period.duration());
    let limit = limit.or(args.best_effort.then_some(AT_START));
    if args.best_effort {
        let quiet = output.quietly();
        let result = within(limit, &stop, once(global, args.ip.clone(), &quiet, &stop)).await;
        let (done, line) = match result {
            Ok((code::DONE, address)) => (true, format!("{address} is let in")),
            Ok(_) => (
                false,
                "not done; `cruddur-infra refresh-ip` shows why".to_owned(),
            ),
            Err(failure) => (false, format!("not done: {}", failure.line())),
        };
        output.result(&if output.json {
            json!({"done": done, "message": line}).to_string()
        } else {
            format!("refresh-ip: {line}")
        })?;
        return Ok(code::DONE);
    }
    let (code, _) = within(limit, &stop, once(global, args.ip.clone(), output, &stop)).await?;
    Ok(code)
}

/// Bounds the whole of it. What is cut off is ended in order first, so that nothing is left half done.
async fn within<T>(
    limit: Option<Duration>,
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let Some(limit) = limit else {
        return work.await;
    };
    let mut work = std::pin::pin!(work);
    if let Ok(result) = tokio::time::timeout(limit, &mut work).await {
        return result;
    }
    stop.cancel();
    // a call in flight gets a little time to come to its end
    let _ = tokio::time::timeout(Duration::from_secs(2), work).await;
    Err(Failure::with_help(
        format!("it took longer than {} s", limit.as_secs()),
        "run `cruddur-infra refresh-ip` by hand",
    ))
}

/// Points the rules at this machine's address, and returns it.
async fn once(
    global: &Global,
    ip: Option<String>,
    output: &Output,
    stop: &CancellationToken,
) -> Result<(u8, Ipv4Addr), Failure> {
    let needs = Needs {
        address: true,
        ip,
        ..Needs::default()
    };
    let session = Session::open(global, &needs, stop).await?;
    let address = session.stack.facts.current_ip;
    let mut command = "refresh-ip".to_owned();
    if let Some(ip) = &needs.ip {
        command.push_str(&format!(" --ip {}", shell_word(ip)));
    }
    let result = refresh_in(&session, &command, output, stop).await;
    session.close().await;
    Ok((result?, address.unwrap_or(Ipv4Addr::UNSPECIFIED)))
}

/// Asks for the address again and again, and points the rules at it when it has changed. What fails is said, and tried
/// again at the next turn.
async fn watch(
    global: &Global,
    args: &RefreshArgs,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    let clock = RealClock::new(1.0);
    #[allow(clippy::cast_precision_loss)] // periods are far from where that matters
    let every = (args.every.seconds() as f64).max(1.0);
    let mut last: Option<Ipv4Addr> = None;
    let mut looked: Option<f64> = None;
    loop {
        let turn = async {
            let now = address(None, global.sandbox).await?;
            let fresh = looked.is_some_and(|at| clock.now() - at < LOOK_AGAIN);
            if last == Some(now) && fresh {
                return Ok(now);
            }
            let global = global.anew();
            let (code, now) = once(&global, Some(now.to_string()), output, stop).await?;
            match code {
                code::DONE => Ok(now),
                _ => Err(Failure::message("the rules could not be set")),
            }
        };
        match or_stopped(turn, stop).await {
            Ok(now) => {
                if last != Some(now) || looked.is_none_or(|at| clock.now() - at >= LOOK_AGAIN) {
                    looked = Some(clock.now());
                }
                last = Some(now);
            }
            Err(Failure::Interrupted) => break,
            // a mistake in the file does not mend itself, the network does
            Err(failure @ Failure::Diagnostics { .. }) => return Err(failure),
            Err(failure) => output.note(&format!(
                "not done: {}; trying again in {}",
                failure.line(),
                args.every
            )),
        }
        let pause = async {
            clock.sleep(every).await;
            Ok(())
        };
        if or_stopped(pause, stop).await.is_err() {
            break;
        }
    }
    Ok(code::DONE)
}

async fn refresh_in(
    session: &Session,
    command: &str,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    let rules: BTreeSet<Addr> = session
        .stack
        .nodes
        .iter()
        .filter(|(_, n)| n.uses_current_ip())
        .map(|(a, _)| a.clone())
        .collect();
    if rules.is_empty() {
        return Err(Failure::with_help(
            "no entry follows the current address",
            "write `from: current_ip` in a security group rule",
        ));
    }
    let options = PlanOptions::default();
    let looked = plan(session, Purpose::Apply, &options, Some(rules));
    let (plan, seen) = or_stopped(looked, stop).await?;
    refused(&plan)?;
    if let Some(change) = plan
        .changes
        .iter()
        .find(|c| c.is_change() && !c.deferred.is_empty())
    {
        let waits: Vec<_> = change.deferred.iter().map(|r| r.from.to_string()).collect();
        return Err(Failure::with_help(
            format!(
                "{} cannot be set: {} does not exist yet",
                change.addr,
                waits.join(", ")
            ),
            "run `cruddur-infra apply` first",
        ));
    }
    let address = session.stack.facts.current_ip;
    let address = address.map(|a| a.to_string()).unwrap_or_default();
    if plan.is_empty() {
        output.note(&format!("{address} is let in already; nothing to do"));
        if output.json {
            finish_empty(session, output).await?;
        }
        return Ok(code::DONE);
    }
    let settings = Run {
        yes: true,
        parallelism: 10,
        no_wait: false,
    };
    let code = run(session, &plan, &seen, &settings, output, stop, command).await?;
    if code == code::DONE {
        output.note(&format!("{address} is let in"));
    }
    Ok(code)
}
