//! RDS without servers, on a clock that only the tests move; one file with a real server.

mod backups;
mod creating;
mod life;
mod live;
mod modifying;
mod offers;
mod others;
mod refusing;

use super::handle;
use crate::sandbox::Sandbox;
use crate::sandbox::postgres::Servers;
use crate::sandbox::store::Store;
use crate::sandbox::timing::{Moment, Timing};
use crate::sandbox::wire::{ApiError, Call, Input, Params, Reply, Service};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Monday, the 23rd of November 2026, noon.
pub const START: Moment = 1_795_435_200_000;

pub struct Stage {
    pub sandbox: Sandbox,
    clock: Arc<AtomicI64>,
    _dir: tempfile::TempDir,
}

impl Stage {
    pub fn new() -> Self {
        Stage::with(|_| Servers::none())
    }

    pub fn with(servers: impl FnOnce(&std::path::Path) -> Servers) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (timing, clock) = Timing::manual(START);
        let store = Store::open(dir.path(), "us-west-2", timing).unwrap();
        let postgres = servers(dir.path());
        let sandbox = Sandbox {
            store,
            wheels: Arc::new(|_, _, _| Box::pin(async { Err("none".to_owned()) })),
            postgres,
        };
        Stage {
            sandbox,
            clock,
            _dir: dir,
        }
    }

    /// Lets seconds go by.
    pub fn wait(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    pub async fn call(&self, operation: &str, params: &[(&str, &str)]) -> Result<String, ApiError> {
        let params = params
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let call = Call {
            service: Service::Rds,
            operation: operation.to_owned(),
            input: Input::Query(Params(params.collect())),
            request_id: "r".to_owned(),
            region: "us-west-2".to_owned(),
        };
        match handle(&self.sandbox, &call).await? {
            Reply::Xml(xml) => Ok(xml),
            other => panic!("{other:?}"),
        }
    }

    pub async fn ok(&self, operation: &str, params: &[(&str, &str)]) -> String {
        self.call(operation, params).await.unwrap()
    }

    /// Makes the call, which must be refused, and returns the code.
    pub async fn refused(&self, operation: &str, params: &[(&str, &str)]) -> String {
        let error = self.call(operation, params).await.unwrap_err();
        format!("{} {}", error.status, error.code)
    }

    /// Creates `db` as the tutorial does, with some parameters otherwise.
    pub async fn create(&self, more: &[(&str, &str)]) -> Result<String, ApiError> {
        let mut params = vec![
            ("DBInstanceIdentifier", "db"),
            ("DBInstanceClass", "db.t3.micro"),
            ("Engine", "postgres"),
            ("EngineVersion", "17"),
            ("MasterUsername", "cruddurroot"),
            ("MasterUserPassword", "huEE33z2Qvl383"),
            ("DBName", "cruddur"),
            ("AllocatedStorage", "20"),
            ("StorageType", "gp3"),
        ];
        // the last one of a name holds; an empty value takes it away
        params.extend_from_slice(more);
        let mut last: Vec<(&str, &str)> = Vec::new();
        for (k, v) in params {
            last.retain(|(known, _)| *known != k);
            if !v.is_empty() {
                last.push((k, v));
            }
        }
        self.call("CreateDBInstance", &last).await
    }

    /// Creates `db` and waits until it is available.
    pub async fn made(more: &[(&str, &str)]) -> Self {
        let stage = Stage::new();
        stage.create(more).await.unwrap();
        stage.wait(360);
        assert_eq!(stage.status().await, "available");
        stage
    }

    pub async fn modify(&self, more: &[(&str, &str)]) -> Result<String, ApiError> {
        let mut params = vec![("DBInstanceIdentifier", "db")];
        params.extend_from_slice(more);
        self.call("ModifyDBInstance", &params).await
    }

    pub async fn describe(&self) -> String {
        self.ok("DescribeDBInstances", &[("DBInstanceIdentifier", "db")])
            .await
    }

    pub async fn status(&self) -> String {
        text(&self.describe().await, "DBInstanceStatus").unwrap()
    }

    pub async fn field(&self, name: &str) -> Option<String> {
        text(&self.describe().await, name)
    }

    /// The inside of `PendingModifiedValues`.
    pub async fn pending(&self) -> String {
        text(&self.describe().await, "PendingModifiedValues").unwrap()
    }
}

/// The inside of the first element of a name.
pub fn text(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (inside, _) = rest.split_once(&format!("</{name}>"))?;
    Some(inside.to_owned())
}

pub fn count(xml: &str, name: &str) -> usize {
    xml.matches(&format!("<{name}>")).count()
}

pub const DB: (&str, &str) = ("DBInstanceIdentifier", "db");
pub const NOW: (&str, &str) = ("ApplyImmediately", "true");
