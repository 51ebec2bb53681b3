mod checks;

use super::*;
use crate::aws::{ADDR_TAG, STACK_TAG};
use crate::model::{Addr, Force, Output};
use crate::resource::{FinalSnapshot, StackFacts};
use serde_json::json;
use std::sync::Arc;

const EXAMPLE: &str = include_str!("../example.yaml");

/// 2026-11-23, noon.
const NOW: i64 = 1_795_435_200;
const DAY: i64 = 86_400;

fn facts_of(ip: Option<[u8; 4]>) -> Facts {
    let instance: Outputs = [("security_group_id".to_owned(), Output::from("sg-1"))].into();
    Facts {
        addr: Addr::new("security_group_rule", "workspace"),
        stack: Arc::new(StackFacts {
            stack: "cruddur".into(),
            account: "123456789012".into(),
            region: "us-west-2".into(),
            partition: "aws".into(),
            owner: "me".into(),
            workspace: "here".into(),
            now: NOW,
            current_ip: ip.map(Into::into),
            env: BTreeMap::new(),
            assets: BTreeMap::new(),
            final_snapshot: FinalSnapshot::Skip,
            ..StackFacts::default()
        }),
        outputs: Arc::new([(Addr::new("rds_instance", "main"), instance)].into()),
    }
}

fn facts() -> Facts {
    facts_of(Some([203, 0, 113, 7]))
}

fn spec(text: &str) -> Spec {
    crate::yaml::read(&crate::yaml::parse(text).unwrap()).unwrap()
}

fn from(source: &str) -> Spec {
    spec(&EXAMPLE.replace("current_ip  ", &format!("{source}  ")))
}

fn want(spec: &Spec) -> Desired {
    SecurityGroupRule::desired(spec, &facts()).unwrap()
}

fn rule(id: &str, source: &str, tags: &[(&str, &str)]) -> Rule {
    Rule {
        id: id.into(),
        group: "sg-1".into(),
        definition: Definition {
            protocol: "tcp".into(),
            from_port: 5432,
            to_port: 5432,
            source: Source::parse(source).unwrap(),
        },
        description: "GITPOD".into(),
        tags: tags
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect(),
    }
}

const STACK: [(&str, &str); 4] = [
    (STACK_TAG, "cruddur"),
    (ADDR_TAG, "security_group_rule.workspace"),
    (EXPIRES_TAG, "2026-11-30T12:00:00Z"),
    ("project", "cruddur"),
];

fn of(id: &str, source: &str, owner: &str, workspace: &str) -> Rule {
    let mut tags = STACK.to_vec();
    tags.extend([(OWNER_TAG, owner), (WORKSPACE_TAG, workspace)]);
    rule(id, source, &tags)
}

fn pick(spec: &Spec, rules: Vec<Rule>) -> Option<Live> {
    live::pick(&SecurityGroupRule::key(spec, &facts()).unwrap(), rules)
}

const HERE: &str = "203.0.113.7/32";

#[test]
fn the_example_is_right_and_settles_to_nothing() {
    let s = spec(EXAMPLE);
    assert!(SecurityGroupRule::check(&s, &facts(), &Claims::new()).is_empty());
    assert!(SecurityGroupRule::uses_current_ip(&s));
    let w = want(&s);
    assert_eq!(w.definition.source.to_string(), HERE);
    let live = pick(&s, vec![of("sgr-1", HERE, "me", "here")]).unwrap();
    assert!(SecurityGroupRule::diff(&w, &live).is_empty());
    assert_eq!(SecurityGroupRule::readiness(&live), Readiness::Ready);
    assert_eq!(SecurityGroupRule::owner(&live, "cruddur"), Owner::Ours);
    let key = SecurityGroupRule::key(&s, &facts()).unwrap();
    assert_eq!(SecurityGroupRule::lock(&key).as_deref(), Some("sg-1"));
}

