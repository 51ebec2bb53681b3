//! The commands that change something: `apply`, `destroy`, `refresh-ip`, `stop`, `start`.

use super::args::{ApplyArgs, DestroyArgs, Global, PowerArgs, RefreshArgs, Run};
use super::failure::{Failure, code};
use super::output::{Output, exit_code};
use super::planning::{plan, refused};
use super::session::{Needs, Session};
use super::signals::or_stopped;
use super::{ask, signals};
use crate::engine::{self, Clock, Emitter, Power, RealClock, RunSettings, Seen};
use crate::model::{Action, Addr, Force, Plan, PlanOptions, Purpose, RunSummary};
use crate::render;
use crate::resource::FinalSnapshot;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// `apply`.
///
/// # Errors
/// Whatever keeps the run from beginning.
pub async fn apply(global: &Global, args: &ApplyArgs, output: &Output) -> Result<u8, Failure> {
    let stop = signals::listen();
    let saved = args.plan.as_deref().map(saved_plan).transpose()?;
    let options = match &saved {
        Some(plan) => plan.options.clone(),
        None => PlanOptions {
            only: args.scope.only.clone(),
            adopt: args.allow.adopt.clone(),
            allow_replace: args.allow.allow_replace.clone(),
            prune: args.allow.prune,
            ..PlanOptions::default()
        },
    };
    let purpose = saved.as_ref().map_or(Purpose::Apply, |p| p.purpose);
    let needs = Needs {
        address: purpose == Purpose::Apply,
        ip: args.allow.ip.clone(),
        dial: args.dial.clone(),
        // a database that is replaced or pruned leaves a snapshot behind, as in a destroy
        final_snapshot: final_snapshot(&options),
        // as when it was made: a destroy packs no files, and they are in the digest
        comparing: purpose == Purpose::Apply,
    };
    let session = Session::open(global, &needs, &stop).await?;
    let result = apply_in(
        &session,
        global,
        args,
        saved.as_ref(),
        purpose,
        &options,
        output,
        &stop,
    )
    .await;
    session.close().await;
    result
}

#[allow(clippy::too_many_arguments)] // private, and each is a thing of its own
async fn apply_in(
    session: &Session,
    global: &Global,
    args: &ApplyArgs,
    saved: Option<&Plan>,
    purpose: Purpose,
    options: &PlanOptions,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    let (plan, seen) = or_stopped(plan(session, purpose, options, None), stop).await?;
    if let Some(saved) = saved {
        engine::holds(saved, &plan).map_err(|moved| {
            Failure::with_help(
                format!(
                    "the saved plan does not hold any more:\n  - {}",
                    moved.join("\n  - ")
                ),
                "plan again, read it, and apply that",
            )
        })?;
    } else {
        show(&plan, output);
    }
    refused(&plan)?;
    if plan.is_empty() {
        if output.json {
            finish_empty(output)?;
        }
        return Ok(code::DONE);
    }
    if saved.is_none() && !args.run.yes && !global.sandbox {
        if loses_data(&plan) {
            let question = format!("{} ", render::destroy_question(&plan));
            ask::typed(&question, &plan.stack, stop).await?;
        } else {
            ask::typed("Apply this plan? Only `yes` is a yes: ", "yes", stop).await?;
        }
    }
    run(session, &plan, &seen, &args.run, output, stop, "apply").await
}

/// `destroy`.
///
/// # Errors
/// Whatever keeps the run from beginning.
pub async fn destroy(global: &Global, args: &DestroyArgs, output: &Output) -> Result<u8, Failure> {
    let stop = signals::listen();
    let options = PlanOptions {
        only: args.scope.only.clone(),
        skip_final_snapshot: args.skip_final_snapshot,
        final_snapshot: args.final_snapshot.clone(),
        ..PlanOptions::default()
    };
    let needs = Needs {
        final_snapshot: final_snapshot(&options),
        dial: args.dial.clone(),
        ..Needs::default()
    };
    let session = Session::open(global, &needs, &stop).await?;
    let result = destroy_in(&session, global, args, &options, output, &stop).await;
    session.close().await;
    result
}

