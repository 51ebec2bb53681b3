mod in_the_way;

use super::*;
use crate::model::{Addr, Effect, Force};
use crate::resource::{FinalSnapshot, Input, StackFacts, Template};
use serde_json::{Value, json};
use std::sync::Arc;

const POLICY: &str = "arn:aws:iam::123456789012:policy/vpc";

fn facts() -> Facts {
    let policy: Addr = "iam_policy.lambda-vpc-access".parse().unwrap();
    Facts {
        addr: "iam_role.post-confirmation".parse().unwrap(),
        stack: Arc::new(StackFacts {
            stack: "cruddur".into(),
            account: "123456789012".into(),
            region: "us-west-2".into(),
            partition: "aws".into(),
            owner: "o".into(),
            workspace: "w".into(),
            current_ip: None,
            env: BTreeMap::new(),
            assets: BTreeMap::new(),
            final_snapshot: FinalSnapshot::Skip,
            ..StackFacts::default()
        }),
        outputs: Arc::new([(policy, [("arn".to_owned(), POLICY.into())].into())].into()),
    }
}

fn read(text: &str) -> Spec {
    crate::yaml::read(&crate::yaml::parse(text).unwrap()).unwrap()
}

fn spec() -> Spec {
    read(include_str!("example.yaml"))
}

fn text(text: &str) -> Input<String> {
    Input::Template(Template::parse(text).unwrap())
}

fn want() -> Desired {
    IamRole::desired(&spec(), &facts()).unwrap()
}

fn document() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}]})
}

/// A role exactly as wanted.
fn live() -> Live {
    let want = want();
    Live {
        name: want.name,
        arn: "arn:aws:iam::123456789012:role/x".into(),
        role_id: "AROA1".into(),
        path: want.path.unwrap(),
        description: want.description,
        trust: trust_policy(&want.services),
        max_session: want.max_session,
        boundary: want.boundary,
        attached: want.policies,
        inline: want.inline.unwrap(),
        tags: want.tags,
    }
}

#[test]
fn services_are_one_or_a_list() {
    let one = read("name: r\nassumed_by: lambda.amazonaws.com\n");
    let many = read("name: r\nassumed_by: [ lambda.amazonaws.com, scheduler.amazonaws.com ]\n");
    let trust = |spec: &Spec| {
        let want = IamRole::desired(spec, &facts()).unwrap();
        trust_policy(&want.services)["Statement"][0]["Principal"]["Service"].clone()
    };
    assert_eq!(trust(&one), json!("lambda.amazonaws.com"));
    assert_eq!(
        trust(&many),
        json!(["lambda.amazonaws.com", "scheduler.amazonaws.com"])
    );
    let wrong = crate::yaml::parse("name: r\nassumed_by: 3\n").unwrap();
    assert!(crate::yaml::read::<Spec>(&wrong).is_err());
}

