use super::*;
use std::collections::BTreeMap;

const POOL: &str = "us-west-2_Abc123";

fn policy() -> String {
    let statement = |sid: &str, service: &str, arn: &str| {
        serde_json::json!({
            "Sid": sid, "Effect": "Allow", "Action": "lambda:InvokeFunction",
            "Principal": {"Service": service}, "Condition": {"ArnLike": {"AWS:SourceArn": arn}},
        })
    };
    let pool = format!("arn:aws:cognito-idp:us-west-2:1:userpool/{POOL}");
    serde_json::json!({"Statement": [
        statement("cruddur-infra-sign-up", "cognito-idp.amazonaws.com", &pool),
        statement("by-hand", "sns.amazonaws.com", "arn:aws:sns:us-west-2:1:topic"),
        {"Sid": "any", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction"},
    ]})
    .to_string()
}

fn doomed(pairs: &[(&str, &str)]) -> Doomed {
    let each = pairs
        .iter()
        .map(|(addr, id)| (addr.parse().unwrap(), [(*id).to_owned()].into()));
    Doomed(each.collect::<BTreeMap<_, _>>())
}

fn have() -> Live {
    let want = crate::kinds::lambda_function::tests::want();
    crate::kinds::lambda_function::tests::right(&want)
}

#[test]
fn who_may_call_is_read_off_the_policy() {
    let all = callers(&policy());
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].pool(), Some(POOL));
    assert_eq!(all[1].pool(), None);
    assert_eq!((all[2].who.as_str(), &all[2].source), ("*", &None));
    assert!(callers("").is_empty());
    // a pool is asked itself, and this stack's own permission is no news
    let ours = doomed(&[("lambda_permission.sign-up", "f/cruddur-infra-sign-up")]);
    let told = allowed("f", &all, &ours);
    let told: Vec<&str> = told.iter().map(|d| d.detail.as_str()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("sns.amazonaws.com may call f on behalf of arn:aws:sns"));
    assert!(told[1].contains("statement any"));
}

#[test]
fn a_pool_that_calls_it_on_another_occasion_is_in_the_way() {
    let have = have();
    let arn = have.arn.clone();
    let triggers = [
        ("post_confirmation", arn.clone()),
        ("pre_sign_up", format!("{arn}:live")),
        // another function, whose name begins like this one's
        ("custom_message", format!("{arn}-2")),
    ];
    let cleared = format!("{POOL}/post_confirmation");
    let doomed = doomed(&[("cognito_trigger.sign-up", &cleared)]);
    let found = triggered(&have, POOL, &triggers, &doomed);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].summary.contains("on pre_sign_up"), "{found:?}");
    let none = Doomed::default();
    assert_eq!(triggered(&have, POOL, &triggers, &none).len(), 2);
}

#[test]
fn each_source_that_calls_it_is_named_with_the_command_that_parts_them() {
    let source = EventSource {
        uuid: "u-1".to_owned(),
        arn: "arn:aws:sqs:us-west-2:1:q".to_owned(),
    };
    let found = fed_by("f", &[source]);
    assert!(found[0].summary.contains("--uuid u-1`"), "{found:?}");
    assert!(aliased("f", &[]).is_none());
    let told = aliased("f", &["live".to_owned(), "prod".to_owned()]).unwrap();
    assert!(told.detail.contains("live, prod"), "{told:?}");
}

#[test]
fn only_its_own_interfaces_linger() {
    let of = |description: &str| Interface {
        description: format!("{INTERFACE}{description}"),
        subnet: "subnet-a".to_owned(),
        groups: vec!["sg-2".to_owned(), "sg-1".to_owned()],
        ..Interface::default()
    };
    for (description, name, own) in [
        ("f-0f1e2d3c", "f", true),
        ("f-1b4e28ba-2fa1-11d2-883f-0016d3cca427", "f", true),
        ("f-more-0f1e2d3c", "f", false),
        (
            "f-more-1b4e28ba-2fa1-11d2-883f-0016d3cca427",
            "f-more",
            true,
        ),
        ("f", "f", false),
        ("f-", "f", false),
    ] {
        assert_eq!(is_of(&of(description), name), own, "{description} {name}");
    }
    let other = |name: &str, subnet: &str, groups: &[&str]| FunctionUse {
        name: name.to_owned(),
        subnets: vec![subnet.to_owned()],
        groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        ..FunctionUse::default()
    };
    for (f, shared) in [
        (other("g", "subnet-a", &["sg-1", "sg-2"]), true),
        (other("g", "subnet-a", &["sg-1"]), false),
        (other("g", "subnet-b", &["sg-1", "sg-2"]), false),
        (other("f", "subnet-a", &["sg-1", "sg-2"]), false),
    ] {
        assert_eq!(
            is_shared(&of("f-0f1e2d3c"), "f", std::slice::from_ref(&f)),
            shared,
            "{f:?}"
        );
    }
}

#[test]
fn a_log_says_for_how_long_it_is_kept() {
    let addr = Addr::new("lambda_function", "f");
    let log = |days| Log {
        name: "/aws/lambda/f".to_owned(),
        bytes: 512,
        days,
    };
    let about = |days| kept_log(&addr, &log(days), "us-west-2").about;
    assert_eq!(about(None), "512 bytes, kept for ever");
    assert_eq!(about(Some(1)), "512 bytes, kept for a day");
    assert_eq!(about(Some(30)), "512 bytes, kept for 30 days");
}
