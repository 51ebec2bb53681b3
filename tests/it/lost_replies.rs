//! A reply that was lost is settled by looking: nothing is made twice, whether the call was carried out or not, whether
//! the looks after it show the old state, and where the run was killed at that moment.

use crate::stage::{self, Stage};
use cruddur_infra::engine::{Options, Stack};
use cruddur_infra::model::{Addr, Plan};
use cruddur_infra::sandbox::server::Server;
use serde_json::Value;
use std::collections::BTreeSet;

/// One of everything that can be made without a database behind it.
pub const STACK: &str = r#"
stack: crowd
region: us-west-2
rds_instances:
  main:
    identifier: crowd-db
    engine_version: "17"
    instance_class: db.t3.micro
    allocated_storage: 20
    backup_retention_period: 1
    database_name: app
    master_username: keeper
    master_password: ${env.DB_PASSWORD}
security_group_rules:
  g: { security_group: sg-0a7d9e3b5c1f48e26, from: 198.51.100.7/32, port: 6000, description: first }
iam_policies:
  p:
    name: crowd-policy
    document: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "s3:GetObject", Resource: "*" } ] }
iam_roles:
  r:
    name: crowd-role
    description: first
    assumed_by: [ lambda.amazonaws.com, scheduler.amazonaws.com ]
    policies: [ "${iam_policy.p.arn}" ]
lambda_layers:
  l: { name: crowd-layer, zip: lib.zip, runtime: python3.13, architecture: x86_64 }
lambda_functions:
  f:
    name: crowd-fn
    source: fn
    handler: app.handler
    runtime: python3.13
    architecture: x86_64
    timeout: 3
    role: ${iam_role.r.arn}
    layers: [ "${lambda_layer.l.arn}" ]
cognito_triggers:
  t: { user_pool: "${env.COGNITO_USER_POOL_ID}", trigger: post_confirmation, function: "${lambda_function.f.arn}" }
schedules:
  s:
    name: crowd-night
    expression: cron(0 20 1 1 ? 2199)
    action: stop
    instance: crowd-db
    role: ${iam_role.r.arn}
"#;

pub async fn world() -> Stage {
    let stage = Stage::open().await;
    stage.write("lib.zip", stage::zip(&[("python/lib.py", "x = 1\n")]));
    stage.write(
        "fn/app.py",
        "def handler(event, context):\n    return event\n",
    );
    stage
}

pub fn everything(stack: &Stack) -> BTreeSet<Addr> {
    stack.nodes.keys().cloned().collect()
}

/// How many there are of each thing that must not be there twice.
#[derive(Debug, PartialEq, Eq)]
pub struct Count {
    pub layer_versions: usize,
    pub policy_versions: usize,
    pub rules: usize,
    pub statements: usize,
    pub others: usize,
}

/// One of each.
pub const ONCE: Count = Count {
    layer_versions: 1,
    policy_versions: 1,
    rules: 1,
    statements: 1,
    others: 5,
};

fn named<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            for (key, inner) in members {
                if key == name {
                    found.push(inner);
                }
                named(inner, name, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, name, found)),
        _ => {}
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Object(members) => members.len(),
        Value::Array(items) => items.len(),
        _ => 0,
    }
}

pub fn count(stage: &Stage) -> Count {
    let world = stage.world();
    let text = world.to_string();
    let policy = world["iam"]["policies"]
        .as_object()
        .unwrap()
        .iter()
        .find(|(arn, _)| arn.ends_with("/crowd-policy"));
    let mut versions = Vec::new();
    if let Some((_, policy)) = policy {
        named(policy, "versions", &mut versions);
    }
    let layers = &world["lambda"]["layers"];
    let live = |v: &Value| v["deleted"] != true;
    let mut published = Vec::new();
    named(layers, "versions", &mut published);
    let layer_versions = published
        .iter()
        .map(|all| match all {
            Value::Array(items) => items.iter().filter(|v| live(v)).count(),
            other => other
                .as_object()
                .unwrap()
                .values()
                .filter(|v| live(v))
                .count(),
        })
        .sum();
    Count {
        layer_versions,
        policy_versions: versions.first().map_or(0, |all| size(all)),
        rules: text.matches("198.51.100.7/32").count(),
        statements: text.matches("cruddur-infra-t\"").count(),
        others: size(&world["rds"]["instances"])
            + usize::from(text.contains("crowd-role"))
            + size(&world["lambda"]["functions"])
            + size(&world["scheduler"]["schedules"])
            + usize::from(world["iam"]["roles"].to_string().contains("crowd-policy")),
    }
}

/// Looks once more, through a server without faults: nothing is left to do.
pub async fn nothing_to_do(stage: &Stage, yaml: &str) {
    let stack = stage.stack(yaml).await;
    let (plan, _) = stage::plan(&stack, &everything(&stack), &Options::default()).await;
    let open: Vec<_> = plan.changes.iter().filter(|c| c.is_change()).collect();
    assert!(open.is_empty(), "{open:#?}");
}

fn calls(server: &Server, operation: &str) -> usize {
    let all = server.calls();
    all.iter().filter(|c| c.operation == operation).count()
}

async fn apply(stage: &Stage, server: &Server, yaml: &str) -> Plan {
    let stack = stage.stack_at(yaml, server).await;
    stage::converge(&stack, &everything(&stack)).await
}

