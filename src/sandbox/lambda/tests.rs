//! Lambda by its calls, on a clock that stands still until it is moved; handlers run under the machine's Python.

mod functions;
mod layers;
mod live;
mod live_layers;
mod permissions;
mod refusals;
mod sources;
mod updates;

use crate::sandbox::postgres::Servers;
use crate::sandbox::store::Store;
use crate::sandbox::timing::Timing;
use crate::sandbox::wire::{ApiError, Call, Input, Params, Reply, Service};
use crate::sandbox::{LocalWheels, Sandbox};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// 2026-11-23T00:00:00Z
const NOW: i64 = 1_795_392_000_000;
const ROLE: &str = "arn:aws:iam::123456789012:role/r";
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const MANAGED: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole";
const HANDLER: &str = "def handler(event, context):\n    return event\n";

struct Stage {
    sandbox: Sandbox,
    clock: Arc<AtomicI64>,
    dir: tempfile::TempDir,
}

/// Packs files into a zip.
fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        writer
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn encoded(files: &[(&str, &str)]) -> String {
    STANDARD.encode(zip(files))
}

impl Stage {
    /// A world with a role that Lambda can assume and that may work in a VPC.
    async fn new() -> Self {
        let none: LocalWheels =
            Arc::new(|_, _, _| Box::pin(async { Err("there are none".to_owned()) }));
        Self::with(none).await
    }

    async fn with(wheels: LocalWheels) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (timing, clock) = Timing::manual(NOW);
        let sandbox = Sandbox {
            store: Store::open(dir.path(), "us-west-2", timing).unwrap(),
            wheels,
            postgres: Servers::none(),
        };
        let s = Stage {
            sandbox,
            clock,
            dir,
        };
        s.iam(
            "CreateRole",
            &[("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST)],
        )
        .await;
        s.iam(
            "AttachRolePolicy",
            &[("RoleName", "r"), ("PolicyArn", MANAGED)],
        )
        .await;
        s.pass(8);
        s
    }

    fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    async fn iam(&self, operation: &str, params: &[(&str, &str)]) {
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
        self.sandbox.answer(&call).await.unwrap();
    }

    async fn send(
        &self,
        operation: &str,
        path: &[&str],
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Reply, ApiError> {
        let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        let call = Call {
            service: Service::Lambda,
            operation: operation.to_owned(),
            input: Input::Rest {
                method: String::new(),
                path: path.iter().map(|p| (*p).to_owned()).collect(),
                query: own(query),
                headers: own(headers).into_iter().collect::<BTreeMap<_, _>>(),
                body,
            },
            request_id: "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned(),
            region: "us-west-2".to_owned(),
        };
        super::handle(&self.sandbox, &call).await
    }

    /// Calls an operation on a function; `path` is what follows `/2015-03-31/functions`.
    async fn call(&self, operation: &str, path: &[&str], body: Value) -> Result<Value, ApiError> {
        let mut whole = vec!["2015-03-31", "functions"];
        whole.extend(path);
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        match self.send(operation, &whole, &[], &[], body).await? {
            Reply::Json(_, value) => Ok(value),
            Reply::Raw { status: 204, .. } => Ok(Value::Null),
            other => panic!("{other:?}"),
        }
    }

    async fn ok(&self, operation: &str, path: &[&str], body: Value) -> Value {
        self.call(operation, path, body).await.unwrap()
    }

    async fn refused(&self, operation: &str, path: &[&str], body: Value) -> (u16, String, String) {
        let e = self.call(operation, path, body).await.unwrap_err();
        (e.status, e.code, e.message)
    }

    /// Creates a function with changes to an ordinary request.
    async fn create(&self, changes: Value) -> Result<Value, ApiError> {
        let mut body = json!({
            "FunctionName": "f",
            "Runtime": "python3.13",
            "Role": ROLE,
            "Handler": "app.handler",
            "Code": {"ZipFile": encoded(&[("app.py", HANDLER)])},
        });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.call("CreateFunction", &[], body).await
    }

    /// Creates a function of this code, and lets it become active.
    async fn active(&self, code: &str, changes: Value) {
        let mut changes = changes;
        changes["Code"] = json!({"ZipFile": encoded(&[("app.py", code)])});
        self.create(changes).await.unwrap();
        self.pass(60);
    }

    /// Returns subnets and group of the default network.
    fn place(&self) -> (Vec<String>, String, String) {
        let network = self
            .sandbox
            .store
            .read(|w| w.ec2.default_network())
            .unwrap()
            .unwrap();
        let subnets = network.subnets.into_iter().map(|(id, _)| id).collect();
        (subnets, network.group_id, network.vpc_id)
    }

    fn interfaces(&self) -> usize {
        let now = self.sandbox.store.timing().now();
        self.sandbox
            .store
            .read(|w| w.ec2.interfaces_at(now).count())
            .unwrap()
    }
}
