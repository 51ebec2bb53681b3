//! Every operation that the program calls is in the table of actions, and every code that the service models name for it
//! is in the tables of codes. The models are those of the SDK that the program is built with, read off its source.

use crate::stage::{self, REGION, Stage};
use cruddur_infra::aws::actions::OPERATIONS;
use cruddur_infra::aws::{self, codes};
use cruddur_infra::model::{Addr, Class, Fault};
use cruddur_infra::sandbox::world::ACCOUNT;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const SERVICES: [(&str, &str); 9] = [
    ("cognito-idp", "aws-sdk-cognitoidentityprovider"),
    ("ec2", "aws-sdk-ec2"),
    ("iam", "aws-sdk-iam"),
    ("lambda", "aws-sdk-lambda"),
    ("logs", "aws-sdk-cloudwatchlogs"),
    ("rds", "aws-sdk-rds"),
    ("scheduler", "aws-sdk-scheduler"),
    ("ssm", "aws-sdk-ssm"),
    ("sts", "aws-sdk-sts"),
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().unwrap().is_dir() {
            if name != "tests" && name != "actions" && name != "codes" {
                sources(&path, found);
            }
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// The operation that begins a text, as in `"rds:CreateDBInstance", true…`.
fn operation(text: &str) -> Option<String> {
    let text = text.trim_start().strip_prefix('"')?;
    let (name, _) = text.split_once('"')?;
    let (service, operation) = name.split_once(':')?;
    let fits = SERVICES.iter().any(|(s, _)| *s == service)
        && operation.starts_with(|c: char| c.is_ascii_uppercase())
        && operation.chars().all(|c| c.is_ascii_alphanumeric());
    fits.then(|| name.to_owned())
}

/// Every operation under whose name the source translates an error: `fault("…"`, and constants.
fn called() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root.join("aws"), &mut files);
    sources(&root.join("kinds"), &mut files);
    let mut found = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for mark in ["fault(", ": &str ="] {
            for (at, _) in text.match_indices(mark) {
                if let Some(name) = operation(&text[at + mark.len()..]) {
                    found.insert(name, file.display().to_string());
                }
            }
        }
    }
    found
}

#[test]
fn every_operation_that_is_called_says_what_it_needs() {
    let called = called();
    assert!(called.len() > 60, "{called:#?}");
    let known: BTreeSet<&str> = OPERATIONS.iter().map(|o| o.name).collect();
    for (name, file) in &called {
        assert!(
            known.contains(name.as_str()),
            "{file}: {name} is not in aws/actions/table.rs"
        );
    }
    for name in known {
        assert!(
            called.contains_key(name),
            "{name} is in aws/actions/table.rs, and called nowhere"
        );
    }
}

/// The folders of the SDK's crates.
fn crates() -> BTreeMap<String, PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|p| {
            let manifest = Path::new(p["manifest_path"].as_str().unwrap());
            let name = p["name"].as_str().unwrap().to_owned();
            (name, manifest.parent().unwrap().to_owned())
        })
        .collect()
}

