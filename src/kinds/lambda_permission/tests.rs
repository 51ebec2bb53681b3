use super::*;
use crate::model::Force;
use crate::resource::{FinalSnapshot, StackFacts, Template};
use std::sync::Arc;

const FUNCTION: &str = "arn:aws:lambda:us-west-2:123456789012:function:cruddur-post-confirmation";
const POOL: &str = "arn:aws:cognito-idp:us-west-2:123456789012:userpool/us-west-2_abc";

fn facts() -> Facts {
    let function: Addr = "lambda_function.post-confirmation".parse().unwrap();
    Facts {
        addr: "lambda_permission.sign-up".parse().unwrap(),
        stack: Arc::new(StackFacts {
            stack: "cruddur".into(),
            account: "123456789012".into(),
            region: "us-west-2".into(),
            partition: "aws".into(),
            owner: "o".into(),
            workspace: "w".into(),
            current_ip: None,
            env: [(
                "COGNITO_USER_POOL_ID".to_owned(),
                crate::model::Secret::new("us-west-2_abc"),
            )]
            .into(),
            assets: BTreeMap::new(),
            final_snapshot: FinalSnapshot::Skip,
            ..StackFacts::default()
        }),
        outputs: Arc::new([(function, [("arn".to_owned(), FUNCTION.into())].into())].into()),
    }
}

fn read(text: &str) -> Spec {
    crate::yaml::read(&crate::yaml::parse(text).unwrap()).unwrap()
}

fn example() -> Spec {
    read(include_str!("example.yaml"))
}

/// What a trigger brings along.
fn implied() -> Spec {
    read(
        "function: ${lambda_function.post-confirmation.arn}\nuser_pool: ${env.COGNITO_USER_POOL_ID}\n",
    )
}

fn text(text: &str) -> Input<String> {
    Input::Template(Template::parse(text).unwrap())
}

fn want() -> Desired {
    LambdaPermission::desired(&implied(), &facts()).unwrap()
}

fn statement(id: &str) -> Statement {
    Statement {
        id: id.into(),
        principal: "cognito-idp.amazonaws.com".into(),
        action: "lambda:InvokeFunction".into(),
        source_arn: Some(POOL.into()),
        source_account: Some("123456789012".into()),
        more: Vec::new(),
    }
}

fn live(statements: Vec<Statement>) -> Live {
    Live {
        function: Function::parse(FUNCTION),
        statements,
        pool_arn: Some(POOL.into()),
        revision: Some("r".into()),
    }
}

const FIRST: &str = "cruddur-infra-sign-up";
const SECOND: &str = "cruddur-infra_2-sign-up";

#[test]
fn the_written_and_the_default_permission_are_the_same() {
    let written = LambdaPermission::desired(&example(), &facts()).unwrap();
    let default = want();
    assert_eq!(written.ids.0[0], default.ids.0[0]);
    assert_eq!(
        (&written.principal, &written.action),
        (&default.principal, &default.action)
    );
    assert_eq!(
        (&written.source, &written.source_account),
        (&default.source, &default.source_account)
    );
    assert_eq!(default.source, Source::UserPool("us-west-2_abc".into()));
    assert_eq!(default.ids.0, [FIRST, SECOND]);
    let key = LambdaPermission::key(&implied(), &facts()).unwrap();
    assert_eq!(
        key.pool_prefix,
        "arn:aws:cognito-idp:us-west-2:123456789012:userpool/"
    );
    assert_eq!(
        LambdaPermission::lock(&key).as_deref(),
        Some("lambda_function:cruddur-post-confirmation")
    );
}

#[test]
fn a_function_is_the_same_however_it_is_written() {
    for (written, target, qualifier) in [
        ("my-function", "my-function", None),
        ("my-function:live", "my-function", Some("live")),
        (
            "123456789012:function:my-function",
            "123456789012:function:my-function",
            None,
        ),
        (
            "arn:aws:lambda:r:1:function:my-function",
            "arn:aws:lambda:r:1:function:my-function",
            None,
        ),
        (
            "arn:aws:lambda:r:1:function:my-function:3",
            "arn:aws:lambda:r:1:function:my-function",
            Some("3"),
        ),
    ] {
        let function = Function::parse(written);
        assert_eq!(function.name, "my-function", "{written}");
        assert_eq!(function.target, target, "{written}");
        assert_eq!(function.qualifier.as_deref(), qualifier, "{written}");
    }
}

