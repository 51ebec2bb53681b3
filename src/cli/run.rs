//! The commands that change something: `apply`, `destroy`. `refresh-ip` is in `refresh`, `stop` and `start` in `power`.

use super::again::{manner, typed};
use super::args::{ApplyArgs, DestroyArgs, Global, Run};
use super::copies;
use super::failure::{Failure, code};
use super::keep::{self, Keeper};
use super::lock::Lock;
use super::output::{Output, exit_code, shell_word};
use super::planning::{plan, refused};
use super::replace::{LARGEST, PLAN, replaceable};
use super::session::{Needs, Session};
use super::signals::or_stopped;
use super::{ask, data, receipt, signals};
use crate::engine::{self, Clock, Emitter, RealClock, RunSettings, Seen};
use crate::model::{Action, Force, Holding, Plan, PlanOptions, Purpose, RunSummary};
use crate::render;
use crate::resource::FinalSnapshot;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// `apply`.
///
/// # Errors
/// Whatever keeps the run from beginning.
pub async fn apply(global: &Global, args: &ApplyArgs, output: &Output) -> Result<u8, Failure> {
    // before signals are listened to: a plan may come through a pipe that nobody writes into
    let saved = args.plan.as_deref().map(saved_plan).transpose()?;
    let stop = signals::listen();
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
        no_copy: args.no_copy,
        allowed: options.allow_replace.clone(),
        only: options.only.clone(),
        // as when it was made: a destroy packs no files, and they are in the digest
        comparing: purpose == Purpose::Apply,
    };
    let mut session = Session::open(global, &needs, &stop).await?;
    match Lock::take(&session, &args.locking, "apply", output, &stop).await {
        Ok(lock) => session.lock = lock,
        Err(failure) => return closed(session, failure).await,
    }
    let joined = match purpose {
        Purpose::Apply => Ok(()),
        Purpose::Destroy => with_keepers(&mut session, &stop).await,
    };
    let result = match joined {
        Ok(()) => {
            let saved = saved.as_ref();
            apply_in(
                &session, global, args, saved, purpose, &options, output, &stop,
            )
            .await
        }
        Err(failure) => Err(failure),
    };
    session.lock.release(output).await;
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
    }
    show(&plan, output);
    refused(&plan)?;
    if plan.is_empty() {
        if output.json {
            finish_empty(session, output).await?;
        }
        return Ok(code::DONE);
    }
    let held = match purpose {
        Purpose::Apply => None,
        Purpose::Destroy => {
            let held = data::held(session, &plan, &seen);
            let held = or_stopped(async { Ok(held.await) }, stop).await?;
            if !held.is_empty() {
                output.page(render::holdings_human(&held, &output.err).trim_end());
            }
            Some(held)
        }
    };
    if !args.run.yes && !global.sandbox {
        if loses_data(&plan) {
            let question = format!("{} ", render::destroy_question(&plan));
            ask::typed(&question, &plan.stack, stop).await?;
        } else if saved.is_none() || allows(options) {
            ask::typed("Apply this plan? Only `yes` is a yes: ", "yes", stop).await?;
        }
    }
    if let Some(held) = held {
        data::agreed(&held, &plan, global, output, stop).await?;
        let again = typed("destroy", &plan.options) + &manner(&args.locking, Some(&args.dial));
        let how = (&args.run, again.as_str());
        return destroyed(session, &plan, &seen, &held, how, None, output, stop).await;
    }
    let mut command = typed("apply", options) + &manner(&args.locking, Some(&args.dial));
    if args.no_copy {
        command.push_str(" --no-copy");
    }
    if let Some(ip) = &args.allow.ip {
        command.push_str(&format!(" --ip {}", shell_word(ip)));
    }
    run(session, &plan, &seen, &args.run, output, stop, &command).await
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
        allow_data_loss: args.allow_data_loss.clone(),
        wait: args.wait,
        ..PlanOptions::default()
    };
    args.receipt.as_deref().map(receipt::writable).transpose()?;
    let out = args.out.as_deref();
    out.map(|path| replaceable("--out", path, "plan", &PLAN))
        .transpose()?;
    let needs = Needs {
        final_snapshot: final_snapshot(&options),
        dial: args.dial.clone(),
        ..Needs::default()
    };
    let mut session = Session::open(global, &needs, &stop).await?;
    match Lock::take(&session, &args.locking, "destroy", output, &stop).await {
        Ok(lock) => session.lock = lock,
        Err(failure) => return closed(session, failure).await,
    }
    let result = match with_keepers(&mut session, &stop).await {
        Ok(()) => destroy_in(&session, global, args, &options, output, &stop).await,
        Err(failure) => Err(failure),
    };
    session.lock.release(output).await;
    session.close().await;
    result
}

