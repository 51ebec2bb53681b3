//! The world around the stack: what belongs to others and must never move, and what must hold of what is ours.

use super::draft::{Draft, GROUP, STACK};
use super::storm::Meddling;
use crate::stage::{self, Stage};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

/// What other people have: a stack of their own beside ours, with a layer of the same name.
const THEIRS: &str = r#"
stack: theirs
region: us-west-2
security_group_rules:
  office: { security_group: sg-0a7d9e3b5c1f48e26, from: 192.0.2.0/24, port: 5432 }
iam_policies:
  p: { name: theirs-policy, document: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "ec2:DescribeVpcs", Resource: "*" } ] } }
iam_roles:
  r: { name: theirs-role, assumed_by: [ lambda.amazonaws.com, scheduler.amazonaws.com ], policies: [ "${iam_policy.p.arn}" ] }
lambda_layers:
  lib: { name: chaos-lib, zip: layers/a.zip, runtime: python3.13, architecture: x86_64 }
lambda_functions:
  f: { name: theirs-fn, source: lambda/a, handler: app.handler, runtime: python3.13, role: "${iam_role.r.arn}" }
cognito_triggers:
  check: { user_pool: "${env.COGNITO_USER_POOL_ID}", trigger: pre_sign_up, function: "${lambda_function.f.arn}" }
schedules:
  s: { name: theirs-night, expression: "cron(0 0 1 1 ? 2199)", action: stop, instance: theirs-db, role: "${iam_role.r.arn}" }
"#;

/// Writes the files that the stacks name.
pub fn write_files(base: &Path) {
    let write = |path: &str, bytes: &[u8]| {
        let path = base.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let code = |n: u8| {
        format!(
            "def handler(event, context):\n    return {n}\n\ndef other(event, context):\n    return 9\n"
        )
    };
    write("lambda/a/app.py", code(1).as_bytes());
    write("lambda/b/app.py", code(2).as_bytes());
    write("layers/a.zip", &stage::zip(&[("python/lib.py", "X = 1\n")]));
    write("layers/b.zip", &stage::zip(&[("python/lib.py", "X = 2\n")]));
    write("sql/schema.sql", SCHEMA.as_bytes());
    write("sql/seed.sql", SEED.as_bytes());
}

/// What counts the rows of both tables and what the ledger has, in this order.
pub const COUNT: &str = "SELECT (SELECT count(*) FROM left_side) AS lefts, (SELECT count(*) FROM right_side) AS rights, \
                         (SELECT count(*) FROM cruddur_infra.sql_scripts WHERE name LIKE '%seed%') AS runs";

/// Checks that a script has run wholly or not at all, and that the ledger knows.
pub fn no_half_script(lefts: i64, rights: i64, runs: i64) -> Result<(), String> {
    match (lefts, rights, runs) {
        (0, 0, 0) | (500, 500, 1) => Ok(()),
        _ => Err(format!(
            "a script is half loaded: {lefts} and {rights} rows, {runs} runs in the ledger"
        )),
    }
}

/// Two tables that are only ever filled together.
const SCHEMA: &str =
    "CREATE TABLE left_side (id int PRIMARY KEY);\nCREATE TABLE right_side (id int PRIMARY KEY);\n";
/// Twice would be an error, and half of it shows. It takes long enough to be hit.
const SEED: &str = "INSERT INTO left_side SELECT generate_series(1, 500);\nSELECT pg_sleep(0.15);\n\
                    INSERT INTO right_side SELECT generate_series(1, 500);\n";

/// A world in which other people have been before us; made once.
pub fn inhabited() -> &'static Value {
    static WORLD: OnceLock<Value> = OnceLock::new();
    WORLD.get_or_init(|| {
        let made = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(settle())
        });
        made.join().unwrap()
    })
}

