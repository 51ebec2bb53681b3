//! `stop` and `start`, and what keeps an instance stopped.

use super::again::{manner, typed};
use super::args::{Global, Run, StartArgs, StopArgs};
use super::failure::{Failure, code};
use super::keep::{self, Keeper};
use super::lock::Lock;
use super::output::{Output, exit_code};
use super::planning::{plan, refused};
use super::run::{closed, finish_empty, last_words, settings, show};
use super::session::{Needs, Session};
use super::signals::or_stopped;
use super::{ask, signals};
use crate::engine::{self, Emitter, Power, RunSettings, Seen};
use crate::model::{Addr, Event, Fault, Plan, PlanOptions, Purpose, RunSummary, Stamped};
use std::collections::BTreeSet;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

/// `stop`.
///
/// # Errors
/// Whatever keeps the run from beginning.
pub async fn stop(global: &Global, args: &StopArgs, output: &Output) -> Result<u8, Failure> {
    let stop = signals::listen();
    let mut session = Session::open(global, &Needs::default(), &stop).await?;
    match Lock::take(&session, &args.locking, "stop", output, &stop).await {
        Ok(lock) => session.lock = lock,
        Err(failure) => return closed(session, failure).await,
    }
    let result = stop_in(&mut session, global, args, output, &stop).await;
    session.lock.release(output).await;
    session.close().await;
    result
}

async fn stop_in(
    session: &mut Session,
    global: &Global,
    args: &StopArgs,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    let targets = targets(session, &args.scope.only)?;
    if targets.is_empty() {
        return nothing(session, output).await;
    }
    warned(session, &targets, output, stop).await?;
    let until = args.keep_for.map(keep::until).transpose()?;
    let kept = if args.keep || until.is_some() {
        Some(set_up(session, &targets, until.as_deref(), output, stop).await?)
    } else {
        None
    };
    if !args.run.yes && !global.sandbox {
        let names: Vec<_> = targets.iter().map(ToString::to_string).collect();
        let then = match &kept {
            None => "AWS starts it by itself after seven days".to_owned(),
            Some(_) => keep::promise(until.as_deref()),
        };
        let question = format!(
            "{} will refuse connections until it is started; {then}.\nStop? Only `yes` is a yes: ",
            names.join(", ")
        );
        ask::typed(&question, "yes", stop).await?;
    }
    let parts = match kept {
        Some((plan, seen)) => vec![
            Part::Power(Power::Stop, targets),
            Part::Plan(Box::new(plan), seen),
        ],
        None => vec![Part::Power(Power::Stop, targets)],
    };
    let mut command = again("stop", &args.scope.only) + &manner(&args.locking, None);
    if args.keep {
        command.push_str(" --keep");
    }
    if let Some(seconds) = args.keep_for {
        command.push_str(&format!(" --for {}h", seconds / 3600));
    }
    run(session, &parts, &args.run, output, stop, &command).await
}

/// Tells what is to be known before something is stopped.
async fn warned(
    session: &Session,
    targets: &BTreeSet<Addr>,
    output: &Output,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    for addr in targets {
        let facts = session.stack.facts(addr, &Default::default());
        let node = &session.stack.nodes[addr];
        let looked = async { node.before_stop(&facts).await.map_err(|f| faulty(addr, f)) };
        for warning in or_stopped(looked, stop).await? {
            output.warn(&warning);
        }
    }
    Ok(())
}

fn faulty(addr: &Addr, fault: Fault) -> Failure {
    Failure::Faults(vec![(Some(addr.clone()), fault)])
}

/// Plans what keeps the targets stopped, and shows it. It is made when they have been stopped.
async fn set_up(
    session: &mut Session,
    targets: &BTreeSet<Addr>,
    until: Option<&str>,
    output: &Output,
    stop: &CancellationToken,
) -> Result<(Plan, Seen), Failure> {
    let keepers: Vec<Keeper> = targets.iter().map(Keeper::of).collect();
    for keeper in &keepers {
        keeper.join(&mut session.stack, until)?;
    }
    let exactly: BTreeSet<Addr> = keepers.iter().flat_map(Keeper::entries).collect();
    let options = PlanOptions::default();
    let looked = plan(session, Purpose::Apply, &options, Some(exactly));
    let (plan, seen) = or_stopped(looked, stop).await?;
    refused(&plan)?;
    for addr in targets {
        if seen.observed[addr].present().is_none() {
            return Err(Failure::with_help(
                format!("{addr} does not exist"),
                "run `cruddur-infra apply` to make it",
            ));
        }
    }
    show(&plan, output);
    if !plan.is_empty() {
        output.note(&format!(
            "This is done when it has been stopped; then {}.",
            keep::promise(until)
        ));
    }
    Ok((plan, seen))
}

/// `start`.
///
/// # Errors
/// Whatever keeps the run from beginning.
pub async fn start(global: &Global, args: &StartArgs, output: &Output) -> Result<u8, Failure> {
    let stop = signals::listen();
    let mut session = Session::open(global, &Needs::default(), &stop).await?;
    match Lock::take(&session, &args.locking, "start", output, &stop).await {
        Ok(lock) => session.lock = lock,
        Err(failure) => return closed(session, failure).await,
    }
    let result = start_in(&mut session, args, output, &stop).await;
    session.lock.release(output).await;
    session.close().await;
    result
}

