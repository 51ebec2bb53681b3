//! Golden plans.

use super::*;
use crate::model::{Addr, ApiCall, Diagnostic, Diff, Effect, Force, Orphan, OutputRef, Shown};
use crate::render::testing::{change, plan};
use serde_json::json;

const PLAIN: Style = Style::plain(80);

fn wide_world() -> Plan {
    let mut db = change("rds_instance.main", Action::Create, "absent");
    db.diff
        .note("engine_version", Shown::NOTHING, "17", Force::Update);
    db.diff.note(
        "master_password",
        Shown::NOTHING,
        Shown::Secret,
        Force::Update,
    );
    db.diff
        .note("allocated_storage", Shown::NOTHING, 20, Force::Update);
    db.calls = vec![ApiCall::new("rds", "CreateDBInstance")];
    let mut rule = change(
        "security_group_rule.workspace",
        Action::Create,
        "known after rds_instance.main",
    );
    let main = Addr::new("rds_instance", "main");
    rule.deferred = vec![OutputRef::new(main.clone(), "security_group_id")];
    rule.after = vec![main];
    let mut other = change("rds_instance.replica", Action::Update, "differs: memory");
    other
        .diff
        .note(
            "instance_class",
            "db.t3.micro",
            "db.t3.small",
            Force::Update,
        )
        .effect(Effect::Outage);
    other.diff.note(
        "backup_window",
        "03:00-04:00",
        Shown::NOTHING,
        Force::Update,
    );
    other
        .diff
        .note(
            "parameters",
            json!({"a": 1}),
            json!({"a": 2}),
            Force::Update,
        )
        .effect(Effect::Deferred);
    other.diff.note(
        "tags.cruddur-infra:stack",
        Shown::NOTHING,
        "cruddur",
        Force::Update,
    );
    let mut code = change("lambda_function.post", Action::Update, "differs: source");
    code.diff.note(
        "source",
        Shown::Digest("0123456789abcdef".to_owned()),
        Shown::Digest("fedcba9876543210".to_owned()),
        Force::Update,
    );
    code.diff.note(
        "environment.URL",
        Shown::Secret,
        Shown::Secret,
        Force::Update,
    );
    let mut replaced = change(
        "rds_instance.old",
        Action::Replace,
        "cannot be changed in place: storage_encrypted",
    );
    replaced
        .diff
        .note("storage_encrypted", false, true, Force::Refuse)
        .why("Encryption is chosen when an instance is made and cannot be switched on later.");
    replaced.refused = Some(
        "Encryption is chosen when an instance is made; --allow-replace rds_instance.old allows it"
            .to_owned(),
    );
    replaced.refuse("Nobody may stop it now.");
    let adopt = change("iam_role.a", Action::Adopt, "exists without our tag");
    let wait = change("rds_instance.slow", Action::Wait, "creating");
    let mut gone = change("iam_policy.gone", Action::Delete, "no longer in stack.yaml");
    gone.id = Some("arn:aws:iam::1:policy/gone".to_owned());
    let forget = change(
        "security_group_rule.x",
        Action::Forget,
        "goes with rds_instance.main",
    );
    let kept = change("iam_policy.kept", Action::NoOp, "as it should be");
    let unseen = change(
        "sql_script.schema",
        Action::NoOp,
        "not looked at: rds_instance.replica is stopped",
    );
    let mut plan = plan(vec![
        db, kept, rule, other, code, replaced, adopt, wait, gone, forget, unseen,
    ]);
    plan.orphans = vec![Orphan {
        addr: Addr::new("rds_instance", "lost"),
        id: "cruddur-lost".to_owned(),
        holds_data: true,
        guard: None,
    }];
    plan.warnings = vec![
        Diagnostic::warning("the world may connect")
            .at(&Addr::new("security_group_rule", "workspace"))
            .detail("0.0.0.0/0 lets every address try.")
            .help("write from: current_ip"),
    ];
    plan
}

const WIDE: &str = r#"Plan for stack cruddur, account 123456789012, region us-west-2

  + create  rds_instance.main: absent
      engine_version     "17"
      master_password    (secret)
      allocated_storage  20

  + create  security_group_rule.workspace
      known after rds_instance.main.security_group_id

  ~ update  rds_instance.replica: differs: memory
      instance_class            "db.t3.micro" → "db.t3.small"
        (outage of minutes)
      backup_window             "03:00-04:00" → nothing
      parameters                { "a": 1 } → { "a": 2 }
        (in the maintenance window)
      tags.cruddur-infra:stack  "cruddur"

  ~ update  lambda_function.post: differs: source
      source           0123456789ab… → fedcba987654…
      environment.URL  (secret) → (secret)

