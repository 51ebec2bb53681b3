//! Handlers that really run, under the python3 of this machine.

use super::super::{Invocation, invoke};
use super::*;

pub(super) const ARN: &str = "arn:aws:lambda:us-west-2:123456789012:function:f";

pub(super) async fn run(s: &Stage, event: Value) -> Invocation {
    invoke(&s.sandbox, ARN, &event, None, None).await.unwrap()
}

/// Runs a handler once, with 30 s unless `changes` say otherwise.
async fn once(code: &str, changes: Value) -> (Stage, Invocation) {
    let s = Stage::new().await;
    let mut with = json!({"Timeout": 30});
    for (k, v) in changes.as_object().unwrap() {
        with[k] = v.clone();
    }
    s.active(code, with).await;
    let done = run(&s, json!({"name": "é"})).await;
    (s, done)
}

#[tokio::test]
async fn a_handler_gets_its_event_and_its_context() {
    let code = "
def handler(event, context):
    assert 0 < context.get_remaining_time_in_millis() <= 30000
    return {'event': event, 'name': context.function_name, 'arn': context.invoked_function_arn,
            'memory': context.memory_limit_in_mb, 'group': context.log_group_name, 'id': len(context.aws_request_id)}
";
    let (_, done) = once(code, json!({})).await;
    assert_eq!(done.error, None, "{done:?}");
    assert_eq!(
        done.payload,
        json!({"event": {"name": "é"}, "name": "f", "arn": ARN, "memory": "128", "group": "/aws/lambda/f", "id": 36})
    );
}

#[tokio::test]
async fn a_raised_exception_is_an_error_document() {
    let code = "
class Refused(Exception):
    pass

def handler(event, context):
    raise Refused('no ' + event['name'])
";
    let (_, done) = once(code, json!({})).await;
    assert_eq!(done.error.as_deref(), Some("Unhandled"));
    assert_eq!(done.payload["errorType"], "Refused");
    assert_eq!(done.payload["errorMessage"], "no é");
    let stack = done.payload["stackTrace"].as_array().unwrap();
    assert_eq!(stack.len(), 1);
    assert!(
        stack[0]
            .as_str()
            .unwrap()
            .starts_with("  File \"/var/task/app.py\", line 6, in handler\n"),
        "{stack:?}"
    );
    assert!(
        done.log_tail
            .contains("[ERROR] Refused: no é\nTraceback (most recent call last):"),
        "{}",
        done.log_tail
    );
}