/// `CreateDBInstance` as the SDK names its files: `create_db_instance`.
fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|b| chars[b]);
        let after = chars.get(at + 1);
        let begins = before.is_some_and(|b| !b.is_ascii_uppercase())
            || (before.is_some() && after.is_some_and(char::is_ascii_lowercase));
        if c.is_ascii_uppercase() && begins {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

/// The codes that a service's model names for an operation.
fn modelled(sdk: &Path, operation: &str) -> BTreeSet<String> {
    let file = snake(operation);
    let reading = sdk.join(format!("src/protocol_serde/shape_{file}.rs"));
    if let Ok(text) = std::fs::read_to_string(&reading) {
        // the function that reads errors is a match over the codes
        let begin = text
            .find("_http_error(")
            .unwrap_or_else(|| panic!("{reading:?}"));
        let text = &text[begin..];
        let text = &text[..text.find("_http_response(").unwrap_or(text.len())];
        return text
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix('"')?.split_once("\" => "))
            .map(|(code, _)| code.to_owned())
            .collect();
    }
    // newer crates have no such file, and the JSON protocol names errors as their shapes
    let path = sdk.join(format!("src/operation/{file}.rs"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    let begin = text.find(&format!("pub enum {operation}Error {{\n"));
    let begin = begin.unwrap_or_else(|| panic!("{path:?}"));
    let text = &text[begin..];
    text[..text.find("\n}").unwrap()]
        .lines()
        .filter_map(|line| {
            line.strip_prefix("    ")?
                .split_once("(crate::types::error::")
        })
        .map(|(variant, _)| variant.to_owned())
        .collect()
}

#[test]
fn every_code_of_the_service_models_is_classified() {
    let crates = crates();
    let mut missing = Vec::new();
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for one in OPERATIONS {
        let (service, operation) = one.name.split_once(':').unwrap();
        let (_, sdk) = SERVICES.iter().find(|(s, _)| *s == service).unwrap();
        for code in modelled(&crates[*sdk], operation) {
            *found.entry(service).or_default() += 1;
            if codes::meaning(one.name, &code).is_none() {
                missing.push(format!("{}: {code}", one.name));
            }
        }
    }
    assert!(missing.is_empty(), "not in aws/codes: {missing:#?}");
    // read at all: EC2's model has none, and nobody is refused his own identity
    for (service, least) in [
        ("cognito-idp", 60),
        ("iam", 80),
        ("lambda", 80),
        ("logs", 3),
        ("rds", 70),
        ("scheduler", 40),
        ("ssm", 15),
    ] {
        assert!(
            found.get(service).is_some_and(|n| *n >= least),
            "{service}: {found:?}"
        );
    }
}

/// One entry of each service, and a call that its look makes.
const STACK: &str = "
stack: test
region: us-west-2
rds_instances:
  main: { identifier: cruddur-db, instance_class: db.t3.micro, allocated_storage: 20, master_username: cruddurroot,
          master_password: \"${env.DB_PASSWORD}\" }
security_group_rules:
  here: { security_group: sg-0123456789abcdef0, from: 203.0.113.7/32, port: 5432 }
iam_policies:
  vpc: { name: vpc-access, path: /app/, document: { Version: \"2012-10-17\", Statement: [ { Effect: Allow, Action: \"logs:PutLogEvents\", Resource: \"*\" } ] } }
iam_roles:
  app: { name: app-role, assumed_by: lambda.amazonaws.com }
lambda_permissions:
  up: { function: post, source_arn: \"arn:aws:cognito-idp:us-west-2:123456789012:userpool/us-west-2_A\" }
cognito_triggers:
  up: { user_pool: us-west-2_AbCdEfGhI, trigger: post_confirmation,
        function: \"arn:aws:lambda:us-west-2:123456789012:function:post\" }
schedules:
  night: { name: night, group: office, expression: \"cron(0 22 * * ? *)\", action: stop, instance: cruddur-db,
           role: \"arn:aws:iam::123456789012:role/scheduler\" }
";

/// What each entry's look is refused, and on what the statement must allow it.
const LOOKS: [(&str, &str, &str); 7] = [
    (
        "rds_instance.main",
        "rds:DescribeDBInstances",
        "arn:aws:rds:{r}:{a}:db:cruddur-db",
    ),
    (
        "security_group_rule.here",
        "ec2:DescribeSecurityGroupRules",
        "*",
    ),
    (
        "iam_policy.vpc",
        "iam:GetPolicy",
        "arn:aws:iam::{a}:policy/app/vpc-access",
    ),
    (
        "iam_role.app",
        "iam:GetRole",
        "arn:aws:iam::{a}:role/app-role",
    ),
    (
        "lambda_permission.up",
        "lambda:GetPolicy",
        "arn:aws:lambda:{r}:{a}:function:post",
    ),
    (
        "cognito_trigger.up",
        "cognito-idp:DescribeUserPool",
        "arn:aws:cognito-idp:{r}:{a}:userpool/us-west-2_AbCdEfGhI",
    ),
    (
        "schedule.night",
        "scheduler:GetSchedule",
        "arn:aws:scheduler:{r}:{a}:schedule/office/night",
    ),
];

async fn refused(stage: &Stage, addr: &str, call: &str, fault: &str) -> Fault {
    let script = format!("- {{ call: \"{call}\", fault: {fault} }}");
    let server = stage.with_faults(&script).await;
    let stack = stage.stack_at(STACK, &server).await;
    let addr: Addr = addr.parse().unwrap();
    stage::look_at(&stack, &addr).await.expect_err(call)
}

/// Over the real SDK and each service's own protocol.
#[tokio::test]
async fn a_refusal_is_told_whole_over_every_protocol() {
    let stage = Stage::open().await;
    for (addr, call, on) in LOOKS {
        let new = "{ error: { code: BrandNewFault, status: 418, message: \"I am a teapot.\" } }";
        let fault = refused(&stage, addr, call, new).await;
        assert_eq!(fault.op, call);
        assert_eq!(fault.class, Class::Invalid, "{fault:?}");
        assert_eq!(fault.code.as_deref(), Some("BrandNewFault"), "{call}");
        assert_eq!(fault.message, "I am a teapot.", "{call}");
        assert!(fault.request_id.is_some(), "{call}");
        let help = fault.help.unwrap();
        assert!(
            help.contains("does not know the code BrandNewFault"),
            "{help}"
        );
        assert!(help.contains("418"), "{help}");
        assert!(fault.statements.is_empty());

        let fault = refused(&stage, addr, call, "deny").await;
        assert_eq!(fault.class, Class::Denied);
        assert!(fault.request_id.is_some(), "{call}");
        let help = fault.help.unwrap();
        assert!(
            help.contains(&format!("the caller needs `{call}`")),
            "{help}"
        );
        let on = on.replace("{r}", REGION).replace("{a}", ACCOUNT);
        assert_eq!(
            fault.statements,
            [serde_json::json!({"Effect": "Allow", "Action": call, "Resource": on})]
        );
    }
    stage.close().await;
}

/// The calls that belong to no kind.
#[tokio::test]
async fn a_refusal_outside_of_the_kinds_is_told_whole() {
    let stage = Stage::open().await;
    let new = "fault: { error: { code: BrandNewFault, status: 418, message: M } }";
    let script = format!("- {{ call: \"logs:*\", {new} }}\n- {{ call: \"lambda:*\", {new} }}");
    let server = stage.with_faults(&script).await;
    let clients = stage.clients(&server).await;
    let log = aws::log_events(&clients, "/aws/lambda/post", 0, None).await;
    let run = aws::invoke(&clients, "post", &Value::Null).await;
    let list = aws::functions_of(&clients, "test").await;
    for fault in [log.unwrap_err(), run.unwrap_err(), list.unwrap_err()] {
        assert_eq!(fault.code.as_deref(), Some("BrandNewFault"), "{fault:?}");
        assert!(fault.request_id.is_some(), "{fault:?}");
        assert!(fault.help.unwrap().contains("does not know the code"));
    }
    stage.close().await;
}
