use super::*;
use crate::model::{Force, OutputRef};
use crate::resource::{FinalSnapshot, StackFacts};
use std::sync::Arc;

const ARN: &str = "arn:aws:lambda:us-west-2:123456789012:function:cruddur-post-confirmation";

fn facts(function_known: bool) -> Facts {
    let mut outputs = BTreeMap::new();
    if function_known {
        let function: Addr = "lambda_function.post-confirmation".parse().unwrap();
        outputs.insert(function, [("arn".to_owned(), ARN.into())].into());
    }
    Facts {
        addr: "cognito_trigger.sign-up".parse().unwrap(),
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
        outputs: Arc::new(outputs),
    }
}

fn spec() -> Spec {
    crate::yaml::read(&crate::yaml::parse(include_str!("example.yaml")).unwrap()).unwrap()
}

fn live(function: &str, whose: Whose) -> Live {
    Live {
        pool_id: "us-west-2_abc".into(),
        pool_arn: Some("arn:pool".into()),
        trigger: Trigger::PostConfirmation,
        function: function.into(),
        whose,
        pool: json!({}),
    }
}

#[test]
fn the_key_does_not_need_the_function() {
    let key = CognitoTrigger::key(&spec(), &facts(true)).unwrap();
    assert_eq!(key.user_pool, "us-west-2_abc");
    assert_eq!(key.function.as_deref(), Some(ARN));
    assert_eq!(CognitoTrigger::lock(&key).as_deref(), Some("user_pools"));
    assert_eq!(
        CognitoTrigger::key(&spec(), &facts(false))
            .unwrap()
            .function,
        None
    );
    let missing = CognitoTrigger::desired(&spec(), &facts(false)).unwrap_err();
    let function: OutputRef = "lambda_function.post-confirmation.arn".parse().unwrap();
    assert_eq!(missing.waits_for, [function]);
}

const THEIRS: &str = "arn:aws:lambda:us-west-2:123456789012:function:theirs";

#[test]
fn somebody_elses_function_is_replaced_only_by_consent() {
    let want = CognitoTrigger::desired(&spec(), &facts(true)).unwrap();
    assert!(CognitoTrigger::diff(&want, &live(ARN, Whose::Foreign)).is_empty());
    let alias = format!("{ARN}:live");
    for (function, whose, force) in [
        (alias.as_str(), Whose::Foreign, Force::Update),
        (THEIRS, Whose::Ours, Force::Update),
        (THEIRS, Whose::Gone, Force::Update),
        (THEIRS, Whose::Foreign, Force::Consent),
    ] {
        let diff = CognitoTrigger::diff(&want, &live(function, whose));
        assert_eq!(diff.paths(), ["function"]);
        assert_eq!(diff.force(), Some(force), "{function} {whose:?}");
        assert_eq!(diff.0[0].after, ARN.into());
        let why = diff.0[0].why.as_deref();
        assert_eq!(
            why.is_some_and(|w| w.contains(THEIRS)),
            force == Force::Consent
        );
    }
    // one of the same name in another account is not the same
    let namesake = ARN.replace("123456789012", "999999999999");
    let diff = CognitoTrigger::diff(&want, &live(&namesake, Whose::Foreign));
    assert_eq!(diff.force(), Some(Force::Consent));
}

#[test]
fn it_is_ours_where_its_function_is() {
    for (whose, owner) in [
        (Whose::Ours, Owner::Untaggable),
        (Whose::Gone, Owner::Untaggable),
        (Whose::Foreign, Owner::Nobody),
    ] {
        let have = live(THEIRS, whose);
        assert_eq!(CognitoTrigger::owner(&have, "cruddur"), owner);
        assert_eq!(CognitoTrigger::details(&have)["calls"], THEIRS);
        assert_eq!(CognitoTrigger::readiness(&have), Readiness::Ready);
    }
    let plain = "arn:aws:lambda:r:1:function:f";
    assert_eq!(unqualified("arn:aws:lambda:r:1:function:f:3"), plain);
    assert_eq!(unqualified(plain), plain);
    assert_eq!(unqualified("f"), "f");
}

#[test]
fn the_permission_comes_with_it() {
    let implied = CognitoTrigger::implies(&facts(true).addr, &spec());
    assert_eq!(implied.len(), 1);
    assert_eq!(implied[0].addr.to_string(), "lambda_permission.sign-up");
    assert_eq!(
        implied[0].spec,
        json!({"function": "${lambda_function.post-confirmation.arn}", "user_pool": "${env.COGNITO_USER_POOL_ID}"})
    );
    let known = Spec {
        user_pool: crate::resource::Input::Known("a${b".into()),
        ..spec()
    };
    assert_eq!(spec::permission(&known)["user_pool"], "a$${b");
}

#[test]
fn every_trigger_has_its_name() {
    for trigger in Trigger::ALL {
        let mut snake = String::new();
        for c in trigger.member().chars() {
            if c.is_ascii_uppercase() && !snake.is_empty() {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        }
        let read: Trigger = serde_json::from_value(json!(snake)).unwrap();
        assert_eq!(read, trigger);
    }
}

#[test]
fn wrong_functions_and_doubled_triggers_are_found() {
    let check = |spec: &Spec, others: &Claims| {
        CognitoTrigger::check(spec, &facts(true), others)
            .into_iter()
            .map(|c| c.path)
            .collect::<Vec<_>>()
    };
    let mine = CognitoTrigger::claims(&spec(), &facts(true));
    let itself: Claims = [(facts(true).addr, mine.clone())].into();
    assert!(check(&spec(), &itself).is_empty());
    let twice: Claims = [(Addr::new("cognito_trigger", "again"), mine)].into();
    assert_eq!(check(&spec(), &twice), ["trigger"]);
    let named = Spec {
        function: crate::resource::Input::Known("just-a-name".into()),
        ..spec()
    };
    assert_eq!(check(&named, &Claims::new()), ["function"]);
}

#[test]
fn outputs_and_calls() {
    let outputs = CognitoTrigger::outputs(&spec(), &facts(true), &live(ARN, Whose::Ours));
    for declared in CognitoTrigger::OUTPUTS {
        assert!(outputs.contains_key(declared.name), "{}", declared.name);
    }
    for action in [
        Action::Create,
        Action::Update,
        Action::Adopt,
        Action::Delete,
    ] {
        let calls = CognitoTrigger::calls(action, &Diff::default());
        assert_eq!(calls, [ApiCall::new("cognito-idp", "UpdateUserPool")]);
    }
    assert!(CognitoTrigger::calls(Action::NoOp, &Diff::default()).is_empty());
}

#[test]
fn a_new_one_is_shown_as_it_is_written() {
    let want = CognitoTrigger::desired(&spec(), &facts(true)).unwrap();
    assert_eq!(
        json!(CognitoTrigger::fields(&want)),
        json!([
            ["user_pool", "us-west-2_abc"],
            ["trigger", "post_confirmation"],
            ["function", ARN],
        ])
    );
}