#[test]
fn a_group_that_is_not_known_yet_is_waited_for() {
    let f = Facts {
        outputs: Arc::default(),
        ..facts()
    };
    let u = SecurityGroupRule::key(&spec(EXAMPLE), &f).unwrap_err();
    assert_eq!(
        u.waits_for[0].to_string(),
        "rds_instance.main.security_group_id"
    );
    let u = SecurityGroupRule::desired(&spec(EXAMPLE), &f).unwrap_err();
    assert_eq!(u.waits_for.len(), 1);
}

#[test]
fn every_field_has_its_force() {
    let own = || of("sgr-1", HERE, "me", "here");
    let table: Vec<(String, Vec<&str>, Force)> = vec![
        (
            EXAMPLE.replace("GITPOD", "home"),
            vec!["description"],
            Force::Update,
        ),
        (
            EXAMPLE.replace("port: 5432 ", "port: 6432 "),
            vec!["port"],
            Force::Update,
        ),
        (
            EXAMPLE.replace("port: 5432 ", "from_port: 5000\nto_port: 6000 "),
            vec!["from_port", "to_port"],
            Force::Update,
        ),
        (
            EXAMPLE.replace("protocol: tcp", "protocol: udp"),
            vec!["protocol"],
            Force::Update,
        ),
        (
            EXAMPLE.replace("project: cruddur", "project: x"),
            vec!["tags.project"],
            Force::Update,
        ),
    ];
    for (text, paths, force) in table {
        let s = spec(&text);
        let d = SecurityGroupRule::diff(&want(&s), &pick(&s, vec![own()]).unwrap());
        assert_eq!(d.paths(), paths);
        assert_eq!(d.force(), Some(force));
    }
    let s = spec(EXAMPLE);
    let d = |r| SecurityGroupRule::diff(&want(&s), &pick(&s, vec![r]).unwrap());
    let moved = d(of("sgr-1", "203.0.113.9/32", "me", "here"));
    assert_eq!(
        (moved.paths(), moved.force()),
        (vec!["from"], Some(Force::Update))
    );
    assert_eq!(
        SecurityGroupRule::calls(Action::Update, &moved),
        [ApiCall::new("ec2", "ModifySecurityGroupRules")]
    );
    for other in ["sg-2", "2001:db8::/32"] {
        let d = d(of("sgr-1", other, "me", "here"));
        assert_eq!((d.paths(), d.force()), (vec!["from"], Some(Force::Replace)));
        assert!(d.0[0].why.is_some());
    }
}

#[test]
fn a_description_that_is_left_out_is_not_managed() {
    let s = spec(&EXAMPLE.replace("description: GITPOD\n", ""));
    let live = pick(&s, vec![of("sgr-1", HERE, "me", "here")]).unwrap();
    assert!(SecurityGroupRule::diff(&want(&s), &live).is_empty());
    assert_eq!(
        want(&s).first_description(),
        "security_group_rule.workspace"
    );
}

#[test]
fn each_owner_and_workspace_has_a_rule() {
    let s = spec(EXAMPLE);
    let others = || {
        vec![
            of("sgr-1", "198.51.100.1/32", "you", "here"),
            of("sgr-2", "198.51.100.2/32", "me", "there"),
        ]
    };
    assert_eq!(pick(&s, others()), None);
    let mut all = others();
    all.push(of("sgr-3", "198.51.100.3/32", "me", "here"));
    assert_eq!(pick(&s, all).unwrap().rule.id, "sgr-3");
    // a rule of the stack without an owner is taken over, and tagged
    let live = pick(&s, vec![rule("sgr-4", HERE, &STACK)]).unwrap();
    let d = SecurityGroupRule::diff(&want(&s), &live);
    assert_eq!(
        d.paths(),
        ["tags.cruddur-infra:owner", "tags.cruddur-infra:workspace"]
    );
    // and the other way round the owner's tags go
    let s = from(HERE);
    let d = SecurityGroupRule::diff(
        &want(&s),
        &pick(&s, vec![of("sgr-5", HERE, "me", "here")]).unwrap(),
    );
    assert_eq!(
        d.paths(),
        [
            "tags.cruddur-infra:owner",
            "tags.cruddur-infra:workspace",
            "tags.cruddur-infra:expires"
        ]
    );
    assert_eq!(
        SecurityGroupRule::calls(Action::Update, &d),
        [ApiCall::new("ec2", "DeleteTags")]
    );
}

