//! IAM by its calls, on a clock that stands still until it is moved.

mod policies;
mod profiles;
mod roles;
mod spreading;

use crate::sandbox::Sandbox;
use crate::sandbox::postgres::Servers;
use crate::sandbox::store::Store;
use crate::sandbox::timing::Timing;
use crate::sandbox::wire::{ApiError, Call, Input, Params, Reply, Service};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// 2026-11-23T00:00:00Z
const NOW: i64 = 1_795_392_000_000;
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:CreateNetworkInterface","Resource":"*"}]}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const MANAGED: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole";

struct Stage {
    sandbox: Sandbox,
    clock: Arc<AtomicI64>,
    _dir: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (timing, clock) = Timing::manual(NOW);
        let sandbox = Sandbox {
            store: Store::open(dir.path(), "us-west-2", timing).unwrap(),
            wheels: Arc::new(|_, _, _| Box::pin(async { Err("none".to_owned()) })),
            postgres: Servers::none(),
        };
        Stage {
            sandbox,
            clock,
            _dir: dir,
        }
    }

    fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    async fn call(&self, operation: &str, params: &[(&str, &str)]) -> Result<String, ApiError> {
        let params = params
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let call = Call {
            service: Service::Iam,
            operation: operation.to_owned(),
            input: Input::Query(Params(params)),
            request_id: "r".to_owned(),
            region: "us-east-1".to_owned(),
        };
        match super::handle(&self.sandbox, &call).await? {
            Reply::Xml(xml) => Ok(xml),
            other => panic!("{other:?}"),
        }
    }

    async fn ok(&self, operation: &str, params: &[(&str, &str)]) -> String {
        self.call(operation, params).await.unwrap()
    }

    async fn refused(&self, operation: &str, params: &[(&str, &str)]) -> (u16, String) {
        let e = self.call(operation, params).await.unwrap_err();
        (e.status, e.code)
    }

    async fn role(&self, name: &str) {
        self.ok(
            "CreateRole",
            &[("RoleName", name), ("AssumeRolePolicyDocument", TRUST)],
        )
        .await;
    }

    async fn policy(&self, name: &str) -> String {
        let xml = self
            .ok(
                "CreatePolicy",
                &[("PolicyName", name), ("PolicyDocument", POLICY)],
            )
            .await;
        inner(&xml, "Arn")
    }
}

/// Returns the text of the first element of a name.
fn inner(xml: &str, name: &str) -> String {
    let from = xml.find(&format!("<{name}>")).unwrap() + name.len() + 2;
    let to = xml[from..].find(&format!("</{name}>")).unwrap();
    xml[from..from + to].to_owned()
}

fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn an_operation_that_is_not_there_is_an_invalid_action() {
    let s = Stage::new();
    assert_eq!(
        s.refused("CreateUser", &[]).await,
        code(400, "InvalidAction")
    );
}