/// Ends a session whose command does not begin.
pub(super) async fn closed(session: Session, failure: Failure) -> Result<u8, Failure> {
    session.close().await;
    Err(failure)
}

/// What keeps instances stopped is not in the file, and goes with them all the same.
async fn with_keepers(session: &mut Session, stop: &CancellationToken) -> Result<(), Failure> {
    let nodes = session.stack.nodes.iter();
    let keepers = nodes
        .filter(|(_, n)| n.stoppable())
        .map(|(addr, _)| Keeper::of(addr))
        .collect();
    let looked = keep::standing(&session.stack, keepers);
    let (standing, wrong) = or_stopped(looked, stop).await?;
    session.warnings.extend(wrong);
    keep::join(&mut session.stack, &standing).map(|_| ())
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
    }
    show(&plan, output);
    let held = or_stopped(async { Ok(data::held(session, &plan, &seen).await) }, stop).await?;
    if !held.is_empty() {
        output.page(render::holdings_human(&held, &output.err).trim_end());
    }
    // a script that saves a plan must hear that it cannot be applied
    refused(&plan)?;
    if args.out.is_some() {
        return Ok(code::DONE);
    }
    let file = args.receipt.as_deref();
    if plan.is_empty() {
        let made = receipt::made(session, &plan, &seen, &held, None, stop);
        let receipt = or_stopped(async { Ok(made.await) }, stop).await?;
        if output.json {
            output.result(&serde_json::to_string(&receipt::event(&receipt)).unwrap_or_default())?;
            finish_empty(session, output).await?;
        }
        return Ok(receipt::told(&receipt, file, code::DONE, output));
    }
    if !args.run.yes && !global.sandbox {
        let question = format!("{} ", render::destroy_question(&plan));
        ask::typed(&question, &plan.stack, stop).await?;
    }
    data::agreed(&held, &plan, global, output, stop).await?;
    let mut again = typed("destroy", &plan.options) + &manner(&args.locking, Some(&args.dial));
    if let Some(file) = file {
        again.push_str(&format!(
            " --receipt {}",
            shell_word(&file.display().to_string())
        ));
    }
    let how = (&args.run, again.as_str());
    destroyed(session, &plan, &seen, &held, how, file, output, stop).await
}

/// Runs the plan of a destroy, and gives the receipt.
#[allow(clippy::too_many_arguments)] // private, and each is a thing of its own
async fn destroyed(
    session: &Session,
    plan: &Plan,
    seen: &Seen,
    held: &[Holding],
    (how, again): (&Run, &str),
    file: Option<&Path>,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    let (events, watching) = output.view();
    let settings = RunSettings {
        await_rest: plan.options.wait,
        ..settings(session, how, stop)
    };
    let emitter = Emitter::new(events.clone(), settings.clock.clone());
    let act = async {
        let summary = engine::apply(&session.stack, plan, seen, &settings, &emitter).await;
        drop(emitter);
        let receipt = receipt::made(session, plan, seen, held, Some(&summary), stop).await;
        let _ = events.send(receipt::event(&receipt));
        // the view ends when nobody sends any more
        drop(events);
        (summary, receipt)
    };
    let ((summary, receipt), record) =
        futures_util::future::join(act, watching.until_done(session.lock.release(output))).await;
    last_words(output, &summary, &record, again);
    let code = exit_code(&summary, &record);
    Ok(receipt::told(&receipt, file, code, output))
}