#[test]
fn an_untagged_rule_of_the_same_definition_is_nobodys() {
    let s = spec(EXAMPLE);
    let live = pick(
        &s,
        vec![
            rule("sgr-1", "198.51.100.1/32", &[]),
            rule("sgr-2", HERE, &[]),
        ],
    )
    .unwrap();
    assert_eq!(live.rule.id, "sgr-2");
    assert_eq!(SecurityGroupRule::owner(&live, "cruddur"), Owner::Nobody);
    let adopted = SecurityGroupRule::diff(&want(&s), &live);
    assert!(
        adopted
            .0
            .iter()
            .all(|f| f.path.starts_with("tags.") && f.force == Force::Update)
    );
    // another stack's rule is left alone
    assert_eq!(
        pick(&s, vec![rule("sgr-1", HERE, &[(STACK_TAG, "other")])]),
        None
    );
}

#[test]
fn duplicates_go_and_the_right_one_stays() {
    let s = spec(EXAMPLE);
    let live = pick(
        &s,
        vec![
            of("sgr-1", "198.51.100.1/32", "me", "here"),
            of("sgr-3", HERE, "me", "here"),
            of("sgr-2", "198.51.100.2/32", "me", "here"),
        ],
    )
    .unwrap();
    assert_eq!(live.rule.id, "sgr-3");
    let d = SecurityGroupRule::diff(&want(&s), &live);
    assert_eq!(d.paths(), ["duplicates"]);
    assert_eq!(d.0[0].before, json!(["sgr-1", "sgr-2"]).into());
}

#[test]
fn a_colleagues_rule_for_the_same_address_will_do() {
    let s = spec(EXAMPLE);
    let live = pick(&s, vec![of("sgr-1", HERE, "you", "there")]).unwrap();
    assert!(live.borrowed);
    assert!(SecurityGroupRule::diff(&want(&s), &live).is_empty());
    let warned = SecurityGroupRule::warnings(&want(&s), Some(&live));
    assert!(warned[0].detail.contains("of you in there"), "{warned:?}");
    // one's own rule for the last address makes way for it
    let both = vec![
        of("sgr-1", HERE, "you", "there"),
        of("sgr-2", "198.51.100.2/32", "me", "here"),
    ];
    let live = pick(&s, both).unwrap();
    assert_eq!(live.rule.id, "sgr-2");
    assert_eq!(live.twin.map(|t| t.id).as_deref(), Some("sgr-1"));
    // let go of, it is not there any more for this run
    let mut gone = live::Written::new(None);
    assert_eq!(
        gone.seen(pick(&s, vec![of("sgr-1", HERE, "you", "there")])),
        (None, false)
    );
}

#[test]
fn what_was_written_may_be_late() {
    let s = spec(EXAMPLE);
    let new = of("sgr-1", HERE, "me", "here");
    let mut written = live::Written::new(Some(new.clone()));
    let (live, done) = written.seen(None);
    assert!(!done);
    assert!(matches!(
        SecurityGroupRule::readiness(&live.unwrap()),
        Readiness::Pending(_)
    ));
    let (live, done) = written.seen(pick(&s, vec![of("sgr-1", "198.51.100.1/32", "me", "here")]));
    assert!(!done && live.unwrap().settling);
    let (live, done) = written.seen(pick(&s, vec![new.clone()]));
    assert!(done && !live.unwrap().settling);
    // never seen: the truth is told in the end
    let mut written = live::Written::new(Some(new));
    assert!((0..100).any(|_| written.seen(None) == (None, true)));
}

#[test]
fn outputs_are_what_will_be() {
    let s = spec(EXAMPLE);
    let live = pick(&s, vec![of("sgr-1", "198.51.100.1/32", "me", "here")]).unwrap();
    let out = SecurityGroupRule::outputs(&s, &facts(), &live);
    assert_eq!(out["cidr"], HERE.into());
    assert_eq!(out["rule_id"], "sgr-1".into());
    assert_eq!(out["security_group_id"], "sg-1".into());
    let s = from("sg-2");
    let live = pick(&s, vec![rule("sgr-1", "sg-2", &STACK)]).unwrap();
    assert!(!SecurityGroupRule::outputs(&s, &facts(), &live).contains_key("cidr"));
    let details = SecurityGroupRule::details(&live);
    assert_eq!(
        (details["ports"].as_str(), details["from"].as_str()),
        ("5432", "sg-2")
    );
}

