//! `db`: the database side, every script of the tutorial as a command.

mod admin;
pub mod args;
mod connect;
mod load;
mod query;
mod sessions;
mod target;
mod undo;
mod wait;

use super::args::Global;
use super::failure::Failure;
use super::lock::Lock;
use super::output::Output;
use super::signals::{self, or_stopped};
use args::{DbArgs, DbCommand};
use target::Target;
use tokio_util::sync::CancellationToken;

/// Runs a `db` command.
///
/// # Errors
/// Whatever keeps it from being done.
pub async fn db(global: &Global, args: &DbArgs, output: &Output) -> Result<u8, Failure> {
    // psql handles Ctrl-C itself
    let stop = match args.command {
        DbCommand::Connect { .. } => CancellationToken::new(),
        _ => signals::listen(),
    };
    let target = or_stopped(Target::open(global, &args.which, &stop), &stop).await?;
    let lock = match lock(&target, args, output, &stop).await {
        Ok(lock) => lock,
        Err(failure) => {
            target.close().await;
            return Err(failure);
        }
    };
    let result = run(&target, global, args, output, &stop).await;
    if let Some(lock) = lock {
        lock.release(output).await;
    }
    target.close().await;
    result
}

/// Takes the stack's lock, where the database is the stack's and the command changes it.
async fn lock(
    target: &Target,
    args: &DbArgs,
    output: &Output,
    stop: &CancellationToken,
) -> Result<Option<Lock>, Failure> {
    let Some(command) = args.command.locks_for(&args.locking) else {
        return Ok(None);
    };
    match target.session() {
        Some(session) => Lock::take(session, &args.locking, command, output, stop)
            .await
            .map(Some),
        // not reached through the stack, and so nobody's lock is about it
        None if args.locking.lock && !args.locking.no_lock => Err(Failure::with_help(
            format!(
                "--lock is about the stack's own database, and this one is found by {}",
                target.from
            ),
            "leave --lock and CRUDDUR_INFRA_LOCK out, or unset that variable and give --target prd",
        )),
        None => Ok(None),
    }
}

async fn run(
    target: &Target,
    global: &Global,
    args: &DbArgs,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    match &args.command {
        DbCommand::Connect { arguments } => connect::connect(target, global, arguments).await,
        DbCommand::Create => admin::create(target, output, stop).await,
        DbCommand::Drop(consent) => admin::drop(target, global, consent, output, stop).await,
        DbCommand::Load(load) => {
            let scripts = load::scripts(target, global, &load.scripts)?;
            load::run(target, global, &scripts, &load.how, output, stop).await
        }
        DbCommand::Seed(seed) => {
            let scripts = load::scripts(target, global, &["seed".to_owned()])?;
            load::run(target, global, &scripts, &seed.how, output, stop).await
        }
        DbCommand::Query(args) => query::query(target, global, args, output, stop).await,
        DbCommand::Setup(consent) => admin::setup(target, global, consent, output, stop).await,
        DbCommand::Undo(args) => undo::undo(target, global, args, output, stop).await,
        DbCommand::Sessions {
            kill_idle,
            idle_for,
        } => {
            let kill = kill_idle.then_some(sessions::KillIdle(idle_for.duration()));
            or_stopped(sessions::list(target, kill, output), stop).await
        }
        DbCommand::Wait { limit } => wait::wait(target, limit.duration(), output, stop).await,
    }
}
