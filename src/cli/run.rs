//! The commands that change something: `apply`, `destroy`. `refresh-ip` is in `refresh`, `stop` and `start` in `power`.

use super::args::{ApplyArgs, DestroyArgs, Global, Run};
use super::copies;
use super::failure::{Failure, code};
use super::keep::{self, Keeper};
use super::output::{Output, exit_code};
use super::planning::{plan, refused};
use super::session::{Needs, Session};
use super::signals::or_stopped;
use super::{ask, signals};
use crate::engine::{self, Clock, Emitter, RealClock, RunSettings, Seen};
use crate::model::{Action, Force, Plan, PlanOptions, Purpose, RunSummary};
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
        no_copy: args.no_copy,
        // as when it was made: a destroy packs no files, and they are in the digest
        comparing: purpose == Purpose::Apply,
    };
    let mut session = Session::open(global, &needs, &stop).await?;
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
    let mut session = Session::open(global, &needs, &stop).await?;
    let result = match with_keepers(&mut session, &stop).await {
        Ok(()) => destroy_in(&session, global, args, &options, output, &stop).await,
        Err(failure) => Err(failure),
    };
    session.close().await;
    result
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

pub(super) fn settings(session: &Session, run: &Run, stop: &CancellationToken) -> RunSettings {
    let clock: Arc<dyn Clock> = Arc::new(RealClock::new(session.speed));
    RunSettings {
        parallelism: usize::from(run.parallelism),
        no_wait: run.no_wait,
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
        let named = if session.is_sandbox() {
            ""
        } else {
            " --target prd"
        };
        let emitter = Emitter::new(events.clone(), settings.clock.clone());
        copies::tell(copies, emitter, named, output);
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
    let (summary, shown) = futures_util::future::join(act, watching.until_done()).await;
    last_words(output, &summary, &shown, command);
    Ok(exit_code(&summary))
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

pub(super) fn finish_empty(output: &Output) -> Result<(), Failure> {
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
pub(super) fn show(plan: &Plan, output: &Output) {
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