#[test]
fn a_new_one_is_shown_without_whose_it_is() {
    let fields = |spec: &Spec| json!(SecurityGroupRule::fields(&want(spec)));
    let mut shown = vec![
        json!(["security_group", "sg-1"]),
        json!(["from", HERE]),
        json!(["port", 5432]),
        json!(["protocol", "tcp"]),
        json!(["description", "GITPOD"]),
        json!(["tags.project", "cruddur"]),
    ];
    assert_eq!(fields(&spec(EXAMPLE)), json!(shown));
    let range = EXAMPLE.replace("port: 5432 ", "from_port: 1\nto_port: 2 ");
    shown[2] = json!(["from_port", 1]);
    shown.insert(3, json!(["to_port", 2]));
    assert_eq!(fields(&spec(&range)), json!(shown));
    // the description is the one that is sent
    let bare = spec("{ security_group: sg-1, from: 10.0.0.0/8, protocol: all }");
    shown.truncate(2);
    shown[1] = json!(["from", "10.0.0.0/8"]);
    shown.push(json!(["protocol", "-1"]));
    shown.push(json!(["description", "security_group_rule.workspace"]));
    assert_eq!(fields(&bare), json!(shown));
}

#[test]
fn what_an_entry_of_another_name_has_left_is_taken_over_and_what_one_has_is_not() {
    let s = spec(EXAMPLE);
    let old = "security_group_rule.gitpod";
    let tags = |owner: &str| {
        let mut tags = STACK.to_vec();
        tags[1].1 = old;
        tags.extend([
            (OWNER_TAG, owner.to_owned().leak() as &str),
            (WORKSPACE_TAG, "here"),
        ]);
        rule("sgr-1", HERE, &tags)
    };
    let live = pick(&s, vec![tags("me")]).unwrap();
    let diff = SecurityGroupRule::diff(&want(&s), &live);
    assert_eq!(diff.paths(), ["tags.cruddur-infra:addr"]);
    assert_eq!(diff.force(), Some(Force::Update));
    assert_eq!(pick(&s, vec![tags("ana")]), None);

    let mut f = facts();
    Arc::make_mut(&mut f.stack)
        .entries
        .insert(old.parse().unwrap());
    let key = SecurityGroupRule::key(&s, &f).unwrap();
    assert_eq!(live::pick(&key, vec![tags("me")]), None);
}

fn until(mut rule: Rule, moment: i64) -> Rule {
    let moment = jiff::Timestamp::from_second(moment).unwrap();
    rule.tags
        .insert(EXPIRES_TAG.to_owned(), format!("{moment:.0}"));
    rule
}

#[test]
fn a_rule_is_renewed_once_half_of_its_time_is_over() {
    let s = spec(EXAMPLE);
    let w = want(&s);
    assert_eq!(w.all_tags()[EXPIRES_TAG], "2026-11-30T12:00:00Z");
    let mine = |moment: i64| until(of("sgr-1", HERE, "me", "here"), moment);
    let renewed = |moment: i64| {
        let live = pick(&s, vec![mine(moment)]).unwrap();
        let diff = SecurityGroupRule::diff(&w, &live);
        assert!(diff.0.iter().all(|f| f.force == Force::Update));
        diff.paths() == ["tags.cruddur-infra:expires"]
    };
    assert!(!renewed(NOW + 7 * DAY), "just made");
    assert!(!renewed(NOW + 4 * DAY));
    assert!(renewed(NOW + 3 * DAY));
    assert!(renewed(NOW - DAY), "its own is never swept");
    // no moment is in the plan, so that a saved one holds
    let live = pick(&s, vec![mine(NOW)]).unwrap();
    let diff = SecurityGroupRule::diff(&w, &live);
    assert_eq!(diff.0[0].after, Shown::from("in 7d"));
    // what is not wanted any more is taken away, and a network never expires
    let endless = spec(&EXAMPLE.replace("expires_after: 7d ", "# "));
    let diff = SecurityGroupRule::diff(&want(&endless), &live);
    assert_eq!(diff.paths(), ["tags.cruddur-infra:expires"]);
    assert_eq!(diff.0[0].after, Shown::NOTHING);
    let network = want(&from("203.0.113.0/24"));
    assert!(!network.all_tags().contains_key(EXPIRES_TAG));
}