#[test]
fn the_trust_policy_is_the_documented_one() {
    assert_eq!(
        trust_policy(&["lambda.amazonaws.com".to_owned()].into()).to_string(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#
    );
}

#[test]
fn what_differs_and_how_strongly() {
    assert!(IamRole::diff(&want(), &live()).is_empty());
    let attached = format!("policies[{POLICY}]");
    type Edit = fn(&mut Live);
    let cases: &[(Edit, &str, Force)] = &[
        (|l| l.path = "/service-role/".into(), "path", Force::Replace),
        (|l| l.description = None, "description", Force::Update),
        (
            |l| l.trust["Statement"][0]["Effect"] = json!("Deny"),
            "assumed_by",
            Force::Update,
        ),
        (|l| l.attached.clear(), &attached, Force::Update),
        (
            |l| l.inline.clear(),
            "inline_policies[describe-vpcs]",
            Force::Update,
        ),
        (
            |l| l.inline.get_mut("describe-vpcs").unwrap()["Statement"] = json!([]),
            "inline_policies[describe-vpcs]",
            Force::Update,
        ),
        (
            |l| {
                l.inline.insert("by-hand".into(), json!({}));
            },
            "inline_policies[by-hand]",
            Force::Update,
        ),
        (
            |l| l.max_session = Some(7200),
            "max_session_duration",
            Force::Update,
        ),
        (|l| l.boundary = None, "permissions_boundary", Force::Update),
        (
            |l| {
                l.tags.insert("project".into(), "other".into());
            },
            "tags.project",
            Force::Update,
        ),
    ];
    for (edit, path, force) in cases {
        let mut have = live();
        edit(&mut have);
        let diff = IamRole::diff(&want(), &have);
        assert_eq!(diff.paths(), [*path]);
        assert_eq!(diff.force(), Some(*force), "{path}");
        let effect = if *path == "path" {
            Effect::Outage
        } else {
            Effect::None
        };
        assert_eq!(diff.0[0].effect, effect, "{path}");
    }
}

#[test]
fn what_is_not_written_is_not_compared() {
    let bare = read("name: r\nassumed_by: lambda.amazonaws.com\n");
    let want = IamRole::desired(&bare, &facts()).unwrap();
    let mut have = live();
    have.path = "/service-role/".into();
    have.tags.extend(want.tags.clone());
    have.trust = json!({"Version": "2012-10-17", "Statement": {"Action": ["sts:assumerole"], "Effect": "Allow",
        "Principal": {"Service": ["lambda.amazonaws.com"]}}});
    assert!(IamRole::diff(&want, &have).is_empty());
    // and what is attached besides stays, with a word about it
    let warnings = IamRole::warnings(&want, Some(&have));
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].detail.contains(POLICY));
    assert!(IamRole::warnings(&want, None).is_empty());
}

#[test]
fn a_policy_that_is_not_in_the_list_is_detached() {
    let mut have = live();
    have.attached
        .insert("arn:aws:iam::aws:policy/AdministratorAccess".into());
    let diff = IamRole::diff(&want(), &have);
    assert_eq!(
        diff.paths(),
        ["policies[arn:aws:iam::aws:policy/AdministratorAccess]"]
    );
    assert_eq!(diff.0[0].after, Shown::NOTHING);
    assert!(IamRole::warnings(&want(), Some(&have)).is_empty());
    let calls = |diff: &Diff| -> Vec<String> {
        let calls = IamRole::calls(Action::Update, diff).into_iter();
        calls.map(|c| c.operation).collect()
    };
    assert_eq!(calls(&diff), ["DetachRolePolicy"]);
    have.attached.remove(POLICY);
    let both = IamRole::diff(&want(), &have);
    assert_eq!(calls(&both), ["AttachRolePolicy", "DetachRolePolicy"]);
    // an empty list is a list
    let none = read("name: r\nassumed_by: lambda.amazonaws.com\npolicies: []\n");
    let none = IamRole::desired(&none, &facts()).unwrap();
    assert!(IamRole::diff(&none, &live()).has("policies"));
}

#[test]
fn a_trust_policy_is_shown_as_stack_yaml_would_have_it() {
    let shown = |trust: Value| {
        let mut have = live();
        have.trust = trust;
        IamRole::diff(&want(), &have).0[0].before.clone()
    };
    let services: BTreeSet<String> = ["ec2.amazonaws.com".to_owned()].into();
    assert_eq!(
        shown(trust_policy(&services)),
        json!(["ec2.amazonaws.com"]).into()
    );
    let mut more = trust_policy(&services);
    more["Statement"][0]["Condition"] = json!({"StringEquals": {"aws:SourceAccount": "1"}});
    assert_eq!(shown(more.clone()), more.into());
}