#[test]
fn only_our_statements_are_read_from_a_policy() {
    let policy = json!({"Version": "2012-10-17", "Id": "default", "Statement": [
        {"Sid": "foreign", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": FUNCTION},
        {"Sid": SECOND, "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
            "Action": ["lambda:InvokeFunction"], "Resource": FUNCTION,
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
        {"Sid": FIRST, "Effect": "Allow", "Principal": {"Service": "cognito-idp.amazonaws.com"},
            "Action": "lambda:InvokeFunction", "Resource": FUNCTION,
            "Condition": {"ArnLike": {"AWS:SourceArn": POOL}, "StringEquals": {"AWS:SourceAccount": "123456789012"}}},
        {"Sid": "cruddur-infra-sign-up-2", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction"},
    ]});
    let found = statement::ours(&policy.to_string(), &Ids::of_entry("sign-up")).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0], statement(FIRST));
    assert_eq!(found[1].principal, "210987654321");
    assert_eq!(found[1].more, ["StringEquals aws:PrincipalOrgID"]);
    assert!(statement::ours("{", &Ids::of_entry("x")).is_err());
    assert!(
        statement::ours("{}", &Ids::of_entry("x"))
            .unwrap()
            .is_empty()
    );
    let deny = json!({"Statement": {"Sid": "x", "Effect": "Deny", "Principal": "*"}});
    let found = statement::ours(&deny.to_string(), &Ids::given("x")).unwrap();
    assert_eq!((found[0].principal.as_str(), found[0].more.len()), ("*", 1));
}

#[test]
fn what_differs() {
    type Edit = fn(&mut Statement);
    let cases: &[(Edit, &str)] = &[
        (|s| s.principal = "s3.amazonaws.com".into(), "principal"),
        (|s| s.action = "lambda:GetFunction".into(), "action"),
        (|s| s.source_arn = None, "source_arn"),
        (|s| s.source_account = Some("1".into()), "source_account"),
        (|s| s.more = vec!["Effect Deny".into()], "conditions"),
    ];
    for (edit, path) in cases {
        let mut old = statement(FIRST);
        edit(&mut old);
        let have = live(vec![old]);
        let diff = LambdaPermission::diff(&want(), &have);
        assert_eq!(diff.paths(), [*path, "stale"]);
        assert_eq!(diff.force(), Some(Force::Update));
        assert_eq!(want().ids.free(&have.statements), SECOND);
        let calls: Vec<_> = LambdaPermission::calls(Action::Update, &diff)
            .into_iter()
            .map(|c| c.operation)
            .collect();
        assert_eq!(calls, ["AddPermission", "RemovePermission"]);
    }
    let mut spelled = statement(SECOND);
    spelled.action = "lambda:invokefunction".into();
    assert!(LambdaPermission::diff(&want(), &live(vec![spelled])).is_empty());
}

#[test]
fn what_a_broken_off_change_left_is_stale() {
    let mut old = statement(FIRST);
    old.source_arn = Some("arn:old".into());
    let planned = LambdaPermission::diff(&want(), &live(vec![old.clone()]));
    // added, and not removed yet: what is left to do was promised
    let have = live(vec![old.clone(), statement(SECOND)]);
    let rest = LambdaPermission::diff(&want(), &have);
    assert_eq!(rest.paths(), ["stale"]);
    let promised = planned.0.iter().find(|f| f.path == "stale").unwrap();
    assert_eq!(promised.after, rest.0[0].after);
    let calls: Vec<_> = LambdaPermission::calls(Action::Update, &rest)
        .into_iter()
        .map(|c| c.operation)
        .collect();
    assert_eq!(calls, ["RemovePermission"]);
    assert_eq!(have.stale(&want()), [&old]);
    // two that are right are one too many
    let have = live(vec![statement(FIRST), statement(SECOND)]);
    assert_eq!(have.stale(&want()), [&statement(SECOND)]);
    // two that are wrong: one makes room
    let mut other = old.clone();
    other.id = SECOND.into();
    let have = live(vec![old, other]);
    assert_eq!(have.stale(&want()).len(), 2);
    assert_eq!(want().ids.free(&have.statements), SECOND);
}

#[test]
fn a_pool_that_is_gone_is_a_difference_and_no_fault() {
    let mut have = live(vec![statement(FIRST)]);
    have.pool_arn = None;
    assert_eq!(
        LambdaPermission::diff(&want(), &have).paths(),
        ["source_arn", "stale"]
    );
    assert!(!LambdaPermission::outputs(&implied(), &facts(), &have).contains_key("source_arn"));
}

#[test]
fn outputs_do_not_change_under_an_update() {
    let mut old = statement(FIRST);
    old.source_arn = Some("arn:old".into());
    let before = LambdaPermission::outputs(&implied(), &facts(), &live(vec![old]));
    let after = LambdaPermission::outputs(&implied(), &facts(), &live(vec![statement(SECOND)]));
    assert_eq!(before, after);
    for declared in LambdaPermission::OUTPUTS {
        assert!(before.contains_key(declared.name), "{}", declared.name);
    }
    let by_arn = Spec {
        user_pool: None,
        source_arn: Some(text("arn:aws:s3:::bucket")),
        ..implied()
    };
    let outputs = LambdaPermission::outputs(&by_arn, &facts(), &live(vec![statement(FIRST)]));
    assert_eq!(outputs["source_arn"], "arn:aws:s3:::bucket".into());
}

#[test]
fn ids_of_entries_never_meet() {
    let names = ["a", "2-a", "a-2", "a_2", "infra_2-a", "2"];
    let mut all: Vec<String> = names.iter().flat_map(|n| Ids::of_entry(n).0).collect();
    all.sort();
    let count = all.len();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn what_lambda_would_refuse_is_found() {
    let check = |spec: &Spec, others: &Claims| {
        LambdaPermission::check(spec, &facts(), others)
            .into_iter()
            .map(|c| c.path)
            .collect::<Vec<_>>()
    };
    let none = Claims::new();
    assert!(check(&implied(), &none).is_empty());
    assert!(check(&example(), &none).is_empty());
    for (bad, path) in [
        (
            Spec {
                user_pool: None,
                ..implied()
            },
            "",
        ),
        (
            Spec {
                source_arn: Some(text("arn:x")),
                ..implied()
            },
            "",
        ),
        (
            Spec {
                user_pool: None,
                source_arn: Some(text("x")),
                ..implied()
            },
            "source_arn",
        ),
        (
            Spec {
                source_account: Some(text("1")),
                ..implied()
            },
            "source_account",
        ),
        (
            Spec {
                statement_id: Some("a b".into()),
                ..implied()
            },
            "statement_id",
        ),
        (
            Spec {
                statement_id: Some("x".repeat(100)),
                ..implied()
            },
            "statement_id",
        ),
    ] {
        assert_eq!(check(&bad, &none), [path]);
    }
    assert!(
        !LambdaPermission::desired(
            &Spec {
                user_pool: None,
                ..implied()
            },
            &facts()
        )
        .unwrap_err()
        .wrong
        .is_empty()
    );
    let mine = LambdaPermission::claims(&implied(), &facts());
    let itself: Claims = [(facts().addr, mine.clone())].into();
    assert!(check(&implied(), &itself).is_empty());
    let twice: Claims = [(Addr::new("lambda_permission", "again"), mine)].into();
    assert_eq!(check(&implied(), &twice), ["statement_id"]);
}

#[test]
fn owner_readiness_details_and_calls() {
    let have = live(vec![statement(FIRST)]);
    assert_eq!(LambdaPermission::owner(&have, "x"), Owner::Untaggable);
    assert_eq!(LambdaPermission::readiness(&have), Readiness::Ready);
    assert_eq!(LambdaPermission::details(&have)["statement"], FIRST);
    let count = |action| LambdaPermission::calls(action, &Diff::default()).len();
    assert_eq!(
        [
            Action::Create,
            Action::Update,
            Action::Replace,
            Action::Delete,
            Action::NoOp
        ]
        .map(count),
        [1, 0, 2, 1, 0]
    );
}

#[test]
fn a_new_one_is_shown_with_its_defaults() {
    let mut want = want();
    let mut fields = vec![
        json!(["function", FUNCTION]),
        json!(["statement_id", FIRST]),
        json!(["principal", "cognito-idp.amazonaws.com"]),
        json!(["action", "lambda:InvokeFunction"]),
        json!(["user_pool", "us-west-2_abc"]),
        json!(["source_account", "123456789012"]),
    ];
    assert_eq!(json!(LambdaPermission::fields(&want)), json!(fields));
    want.function = Function::parse("f:live");
    want.source = Source::Arn(POOL.into());
    fields[0] = json!(["function", "f:live"]);
    fields[4] = json!(["source_arn", POOL]);
    assert_eq!(json!(LambdaPermission::fields(&want)), json!(fields));
}
