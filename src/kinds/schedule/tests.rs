use super::*;
use crate::model::{Addr, Class, Force};
use crate::resource::{FinalSnapshot, Input, StackFacts, Template};
use serde_json::json;
use std::sync::Arc;

const ROLE: &str = "arn:aws:iam::123456789012:role/night";

fn facts() -> Facts {
    let outputs = |addr: &str, name: &str, value: &str| {
        let addr: Addr = addr.parse().unwrap();
        (addr, [(name.to_owned(), value.into())].into())
    };
    Facts {
        addr: "schedule.night".parse().unwrap(),
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
        outputs: Arc::new([outputs("rds_instance.main", "identifier", "cruddur-db")].into()),
    }
}

fn read(text: &str) -> Spec {
    crate::yaml::read(&crate::yaml::parse(text).unwrap()).unwrap()
}

fn spec() -> Spec {
    read(include_str!("example.yaml"))
}

/// Nothing but what must be there.
fn bare() -> Spec {
    read(
        "name: n\nexpression: rate(1 hour)\naction: stop\ninstance: cruddur-db\nrole: arn:aws:iam::123456789012:role/night\n",
    )
}

fn text(text: &str) -> Input<String> {
    Input::Template(Template::parse(text).unwrap())
}

fn want() -> Desired {
    Schedule::desired(&spec(), &facts()).unwrap()
}

/// A schedule exactly as wanted.
fn live() -> Live {
    let want = want();
    Live {
        group: want.key.group.clone(),
        name: want.key.name.clone(),
        arn: "arn:aws:scheduler:us-west-2:123456789012:schedule/cruddur-times/cruddur-night".into(),
        description: want.whole_description(""),
        expression: want.expression.clone(),
        timezone: "Europe/Berlin".into(),
        target: want.target.clone(),
        input: want.input(),
        role: want.role.clone(),
        until: want.until,
        deleted_after: false,
        enabled: true,
        retries: 185,
        retry_age: 900,
    }
}

#[test]
fn it_is_found_by_group_and_name() {
    let key = Schedule::key(&spec(), &facts()).unwrap();
    assert_eq!(
        (key.group.as_str(), key.name.as_str()),
        ("cruddur-times", "cruddur-night")
    );
    let key = Schedule::key(&bare(), &facts()).unwrap();
    assert_eq!(key.group, "cruddur-infra-cruddur");
    let long = default_group(&"s".repeat(64));
    assert_eq!(long.len(), 64);
    assert_ne!(long, default_group(&format!("{}t", "s".repeat(63))));
}

#[test]
fn what_is_missing_is_told_at_once() {
    let mut nothing = facts();
    nothing.outputs = Arc::default();
    let missing = Schedule::desired(&spec(), &nothing).unwrap_err();
    let names: Vec<_> = missing.waits_for.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["rds_instance.main.identifier"]);
    let mut both = spec();
    both.role = text("${iam_role.night.arn}");
    let missing = Schedule::desired(&both, &nothing).unwrap_err();
    assert_eq!(missing.waits_for.len(), 2, "{missing:?}");
    assert!(Schedule::key(&spec(), &nothing).is_ok());
}

