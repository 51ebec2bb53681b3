//! What another AWS client changes by hand is shown exactly, and repaired; what is not ours is left alone.

use crate::cli::{HANGS, Served, Workplace, addresses};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const FUNCTION: &str = "/2015-03-31/functions/cruddur-post-confirmation";
const POLICY: &str = "arn:aws:iam::123456789012:policy/AWSLambdaVPCAccessExecutionRole";
const ROLE: &str = "cruddur-post-confirmation-role";

/// What UpdateUserPool takes of what DescribeUserPool tells.
const POOL_MEMBERS: [&str; 16] = [
    "AccountRecoverySetting",
    "AdminCreateUserConfig",
    "AutoVerifiedAttributes",
    "DeletionProtection",
    "DeviceConfiguration",
    "EmailConfiguration",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "LambdaConfig",
    "MfaConfiguration",
    "Policies",
    "SmsConfiguration",
    "UserAttributeUpdateSettings",
    "UserPoolAddOns",
    "UserPoolTags",
    "VerificationMessageTemplate",
];

fn pool(aws: &Served, id: &str) -> Value {
    let answer = aws
        .cognito("DescribeUserPool", &json!({"UserPoolId": id}))
        .ok();
    let mut pool = answer.json()["UserPool"].clone();
    pool.as_object_mut().unwrap().remove("LastModifiedDate");
    pool
}

fn without_triggers(mut pool: Value) -> Value {
    pool.as_object_mut().unwrap().remove("LambdaConfig");
    pool
}

