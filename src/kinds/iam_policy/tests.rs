use super::*;
use crate::model::{Addr, Force, Outputs, Shown};
use crate::resource::{FinalSnapshot, Input, StackFacts, Template};
use serde_json::json;
use std::sync::Arc;

const ARN: &str = "arn:aws:iam::123456789012:policy/AWSLambdaVPCAccessExecutionRole";

fn facts(outputs: BTreeMap<Addr, Outputs>) -> Facts {
    Facts {
        addr: "iam_policy.lambda-vpc-access".parse().unwrap(),
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
        outputs: Arc::new(outputs),
    }
}

fn known() -> Facts {
    facts(BTreeMap::new())
}

fn spec() -> Spec {
    crate::yaml::read(&crate::yaml::parse(include_str!("example.yaml")).unwrap()).unwrap()
}

fn text(text: &str) -> Input<String> {
    Input::Template(Template::parse(text).unwrap())
}

fn want() -> Desired {
    IamPolicy::desired(&spec(), &known()).unwrap()
}

/// A policy exactly as wanted, with one version.
fn live() -> Live {
    let want = want();
    Live {
        arn: want.arn,
        name: want.name,
        description: want.description,
        document: want.document,
        in_force: 1,
        versions: vec![Version {
            id: "v1".into(),
            default: true,
        }],
        attached: 0,
        tags: want.tags,
        copies: Vec::new(),
        settling: false,
    }
}

#[test]
fn it_is_found_by_its_arn() {
    assert_eq!(IamPolicy::key(&spec(), &known()).unwrap(), ARN);
    let with_path = Spec {
        path: Some(text("/cruddur/")),
        name: text("x"),
        ..spec()
    };
    assert_eq!(
        IamPolicy::key(&with_path, &known()).unwrap(),
        "arn:aws:iam::123456789012:policy/cruddur/x"
    );
    let want = want();
    assert_eq!(want.path, "/");
    assert_eq!(want.tags["project"], "cruddur");
    assert_eq!(want.tags[aws::STACK_TAG], "cruddur");
    assert_eq!(want.tags[aws::ADDR_TAG], "iam_policy.lambda-vpc-access");
}

#[test]
fn references_in_the_document_are_resolved_and_variables_kept() {
    let spec = Spec {
        document: json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
            "Resource": ["${iam_role.r.arn}", "arn:aws:s3:::b/$${aws:username}"]}}),
        ..spec()
    };
    assert_eq!(
        IamPolicy::desired(&spec, &known())
            .unwrap_err()
            .waits_for
            .len(),
        1
    );
    assert!(IamPolicy::check(&spec, &known(), &Claims::new()).is_empty());
    let role: Outputs = [("arn".to_owned(), "arn:role".into())].into();
    let facts = facts([("iam_role.r".parse().unwrap(), role)].into());
    let want = IamPolicy::desired(&spec, &facts).unwrap();
    assert_eq!(
        want.document["Statement"]["Resource"],
        json!(["arn:role", "arn:aws:s3:::b/${aws:username}"])
    );
}

#[test]
fn what_differs_and_how_strongly() {
    assert!(IamPolicy::diff(&want(), &live()).is_empty());
    type Edit = fn(&mut Live);
    let cases: &[(Edit, &str, Force)] = &[
        (
            |l| l.description = Some("other".into()),
            "description",
            Force::Replace,
        ),
        (
            |l| {
                l.description = None;
                l.attached = 2;
            },
            "description",
            Force::Refuse,
        ),
        (
            |l| l.document["Statement"][1]["Action"] = json!("logs:PutLogEvents"),
            "document.Statement[Logs]",
            Force::Update,
        ),
        (
            |l| l.document["Version"] = json!("2008-10-17"),
            "document.Version",
            Force::Update,
        ),
        (
            |l| {
                l.tags.remove(aws::STACK_TAG);
            },
            "tags.cruddur-infra:stack",
            Force::Update,
        ),
    ];
    for (edit, path, force) in cases {
        let mut have = live();
        edit(&mut have);
        let diff = IamPolicy::diff(&want(), &have);
        assert_eq!(diff.paths(), [*path]);
        assert_eq!(diff.force(), Some(*force), "{path}");
        assert_eq!(diff.0[0].why.is_some(), *force == Force::Refuse);
    }
    // spelled otherwise, and meaning the same
    let mut have = live();
    have.document["Statement"][1]["Action"] = json!([
        "logs:putlogevents",
        "logs:CreateLogStream",
        "logs:CreateLogGroup"
    ]);
    have.tags.insert("foreign".into(), "x".into());
    assert!(IamPolicy::diff(&want(), &have).is_empty());
    // what stack.yaml does not say is not compared
    let silent = Desired {
        description: None,
        ..want()
    };
    have.description = Some("other".into());
    assert!(IamPolicy::diff(&silent, &have).is_empty());
}