async fn destroy_in(
    session: &Session,
    global: &Global,
    args: &DestroyArgs,
    options: &PlanOptions,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    let (plan, seen) = or_stopped(plan(session, Purpose::Destroy, options, None), stop).await?;
    if let Some(path) = &args.out {
        save(path, &plan, output)?;
        show(&plan, output);
        return Ok(code::DONE);
    }
    show(&plan, output);
    refused(&plan)?;
    if plan.is_empty() {
        if output.json {
            finish_empty(output)?;
        }
        return Ok(code::DONE);
    }
    if !args.run.yes && !global.sandbox {
        let question = format!("{} ", render::destroy_question(&plan));
        ask::typed(&question, &plan.stack, stop).await?;
    }
    run(session, &plan, &seen, &args.run, output, stop, "destroy").await
}

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
    let needs = Needs {
        address: true,
        ip: args.ip.clone(),
        ..Needs::default()
    };
    let session = Session::open(global, &needs, &stop).await?;
    let result = refresh_in(&session, output, &stop).await;
    session.close().await;
    result
}

async fn refresh_in(
    session: &Session,
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
            finish_empty(output)?;
        }
        return Ok(code::DONE);
    }
    let settings = Run {
        yes: true,
        parallelism: 10,
        no_wait: false,
    };
    let code = run(session, &plan, &seen, &settings, output, stop, "refresh-ip").await?;
    if code == code::DONE {
        output.note(&format!("{address} is let in"));
    }
    Ok(code)
}

/// `stop` and `start`.
///
/// # Errors
/// Whatever keeps the run from beginning; nothing to stop.
pub async fn power(
    global: &Global,
    args: &PowerArgs,
    way: Power,
    output: &Output,
) -> Result<u8, Failure> {
    let stop = signals::listen();
    let session = Session::open(global, &Needs::default(), &stop).await?;
    let result = power_in(&session, global, args, way, output, &stop).await;
    session.close().await;
    result
}

async fn power_in(
    session: &Session,
    global: &Global,
    args: &PowerArgs,
    way: Power,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    let stack = &session.stack;
    let mut targets: BTreeSet<Addr> = stack
        .nodes
        .iter()
        .filter(|(_, n)| n.stoppable())
        .map(|(a, _)| a.clone())
        .collect();
    if !args.scope.only.is_empty() {
        for addr in &args.scope.only {
            if !targets.contains(addr) {
                return Err(Failure::message(format!(
                    "--only {addr}: that is nothing that can be stopped and started"
                )));
            }
        }
        targets = args.scope.only.iter().cloned().collect();
    }
    if targets.is_empty() {
        output.note("nothing in the file can be stopped or started");
        if output.json {
            finish_empty(output)?;
        }
        return Ok(code::DONE);
    }
    if way == Power::Stop && !args.run.yes && !global.sandbox {
        let names: Vec<_> = targets.iter().map(ToString::to_string).collect();
        let question = format!(
            "{} will refuse connections until it is started; AWS starts it by itself after seven days.\nStop? Only `yes` is a yes: ",
            names.join(", ")
        );
        ask::typed(&question, "yes", stop).await?;
    }
    let seen = Seen::default();
    let (events, watching) = output.view();
    let settings = settings(session, &args.run, stop);
    let emitter = Emitter::new(events, settings.clock.clone());
    let act = async {
        let summary = engine::power(stack, &targets, way, &seen, &settings, &emitter).await;
        drop(emitter);
        summary
    };
    let (summary, shown) = futures_util::future::join(act, watching.until_done()).await;
    last_words(
        output,
        &summary,
        &shown,
        if way == Power::Stop { "stop" } else { "start" },
    );
    Ok(exit_code(&summary))
}

fn settings(session: &Session, run: &Run, stop: &CancellationToken) -> RunSettings {
    let clock: Arc<dyn Clock> = Arc::new(RealClock::new(session.speed));
    RunSettings {
        parallelism: usize::from(run.parallelism),
        no_wait: run.no_wait,
        clock,
        stop: stop.clone(),
    }
}