#[tokio::test]
async fn every_create_is_settled_by_looking() {
    for operation in [
        "rds:CreateDBInstance",
        "ec2:AuthorizeSecurityGroupIngress",
        "iam:CreatePolicy",
        "iam:CreateRole",
        "lambda:PublishLayerVersion",
        "lambda:CreateFunction",
        "lambda:AddPermission",
        "scheduler:CreateSchedule",
    ] {
        // a call with a client token may be sent again: it is the same call
        let token = operation.starts_with("scheduler:");
        for (fault, sent) in [("drop_after", 1), ("drop_before", 2)] {
            let what = format!("{operation} {fault}");
            let stage = world().await;
            let script = format!("- {{ call: \"{operation}\", nth: 1, fault: {fault} }}");
            let server = stage.with_faults(&script).await;
            apply(&stage, &server, STACK).await;
            assert_eq!(count(&stage), ONCE, "{what}");
            let name = operation.split_once(':').unwrap().1;
            if !token {
                assert_eq!(calls(&server, name), sent, "{what}");
            }
            nothing_to_do(&stage, STACK).await;
        }
    }
}

#[tokio::test]
async fn a_layer_is_published_once_though_the_looks_are_behind() {
    // the plan, the step and the create look once each; then so many looks do not show the new version
    for (behind, published) in [(0, 1), (3, 1), (12, 2)] {
        let stage = world().await;
        let server = stage
            .with_faults(&format!(
                "- {{ call: \"lambda:PublishLayerVersion\", nth: 1, fault: drop_after }}\n\
                 - {{ call: \"lambda:ListLayerVersions\", to: {}, fault: {{ stale_reads: {{ for_seconds: 100000 }} }} }}",
                3 + behind
            ))
            .await;
        apply(&stage, &server, STACK).await;
        // where the looks are behind for longer than anybody waits, the second version goes again
        assert_eq!(calls(&server, "PublishLayerVersion"), published, "{behind}");
        assert_eq!(count(&stage), ONCE, "{behind}");
        let function = stage.world()["lambda"]["functions"].to_string();
        assert!(function.contains("layer:crowd-layer:1"), "{function}");
        nothing_to_do(&stage, STACK).await;
    }
}

#[tokio::test]
async fn a_run_that_is_killed_after_a_lost_reply_leaves_nothing_twice() {
    for behind in [0, 6] {
        let stage = world().await;
        let server = stage
            .with_faults(&format!(
                "- {{ call: \"lambda:PublishLayerVersion\", nth: 1, fault: drop_after }}\n\
                 - {{ call: \"lambda:ListLayerVersions\", to: {}, fault: {{ stale_reads: {{ for_seconds: 100000 }} }} }}",
                // the first run has looked three times, and the second begins with three
                if behind == 0 { 3 } else { behind },
            ))
            .await;
        let stack = stage.stack_at(STACK, &server).await;
        let scope: BTreeSet<Addr> = ["lambda_layer.l".parse().unwrap()].into();
        let (plan, seen) = stage::plan(&stack, &scope, &Options::default()).await;
        let (to, mut from) =
            tokio::sync::mpsc::unbounded_channel::<cruddur_infra::model::Stamped>();
        let killed = async {
            while let Some(told) = from.recv().await {
                if matches!(told.event, cruddur_infra::model::Event::Retrying { .. }) {
                    return;
                }
            }
        };
        tokio::select! {
            summary = stage::run_telling(&stack, &plan, &seen, to) => panic!("{summary:?}"),
            () = killed => {}
        }
        assert_eq!(calls(&server, "PublishLayerVersion"), 1);
        apply(&stage, &server, STACK).await;
        let twice = usize::from(behind > 0);
        assert_eq!(calls(&server, "PublishLayerVersion"), 1 + twice, "{behind}");
        assert_eq!(count(&stage), ONCE, "{behind}");
        nothing_to_do(&stage, STACK).await;
    }
}

#[tokio::test]
async fn a_policy_gets_one_version_though_its_reply_is_lost_and_the_looks_are_behind() {
    let changed = STACK.replace("s3:GetObject", "s3:PutObject");
    for (fault, behind, made) in [
        ("drop_after", 0, 1),
        ("drop_before", 0, 2),
        ("drop_after", 3, 1),
        ("drop_after", 12, 2),
    ] {
        let what = format!("{fault} {behind}");
        let stage = world().await;
        apply(&stage, &stage.server, STACK).await;
        let stale = "fault: { stale_reads: { for_seconds: 100000 } }";
        // the plan, the step and the update look once each
        let server = stage
            .with_faults(&format!(
                "- {{ call: \"iam:CreatePolicyVersion\", nth: 1, fault: {fault} }}\n\
                 - {{ call: \"iam:GetPolicy\", to: {0}, {stale} }}\n\
                 - {{ call: \"iam:GetPolicyVersion\", to: {0}, {stale} }}\n\
                 - {{ call: \"iam:ListPolicyVersions\", to: {0}, {stale} }}",
                3 + behind
            ))
            .await;
        apply(&stage, &server, &changed).await;
        assert_eq!(calls(&server, "CreatePolicyVersion"), made, "{what}");
        let wanted = Count {
            policy_versions: 2,
            ..ONCE
        };
        assert_eq!(count(&stage), wanted, "{what}");
        nothing_to_do(&stage, &changed).await;
    }
}