/// Killed between the tag and the deletion, a run must not leave a policy that seems to be somebody else's.
#[test]
fn a_policy_on_its_way_out_is_named_until_it_is_gone() {
    let have = live();
    let mut next = want();
    let named = |tags: &BTreeMap<String, String>| tags["cruddur-infra:inline"].clone();
    assert_eq!(next.tags_meanwhile(&have), next.tags, "nothing goes");
    let inside = [("power".to_owned(), document())].into();
    next.tags.extend([live::inline_tag(&inside)]);
    next.inline = Some(inside);
    assert_eq!(named(&next.tags), "power");
    let meanwhile = next.tags_meanwhile(&have);
    assert_eq!(named(&meanwhile), "describe-vpcs power");
    // at any moment in between the role can go with all that is inside
    let mut between = live();
    between.inline.insert("power".into(), document());
    between.tags = meanwhile;
    assert_eq!(IamRole::guard(&between, &facts()), None);
    // what was put there by hand never was the stack's
    between.inline.insert("by-hand".into(), json!({}));
    assert_eq!(named(&next.tags_meanwhile(&between)), "describe-vpcs power");
    between.inline.remove("describe-vpcs");
    assert_eq!(named(&next.tags_meanwhile(&between)), "power");
    // a tag that cannot be is not tried
    let long = format!("a{}", "b".repeat(250));
    let inside = [(long.clone(), document())].into();
    next.tags.extend([live::inline_tag(&inside)]);
    next.inline = Some(inside);
    assert_eq!(named(&next.tags_meanwhile(&have)), long);
}

#[test]
fn policies_inside_guard_the_role() {
    let mut have = live();
    assert_eq!(IamRole::guard(&have, &facts()), None);
    have.inline.insert("by-hand".into(), json!({}));
    let why = IamRole::guard(&have, &facts()).unwrap();
    assert!(why.contains("by-hand") && !why.contains("describe-vpcs"));
    // where they are listed, what else is inside goes; where they are not, it stays with a word about it
    assert!(IamRole::warnings(&want(), Some(&have)).is_empty());
    let bare = read("name: r\nassumed_by: lambda.amazonaws.com\n");
    let bare = IamRole::desired(&bare, &facts()).unwrap();
    assert!(!IamRole::diff(&bare, &have).has("inline_policies"));
    let warnings = IamRole::warnings(&bare, Some(&have));
    let about = |w: &crate::model::Diagnostic| w.detail.contains("by-hand");
    assert_eq!(warnings.iter().filter(|w| about(w)).count(), 1);
    // an empty list is a list
    let none = read("name: r\nassumed_by: lambda.amazonaws.com\ninline_policies: {}\n");
    let none = IamRole::desired(&none, &facts()).unwrap();
    let diff = IamRole::diff(&none, &have);
    assert!(diff.has("inline_policies[by-hand]") && diff.has("inline_policies[describe-vpcs]"));
    let calls = IamRole::calls(Action::Update, &diff).into_iter();
    let calls: Vec<String> = calls.map(|c| c.operation).collect();
    assert!(calls.contains(&"DeleteRolePolicy".to_owned()), "{calls:?}");
    assert!(!calls.contains(&"PutRolePolicy".to_owned()), "{calls:?}");
}

#[test]
fn what_iam_would_refuse_is_found() {
    let check = |spec: &Spec| {
        IamRole::check(spec, &facts(), &Claims::new())
            .into_iter()
            .map(|c| c.path)
            .collect::<Vec<_>>()
    };
    assert!(check(&spec()).is_empty());
    for (bad, path) in [
        (
            Spec {
                name: text(&"r".repeat(65)),
                ..spec()
            },
            "name",
        ),
        (
            Spec {
                path: Some(text("x")),
                ..spec()
            },
            "path",
        ),
        (
            Spec {
                description: Some(text(&"x".repeat(1001))),
                ..spec()
            },
            "description",
        ),
        (
            Spec {
                assumed_by: Services(Vec::new()),
                ..spec()
            },
            "assumed_by",
        ),
        (
            Spec {
                assumed_by: Services(vec![text("lambda")]),
                ..spec()
            },
            "assumed_by",
        ),
        (
            Spec {
                assumed_by: Services(vec![text("lambda.amazonaws.com"), text("x")]),
                ..spec()
            },
            "assumed_by[1]",
        ),
        (
            Spec {
                policies: Some(vec![text("AWSLambdaVPCAccessExecutionRole")]),
                ..spec()
            },
            "policies[0]",
        ),
        (
            Spec {
                inline_policies: Some([("a,b".to_owned(), document())].into()),
                ..spec()
            },
            "inline_policies.a,b",
        ),
        (
            Spec {
                inline_policies: Some(
                    [(
                        "a".to_owned(),
                        json!({"Version": "2008-10-17", "Statement": document()["Statement"]}),
                    )]
                    .into(),
                ),
                ..spec()
            },
            "inline_policies.a.Version",
        ),
        (
            Spec {
                inline_policies: Some(
                    [1, 2, 3]
                        .map(|n| (n.to_string().repeat(100), document()))
                        .into(),
                ),
                ..spec()
            },
            "inline_policies",
        ),
        (
            Spec {
                permissions_boundary: Some(text("x")),
                ..spec()
            },
            "permissions_boundary",
        ),
        (
            Spec {
                max_session_duration: Some(Input::Known(60)),
                ..spec()
            },
            "max_session_duration",
        ),
    ] {
        assert_eq!(check(&bad), [path]);
    }
}