-/+ replace rds_instance.old: cannot be changed in place: storage_encrypted
    REFUSED: Encryption is chosen when an instance is made; --allow-replace
      rds_instance.old allows it
    REFUSED: Nobody may stop it now.
      storage_encrypted  false → true  (forces a replacement, and it holds data)
        Encryption is chosen when an instance is made and cannot be switched on
        later.

 <= adopt   iam_role.a: exists without our tag

  … wait    rds_instance.slow: creating

  - delete  iam_policy.gone (arn:aws:iam::1:policy/gone): no longer in
      stack.yaml

  x forget  security_group_rule.x: goes with rds_instance.main

  = keep    sql_script.schema: not looked at: rds_instance.replica is stopped

No longer in stack.yaml, and left as they are:
  rds_instance.lost (cruddur-lost), holds data
  `cruddur-infra apply --prune` removes them; what holds data needs
  --allow-replace ADDR besides.

warning: security_group_rule.workspace: the world may connect
  0.0.0.0/0 lets every address try.
  help: write from: current_ip

Plan: 2 to create, 2 to update, 1 to replace, 1 to delete, 1 to adopt, 1 to wait
for, 1 to forget. 1 entry was not looked at.
1 change is refused: apply does not do that as it stands.
"#;

#[test]
fn every_action_has_its_block() {
    assert_eq!(plan_human(&wide_world(), &PLAIN, false), WIDE);
}

#[test]
fn ascii_only_has_no_other_characters_of_ours() {
    let ascii = Style {
        unicode: false,
        ..PLAIN
    };
    let text = plan_human(&wide_world(), &ascii, true);
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains("0123456789ab... -> fedcba987654..."));
    assert!(text.contains("... wait    rds_instance.slow"));
}

#[test]
fn verbose_adds_order_calls_and_what_stays() {
    let text = plan_human(&wide_world(), &PLAIN, true);
    for part in [
        "      calls: rds:CreateDBInstance\n",
        "      known after rds_instance.main.security_group_id\n      after: rds_instance.main\n",
        "  = keep    sql_script.schema: not looked at: rds_instance.replica is stopped\n  \
           = keep    iam_policy.kept: as it should be\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn no_line_ends_in_a_space_or_is_too_wide() {
    for width in [40, 60, 80, 0] {
        let text = plan_human(&wide_world(), &Style::plain(width), true);
        for line in text.lines() {
            assert_eq!(line, line.trim_end());
            assert!(width < 60 || line.chars().count() <= width, "{line}");
        }
    }
}

#[test]
fn colours_take_no_columns() {
    let colour = Style {
        color: true,
        ..PLAIN
    };
    let text = plan_human(&wide_world(), &colour, false);
    assert_eq!(anstream::adapter::strip_str(&text).to_string(), WIDE);
    let mut role = change("iam_role.a", Action::Update, "differs: path");
    role.diff.note("path", "/", "/a/", Force::Replace);
    assert_eq!(
        plan_human(&plan(vec![role]), &colour, false),
        "\u{1b}[1mPlan for stack cruddur, account 123456789012, region us-west-2\u{1b}[0m\n\n\
         \u{1b}[33m  ~ update \u{1b}[0m \u{1b}[1miam_role.a\u{1b}[0m: differs: path\n      \
         path  \u{1b}[31m\"/\"\u{1b}[0m → \u{1b}[32m\"/a/\"\u{1b}[0m  \u{1b}[33m(forces a replacement)\u{1b}[0m\n\n\
         \u{1b}[1mPlan: 1 to update.\u{1b}[0m\n"
    );
}

#[test]
fn policy_documents_are_compared_line_by_line() {
    let document = |actions: &[&str]| {
        json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
        })
    };
    let mut policy = change("iam_policy.p", Action::Update, "differs: document");
    // as AWS returns it: as text, and in an order of its own
    let before = r#"{"Statement":[{"Action":["ec2:A","ec2:B","ec2:C"],"Resource":"*","Effect":"Allow"}],"Version":"2012-10-17"}"#;
    policy.diff.note(
        "document",
        before,
        document(&["ec2:A", "ec2:C", "ec2:D"]),
        Force::Update,
    );
    let text = "word ".repeat(12) + &"y".repeat(60);
    policy
        .diff
        .note("description", Shown::NOTHING, text, Force::Update);
    assert_eq!(
        plan_human(&plan(vec![policy]), &Style::plain(60), false),
        r#"Plan for stack cruddur, account 123456789012, region
us-west-2

  ~ update  iam_policy.p: differs: document
      document
          …
                "Effect": "Allow",
                "Action": [
                  "ec2:A",
        -         "ec2:B",
        -         "ec2:C"
        +         "ec2:C",
        +         "ec2:D"
                ],
                "Resource": "*"
              }
          …
      description
        + "word word word word word word word word word word
        +   word word
        +   yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy
        +   yyyyyyyyyyyy"