/// Waits until the instance is idle and shows something.
fn instance_shows(aws: &Served, text: &str) {
    let until = Instant::now() + HANGS;
    loop {
        let answer = aws.query("rds", "DescribeDBInstances", &[]).ok();
        let body = &answer.body;
        // what is only on its way is not shown yet
        let shown = match (
            body.find("<PendingModifiedValues>"),
            body.find("</PendingModifiedValues>"),
        ) {
            (Some(from), Some(to)) => body[..from].to_owned() + &body[to..],
            _ => body.clone(),
        };
        if answer.element("DBInstanceStatus") == "available" && shown.contains(text) {
            return;
        }
        assert!(
            Instant::now() < until,
            "{text} is not shown: {}",
            answer.body
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until the function may be changed again.
fn function_is_idle(aws: &Served) {
    let until = Instant::now() + HANGS;
    let path = format!("{FUNCTION}/configuration");
    while aws.lambda("GET", &path, None).ok().json()["LastUpdateStatus"] != "Successful" {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// One change by hand, and what a plan must show of it: these addresses and no others.
struct Hand {
    what: &'static str,
    change: fn(&Served, &Workplace),
    shown: &'static [(&'static str, &'static str)],
    /// A field that must be in the plan.
    field: Option<&'static str>,
}

const HANDS: &[Hand] = &[
    Hand {
        what: "the rule admits another address",
        change: |aws, work| {
            let id = work.output("security_group_rule.workspace.rule_id");
            let group = work.output("security_group_rule.workspace.security_group_id");
            let rule = |name: &str| format!("SecurityGroupRule.1.SecurityGroupRule.{name}");
            aws.query(
                "ec2",
                "ModifySecurityGroupRules",
                &[
                    ("GroupId", &group),
                    ("SecurityGroupRule.1.SecurityGroupRuleId", &id),
                    (&rule("IpProtocol"), "tcp"),
                    (&rule("FromPort"), "5432"),
                    (&rule("ToPort"), "5432"),
                    (&rule("CidrIpv4"), "203.0.113.7/32"),
                    (&rule("Description"), "GITPOD"),
                ],
            )
            .ok();
        },
        shown: &[("security_group_rule.workspace", "update")],
        field: Some("203.0.113.7/32"),
    },
    Hand {
        what: "the rule is revoked",
        change: |aws, work| {
            let id = work.output("security_group_rule.workspace.rule_id");
            let group = work.output("security_group_rule.workspace.security_group_id");
            aws.query(
                "ec2",
                "RevokeSecurityGroupIngress",
                &[("GroupId", &group), ("SecurityGroupRuleId.1", &id)],
            )
            .ok();
        },
        shown: &[("security_group_rule.workspace", "create")],
        field: None,
    },
    Hand {
        what: "the policy is detached",
        change: |aws, _| {
            aws.query(
                "iam",
                "DetachRolePolicy",
                &[("RoleName", ROLE), ("PolicyArn", POLICY)],
            )
            .ok();
        },
        shown: &[("iam_role.post-confirmation", "update")],
        field: Some(POLICY),
    },
    Hand {
        what: "the policy has another document",
        change: |aws, _| {
            let document = json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
            ]});
            aws.query(
                "iam",
                "CreatePolicyVersion",
                &[
                    ("PolicyArn", POLICY),
                    ("PolicyDocument", &document.to_string()),
                    ("SetAsDefault", "true"),
                ],
            )
            .ok();
        },
        shown: &[("iam_policy.lambda-vpc-access", "update")],
        field: Some("s3:GetObject"),
    },
    Hand {
        what: "the function has more memory",
        change: |aws, _| {
            let path = format!("{FUNCTION}/configuration");
            aws.lambda("PUT", &path, Some(&json!({"MemorySize": 512})))
                .ok();
            function_is_idle(aws);
        },
        shown: &[("lambda_function.post-confirmation", "update")],
        field: Some("memory"),
    },
    Hand {
        what: "the function has another environment",
        change: |aws, _| {
            let path = format!("{FUNCTION}/configuration");
            let variables =
                json!({"CONNECTION_URL": "postgresql://eve:h4nd-made-s3cret@h/d", "DEBUG": "1"});
            aws.lambda(
                "PUT",
                &path,
                Some(&json!({"Environment": {"Variables": variables}})),
            )
            .ok();
            function_is_idle(aws);
        },
        shown: &[("lambda_function.post-confirmation", "update")],
        field: Some("environment.CONNECTION_URL"),
    },
    Hand {
        what: "Cognito may not invoke the function any more",
        change: |aws, work| {
            let status = work.status();
            let sid = status["lambda_permission.sign-up"]["details"]["statement"]
                .as_str()
                .unwrap();
            aws.lambda("DELETE", &format!("{FUNCTION}/policy/{sid}"), None)
                .ok();
        },
        shown: &[("lambda_permission.sign-up", "create")],
        field: None,
    },
    Hand {
        what: "the trigger is taken out of the pool",
        change: |aws, work| {
            let id = work.output("cognito_trigger.sign-up.user_pool_id");
            let pool = pool(aws, &id);
            let mut update = json!({"UserPoolId": id});
            for name in POOL_MEMBERS {
                if !pool[name].is_null() {
                    update[name] = pool[name].clone();
                }
            }
            // one setting under two names, of which only the newer may be sent
            update["AdminCreateUserConfig"]
                .as_object_mut()
                .unwrap()
                .remove("UnusedAccountValidityDays");
            let triggers = update["LambdaConfig"].as_object_mut().unwrap();
            triggers.remove("PostConfirmation").unwrap();
            aws.cognito("UpdateUserPool", &update).ok();
        },
        shown: &[("cognito_trigger.sign-up", "create")],
        field: None,
    },
    Hand {
        what: "backups are kept longer",
        change: |aws, _| {
            aws.query(
                "rds",
                "ModifyDBInstance",
                &[
                    ("DBInstanceIdentifier", "cruddur-db-instance"),
                    ("BackupRetentionPeriod", "7"),
                    ("ApplyImmediately", "true"),
                ],
            )
            .ok();
            instance_shows(aws, "<BackupRetentionPeriod>7<");
        },
        shown: &[("rds_instance.main", "update")],
        field: Some("backup_retention_period"),
    },
    Hand {
        what: "the layer's version is deleted",
        change: |aws, work| {
            let version = work.output("lambda_layer.psycopg2.version");
            let path = format!("/2018-10-31/layers/cruddur-psycopg2/versions/{version}");
            aws.lambda("DELETE", &path, None).ok();
        },
        // the function must be given the new version
        shown: &[
            ("lambda_function.post-confirmation", "update"),
            ("lambda_layer.psycopg2", "create"),
        ],
        field: None,
    },
    Hand {
        what: "the function is deleted",
        change: |aws, _| {
            aws.lambda("DELETE", FUNCTION, None).ok();
        },
        // its policy goes with it; the pool still names it
        shown: &[
            ("lambda_function.post-confirmation", "create"),
            ("lambda_permission.sign-up", "create"),
        ],
        field: None,
    },
];

#[test]
fn every_change_by_hand_is_shown_exactly_and_repaired() {
    let work = Workplace::light();
    let aws = work.serve::<&str>(&[]);
    work.run(&["apply"]).code(0);
    work.is_settled();
    let id = work.output("cognito_trigger.sign-up.user_pool_id");
    let pool_before = pool(&aws, &id);

    for hand in HANDS {
        let what = hand.what;
        println!("{what}");
        (hand.change)(&aws, &work);
        let pool_by_hand = pool(&aws, &id);
        let drift = work.drift::<&str>(&[]);
        let shown: Vec<(&str, &str)> = drift
            .iter()
            .map(|(a, c)| (a.as_str(), c["action"].as_str().unwrap()))
            .collect();
        assert_eq!(shown, hand.shown, "{what}: {drift:#?}");
        let text = Value::from_iter(drift.clone()).to_string();
        if let Some(field) = hand.field {
            assert!(text.contains(field), "{what}: {field} is not in {text}");
        }
        assert!(!text.contains("h4nd-made-s3cret"), "{what}: {text}");
        work.run(&["plan"])
            .code(0)
            .keeps_silent_about("h4nd-made-s3cret");
        work.run(&["apply"])
            .code(0)
            .keeps_silent_about("h4nd-made-s3cret");
        work.is_settled();
        let repaired = pool(&aws, &id);
        assert_eq!(
            repaired["LambdaConfig"], pool_before["LambdaConfig"],
            "{what}"
        );
        assert_eq!(
            without_triggers(repaired),
            without_triggers(pool_by_hand),
            "{what}"
        );
    }
    let counts = work.counts();
    assert!(
        counts
            .iter()
            .all(|(name, n)| *n == 1 || *name == "policy versions"),
        "{counts:?}"
    );

    // all at once, as after a bad afternoon
    for hand in HANDS
        .iter()
        .filter(|h| h.shown.len() == 1 && !h.what.contains("revoked"))
    {
        (hand.change)(&aws, &work);
    }
    assert_eq!(
        addresses(&work.drift::<&str>(&[])),
        [
            "cognito_trigger.sign-up",
            "iam_policy.lambda-vpc-access",
            "iam_role.post-confirmation",
            "lambda_function.post-confirmation",
            "lambda_permission.sign-up",
            "rds_instance.main",
            "security_group_rule.workspace",
        ]
    );
    let by_hand = without_triggers(pool(&aws, &id));
    work.run(&["apply"]).code(0);
    work.is_settled();
    let repaired = pool(&aws, &id);
    assert_eq!(repaired["LambdaConfig"], pool_before["LambdaConfig"]);
    assert_eq!(without_triggers(repaired), by_hand);
    let counts = work.counts();
    assert!(
        counts
            .iter()
            .all(|(name, n)| *n == 1 || *name == "policy versions"),
        "{counts:?}"
    );
    assert!(counts["policy versions"] <= 5, "{counts:?}");
}

/// An instance that somebody stopped is no drift, and no reason to hang.
#[test]
fn an_instance_stopped_by_another_client_is_said_to_be() {
    let work = Workplace::light();
    let aws = work.serve::<&str>(&[]);
    work.run(&["apply", "--only", "rds_instance.main"]).code(0);
    let instance = [("DBInstanceIdentifier", "cruddur-db-instance")];
    // usable is not yet idle: the first backup may be under way
    instance_shows(&aws, "");
    aws.query("rds", "StopDBInstance", &instance).ok();
    // at once, whatever it is on the way to
    work.run(&["plan", "--only", "rds_instance.main"]).code(0);
    let until = Instant::now() + HANGS;
    while aws
        .query("rds", "DescribeDBInstances", &[])
        .ok()
        .element("DBInstanceStatus")
        != "stopped"
    {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(50));
    }
    work.run(&["plan"])
        .code(0)
        .says("rds_instance.main is stopped")
        .says("cruddur-infra --sandbox start");
    // what can be done without it is done
    work.run(&["apply"])
        .code(0)
        .says("rds_instance.main is stopped")
        .says("cruddur-infra --sandbox start");
    work.run(&["start"]).code(0);
    work.run(&["apply"]).code(0);
    work.has_one_of_each();
    work.is_settled();
}

/// What exists under a name of ours and is not ours is not touched without a word.
#[test]
fn what_is_not_ours_is_taken_over_only_when_told() {
    let work = Workplace::light();
    let aws = work.serve::<&str>(&[]);
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"
    }]});
    let role = [
        ("RoleName", ROLE),
        ("AssumeRolePolicyDocument", &trust.to_string()),
    ];
    aws.query("iam", "CreateRole", &role).ok();
    let before = work.world();

    let drift = work.drift::<&str>(&[]);
    assert_eq!(
        drift["iam_role.post-confirmation"]["action"], "adopt",
        "{drift:#?}"
    );
    work.run(&["apply"])
        .code(1)
        .says("--adopt iam_role.post-confirmation");
    assert_eq!(
        work.world(),
        before,
        "nothing is made before everything is allowed"
    );
    work.run(&["apply", "--adopt", "iam_role.post-confirmation"])
        .code(0);
    work.has_one_of_each();
    work.is_settled();

    // a role of another stack stops everything, whatever is allowed
    let tag = [
        ("RoleName", ROLE),
        ("Tags.member.1.Key", "cruddur-infra:stack"),
        ("Tags.member.1.Value", "others"),
    ];
    aws.query("iam", "TagRole", &tag).ok();
    work.edit("    memory: 256", "    memory: 512");
    let before = work.world();
    work.run(&["apply", "--adopt", "iam_role.post-confirmation"])
        .code(1)
        .says("belongs to stack others");
    assert_eq!(work.world(), before);
    // ours cannot go while it is attached to theirs
    aws.query(
        "iam",
        "DetachRolePolicy",
        &[("RoleName", ROLE), ("PolicyArn", POLICY)],
    )
    .ok();
    work.run(&["destroy"]).code(0);
    let world = work.world();
    assert_eq!(
        world["iam"]["roles"].as_object().unwrap().len(),
        1,
        "it is not ours to delete"
    );
}