#[test]
fn the_call_is_spelled_as_the_sdks_have_it() {
    assert_eq!(want().input(), r#"{"DbInstanceIdentifier":"cruddur-db"}"#);
    assert_eq!(
        want().target,
        "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance"
    );
    let mut start = spec();
    start.action = What::Start;
    assert_eq!(
        Schedule::desired(&start, &facts()).unwrap().target,
        "arn:aws:scheduler:::aws-sdk:rds:startDBInstance"
    );
}

#[test]
fn what_differs_is_changed_in_place() {
    assert!(Schedule::diff(&want(), &live()).is_empty());
    type Edit = fn(&mut Live);
    let cases: &[(Edit, &str)] = &[
        (
            |l| l.description = "cruddur-infra:cruddur:schedule.night other".into(),
            "description",
        ),
        (|l| l.description = "by hand".into(), "description"),
        (|l| l.expression = "rate(1 hour)".into(), "expression"),
        (|l| l.timezone = "UTC".into(), "timezone"),
        (
            |l| l.target = "arn:aws:scheduler:::aws-sdk:rds:startDBInstance".into(),
            "action",
        ),
        (|l| l.input = "{}".into(), "instance"),
        (|l| l.role = "arn:aws:iam::1:role/other".into(), "role"),
        (|l| l.until = None, "until"),
        (|l| l.deleted_after = true, "action_after_completion"),
        (|l| l.enabled = false, "state"),
        (|l| l.retries = 0, "retry_for"),
        (|l| l.retries = 3, "retry_for"),
        (|l| l.retry_age = 60, "retry_for"),
    ];
    for (edit, path) in cases {
        let mut have = live();
        edit(&mut have);
        let diff = Schedule::diff(&want(), &have);
        assert_eq!(diff.paths(), [*path]);
        assert_eq!(diff.force(), Some(Force::Update), "{path}");
        assert_ne!(diff.0[0].before, diff.0[0].after, "{path}");
        let calls = Schedule::calls(Action::Update, &diff);
        assert_eq!(calls[0].operation, "UpdateSchedule");
    }
}

#[test]
fn what_is_not_written_is_not_compared_or_has_its_meaning() {
    let want = Schedule::desired(&bare(), &facts()).unwrap();
    let mut have = Live {
        description: want.whole_description("of somebody"),
        expression: want.expression.clone(),
        until: None,
        retries: 0,
        retry_age: 86400,
        enabled: false,
        timezone: "Asia/Tokyo".into(),
        ..live()
    };
    have.input = r#"{"DbInstanceIdentifier":"CRUDDUR-DB"}"#.into();
    assert!(Schedule::diff(&want, &have).is_empty());
    assert_eq!(
        want.whole_description(&have.description),
        "cruddur-infra:cruddur:schedule.night of somebody"
    );
    // without an end, without late calls, and staying: these are what leaving out means
    have.until = Some(1);
    have.retries = 185;
    have.deleted_after = true;
    assert_eq!(
        Schedule::diff(&want, &have).paths(),
        ["until", "action_after_completion", "retry_for"]
    );
}

#[test]
fn the_description_says_whose_it_is() {
    let owner = |description: &str| {
        let have = Live {
            description: description.into(),
            ..live()
        };
        Schedule::owner(&have, "cruddur")
    };
    assert_eq!(Schedule::owner(&live(), "cruddur"), Owner::Ours);
    assert_eq!(
        owner("cruddur-infra:other:schedule.night x"),
        Owner::Other("other".into())
    );
    for nobody in [
        "",
        "by hand",
        "cruddur-infra:",
        "see cruddur-infra:cruddur:a.b",
    ] {
        assert_eq!(owner(nobody), Owner::Nobody, "{nobody}");
    }
    // taken over: the text stays, the mark comes before it
    let have = Live {
        description: "by hand".into(),
        ..live()
    };
    let want = Schedule::desired(&bare(), &facts()).unwrap();
    let diff = Schedule::diff(&want, &have);
    assert_eq!(
        diff.0[0].after,
        "cruddur-infra:cruddur:schedule.night by hand".into()
    );
    let found = mark::addr_in(&live().description, "cruddur").map(str::to_owned);
    assert_eq!(found.as_deref(), Some("schedule.night"));
    assert_eq!(mark::addr_in(&live().description, "crud"), None);
    let long = mark::description("m", &"ä".repeat(600));
    assert_eq!(long.chars().count(), mark::LONGEST);
}

#[test]
fn what_scheduler_would_refuse_is_found() {
    let check = |spec: &Spec| -> Vec<String> {
        let found = Schedule::check(spec, &facts(), &Claims::new());
        found.into_iter().map(|c| c.path).collect()
    };
    assert!(check(&spec()).is_empty());
    assert!(check(&bare()).is_empty());
    type Edit = fn(&mut Spec);
    let cases: &[(Edit, &str)] = &[
        (|s| s.name = text("a b"), "name"),
        (|s| s.name = text(&"n".repeat(65)), "name"),
        (|s| s.group = Some(text("a/b")), "group"),
        (
            |s| s.description = Some(text(&"d".repeat(490))),
            "description",
        ),
        (|s| s.expression = text("hourly"), "expression"),
        (|s| s.expression = text("rate(1 week)"), "expression"),
        (|s| s.expression = text("rate(0 hours)"), "expression"),
        (|s| s.expression = text("at(tomorrow)"), "expression"),
        (|s| s.expression = text("cron(0 20 * * *)"), "expression"),
        (|s| s.expression = text("cron(0 20 * * * *)"), "expression"),
        (|s| s.timezone = Some(text("Central Europe")), "timezone"),
        (|s| s.instance = text("arn:aws:rds:db"), "instance"),
        (|s| s.role = text("night"), "role"),
        (|s| s.until = Some(text("tomorrow")), "until"),
        (|s| s.retry_for = Some(Input::Known(30)), "retry_for"),
    ];
    for (edit, path) in cases {
        let mut bad = spec();
        edit(&mut bad);
        assert_eq!(check(&bad), [*path]);
    }
}

#[test]
fn outputs_are_foretold() {
    let outputs = Schedule::outputs(&spec(), &facts(), &live());
    assert_eq!(Schedule::foretold(&spec(), &facts()), outputs);
    for declared in Schedule::OUTPUTS {
        assert!(outputs.contains_key(declared.name), "{}", declared.name);
    }
    assert_eq!(Schedule::readiness(&live()), Readiness::Ready);
    let details = Schedule::details(&live());
    assert_eq!(details["until"], "2027-12-31T00:00:00Z");
    assert_eq!(details["action"], "stop");
}

#[test]
fn a_new_one_is_shown_in_the_order_of_the_comparison() {
    let fields = Schedule::fields(&want());
    assert_eq!(
        json!(fields),
        json!([
            ["name", "cruddur-night"],
            ["group", "cruddur-times"],
            ["description", "Nobody needs it at night"],
            ["expression", "cron(0 20 ? * MON-FRI *)"],
            ["timezone", "Europe/Berlin"],
            ["action", "stop"],
            ["instance", "cruddur-db"],
            ["role", ROLE],
            ["until", "2027-12-31T00:00:00Z"],
            ["action_after_completion", "none"],
            ["state", "enabled"],
            ["retry_for", 900],
        ])
    );
    let other = Live {
        deleted_after: true,
        ..Live::default()
    };
    let paths: Vec<&str> = fields.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(Schedule::diff(&want(), &other).paths(), paths[2..]);
}

#[test]
fn a_role_that_scheduler_does_not_know_yet_is_waited_for() {
    let said = |code: &str, words: &str| {
        let mut fault = Fault::new("scheduler:CreateSchedule", Class::Invalid, words);
        fault.code = Some(code.to_owned());
        api::meaning(fault).class
    };
    let words =
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.";
    assert_eq!(said("ValidationException", words), Class::Propagating);
    assert_eq!(
        said("ValidationException", "Invalid Schedule Expression x."),
        Class::Invalid
    );
    assert_eq!(said("ConflictException", words), Class::Invalid);
}

#[test]
fn writers_of_one_group_wait_for_each_other() {
    let key = |group: &str, name: &str| Key {
        group: group.into(),
        name: name.into(),
    };
    assert_eq!(
        Schedule::lock(&key("g", "a")),
        Schedule::lock(&key("g", "b"))
    );
    assert_ne!(
        Schedule::lock(&key("g", "a")),
        Schedule::lock(&key("h", "a"))
    );
    let names = |action| -> Vec<String> {
        let calls = Schedule::calls(action, &Diff::default()).into_iter();
        calls.map(|c| c.operation).collect()
    };
    assert_eq!(
        names(Action::Create),
        ["CreateScheduleGroup", "CreateSchedule"]
    );
    assert_eq!(
        names(Action::Delete),
        ["DeleteSchedule", "DeleteScheduleGroup"]
    );
    assert!(names(Action::NoOp).is_empty() && names(Action::Update).is_empty());
}
