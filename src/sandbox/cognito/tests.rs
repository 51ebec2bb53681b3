//! A sandbox with a manual clock, and a Lambda that answers as a test says.

mod confirming;
mod omissions;
mod pools;
mod refusals;
mod signing_up;
mod triggers;
mod users;

use super::functions::Functions;
use super::*;
use crate::sandbox::lambda::Invocation;
use crate::sandbox::store::Store;
use crate::sandbox::timing::Timing;
use crate::sandbox::wire::Service;
use crate::sandbox::world::World;
use serde_json::json;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

const POOL: &str = "us-west-2_SandboxPl";
const FUNCTION: &str = "arn:aws:lambda:us-west-2:123456789012:function:cruddur-post-confirmation";
const GOOD: &str = "Str0ngPassword";

/// One invocation that the fake Lambda saw.
#[derive(Clone, Debug)]
struct Seen {
    arn: String,
    event: Value,
    pool_arn: String,
    deadline_ms: u64,
}

/// How the fake Lambda answers; without a script it returns the event.
#[derive(Default)]
struct Fake {
    script: Mutex<VecDeque<Result<Invocation, ApiError>>>,
    seen: Mutex<Vec<Seen>>,
}

fn answered(payload: Value, error: Option<&str>, duration_ms: u64) -> Result<Invocation, ApiError> {
    Ok(Invocation {
        payload,
        error: error.map(str::to_owned),
        log_tail: String::new(),
        duration_ms,
    })
}

impl Functions for Fake {
    fn exists(&self, _world: &World, arn: &str) -> bool {
        arn == FUNCTION
    }

    async fn invoke(
        &self,
        _sandbox: &Sandbox,
        arn: &str,
        event: &Value,
        pool_arn: &str,
        deadline_ms: u64,
    ) -> Result<Invocation, ApiError> {
        self.seen.lock().unwrap().push(Seen {
            arn: arn.to_owned(),
            event: event.clone(),
            pool_arn: pool_arn.to_owned(),
            deadline_ms,
        });
        let scripted = self.script.lock().unwrap().pop_front();
        scripted.unwrap_or_else(|| answered(event.clone(), None, 40))
    }
}

struct Stage {
    sandbox: Sandbox,
    fake: Fake,
    clock: Arc<AtomicI64>,
    dir: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (timing, clock) = Timing::manual(1_795_000_000_500);
        let store = Store::open(dir.path(), "us-west-2", timing).unwrap();
        Stage {
            sandbox: sandbox(store),
            fake: Fake::default(),
            clock,
            dir,
        }
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        match answer(&self.fake, &self.sandbox, &call(operation, input)).await? {
            Reply::Json(200, body) => Ok(body),
            other => panic!("{other:?}"),
        }
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        match self.call(operation, input).await {
            Ok(body) => body,
            Err(e) => panic!("{operation}: {e:?}"),
        }
    }

    /// The code and sentence of a refusal.
    async fn no(&self, operation: &str, input: Value) -> (String, String) {
        match self.call(operation, input).await {
            Ok(body) => panic!("{operation} was not refused: {body}"),
            Err(e) => {
                assert_eq!(e.status, 400);
                (e.code, e.message)
            }
        }
    }

    async fn refused(&self, operation: &str, input: Value, code: &str, words: &str) {
        let (found, message) = self.no(operation, input).await;
        assert_eq!(found, code, "{message}");
        assert!(message.contains(words), "{message}");
    }

    async fn pool(&self, id: &str) -> Value {
        self.ok("DescribeUserPool", json!({ "UserPoolId": id }))
            .await["UserPool"]
            .clone()
    }

    async fn update(&self, mut settings: Value) -> Value {
        settings["UserPoolId"] = json!(POOL);
        self.ok("UpdateUserPool", settings).await;
        self.pool(POOL).await
    }

    async fn update_refused(&self, mut settings: Value, code: &str, words: &str) {
        let before = self.pool(POOL).await;
        settings["UserPoolId"] = json!(POOL);
        self.refused("UpdateUserPool", settings, code, words).await;
        assert_eq!(self.pool(POOL).await, before, "a refusal changes nothing");
    }

    fn later(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    fn mails(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.dir.path().join("mail.jsonl")).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn last_code(&self) -> String {
        self.mails().last().unwrap()["code"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Sets the post-confirmation trigger, keeping everything else.
    async fn with_trigger(self) -> Self {
        let mut settings = round_trip(&self.pool(POOL).await);
        settings["LambdaConfig"]["PostConfirmation"] = json!(FUNCTION);
        self.update(settings).await;
        self
    }

    async fn sign_up(&self, email: &str) -> Value {
        self.ok("SignUp", sign_up(email)).await
    }

    fn script(&self, answers: Vec<Result<Invocation, ApiError>>) {
        *self.fake.script.lock().unwrap() = answers.into();
    }

    fn seen(&self) -> Vec<Seen> {
        self.fake.seen.lock().unwrap().clone()
    }
}

fn sandbox(store: Store) -> Sandbox {
    Sandbox {
        store,
        wheels: Arc::new(|_, _, _| Box::pin(async { Err("no wheels".to_owned()) })),
        postgres: crate::sandbox::postgres::Servers::none(),
    }
}

fn call(operation: &str, input: Value) -> Call {
    Call {
        service: Service::CognitoIdp,
        operation: operation.to_owned(),
        input: Input::Json(input),
        request_id: "r".to_owned(),
        region: "us-west-2".to_owned(),
    }
}

fn sign_up(email: &str) -> Value {
    json!({
        "ClientId": FIRST_CLIENT,
        "Username": email,
        "Password": GOOD,
        "UserAttributes": [
            { "Name": "name", "Value": "Andrew Brown" },
            { "Name": "preferred_username", "Value": "andrew" },
        ],
    })
}

/// What a careful client sends back: everything that was described, without what only a description has.
fn round_trip(described: &Value) -> Value {
    let mut settings = described.clone();
    let members = settings.as_object_mut().unwrap();
    for name in [
        "Id",
        "Name",
        "Arn",
        "CreationDate",
        "LastModifiedDate",
        "SchemaAttributes",
        "AliasAttributes",
        "UsernameAttributes",
        "UsernameConfiguration",
        "EstimatedNumberOfUsers",
        "SmsVerificationMessage",
        "EmailVerificationMessage",
        "EmailVerificationSubject",
    ] {
        members.remove(name);
    }
    settings["AdminCreateUserConfig"]
        .as_object_mut()
        .unwrap()
        .remove("UnusedAccountValidityDays");
    settings
}

#[test]
fn calls_may_move_between_threads() {
    fn sendable<T: Send>(_: T) {}
    let stage = Stage::new();
    sendable(handle(&stage.sandbox, &call("SignUp", json!({}))));
}