async fn settle() -> Value {
    let stage = Stage::open().await;
    write_files(&stage.base);
    let pool = stage.world()["cognito"]["pools"][0]["settings"].clone();
    let theirs = stage.stack(THEIRS).await;
    stage::converge(&theirs, &theirs.nodes.keys().cloned().collect()).await;
    let mut world = stage.world();
    // as its people have set it, whatever making this world did to it
    let settings = &mut world["cognito"]["pools"][0]["settings"];
    let triggers = std::mem::replace(settings, pool);
    settings["LambdaConfig"] = triggers["LambdaConfig"].clone();
    let rules = world["ec2"]["rules"].as_array_mut().unwrap();
    let model = rules
        .iter()
        .find(|r| r["tags"]["cruddur-infra:stack"] == "theirs")
        .unwrap()
        .clone();
    let mut by_hand = model.clone();
    by_hand["id"] = json!("sgr-0byhand0000000000");
    by_hand["source"] = json!({"ipv4": "52.94.76.200/32"});
    by_hand["tags"] = json!({});
    // the same stack, but another person's way in
    let mut bobs = model;
    bobs["id"] = json!("sgr-0bobs000000000000");
    bobs["source"] = json!({"ipv4": "52.94.76.201/32"});
    bobs["tags"] = json!({
        "cruddur-infra:stack": STACK, "cruddur-infra:addr": "security_group_rule.workspace",
        "cruddur-infra:owner": "bob", "cruddur-infra:workspace": "desk",
    });
    rules.extend([by_hand, bobs]);
    let group = world["ec2"]["groups"]
        .as_array()
        .unwrap()
        .iter()
        .any(|g| g["id"] == GROUP);
    assert!(group, "the group is not there any more");
    stage.close().await;
    world
}

/// Does to a world what a person does by hand.
pub fn meddle(world: &mut Value, what: Meddling) {
    let each = |all: &mut Value, change: &dyn Fn(&mut Value)| {
        for (name, value) in all.as_object_mut().into_iter().flatten() {
            if name.starts_with("chaos") {
                change(value);
            }
        }
    };
    match what {
        Meddling::Pool { length } => {
            let settings = &mut world["cognito"]["pools"][0]["settings"];
            settings["Policies"]["PasswordPolicy"]["MinimumLength"] = json!(length);
        }
        Meddling::Rules => {
            let rules = world["ec2"]["rules"].as_array_mut().unwrap();
            rules.retain(|rule| !our_rule(rule));
        }
        Meddling::Memory => each(&mut world["lambda"]["functions"], &|function| {
            function["release"]["settings"]["memory"] = json!(1024);
        }),
        Meddling::Policies => each(&mut world["iam"]["roles"], &|role| {
            role["attached"] = json!({})
        }),
    }
}

/// Tells whether a rule is ours.
fn our_rule(rule: &Value) -> bool {
    rule["tags"]["cruddur-infra:stack"] == STACK && rule["tags"]["cruddur-infra:owner"] != "bob"
}

fn our_version(version: &Value) -> bool {
    let text = version["description"].as_str().unwrap_or_default();
    text.contains(&format!("{STACK}:"))
}

/// Takes out of a world what is the stack's, and what AWS does by itself. Returns the names of what was the stack's.
pub fn without_ours(world: &Value) -> (Value, BTreeSet<String>) {
    let mut world = world.clone();
    let mut ours = BTreeSet::new();
    // numbers that only count up; interfaces that linger (aws-facts §4.7)
    world["serial"] = Value::Null;
    world["ec2"]["interfaces"] = Value::Null;
    world["iam"]["propagation_seconds"] = Value::Null;
    let mut take = |path: [&str; 2], is_ours: &dyn Fn(&str, &Value) -> bool| match &mut world
        [path[0]][path[1]]
    {
        Value::Object(all) => all.retain(|key, value| {
            let out = is_ours(key, value);
            // on its way out, the service does the rest
            if out && value["gone_at"].is_null() {
                ours.insert(format!("{}.{}.{key}", path[0], path[1]));
            }
            !out
        }),
        Value::Array(all) => all.retain(|value| {
            let out = is_ours("", value);
            if out {
                ours.insert(format!("{}.{}.{}", path[0], path[1], value["id"]));
            }
            !out
        }),
        Value::Null => {}
        other => panic!("{path:?}: {other}"),
    };
    take(["rds", "instances"], &|key, _| key.starts_with("chaos"));
    take(["ec2", "rules"], &|_, rule| our_rule(rule));
    take(["iam", "policies"], &|key, _| key.contains("policy/chaos"));
    take(["iam", "roles"], &|key, _| key.starts_with("chaos"));
    take(["lambda", "functions"], &|key, _| key.starts_with("chaos"));
    take(["scheduler", "groups"], &|key, _| {
        key == "cruddur-infra-chaos"
    });
    take(["scheduler", "schedules"], &|key, _| {
        key.starts_with("cruddur-infra-chaos/")
    });
    let layer = &mut world["lambda"]["layers"]["chaos-lib"];
    if let Some(versions) = layer["versions"].as_array_mut() {
        versions.retain(|v| {
            let out = our_version(v);
            if out {
                ours.insert(format!("lambda.layers.chaos-lib.{}", v["number"]));
            }
            !out
        });
    }
    // a number is never given twice
    if let Some(layer) = layer.as_object_mut() {
        layer.retain(|key, _| key == "versions");
    }
    for pool in world["cognito"]["pools"].as_array_mut().unwrap() {
        pool["modified"] = Value::Null;
        if let Some(triggers) = pool["settings"]["LambdaConfig"].as_object_mut() {
            triggers.retain(|name, function| {
                let out = function.as_str().is_some_and(|f| f.contains(":chaos-"));
                if out {
                    ours.insert(format!("cognito.pools.{name}"));
                }
                !out
            });
        }
    }
    (world, ours)
}

