//! A sandbox in a directory of its own, for the tests of this floor.

use crate::sandbox::Sandbox;
use crate::sandbox::postgres::Servers;
use crate::sandbox::store::Store;
use crate::sandbox::timing::Timing;
use crate::sandbox::wire::{ApiError, Call, Input, Params, Reply, Service};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub const REGION: &str = "us-west-2";

pub struct Bench {
    pub dir: tempfile::TempDir,
    pub sandbox: Sandbox,
    clock: Arc<AtomicI64>,
}

impl Bench {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (timing, clock) = Timing::manual(1_700_000_000_000);
        let store = Store::open(dir.path(), REGION, timing).unwrap();
        let sandbox = Sandbox {
            store,
            wheels: Arc::new(|_, _, _| Box::pin(async { Err("no wheels here".to_owned()) })),
            postgres: Servers::none(),
        };
        Bench {
            dir,
            sandbox,
            clock,
        }
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Makes a call of a query service and returns the XML inside of the envelope.
    pub async fn ask(
        &self,
        service: Service,
        operation: &str,
        input: &[(&str, &str)],
    ) -> Result<String, ApiError> {
        match self
            .sandbox
            .answer(&call(service, operation, input))
            .await?
        {
            Reply::Xml(text) => Ok(text),
            other => panic!("XML was expected: {other:?}"),
        }
    }
}

pub fn call(service: Service, operation: &str, input: &[(&str, &str)]) -> Call {
    Call {
        service,
        operation: operation.to_owned(),
        input: Input::Query(Params(
            input
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
        )),
        request_id: "r".to_owned(),
        region: REGION.to_owned(),
    }
}

/// The texts of all elements of a name, in order.
pub fn texts(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open)
        .skip(1)
        .filter_map(|rest| rest.split(&close).next())
        .map(str::to_owned)
        .collect()
}
