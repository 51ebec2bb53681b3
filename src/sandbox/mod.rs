//! The local AWS: an HTTP server that answers the calls of this stack as AWS does, and a local Postgres behind it.
//!
//! It must not know what it is judged with: nothing here imports the engine, the kinds or the clients.
//! Every call runs against a [`World`](world::World) that is kept as readable JSON, so that any number of
//! commands may share it. Life cycles run on a scaled clock ([`timing::Timing`]).

pub mod cognito;
pub mod ec2;
pub mod faults;
pub mod iam;
pub mod lambda;
pub mod logs;
pub mod postgres;
pub mod rds;
pub mod scheduler;
pub mod server;
pub mod ssm;
pub mod store;
pub mod sts;
pub mod timing;
pub mod wire;
pub mod world;
pub mod xml;

use futures_util::future::BoxFuture;
use std::path::PathBuf;
use std::sync::Arc;
use store::Store;
use wire::{ApiError, Call, Reply, Service};

/// Finds a Python wheel that fits the local interpreter; the sandbox needs it to run a function whose layer was
/// built for another one. Arguments: project, version, interpreter tag (`cp311`). Returns the wheel's path.
pub type LocalWheels = Arc<
    dyn Fn(String, String, String) -> BoxFuture<'static, Result<PathBuf, String>> + Send + Sync,
>;

/// The sandbox of one stack file.
#[derive(Clone)]
pub struct Sandbox {
    /// Its world and clock.
    pub store: Store,
    /// Where wheels for the local interpreter come from.
    pub wheels: LocalWheels,
    /// The Postgres servers behind its instances.
    pub postgres: postgres::Servers,
}

/// How a sandbox is to be.
#[derive(Clone)]
pub struct SandboxOptions {
    /// Where its world is kept.
    pub dir: PathBuf,
    /// In which region it plays.
    pub region: String,
    /// Its clock.
    pub timing: timing::Timing,
    /// Where wheels for the local interpreter come from.
    pub wheels: LocalWheels,
    /// Where the Postgres programs come from.
    pub programs: postgres::ProgramSource,
    /// Where fetched programs are kept.
    pub cache: PathBuf,
}

impl Sandbox {
    /// Opens the world of one stack file, which is made where it is missing.
    ///
    /// # Errors
    /// Where its directory cannot be made or written.
    pub fn open(options: SandboxOptions) -> std::io::Result<Self> {
        let store = Store::open(&options.dir, &options.region, options.timing)?;
        let postgres = postgres::Servers::new(options.dir.clone(), options.programs, options.cache);
        Ok(Sandbox {
            store,
            wheels: options.wheels,
            postgres,
        })
    }

    /// Answers one call, after everything that is due by now and takes more than the passing of time: AWS starts what
    /// was stopped a week ago, and schedules call their targets.
    ///
    /// # Errors
    /// What AWS would refuse, in AWS's words.
    pub async fn answer(&self, call: &Call) -> Result<Reply, ApiError> {
        rds::wake(self).await?;
        scheduler::due(self).await?;
        self.carry_out(call).await
    }

    /// Answers one call and does nothing else.
    ///
    /// # Errors
    /// What AWS would refuse, in AWS's words.
    pub async fn carry_out(&self, call: &Call) -> Result<Reply, ApiError> {
        match call.service {
            Service::Rds => rds::handle(self, call).await,
            Service::Ec2 => ec2::handle(self, call).await,
            Service::Iam => iam::handle(self, call).await,
            Service::Sts => sts::handle(self, call).await,
            Service::CognitoIdp => cognito::handle(self, call).await,
            Service::Logs => logs::handle(self, call).await,
            Service::Ssm => ssm::handle(self, call).await,
            Service::Lambda => lambda::handle(self, call).await,
            Service::Scheduler => scheduler::handle(self, call).await,
        }
    }
}

/// Makes a text that nobody guesses, of letters and digits: a password for the sandbox. `None` where the system has
/// no randomness.
pub fn random_text() -> Option<String> {
    use secrecy::ExposeSecret;
    postgres::random_password()
        .ok()
        .map(|p| p.expose_secret().to_owned())
}