#[test]
fn only_ones_own_rules_are_swept_when_their_time_is_up() {
    let s = spec(EXAMPLE);
    let mine = of("sgr-1", HERE, "me", "here");
    let old = "198.51.100.1/32";
    let gone = until(of("sgr-2", old, "me", "old"), NOW - 1);
    let alive = until(of("sgr-3", "198.51.100.2/32", "me", "other"), NOW + 1);
    let anas = until(of("sgr-4", "198.51.100.3/32", "ana", "old"), NOW - 1);
    let mut endless = of("sgr-5", "198.51.100.4/32", "me", "endless");
    endless.tags.remove(EXPIRES_TAG);
    let mut foreign = until(of("sgr-6", "198.51.100.5/32", "me", "old"), NOW - 1);
    foreign.tags.insert(STACK_TAG.into(), "other".into());
    let all = vec![mine, gone.clone(), alive, anas.clone(), endless, foreign];
    let live = pick(&s, all).unwrap();
    assert_eq!(live.rule.id, "sgr-1");
    assert_eq!(live.expired, ["sgr-2"]);
    let diff = SecurityGroupRule::diff(&want(&s), &live);
    assert_eq!(diff.paths(), ["expired"]);
    let calls = SecurityGroupRule::calls(Action::Update, &diff);
    assert_eq!(calls, [ApiCall::new("ec2", "RevokeSecurityGroupIngress")]);

    // one's own of the same address is taken over; somebody else's serves as it is
    let heir = until(of("sgr-2", HERE, "me", "old"), NOW - 1);
    let live = pick(&s, vec![gone, heir.clone()]).unwrap();
    assert!(!live.borrowed);
    let diff = SecurityGroupRule::diff(&want(&s), &live);
    assert!(diff.has("tags.cruddur-infra:workspace") && diff.has("tags.cruddur-infra:expires"));
    let mut anas = anas;
    anas.definition = heir.definition.clone();
    assert!(pick(&s, vec![anas]).unwrap().borrowed);
    // in the way of an own one that is to have its address, it goes first
    let elsewhere = of("sgr-1", old, "me", "here");
    let live = pick(&s, vec![elsewhere, heir]).unwrap();
    assert_eq!(live.rule.id, "sgr-1");
    assert_eq!(live.expired, ["sgr-2"]);
}

#[test]
fn what_a_destroy_leaves_is_other_peoples_with_the_way_to_remove_it() {
    let kind = SecurityGroupRule::new(Clients::unconnected()).run_by("me", "here");
    let key = SecurityGroupRule::key(&spec(EXAMPLE), &facts()).unwrap();
    let theirs = of("sgr-2", "198.51.100.9/32", "bob", "there");
    for (rule, left) in [
        (of("sgr-1", HERE, "me", "here"), false),
        (theirs.clone(), true),
        (rule("sgr-3", "0.0.0.0/0", &[]), false),
        (
            rule("sgr-4", HERE, &[(STACK_TAG, "other"), (OWNER_TAG, "bob")]),
            false,
        ),
    ] {
        assert_eq!(kind.is_of_others(&rule, &key), left, "{}", rule.id);
    }
    let left = super::left(&facts().addr, &theirs, "us-west-2");
    assert!(
        left.about.contains("198.51.100.9/32") && left.about.contains("of bob in there"),
        "{left:?}"
    );
    assert_eq!(
        left.remove.as_deref(),
        Some(
            "aws ec2 revoke-security-group-ingress --region us-west-2 --group-id sg-1 --security-group-rule-ids sgr-2"
        )
    );
}