#[test]
fn outputs_owner_and_calls() {
    let have = live();
    let outputs = IamRole::outputs(&spec(), &facts(), &have);
    for declared in IamRole::OUTPUTS {
        assert!(outputs.contains_key(declared.name), "{}", declared.name);
    }
    assert_eq!(IamRole::owner(&have, "cruddur"), Owner::Ours);
    assert_eq!(IamRole::readiness(&have), Readiness::Ready);
    assert_eq!(
        IamRole::key(&spec(), &facts()).unwrap(),
        "cruddur-post-confirmation-role"
    );
    let mut other = live();
    other.attached.clear();
    other.inline.clear();
    other.tags.clear();
    other.trust = json!({});
    other.max_session = None;
    other.boundary = None;
    let calls: Vec<_> = IamRole::calls(Action::Update, &IamRole::diff(&want(), &other))
        .into_iter()
        .map(|c| c.operation)
        .collect();
    assert_eq!(
        calls,
        [
            "UpdateAssumeRolePolicy",
            "UpdateRole",
            "PutRolePermissionsBoundary",
            "TagRole",
            "PutRolePolicy",
            "AttachRolePolicy"
        ]
    );
    let count = |action| IamRole::calls(action, &Diff::default()).len();
    assert_eq!(
        [
            Action::Create,
            Action::Update,
            Action::Replace,
            Action::Delete,
            Action::NoOp
        ]
        .map(count),
        [2, 0, 6, 3, 0]
    );
}

#[test]
fn a_new_one_is_shown_in_the_order_of_the_comparison() {
    let want = want();
    let fields = IamRole::fields(&want);
    let attached = format!("policies[{POLICY}]");
    assert_eq!(
        json!(fields),
        json!([
            ["name", "cruddur-post-confirmation-role"],
            ["path", "/"],
            ["description", "What the post-confirmation function may do"],
            ["assumed_by", ["lambda.amazonaws.com"]],
            [attached, "attached"],
            ["inline_policies[describe-vpcs]", document()],
            ["max_session_duration", 3600],
            [
                "permissions_boundary",
                "arn:aws:iam::123456789012:policy/boundary"
            ],
            ["tags.project", "cruddur"],
        ])
    );
    let other = Live {
        path: "/other/".into(),
        description: None,
        trust: json!({}),
        max_session: None,
        boundary: None,
        attached: BTreeSet::new(),
        inline: BTreeMap::new(),
        tags: want.tags.clone(),
        ..live()
    };
    let diff = IamRole::diff(&want, &other);
    let paths: Vec<&str> = fields.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(diff.paths(), paths[1..8]);
    let bare = IamRole::desired(&read("name: r\nassumed_by: a.amazonaws.com"), &facts()).unwrap();
    let fields = Diff::of_new(IamRole::fields(&bare));
    assert_eq!(fields.paths(), ["name", "assumed_by"]);
    // nothing is attached to it, unless what is attached is not known yet
    let attaches = |diff: &Diff| {
        let calls = IamRole::calls(Action::Create, diff);
        calls.iter().any(|c| c.operation == "AttachRolePolicy")
    };
    assert!(!attaches(&fields) && attaches(&diff) && attaches(&Diff::default()));
}