#[test]
fn the_sixth_version_needs_room_and_says_so() {
    let mut have = live();
    have.document = json!({"Version": "2012-10-17", "Statement": []});
    have.versions = ["v10", "v9", "v8", "v11", "v7"]
        .iter()
        .map(|id| Version {
            id: (*id).into(),
            default: *id == "v7",
        })
        .collect();
    assert_eq!(have.in_the_way().unwrap().id, "v8");
    assert_eq!(have.newest_idle().unwrap().id, "v11");
    let diff = IamPolicy::diff(&want(), &have);
    let change = diff.0.iter().find(|f| f.path == "versions").unwrap();
    assert_eq!(
        (&change.before, &change.after),
        (&"v8".into(), &Shown::NOTHING)
    );
    let calls: Vec<_> = IamPolicy::calls(Action::Update, &diff)
        .into_iter()
        .map(|c| c.operation)
        .collect();
    assert_eq!(calls, ["DeletePolicyVersion", "CreatePolicyVersion"]);
    have.versions.truncate(4);
    assert!(have.in_the_way().is_none());
    assert!(!IamPolicy::diff(&want(), &have).has("versions"));
    // nothing to write, nothing in the way
    have.versions = vec![have.versions[0].clone(); 5];
    have.document = want().document;
    assert!(IamPolicy::diff(&want(), &have).is_empty());
    assert!(live().newest_idle().is_none());
}

#[test]
fn it_is_not_deleted_while_others_use_it() {
    let role: Outputs = [("name".to_owned(), "ours".into())].into();
    let facts = facts([("iam_role.r".parse().unwrap(), role)].into());
    let fault = |users: &[&str]| {
        let users: Vec<String> = users.iter().map(|u| (*u).to_owned()).collect();
        still_attached(&live(), &users, &facts)
    };
    assert!(fault(&[]).is_none());
    assert_eq!(fault(&["role ours"]).unwrap().class, Class::Busy);
    let foreign = fault(&["role ours", "user ours"]).unwrap();
    assert_eq!(foreign.class, Class::Invalid);
    assert!(foreign.message.contains("user ours"));
    assert_eq!(foreign.residue, crate::model::Residue::Nothing);
}

#[test]
fn what_iam_would_refuse_is_found() {
    let check = |spec: &Spec| {
        IamPolicy::check(spec, &known(), &Claims::new())
            .into_iter()
            .map(|c| c.path)
            .collect::<Vec<_>>()
    };
    assert!(check(&spec()).is_empty());
    let long = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
        "Resource": (0..400).map(|n| format!("arn:aws:s3:::bucket-{n}")).collect::<Vec<_>>()}});
    for (bad, path) in [
        (
            Spec {
                name: text("a b"),
                ..spec()
            },
            "name",
        ),
        (
            Spec {
                path: Some(text("cruddur")),
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
                document: json!("x"),
                ..spec()
            },
            "document",
        ),
        (
            Spec {
                document: long,
                ..spec()
            },
            "document",
        ),
        (
            Spec {
                document: json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
                    "Resource": "arn:aws:s3:::b/${aws:username}"}}),
                ..spec()
            },
            "document",
        ),
        (
            Spec {
                document: json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3", "Resource": "*"}]}),
                ..spec()
            },
            "document.Statement[0].Action",
        ),
    ] {
        assert_eq!(check(&bad), [path]);
    }
}