async fn start_in(
    session: &mut Session,
    args: &StartArgs,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    let targets = targets(session, &args.scope.only)?;
    if targets.is_empty() {
        return nothing(session, output).await;
    }
    let keepers = targets.iter().map(Keeper::of).collect();
    let (standing, wrong) = or_stopped(keep::standing(&session.stack, keepers), stop).await?;
    for diagnostic in wrong {
        output.warn(&diagnostic);
    }
    let mut parts = Vec::new();
    if !standing.is_empty() {
        let gone = keep::join(&mut session.stack, &standing)?;
        let options = PlanOptions {
            only: gone.iter().cloned().collect(),
            ..PlanOptions::default()
        };
        let looked = plan(session, Purpose::Destroy, &options, Some(gone));
        let (plan, seen) = or_stopped(looked, stop).await?;
        refused(&plan)?;
        let names: Vec<String> = options.only.iter().map(ToString::to_string).collect();
        output.note(&format!(
            "removed first, since it keeps it stopped: {}",
            names.join(", ")
        ));
        parts.push(Part::Plan(Box::new(plan), seen));
    }
    parts.push(Part::Power(Power::Start, targets));
    let command = again("start", &args.scope.only) + &manner(&args.locking, None);
    run(session, &parts, &args.run, output, stop, &command).await
}

/// The command with its entries, so that it can be typed again to go on.
fn again(command: &str, only: &[Addr]) -> String {
    let only = only.to_vec();
    typed(
        command,
        &PlanOptions {
            only,
            ..PlanOptions::default()
        },
    )
}

async fn nothing(session: &Session, output: &Output) -> Result<u8, Failure> {
    output.note("nothing in the file can be stopped or started");
    if output.json {
        finish_empty(session, output).await?;
    }
    Ok(code::DONE)
}

fn targets(session: &Session, only: &[Addr]) -> Result<BTreeSet<Addr>, Failure> {
    let nodes = &session.stack.nodes;
    let all: BTreeSet<Addr> = nodes
        .iter()
        .filter(|(_, n)| n.stoppable())
        .map(|(a, _)| a.clone())
        .collect();
    if only.is_empty() {
        return Ok(all);
    }
    for addr in only {
        if !all.contains(addr) {
            return Err(Failure::message(format!(
                "--only {addr}: that is nothing that can be stopped and started"
            )));
        }
    }
    Ok(only.iter().cloned().collect())
}

/// One part of a run. The next begins when it is complete.
enum Part {
    Power(Power, BTreeSet<Addr>),
    Plan(Box<Plan>, Seen),
}

impl Part {
    /// Returns what it is about.
    fn steps(&self) -> Vec<Addr> {
        match self {
            Part::Power(_, targets) => targets.iter().cloned().collect(),
            Part::Plan(plan, _) => {
                let changes = plan.changes.iter().filter(|c| c.is_change());
                changes.map(|c| c.addr.clone()).collect()
            }
        }
    }
}

/// Does one part after the other, as one run: its events begin and end once.
async fn run(
    session: &Session,
    parts: &[Part],
    how: &Run,
    output: &Output,
    stop: &CancellationToken,
    command: &str,
) -> Result<u8, Failure> {
    let (events, watching) = output.view();
    let settings = settings(session, how, stop);
    let act = async {
        let whole = Emitter::new(events.clone(), settings.clock.clone());
        let summary = in_order(session, parts, &settings, &whole, &events).await;
        drop((events, whole));
        summary
    };
    let (summary, shown) =
        futures_util::future::join(act, watching.until_done(session.lock.release(output))).await;
    last_words(output, &summary, &shown, command);
    Ok(exit_code(&summary, &shown))
}

async fn in_order(
    session: &Session,
    parts: &[Part],
    settings: &RunSettings,
    whole: &Emitter,
    events: &UnboundedSender<Stamped>,
) -> RunSummary {
    let stack = &session.stack;
    let mut sum = RunSummary::default();
    whole.send(Event::Planned {
        steps: parts.iter().map(|p| p.steps().len()).sum(),
    });
    let began = settings.clock.now();
    for part in parts {
        if !sum.complete() {
            for addr in part.steps() {
                sum.skipped.push(addr.clone());
                let because = "what comes before it was not done".to_owned();
                whole.send(Event::Skipped { addr, because });
            }
            continue;
        }
        let (to, mut from) = unbounded_channel::<Stamped>();
        let emitter = Emitter::new(to, settings.clock.clone());
        let act = async move {
            match part {
                Part::Power(way, targets) => {
                    let seen = Seen::default();
                    engine::power(stack, targets, *way, &seen, settings, &emitter).await
                }
                Part::Plan(plan, seen) => {
                    engine::apply(stack, plan, seen, settings, &emitter).await
                }
            }
        };
        let relay = async {
            while let Some(stamped) = from.recv().await {
                let frame = matches!(
                    stamped.event,
                    Event::Planned { .. } | Event::Finished { .. }
                );
                if !frame {
                    let _ = events.send(stamped);
                }
            }
        };
        let (done, ()) = futures_util::future::join(act, relay).await;
        sum.done.extend(done.done);
        sum.accepted.extend(done.accepted);
        sum.failed.extend(done.failed);
        sum.unknown.extend(done.unknown);
        sum.skipped.extend(done.skipped);
        sum.interrupted |= done.interrupted;
    }
    // as the engine rounds, so that events survive JSON unchanged
    sum.seconds = ((settings.clock.now() - began) * 1000.0).round() / 1000.0;
    whole.send(Event::Finished {
        summary: sum.clone(),
    });
    sum
}
