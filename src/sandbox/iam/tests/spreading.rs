use super::super::document::{Verdict, decides, glob};
use super::*;

const ROLE: &str = "arn:aws:iam::123456789012:role/r";
const ACTION: &str = "ec2:CreateNetworkInterface";

impl Stage {
    fn assumable(&self) -> bool {
        let now = self.sandbox.store.timing().now();
        self.sandbox
            .store
            .read(|w| w.iam.may_assume(ROLE, "lambda.amazonaws.com", now))
            .unwrap()
    }

    fn may(&self, action: &str) -> bool {
        let now = self.sandbox.store.timing().now();
        self.sandbox
            .store
            .read(|w| w.iam.role_may(ROLE, action, "*", now))
            .unwrap()
    }
}

#[tokio::test]
async fn lambda_sees_roles_and_attachments_seconds_later() {
    let s = Stage::new();
    s.role("r").await;
    assert!(!s.assumable());
    s.pass(7);
    assert!(!s.assumable());
    s.pass(1);
    assert!(s.assumable());
    let arn = s.policy("p").await;
    s.pass(8);
    assert!(!s.may(ACTION));
    s.ok(
        "AttachRolePolicy",
        &[("RoleName", "r"), ("PolicyArn", &arn)],
    )
    .await;
    assert!(!s.may(ACTION));
    s.pass(8);
    assert!(s.may(ACTION));
    s.ok(
        "DetachRolePolicy",
        &[("RoleName", "r"), ("PolicyArn", &arn)],
    )
    .await;
    assert!(!s.may(ACTION));
}

#[tokio::test]
async fn what_was_there_is_seen_until_the_change_has_spread() {
    let s = Stage::new();
    s.role("r").await;
    s.pass(8);
    let other = TRUST.replace("lambda", "ec2");
    s.ok(
        "UpdateAssumeRolePolicy",
        &[("RoleName", "r"), ("PolicyDocument", &other)],
    )
    .await;
    assert!(s.assumable());
    s.pass(8);
    assert!(!s.assumable());
    let arn = s.policy("p").await;
    s.ok(
        "AttachRolePolicy",
        &[("RoleName", "r"), ("PolicyArn", &arn)],
    )
    .await;
    s.pass(8);
    let new = POLICY.replace("CreateNetworkInterface", "DescribeSubnets");
    let version = [
        ("PolicyArn", arn.as_str()),
        ("PolicyDocument", new.as_str()),
        ("SetAsDefault", "true"),
    ];
    s.ok("CreatePolicyVersion", &version).await;
    assert!(s.may(ACTION) && !s.may("ec2:DescribeSubnets"));
    s.pass(8);
    assert!(!s.may(ACTION) && s.may("ec2:DescribeSubnets"));
    s.ok(
        "PutRolePolicy",
        &[
            ("RoleName", "r"),
            ("PolicyName", "i"),
            ("PolicyDocument", POLICY),
        ],
    )
    .await;
    assert!(!s.may(ACTION));
    s.pass(8);
    assert!(s.may(ACTION));
}

#[tokio::test]
async fn the_managed_policy_gives_what_a_vpc_function_needs() {
    let s = Stage::new();
    s.role("r").await;
    s.ok(
        "AttachRolePolicy",
        &[("RoleName", "r"), ("PolicyArn", MANAGED)],
    )
    .await;
    s.pass(8);
    for action in [
        ACTION,
        "ec2:DescribeNetworkInterfaces",
        "ec2:DeleteNetworkInterface",
        "logs:PutLogEvents",
    ] {
        assert!(s.may(action), "{action}");
    }
    assert!(!s.may("ec2:RunInstances"));
}

#[test]
fn statements_decide() {
    let of = |statement: &str| format!(r#"{{"Statement":[{statement}]}}"#);
    let all = of(r#"{"Effect":"Allow","Action":"EC2:*interface*","Resource":"*"}"#);
    assert_eq!(decides(&all, ACTION, "*"), Verdict::Allows);
    assert_eq!(decides(&all, "ec2:RunInstances", "*"), Verdict::Silent);
    let not = of(r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#);
    assert_eq!(decides(&not, ACTION, "*"), Verdict::Allows);
    let scoped =
        of(r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2:*:*:network-interface/*"}"#);
    assert_eq!(
        decides(
            &scoped,
            ACTION,
            "arn:aws:ec2:us-west-2:1:network-interface/eni-0"
        ),
        Verdict::Allows
    );
    assert_eq!(
        decides(&scoped, "ec2:DescribeNetworkInterfaces", "*"),
        Verdict::Silent
    );
    let denied = of(
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"ec2:Create*","Resource":"*"}"#,
    );
    assert_eq!(decides(&denied, ACTION, "*"), Verdict::Denies);
    let inside = of(
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"ArnEquals":{"lambda:SourceFunctionArn":"x"}}}"#,
    );
    assert_eq!(decides(&inside, ACTION, "*"), Verdict::Allows);
}

#[test]
fn globs_match() {
    for (pattern, text, hit) in [
        ("*", "", true),
        ("a*c", "abbc", true),
        ("a*c", "abcd", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("*b*b", "abab", true),
        ("", "a", false),
    ] {
        assert_eq!(glob(pattern, text), hit, "{pattern} {text}");
    }
}