Plan: 1 to update.
"#
    );
}

#[test]
fn nothing_to_do_is_one_line() {
    let kept = change("iam_policy.kept", Action::NoOp, "as it should be");
    let unseen = change(
        "sql_script.a",
        Action::NoOp,
        "not looked at: rds_instance.main is stopped",
    );
    let head = "Plan for stack cruddur, account 123456789012, region us-west-2\n\n";
    let mut empty = plan(vec![kept.clone()]);
    assert_eq!(
        plan_human(&empty, &PLAIN, false),
        format!("{head}Nothing to do: AWS matches stack.yaml.\n")
    );
    assert_eq!(
        plan_human(&plan(vec![kept, unseen]), &PLAIN, false),
        format!(
            "{head}  = keep    sql_script.a: not looked at: rds_instance.main is stopped\n\n\
             Nothing to do, as far as could be seen. 1 entry was not looked at.\n"
        )
    );
    empty.purpose = Purpose::Destroy;
    assert_eq!(
        plan_human(&empty, &PLAIN, false),
        format!(
            "{}Nothing to do: nothing of the stack is there.\n",
            head.replace("Plan for", "Plan to destroy")
        )
    );
}

#[test]
fn pruned_orphans_are_not_told_twice() {
    let mut plan = wide_world();
    plan.orphans[0].addr = "iam_policy.gone".parse().unwrap();
    plan.options.prune = true;
    plan.options.only = vec![Addr::new("iam_policy", "gone")];
    let text = plan_human(&plan, &PLAIN, false);
    assert!(!text.contains("No longer in stack.yaml, and"));
    assert!(text.contains("region us-west-2\nOnly: iam_policy.gone\nAllowed: --prune\n\n"));
}

#[test]
fn json_is_the_plan_itself() {
    let plan = wide_world();
    let text = plan_json(&plan);
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    assert!(text.starts_with("{\n  \"format_version\": 1,\n"));
    assert!(text.contains(
        r#"        {
          "path": "master_password",
          "before": null,
          "after": {
            "secret": true
          },
          "force": "update",
          "effect": "none"
        },"#
    ));
}

#[test]
fn a_create_shows_what_will_be_made() {
    let mut policy = change("iam_policy.p", Action::Create, "absent");
    let statement =
        |actions: &[&str]| json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    let few = statement(&["s3:GetObject"]);
    let many = statement(&["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"]);
    policy.diff = Diff::of_new([
        ("name".to_owned(), "p".into()),
        (
            "document".to_owned(),
            json!({"Version": "2012-10-17", "Statement": [few, many]}).into(),
        ),
        // longer than most, and still in line
        ("performance_insights.retention_period".to_owned(), 7.into()),
    ]);
    let mut role = change(
        "iam_role.r",
        Action::Create,
        "absent; known after iam_policy.p",
    );
    role.deferred = vec!["iam_policy.p.arn".parse().unwrap()];
    assert_eq!(
        plan_human(&plan(vec![policy, role]), &PLAIN, false),
        r#"Plan for stack cruddur, account 123456789012, region us-west-2

  + create  iam_policy.p: absent
      name                                   "p"
      document
        {
          "Version": "2012-10-17",
          "Statement": [
            { "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*" },
            {
              "Effect": "Allow",
              "Action": [
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface"
              ],
              "Resource": "*"
            }
          ]
        }
      performance_insights.retention_period  7

  + create  iam_role.r: absent
      known after iam_policy.p.arn

Plan: 2 to create.
"#
    );
}
