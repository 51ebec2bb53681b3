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
pub mod postgres;
pub mod rds;
pub mod server;
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
pub type LocalWheels =
    Arc<dyn Fn(String, String, String) -> BoxFuture<'static, Result<PathBuf, String>> + Send + Sync>;

/// Finds the directory of the Postgres server programs (`…/bin`); asked only when a server must be started.
pub type PostgresPrograms = Arc<dyn Fn() -> BoxFuture<'static, Result<PathBuf, String>> + Send + Sync>;

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

impl Sandbox {
    /// Answers one call.
    ///
    /// # Errors
    /// What AWS would refuse, in AWS's words.
    pub async fn answer(&self, call: &Call) -> Result<Reply, ApiError> {
        match call.service {
            Service::Rds => rds::handle(self, call).await,
            Service::Ec2 => ec2::handle(self, call).await,
            Service::Iam => iam::handle(self, call).await,
            Service::Sts => sts::handle(self, call).await,
            Service::CognitoIdp => cognito::handle(self, call).await,
            Service::Lambda => lambda::handle(self, call).await,
        }
    }
}