#[tokio::test]
async fn an_exit_is_the_end_of_the_runtime() {
    let (_, done) = once(
        "import sys\ndef handler(e, c):\n    sys.exit(3)\n",
        json!({}),
    )
    .await;
    assert_eq!(done.error.as_deref(), Some("Unhandled"));
    assert_eq!(done.payload["errorType"], "Runtime.ExitError");
    let message = done.payload["errorMessage"].as_str().unwrap();
    assert!(
        message.ends_with("Error: Runtime exited with error: exit status 3"),
        "{message}"
    );
    let (_, done) = once(
        "import os\ndef handler(e, c):\n    os._exit(0)\n",
        json!({}),
    )
    .await;
    assert!(
        done.payload["errorMessage"]
            .as_str()
            .unwrap()
            .ends_with("Runtime exited without providing a reason")
    );
    let (_, done) = once(
        "import os\ndef handler(e, c):\n    os.kill(os.getpid(), 9)\n",
        json!({}),
    )
    .await;
    assert!(
        done.payload["errorMessage"]
            .as_str()
            .unwrap()
            .ends_with("signal: killed"),
        "{done:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_loaded_says_why() {
    for (handler, code, kind) in [
        (
            "app.handler",
            "import psycopg9\n",
            "Runtime.ImportModuleError",
        ),
        ("none.handler", "", "Runtime.ImportModuleError"),
        (
            "app.handler",
            "def other(): pass\n",
            "Runtime.HandlerNotFound",
        ),
        ("app", "", "Runtime.MalformedHandlerName"),
        (
            "app.handler",
            "def handler(:\n",
            "Runtime.UserCodeSyntaxError",
        ),
        ("app.handler", "raise KeyError('x')\n", "KeyError"),
        (
            "app.handler",
            "def handler(e, c):\n    return {1, 2}\n",
            "Runtime.MarshalError",
        ),
    ] {
        let (_, done) = once(code, json!({"Handler": handler})).await;
        assert_eq!(done.payload["errorType"], kind, "{done:?}");
        assert_eq!(done.error.as_deref(), Some("Unhandled"));
    }
}

#[tokio::test]
async fn a_timeout_ends_the_function_and_all_that_it_started() {
    let code = "
import subprocess, sys, time
def handler(event, context):
    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
    print('child', child.pid, flush=True)
    time.sleep(60)
";
    let (_, done) = once(code, json!({"Timeout": 1})).await;
    assert_eq!(done.error.as_deref(), Some("Unhandled"));
    let message = done.payload["errorMessage"].as_str().unwrap();
    assert!(
        message.ends_with("Task timed out after 1.00 seconds"),
        "{message}"
    );
    assert!(message.starts_with("2026-11-23T"), "{message}");
    assert_eq!(done.duration_ms, 1000);
    assert!(done.log_tail.contains(message) && done.log_tail.contains("Status: timeout"));
    let pid: i32 = done
        .log_tail
        .lines()
        .find_map(|l| l.strip_prefix("child "))
        .unwrap()
        .parse()
        .unwrap();
    let ended = (0..100).any(|_| {
        std::thread::yield_now();
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let over = state.is_empty() || state.contains(") Z ") || !cfg!(target_os = "linux");
        if !over {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        over
    });
    assert!(ended);
}

#[tokio::test]
async fn a_caller_who_stops_waiting_does_not_stop_the_function() {
    let s = Stage::new().await;
    let code = "
import time
def handler(event, context):
    time.sleep(1)
    print('done')
";
    s.active(code, json!({"Timeout": 30})).await;
    let e = invoke(&s.sandbox, ARN, &json!({}), None, Some(300))
        .await
        .unwrap_err();
    assert_eq!((e.status, e.code.as_str()), (504, "RequestTimeout"));
    let mut found = false;
    for _ in 0..100 {
        tokio::task::spawn_blocking(|| std::thread::sleep(std::time::Duration::from_millis(100)))
            .await
            .unwrap();
        found = logged(&s).await.iter().any(|e| e["message"] == "done\n");
        if found {
            break;
        }
    }
    assert!(found);
}

#[tokio::test]
async fn the_environment_is_lambdas_and_the_functions() {
    let code = "
import os
def handler(event, context):
    return dict(os.environ)
";
    let s = Stage::new().await;
    std::fs::write(s.dir.path().join("ca.pem"), "x").unwrap();
    s.active(code, json!({"Timeout": 30, "Environment": {"Variables": {"CONNECTION_URL": "postgres://u:pw@h/d"}}})).await;
    let done = run(&s, json!({})).await;
    let env = &done.payload;
    assert_eq!(env["CONNECTION_URL"], "postgres://u:pw@h/d", "{done:?}");
    assert_eq!(env["AWS_REGION"], "us-west-2");
    assert_eq!(env["AWS_LAMBDA_FUNCTION_NAME"], "f");
    assert_eq!(env["AWS_EXECUTION_ENV"], "AWS_Lambda_python3.13");
    assert_eq!(env["_HANDLER"], "app.handler");
    assert!(env["PGSSLROOTCERT"].as_str().unwrap().ends_with("/ca.pem"));
    assert!(env.get("HOME").is_none()); // nothing of this machine leaks in
    assert!(!done.log_tail.contains("pw"));
}

#[tokio::test]
async fn the_log_holds_what_was_printed_between_start_and_report() {
    let code = "
import logging, os, sys
logging.getLogger().setLevel(logging.INFO)
def handler(event, context):
    print('one')
    print('two', file=sys.stderr)
    os.system('echo three')
    logging.info('four')
";
    let (s, done) = once(code, json!({})).await;
    assert_eq!((done.payload, done.error), (Value::Null, None));
    let lines = logged(&s).await;
    let message = |e: &Value| {
        e["message"]
            .as_str()
            .unwrap()
            .strip_suffix('\n')
            .unwrap()
            .to_owned()
    };
    let messages: Vec<String> = lines.iter().map(message).collect();
    assert!(
        messages[0].starts_with("START RequestId: ") && messages[0].ends_with(" Version: $LATEST")
    );
    assert_eq!(messages[1..4], ["one", "two", "three"]);
    assert!(
        messages[4].starts_with("[INFO]\t20") && messages[4].ends_with("\tfour"),
        "{}",
        messages[4]
    );
    assert!(messages[5].starts_with("END RequestId: "));
    assert!(
        messages[6].starts_with("REPORT RequestId: ")
            && messages[6].contains("Memory Size: 128 MB")
    );
    assert_eq!(messages.len(), 7);
    let id = messages[0].split(' ').nth(2).unwrap();
    let stream = format!("2026/11/23/[$LATEST]{}", id.replace('-', ""));
    for line in &lines {
        assert_eq!(line["logStreamName"], stream);
        assert!(line["timestamp"].as_i64() >= Some(NOW));
    }
    assert!(messages[6].contains(id), "{}", messages[6]);
}

/// The log as another client reads it; nothing where there is no group.
async fn logged(s: &Stage) -> Vec<Value> {
    let call = Call {
        service: Service::Logs,
        operation: "FilterLogEvents".to_owned(),
        input: Input::Json(json!({"logGroupName": "/aws/lambda/f"})),
        request_id: "r".to_owned(),
        region: "us-west-2".to_owned(),
    };
    match s.sandbox.answer(&call).await {
        Ok(Reply::Json(200, body)) => body["events"].as_array().unwrap().clone(),
        Err(e) if e.code == "ResourceNotFoundException" => Vec::new(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_log_is_made_by_the_first_run_and_outlives_the_function() {
    let s = Stage::new().await;
    s.active(HANDLER, json!({"Timeout": 30})).await;
    let groups = || s.sandbox.store.read(|w| w.logs.groups.clone()).unwrap();
    assert!(groups().is_empty());
    run(&s, json!({})).await;
    let made = groups();
    assert_eq!(made.keys().collect::<Vec<_>>(), ["/aws/lambda/f"]);
    let group = &made["/aws/lambda/f"];
    assert_eq!((group.retention_days, group.tags.len()), (None, 0));
    let lines = logged(&s).await.len();
    let path = ["2015-03-31", "functions", "f"];
    s.send("DeleteFunction", &path, &[], &[], vec![])
        .await
        .unwrap();
    assert_eq!(logged(&s).await.len(), lines);
}

#[tokio::test]
async fn a_role_that_may_not_write_leaves_no_log() {
    let s = Stage::new().await;
    s.active(HANDLER, json!({"Timeout": 30})).await;
    s.iam(
        "DetachRolePolicy",
        &[("RoleName", "r"), ("PolicyArn", MANAGED)],
    )
    .await;
    let done = run(&s, json!({"a": 1})).await;
    assert_eq!(done.payload, json!({"a": 1}));
    assert!(done.log_tail.starts_with("START "), "{}", done.log_tail);
    assert_eq!(logged(&s).await, [Value::Null; 0]);
    assert!(s.sandbox.store.read(|w| w.logs.groups.is_empty()).unwrap());
}

#[tokio::test]
async fn the_operation_answers_with_headers() {
    let s = Stage::new().await;
    s.create(json!({"Timeout": 30})).await.unwrap();
    let path = ["2015-03-31", "functions", "f", "invocations"];
    let pending = s.send("Invoke", &path, &[], &[], vec![]).await.unwrap_err();
    assert_eq!(
        (pending.status, pending.code.as_str()),
        (409, "ResourceConflictException")
    );
    assert!(pending.message.ends_with("in the following state: Pending"));
    s.pass(5);
    let tail = [("x-amz-log-type", "Tail")];
    let Ok(Reply::Raw {
        status,
        headers,
        body,
    }) = s.send("Invoke", &path, &[], &tail, b"[1]".to_vec()).await
    else {
        panic!()
    };
    assert_eq!((status, body.as_slice()), (200, b"[1]".as_slice()));
    let header = |name: &str| {
        headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.clone())
    };
    assert_eq!(header("X-Amz-Executed-Version").unwrap(), "$LATEST");
    assert_eq!(header("X-Amz-Function-Error"), None);
    let log = STANDARD
        .decode(header("X-Amz-Log-Result").unwrap())
        .unwrap();
    assert!(
        String::from_utf8(log)
            .unwrap()
            .starts_with("START RequestId: 8476a536")
    );
    let status = async |kind: &str| {
        let kind = [("x-amz-invocation-type", kind)];
        match s.send("Invoke", &path, &[], &kind, vec![]).await {
            Ok(Reply::Raw { status, .. }) => status,
            Ok(_) => panic!(),
            Err(e) => e.status,
        }
    };
    assert_eq!(
        (
            status("DryRun").await,
            status("Event").await,
            status("Later").await
        ),
        (204, 202, 400)
    );
    let e = s
        .send("Invoke", &path, &[], &[], b"{".to_vec())
        .await
        .unwrap_err();
    assert_eq!(e.code, "InvalidRequestContentException");
    let e = s
        .send("Invoke", &path, &[], &[], vec![b'1'; 6 * 1024 * 1024 + 1])
        .await
        .unwrap_err();
    assert_eq!(
        (e.status, e.code.as_str()),
        (413, "RequestTooLargeException")
    );
    let none = ["2015-03-31", "functions", "g", "invocations"];
    assert_eq!(
        s.send("Invoke", &none, &[], &[], vec![])
            .await
            .unwrap_err()
            .status,
        404
    );
}

#[tokio::test]
async fn a_function_whose_role_is_gone_cannot_run() {
    let s = Stage::new().await;
    s.active(HANDLER, json!({})).await;
    s.iam(
        "DetachRolePolicy",
        &[("RoleName", "r"), ("PolicyArn", MANAGED)],
    )
    .await;
    s.iam("DeleteRole", &[("RoleName", "r")]).await;
    let e = invoke(&s.sandbox, ARN, &json!({}), None, None)
        .await
        .unwrap_err();
    assert_eq!((e.status, e.code.as_str()), (403, "AccessDeniedException"));
}

#[tokio::test]
async fn only_python_runs() {
    let s = Stage::new().await;
    s.active("", json!({"Runtime": "nodejs22.x"})).await;
    let e = invoke(&s.sandbox, ARN, &json!({}), None, None)
        .await
        .unwrap_err();
    assert_eq!(e.code, "InvalidRuntimeException");
}

#[tokio::test]
async fn invocations_at_once_share_what_is_unpacked() {
    let s = Stage::new().await;
    s.active(HANDLER, json!({"Timeout": 60})).await;
    let events: Vec<Value> = (0..4).map(Value::from).collect();
    let all = futures_util::future::join_all(
        events
            .iter()
            .map(|e| invoke(&s.sandbox, ARN, e, None, None)),
    )
    .await;
    for (event, done) in events.iter().zip(all) {
        assert_eq!(done.unwrap().payload, *event);
    }
}
