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
    let result = run(&target, global, args, output, &stop).await;
    target.close().await;
    result
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