/// What must hold once a calm apply is through: one of each, and nothing twice.
pub fn one_of_each(world: &Value, draft: &Draft) -> Result<(), String> {
    let rules: Vec<&Value> = world["ec2"]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| our_rule(r))
        .collect();
    for addr in draft.entries() {
        let (kind, _) = addr.split_once('.').unwrap();
        let found = match kind {
            "rds_instance" => world["rds"]["instances"].as_object().unwrap().len(),
            "security_group_rule" => rules
                .iter()
                .filter(|r| r["tags"]["cruddur-infra:addr"] == addr)
                .count(),
            "iam_policy" => {
                let policy =
                    &world["iam"]["policies"]["arn:aws:iam::123456789012:policy/chaos-policy"];
                let versions = policy["versions"]
                    .as_object()
                    .map_or(0, serde_json::Map::len)
                    + policy["versions"].as_array().map_or(0, Vec::len);
                if versions > 5 {
                    return Err(format!("{addr} has {versions} versions"));
                }
                usize::from(!policy.is_null())
            }
            _ => continue,
        };
        if found != 1 {
            return Err(format!("{addr} is there {found} times"));
        }
    }
    let versions = world["lambda"]["layers"]["chaos-lib"]["versions"].as_array();
    let mut contents = BTreeSet::new();
    for version in versions.into_iter().flatten().filter(|v| our_version(v)) {
        let content = format!("{} {}", version["code"]["sha256"], version["description"]);
        if !contents.insert(content) {
            return Err(format!(
                "a layer version of a content is there twice: {versions:#?}"
            ));
        }
    }
    for (name, function) in world["lambda"]["functions"].as_object().unwrap() {
        let mut seen = BTreeSet::new();
        for statement in function["statements"].as_array().unwrap() {
            // a second one of an entry has a number at its end
            let sid = statement["Sid"].as_str().unwrap_or_default();
            let of = sid
                .trim_end_matches(|c: char| c.is_ascii_digit())
                .trim_end_matches('-');
            if sid.starts_with("cruddur-infra") && !seen.insert(of.to_owned()) {
                return Err(format!(
                    "{name} has a statement twice: {:#?}",
                    function["statements"]
                ));
            }
        }
    }
    Ok(())
}

/// Tells whether a call did not get the answer that it should have had.
pub fn was_disturbed(status: Option<u16>) -> bool {
    status.is_none_or(|s| s >= 500 || s == 429 || s == 403)
}

/// Fails where what is others' has moved.
pub fn others_are_untouched(before: &Value, now: &Value) -> Result<(), String> {
    let moved = stage::moved(&without_ours(before).0, &without_ours(now).0);
    match moved.is_empty() {
        true => Ok(()),
        false => Err(format!("what is not ours has moved: {moved:#?}")),
    }
}