pub(super) fn settings(session: &Session, run: &Run, stop: &CancellationToken) -> RunSettings {
    let clock: Arc<dyn Clock> = Arc::new(RealClock::new(session.speed));
    RunSettings {
        parallelism: usize::from(run.parallelism),
        no_wait: run.no_wait,
        await_rest: false,
        clock,
        stop: stop.clone(),
    }
}

pub(super) async fn run(
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
    if let Some(copies) = session.connector.copies() {
        let target = if session.is_sandbox() {
            ""
        } else {
            " --target prd"
        };
        let named = format!("{target}{}", session.dialled);
        let emitter = Emitter::new(events.clone(), settings.clock.clone());
        copies::tell(copies, emitter, &named, output);
    }
    let emitter = Emitter::new(events, settings.clock.clone());
    let act = async {
        let summary = engine::apply(&session.stack, plan, seen, &settings, &emitter).await;
        drop(emitter);
        // the view ends when nobody sends any more
        if let Some(copies) = session.connector.copies() {
            copies.on_made(None);
        }
        summary
    };
    let (summary, shown) =
        futures_util::future::join(act, watching.until_done(session.lock.release(output))).await;
    last_words(output, &summary, &shown, command);
    Ok(exit_code(&summary, &shown))
}

pub(super) fn last_words(
    output: &Output,
    summary: &RunSummary,
    record: &render::Record,
    command: &str,
) {
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

/// A run that has nothing to do.
pub(super) async fn finish_empty(session: &Session, output: &Output) -> Result<(), Failure> {
    let event = crate::model::Stamped {
        event: crate::model::Event::Finished {
            summary: RunSummary::default(),
        },
        at: RealClock::new(1.0).stamp(),
    };
    // nothing is told after the last event
    session.lock.release(output).await;
    output.result(&serde_json::to_string(&event).unwrap_or_default())?;
    Ok(())
}

/// The plan of a run is for the reader's eyes: stdout belongs to events under `--format json`.
pub(super) fn show(plan: &Plan, output: &Output) {
    output.page(&render::plan_human(plan, &output.err, output.verbose));
}

pub(super) fn save(path: &Path, plan: &Plan, output: &Output) -> Result<(), Failure> {
    crate::files::replace_private(path, render::plan_json(plan).as_bytes())
        .map_err(|e| Failure::message(format!("--out {}: {e}", path.display())))?;
    let path = path.display().to_string();
    output.note(&format!(
        "saved; `{} apply {}` runs exactly this plan",
        output.program(),
        shell_word(&path)
    ));
    Ok(())
}

fn saved_plan(path: &Path) -> Result<Plan, Failure> {
    let name = path.display();
    let bytes = crate::files::read_at_most(path, LARGEST)
        .map_err(|e| Failure::message(format!("{name}: {e}")))?;
    engine::read(&bytes).map_err(|why| match why {
        engine::Unread::NoPlan(why) => Failure::with_help(
            format!("{name} is no saved plan: {why}"),
            "`cruddur-infra plan --out FILE` writes one",
        ),
        engine::Unread::Version(version) => Failure::with_help(
            format!(
                "{name} has format version {version}, this program reads {}",
                crate::model::FORMAT_VERSION
            ),
            "plan again with this version",
        ),
        engine::Unread::Changed => Failure::with_help(
            format!("{name} is not the plan that was saved: its digest is of another content"),
            "plan again, read it, and apply that",
        ),
        engine::Unread::Unknown(place) => Failure::with_help(
            format!("{name} has `{place}`, which this program does not read so"),
            "plan again with this version",
        ),
    })
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

/// Tells whether options permit what a plan alone must not: a saved plan is asked about again then, because whoever could
/// write the file could write them.
fn allows(options: &PlanOptions) -> bool {
    let PlanOptions {
        only: _,
        adopt,
        allow_replace,
        prune,
        skip_final_snapshot,
        final_snapshot: _,
        allow_data_loss,
        wait: _,
    } = options;
    let named = [adopt, allow_replace, allow_data_loss];
    named.iter().any(|addrs| !addrs.is_empty()) || *prune || *skip_final_snapshot
}

/// Tells whether a plan does something; kept beside the code that decides the exit code.
pub(super) fn has_changes(plan: &Plan) -> bool {
    plan.changes.iter().any(|c| c.action != Action::NoOp)
}