/// What the file no longer names is listed, and deleted only when that is asked for. A pool must not go on calling a
/// function that is deleted.
#[test]
fn what_is_no_longer_in_the_file_is_listed_and_pruned_on_request() {
    let work = Workplace::light();
    let aws = work.serve::<&str>(&[]);
    work.run(&["apply"]).code(0);
    let id = work.output("cognito_trigger.sign-up.user_pool_id");
    let before = pool(&aws, &id);
    assert!(before["LambdaConfig"]["PostConfirmation"].is_string());
    let text = work.read("stack.yaml");
    let without = |text: &str, first: &str, next: &str| {
        let (from, to) = (text.find(first).unwrap(), text.find(next).unwrap());
        text[..from].to_owned() + &text[to..]
    };
    let text = without(&text, "lambda_functions:", "sql_scripts:");
    work.write(
        "stack.yaml",
        &without(&text, "security_group_rules:", "iam_policies:"),
    );

    let planned = work.run(&["plan", "--format", "json"]).code(0).json();
    let orphans = planned["orphans"].as_array().unwrap();
    assert_eq!(orphans.len(), 1, "{orphans:?}");
    assert_eq!(orphans[0]["address"], "security_group_rule.workspace");
    work.run(&["plan"])
        .code(0)
        .says("security_group_rule.workspace")
        .says("--prune");
    work.run(&["apply"]).code(0);
    assert_eq!(pool(&aws, &id), before, "nothing goes without being asked");

    let planned = work.run(&["plan", "--prune", "--format", "json"]).code(0);
    let planned = planned.json();
    let deleted: Vec<&str> = planned["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["action"] == "delete")
        .map(|c| c["address"].as_str().unwrap())
        .collect();
    let expected = [
        "cognito_trigger.post-confirmation",
        "lambda_permission.sign-up",
        "lambda_function.post-confirmation",
        "security_group_rule.workspace",
    ];
    assert_eq!(deleted, expected, "the pool stops calling it first");
    work.run(&["apply", "--prune"]).code(0);
    let after = pool(&aws, &id);
    assert!(after["LambdaConfig"]["PostConfirmation"].is_null());
    assert_eq!(without_triggers(after), without_triggers(before));
    let planned = work.run(&["plan", "--prune", "--format", "json"]).code(0);
    assert_eq!(planned.json()["orphans"], json!([]));
}

/// EC2 takes no second rule of one definition, so a rule goes with its entry to another name.
#[test]
fn a_rule_is_found_again_under_another_name() {
    let work = Workplace::light();
    work.run(&["apply"]).code(0);
    let rule = work.output("security_group_rule.workspace.rule_id");
    work.edit("\n  workspace:\n", "\n  laptop:\n");
    let planned = work.run(&["plan", "--format", "json"]).code(0).json();
    assert_eq!(planned["orphans"], json!([]));
    assert_eq!(planned["summary"]["update"], 1, "{planned:#}");
    work.run(&["apply"]).code(0);
    assert_eq!(work.output("security_group_rule.laptop.rule_id"), rule);
    work.is_settled();
}

/// Lists of IAM tell no tags: each policy is asked for, however many there are.
#[tokio::test]
async fn a_leftover_is_found_behind_very_many_objects_of_others() {
    const HEAD: &str = "stack: s\nregion: us-west-2\n";
    let stage = crate::stage::Stage::open().await;
    let entry = "iam_policies:\n  p:\n    name: zz\n    document: { Version: \"2012-10-17\", Statement: [ { Effect: \
                 Allow, Action: \"s3:GetObject\", Resource: \"*\" } ] }\n";
    stage.write("stack.yaml", format!("{HEAD}{entry}"));
    let applied = stage.program(&stage.server, &["apply", "--yes"]).await;
    assert!(applied.status.success(), "{applied:?}");
    stage.change(|w| {
        let ours = w.iam.policies.values().next().unwrap().clone();
        for n in 0..600 {
            let mut other = ours.clone();
            other.name = format!("a{n}");
            other.arn = ours.arn.replace("policy/zz", &format!("policy/a{n}"));
            other.tags.clear();
            w.iam.policies.insert(other.arn.clone(), other);
        }
    });
    stage.write("stack.yaml", HEAD);
    let args = ["plan", "--prune", "--format", "json"];
    let planned = stage.program(&stage.server, &args).await;
    let plan: Value = serde_json::from_slice(&planned.stdout).unwrap();
    let orphans = plan["orphans"].as_array().unwrap();
    assert_eq!(orphans.len(), 1, "{plan:#}");
    assert_eq!(orphans[0]["address"], "iam_policy.p");
}