#[test]
fn outputs_owner_details_and_calls() {
    let have = live();
    let outputs = IamPolicy::outputs(&spec(), &known(), &have);
    for declared in IamPolicy::OUTPUTS {
        assert!(outputs.contains_key(declared.name), "{}", declared.name);
    }
    assert_eq!(IamPolicy::owner(&have, "cruddur"), Owner::Ours);
    assert_eq!(IamPolicy::owner(&have, "x"), Owner::Other("cruddur".into()));
    assert_eq!(IamPolicy::details(&have)["version"], "v1");
    assert_eq!(IamPolicy::readiness(&have), Readiness::Ready);
    let calls = |action| IamPolicy::calls(action, &Diff::default()).len();
    assert_eq!(
        [
            Action::Create,
            Action::Update,
            Action::Replace,
            Action::Delete,
            Action::NoOp
        ]
        .map(calls),
        [1, 0, 2, 1, 0]
    );
}

#[test]
fn a_new_one_is_shown_with_its_whole_document() {
    let mut want = want();
    want.document = json!({"Version": "2012-10-17", "Statement": []});
    let description = "So AWS Lambda can create a network interface";
    let mut fields = vec![
        json!(["name", "AWSLambdaVPCAccessExecutionRole"]),
        json!(["description", description]),
        json!(["document", want.document]),
        json!(["tags.project", "cruddur"]),
    ];
    assert_eq!(json!(IamPolicy::fields(&want)), json!(fields));
    want.description = None;
    want.path = "/cruddur/".into();
    fields[1] = json!(["path", "/cruddur/"]);
    assert_eq!(json!(IamPolicy::fields(&want)), json!(fields));
}

#[test]
fn a_nonce_is_given_at_birth_and_never_compared() {
    let mut facts = known();
    Arc::make_mut(&mut facts.stack).run = "00aa11bb22cc".into();
    let born = IamPolicy::desired(&spec(), &facts).unwrap();
    assert_eq!(born.tags["cruddur-infra:run"], "00aa11bb22cc");
    // of another run, or of none
    assert!(IamPolicy::diff(&born, &live()).is_empty());
    assert!(
        IamPolicy::diff(
            &want(),
            &Live {
                tags: born.tags.clone(),
                ..live()
            }
        )
        .is_empty()
    );
    let made = Live {
        tags: born.tags,
        ..live()
    };
    assert_eq!(IamPolicy::made_by(&made), Some("00aa11bb22cc"));
    assert_eq!(IamPolicy::made_by(&live()), None);
}

#[test]
fn a_copy_of_the_version_in_force_is_removed() {
    let have = Live {
        copies: vec!["v2".into()],
        ..live()
    };
    assert_eq!(IamPolicy::diff(&want(), &have).paths(), ["copies"]);
    let waits = Live {
        settling: true,
        ..live()
    };
    assert!(matches!(
        IamPolicy::readiness(&waits),
        Readiness::Pending(_)
    ));
}

#[test]
fn who_stays_and_uses_it_is_named_with_the_command_that_takes_it_away() {
    let have = live();
    let users = ["role ours", "role theirs", "user ana", "group ops"].map(str::to_owned);
    let role = "iam_role.ours".parse().unwrap();
    let arn = "arn:aws:iam::123456789012:role/cruddur/ours".to_owned();
    // a user of the same name is none of the roles that go
    let user = "iam_role.ana".parse().unwrap();
    let doomed = Doomed(BTreeMap::from([
        (role, [arn].into()),
        (user, ["ana".to_owned()].into()),
    ]));
    let found = in_use(&have, &users, &doomed);
    let found: Vec<&str> = found.iter().map(|d| d.summary.as_str()).collect();
    assert_eq!(found.len(), 3, "{found:#?}");
    for (text, command) in found.iter().zip([
        "detach-role-policy --role-name theirs --policy-arn",
        "detach-user-policy --user-name ana --policy-arn",
        "detach-group-policy --group-name ops --policy-arn",
    ]) {
        assert!(text.contains(command) && text.contains(&have.arn), "{text}");
    }
}