async fn run(
    session: &Session,
    plan: &Plan,
    seen: &Seen,
    how: &Run,
    output: &Output,
    stop: &CancellationToken,
    command: &str,
) -> Result<u8, Failure> {
    let (events, watching) = output.view();
    let settings = settings(session, how, stop);
    let emitter = Emitter::new(events, settings.clock.clone());
    let act = async {
        let summary = engine::apply(&session.stack, plan, seen, &settings, &emitter).await;
        drop(emitter);
        summary
    };
    let (summary, shown) = futures_util::future::join(act, watching.until_done()).await;
    last_words(output, &summary, &shown, command);
    Ok(exit_code(&summary))
}

fn last_words(output: &Output, summary: &RunSummary, record: &render::Record, command: &str) {
    if !output.json {
        let text = render::run_summary_human(
            summary,
            record,
            render::Invocation {
                program: &output.program(),
                command,
            },
            &output.err,
        );
        if !output.quiet || !summary.complete() {
            let mut stderr = std::io::stderr().lock();
            let _ = std::io::Write::write_all(&mut stderr, text.as_bytes());
        }
    }
}

fn finish_empty(output: &Output) -> Result<(), Failure> {
    let event = crate::model::Stamped {
        event: crate::model::Event::Finished {
            summary: RunSummary::default(),
        },
        at: RealClock::new(1.0).stamp(),
    };
    output.result(&serde_json::to_string(&event).unwrap_or_default())?;
    Ok(())
}

/// The plan of a run is for the reader's eyes: stdout belongs to events under `--format json`.
fn show(plan: &Plan, output: &Output) {
    output.note(&render::plan_human(plan, &output.err, output.verbose));
}

pub(super) fn save(path: &Path, plan: &Plan, output: &Output) -> Result<(), Failure> {
    crate::files::replace_private(path, render::plan_json(plan).as_bytes())
        .map_err(|e| Failure::message(format!("--out {}: {e}", path.display())))?;
    output.note(&format!(
        "saved; `cruddur-infra apply {}` runs exactly this plan",
        path.display()
    ));
    Ok(())
}

/// What every saved plan has, of whatever version it is.
#[derive(serde::Deserialize)]
struct Version {
    format_version: u32,
}

fn saved_plan(path: &Path) -> Result<Plan, Failure> {
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|e| Failure::message(format!("{name}: {e}")))?;
    let none = |e: serde_json::Error| {
        Failure::with_help(
            format!("{name} is no saved plan: {e}"),
            "`cruddur-infra plan --out FILE` writes one",
        )
    };
    // first, because a plan of another version may have other fields
    let Version { format_version } = serde_json::from_slice(&bytes).map_err(none)?;
    if format_version != crate::model::FORMAT_VERSION {
        return Err(Failure::with_help(
            format!(
                "{name} has format version {format_version}, this program reads {}",
                crate::model::FORMAT_VERSION
            ),
            "plan again with this version",
        ));
    }
    serde_json::from_slice(&bytes).map_err(none)
}

fn final_snapshot(options: &PlanOptions) -> FinalSnapshot {
    match (&options.final_snapshot, options.skip_final_snapshot) {
        (Some(name), _) => FinalSnapshot::Named(name.clone()),
        (None, true) => FinalSnapshot::Skip,
        (None, false) => {
            let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
            FinalSnapshot::Generated(now.strftime("%Y%m%d-%H%M%S").to_string())
        }
    }
}

/// Tells whether something that holds data would be deleted, replaced, or emptied in part.
fn loses_data(plan: &Plan) -> bool {
    plan.changes.iter().any(|c| {
        matches!(c.action, Action::Delete | Action::Replace) || c.diff.force() > Some(Force::Update)
    })
}

/// Tells whether a plan does something; kept beside the code that decides the exit code.
pub(super) fn has_changes(plan: &Plan) -> bool {
    plan.changes.iter().any(|c| c.action != Action::NoOp)
}
