//! How much a plan asks AWS: everything at once, and in few rounds that wait for one another, however long the file is.
//!
//! The binary itself plans, against a server of this process that logs every call. Beyond loopback a round trip costs
//! what the way costs: their number is what matters, not their time here.

use crate::stage::{self, Stage};
use cruddur_infra::engine::Options;
use cruddur_infra::model::{Addr, Observed};
use cruddur_infra::sandbox::server::{LoggedCall, dependent_round_trips};
use std::collections::BTreeSet;

/// How long an answer is on its way, in milliseconds: more than the client needs to ask everything it can.
const AWAY: u64 = 1500;

/// What one `plan` asks, as operations in order.
struct Asked {
    rounds: usize,
    calls: Vec<String>,
}

/// A stack with the shipped one's shape and `n` of everything that may be many. Without scripts: their questions go to
/// Postgres.
fn stack(n: usize) -> String {
    let mut yaml = r#"stack: trips
region: us-west-2
rds_instances:
  main:
    identifier: trips-db
    engine_version: "17"
    instance_class: db.t3.micro
    allocated_storage: 20
    database_name: app
    master_username: keeper
    master_password: ${env.DB_PASSWORD}
cognito_triggers:
  sign-up:
    user_pool: ${env.COGNITO_USER_POOL_ID}
    trigger: post_confirmation
    function: ${lambda_function.f0.arn}
"#
    .to_owned();
    let mut section = |name: &str, entry: &dyn Fn(usize) -> String| {
        yaml.push_str(&format!("{name}:\n"));
        for i in 0..n {
            yaml.push_str(&entry(i));
        }
    };
    section("security_group_rules", &|i| {
        let port = 6000 + i;
        format!(
            "  r{i}: {{ security_group: \"${{rds_instance.main.security_group_id}}\", from: current_ip, port: {port} }}\n"
        )
    });
    section("iam_policies", &|i| {
        format!(
            "  p{i}:\n    name: trips-policy-{i}\n    document: {{ Version: \"2012-10-17\", Statement: [ {{ Effect: Allow, \
             Action: [ \"ec2:CreateNetworkInterface\", \"ec2:DescribeNetworkInterfaces\", \
             \"ec2:DeleteNetworkInterface\" ], Resource: \"*\" }} ] }}\n"
        )
    });
    section("iam_roles", &|i| {
        format!(
            "  o{i}: {{ name: trips-role-{i}, assumed_by: lambda.amazonaws.com, policies: [ \"${{iam_policy.p{i}.arn}}\" ] }}\n"
        )
    });
    section("lambda_layers", &|i| {
        format!(
            "  l{i}: {{ name: trips-layer-{i}, zip: layers/lib.zip, runtime: python3.13, architecture: x86_64 }}\n"
        )
    });
    section("lambda_functions", &|i| {
        format!(
            "  f{i}:\n    name: trips-fn-{i}\n    source: lambda/fn\n    handler: app.handler\n    runtime: python3.13\n    \
             architecture: x86_64\n    role: ${{iam_role.o{i}.arn}}\n    layers: [ \"${{lambda_layer.l{i}.arn}}\" ]\n    \
             vpc_of: rds_instance.main\n    environment: {{ CONNECTION_URL: \"${{rds_instance.main.connection_url}}\" }}\n"
        )
    });
    yaml
}

/// Makes the stack, then plans with the binary, and returns what that asked.
async fn asked(n: usize) -> Asked {
    let stage = Stage::open().await;
    stage.write(
        "lambda/fn/app.py",
        "def handler(event, context):\n    return event\n",
    );
    stage.write(
        "layers/lib.zip",
        stage::zip(&[("python/lib.py", "X = 1\n")]),
    );
    let yaml = stack(n);
    stage.write("stack.yaml", &yaml);
    let stack = stage.stack(&yaml).await;
    let all: BTreeSet<Addr> = stack.nodes.keys().cloned().collect();
    stage::converge(&stack, &all).await;
    let (again, _) = stage::plan(&stack, &all, &Options::default()).await;
    assert!(again.is_empty(), "{again:#?}");

    // on loopback an answer is there before the next question is written: as far away as AWS is, what is asked
    // together is under way together
    let server = stage
        .with_faults(&format!(
            "- {{ call: \"*\", fault: {{ delay_ms: {AWAY} }} }}"
        ))
        .await;
    let output = stage
        .program(&server, &["plan", "--detailed-exitcode"])
        .await;
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    let calls: Vec<LoggedCall> = server.calls();
    let refused: Vec<_> = calls
        .iter()
        // that nothing keeps the instance stopped is an answer
        .filter(|c| (c.operation.as_str(), c.status) != ("GetSchedule", Some(404)))
        .filter(|c| c.status.is_none_or(|s| s >= 400))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
    let asked = Asked {
        rounds: dependent_round_trips(&calls),
        calls: calls
            .iter()
            .map(|c| format!("{}:{}", c.service, c.operation))
            .collect(),
    };
    stage.close().await;
    asked
}

/// Three rounds, the question who is asking included, whether the file has one of each or six.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_finds_nothing_to_do_waits_three_times_at_most() {
    let one = asked(1).await;
    let many = asked(6).await;
    assert!(one.rounds <= 3, "{} rounds: {:#?}", one.rounds, one.calls);
    assert_eq!(many.rounds, one.rounds, "{:#?}", many.calls);
    // every look belongs to an object: what five more of each cost is five times the same, and little
    let more = many.calls.len() - one.calls.len();
    assert_eq!(more % 5, 0, "{more} more calls for five more of each");
    let entries = 5;
    assert!(
        more / 5 <= 3 * entries,
        "{} calls for one more of each of {entries} kinds",
        more / 5
    );
    assert_eq!(
        one.calls
            .iter()
            .filter(|c| *c == "sts:GetCallerIdentity")
            .count(),
        1
    );
    let reads = |c: &String| {
        let operation = c.split_once(':').map_or("", |(_, o)| o);
        ["Describe", "Get", "List"]
            .iter()
            .any(|p| operation.starts_with(p))
    };
    assert!(many.calls.iter().all(reads), "{:#?}", many.calls);
}

/// A look by means of an object that is to be replaced tells nothing: what is found by the new one is not known yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_found_by_something_that_goes_is_not_known() {
    let yaml = r#"
stack: trips
region: us-west-2
rds_instances:
  main:
    identifier: trips-db
    instance_class: db.t3.micro
    allocated_storage: 20
    storage_encrypted: true
    master_username: keeper
    master_password: ${env.DB_PASSWORD}
security_group_rules:
  office: { security_group: "${rds_instance.main.security_group_id}", from: 203.0.113.0/24, port: 5432 }
"#;
    let stage = Stage::open().await;
    let rule: Addr = "security_group_rule.office".parse().unwrap();
    let scope: BTreeSet<Addr> = [rule.clone()].into();
    stage::converge(&stage.stack(yaml).await, &scope).await;
    let there = stage::look_at(&stage.stack(yaml).await, &rule)
        .await
        .unwrap();
    assert!(matches!(there, Observed::Present(_)), "{there:?}");
    let replaced = yaml.replace("storage_encrypted: true", "storage_encrypted: false");
    let seen = stage::look_at(&stage.stack(&replaced).await, &rule)
        .await
        .unwrap();
    let Observed::Unknowable { waits_for } = &seen else {
        panic!("{seen:?}");
    };
    let waits: Vec<String> = waits_for.iter().map(ToString::to_string).collect();
    assert_eq!(waits, ["rds_instance.main.security_group_id"]);
    stage.close().await;
}
