//! Pure tables.

use super::*;
use crate::assets::{Asset, function_zip};
use crate::model::{Addr, Effect, Force, Output, Secret, Shown};
use crate::resource::{StackFacts, Text};
use serde_json::{Value, json};
use std::sync::Arc;

mod checks;
mod words;

pub(super) const EXAMPLE: &str = include_str!("example.yaml");
const URL: &str = "postgresql://u:hunter2@h/d";

pub(super) fn spec(yaml: &str) -> Spec {
    let node = crate::yaml::parse(yaml).unwrap();
    crate::yaml::read(&node).unwrap_or_else(|p| panic!("{p:?}"))
}

/// The example with some lines replaced or added.
pub(super) fn example(changes: &[(&str, &str)]) -> Spec {
    let mut lines: Vec<String> = EXAMPLE.lines().map(str::to_owned).collect();
    for (field, value) in changes {
        lines.retain(|l| !l.starts_with(&format!("{field}:")));
        lines.push(format!("{field}: {value}"));
    }
    spec(&lines.join("\n"))
}

pub(super) fn zip(files: &[(&str, &[u8])]) -> Asset {
    let dir = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let file = dir.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
    function_zip(dir.path()).unwrap()
}

fn outputs() -> BTreeMap<Addr, Outputs> {
    let plain = |v: Value| Output::Plain(v);
    [
        (
            Addr::new("iam_role", "post-confirmation"),
            [("arn".to_owned(), plain(json!("arn:aws:iam::1:role/r")))].into(),
        ),
        (
            Addr::new("lambda_layer", "psycopg2"),
            [("arn".to_owned(), plain(json!("arn:l:1")))].into(),
        ),
        (
            Addr::new("rds_instance", "main"),
            [
                ("function_subnet_ids".to_owned(), plain(json!(["s2", "s1"]))),
                ("security_group_ids".to_owned(), plain(json!(["g1"]))),
                (
                    "connection_url".to_owned(),
                    Output::Secret(Secret::new(URL)),
                ),
            ]
            .into(),
        ),
    ]
    .into()
}

pub(super) fn facts(assets: impl IntoIterator<Item = (AssetRequest, Asset)>) -> Facts {
    Facts {
        addr: Addr::new("lambda_function", "post-confirmation"),
        stack: Arc::new(StackFacts {
            stack: "cruddur".into(),
            account: "123456789012".into(),
            region: "us-west-2".into(),
            partition: "aws".into(),
            owner: String::new(),
            workspace: String::new(),
            current_ip: None,
            env: BTreeMap::new(),
            assets: assets.into_iter().collect(),
            final_snapshot: Default::default(),
            ..StackFacts::default()
        }),
        outputs: Arc::new(outputs()),
    }
}

pub(super) fn with_code(spec: &Spec, files: &[(&str, &[u8])]) -> Facts {
    facts([(spec.request(), zip(files))])
}

pub(super) fn want() -> Desired {
    let spec = spec(EXAMPLE);
    let facts = with_code(&spec, &[("lambda_function.py", b"x")]);
    LambdaFunction::desired(&spec, &facts).unwrap()
}

/// What is there once everything is done.
pub(super) fn right(want: &Desired) -> Live {
    Live {
        arn: "arn:aws:lambda:us-west-2:123456789012:function:f".into(),
        name: want.name.clone(),
        revision: Some("1".into()),
        package: "Zip".into(),
        code_sha256: want.code.as_ref().unwrap().sha256.clone(),
        code_size: 1,
        architecture: want.architecture.into(),
        handler: want.handler.clone(),
        runtime: want.runtime.clone(),
        role: want.role.clone(),
        layers: want.layers.clone(),
        network: want.network.clone(),
        environment: Environment::Known(
            want.environment
                .iter()
                .map(|(k, v)| (k.clone(), Secret::new(v.expose())))
                .collect(),
        ),
        timeout: want.timeout,
        memory: want.memory,
        description: want.description.clone(),
        ephemeral_storage: want.ephemeral_storage,
        tags: want.tags.clone(),
        modified: String::new(),
        state: Status::of("Active"),
        update: Status::of("Successful"),
        just_failed: false,
    }
}

#[test]
fn the_example_resolves() {
    let want = want();
    assert_eq!(want.role, "arn:aws:iam::1:role/r");
    assert_eq!(want.layers, ["arn:l:1"]);
    let network = want.network.as_ref().unwrap();
    assert_eq!(network.subnets, ["s1".to_owned(), "s2".to_owned()].into());
    assert_eq!(
        want.environment["CONNECTION_URL"],
        Text::Secret(Secret::new(URL))
    );
    assert_eq!(want.tags["cruddur-infra:stack"], "cruddur");
    assert_eq!(want.tags["project"], "cruddur");
    assert!(!format!("{want:?}").contains("hunter2"));
    assert!(LambdaFunction::diff(&want, &right(&want)).is_empty());
}

#[test]
fn everything_that_is_missing_is_named() {
    let spec = spec(EXAMPLE);
    let mut facts = with_code(&spec, &[("lambda_function.py", b"x")]);
    facts.outputs = Arc::default();
    let missing = LambdaFunction::desired(&spec, &facts).unwrap_err();
    let names: Vec<String> = missing.waits_for.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "iam_role.post-confirmation.arn",
            "lambda_layer.psycopg2.arn",
            "rds_instance.main.function_subnet_ids",
            "rds_instance.main.security_group_ids",
            "rds_instance.main.connection_url",
        ]
    );
    assert!(missing.wrong.is_empty());
    let references: Vec<String> = LambdaFunction::references(&spec)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(references, names[2..4]);
}

#[test]
fn each_field_is_compared() {
    let want = want();
    type Change = fn(&mut Live);
    let table: [(&str, Change); 13] = [
        ("runtime", |h| h.runtime = "python3.12".into()),
        ("handler", |h| h.handler = "a.b".into()),
        ("role", |h| h.role = "r".into()),
        ("layers", |h| h.layers = vec!["arn:l:0".into()]),
        ("vpc.subnets", |h| {
            h.network.as_mut().unwrap().subnets.clear()
        }),
        ("vpc.security_groups", |h| {
            h.network.as_mut().unwrap().groups.clear();
        }),
        ("timeout", |h| h.timeout = 3),
        ("memory", |h| h.memory = 128),
        ("description", |h| h.description.clear()),
        ("ephemeral_storage", |h| h.ephemeral_storage = 1024),
        ("source", |h| h.code_sha256 = "old".into()),
        ("architecture", |h| h.architecture = "arm64".into()),
        ("tags.cruddur-infra:stack", |h| {
            h.tags.remove("cruddur-infra:stack");
        }),
    ];
    for (path, change) in table {
        let mut have = right(&want);
        change(&mut have);
        let diff = LambdaFunction::diff(&want, &have);
        assert_eq!(diff.paths(), [path]);
        assert_eq!(diff.0[0].force, Force::Update, "{path}");
        assert_eq!(diff.0[0].effect, Effect::None, "{path}");
        let call = match path {
            "source" | "architecture" => "UpdateFunctionCode",
            "tags.cruddur-infra:stack" => "TagResource",
            _ => "UpdateFunctionConfiguration",
        };
        assert_eq!(
            LambdaFunction::calls(Action::Update, &diff),
            [ApiCall::new("lambda", call)],
            "{path}"
        );
    }
}

#[test]
fn code_is_shown_as_a_digest() {
    let want = want();
    let mut have = right(&want);
    have.code_sha256 = "old".into();
    let diff = LambdaFunction::diff(&want, &have);
    assert_eq!(diff.0[0].before, Shown::Digest("old".into()));
    assert!(matches!(diff.0[0].after, Shown::Digest(_)));
}

#[test]
fn without_its_folder_a_function_is_never_right() {
    let spec = spec(EXAMPLE);
    let want = LambdaFunction::desired(&spec, &facts([])).unwrap();
    let have = right(&self::want());
    assert_eq!(LambdaFunction::diff(&want, &have).paths(), ["source"]);
}

#[test]
fn an_image_is_replaced() {
    let want = want();
    let mut have = right(&want);
    have.package = "Image".into();
    have.handler.clear();
    let diff = LambdaFunction::diff(&want, &have);
    assert_eq!(diff.paths(), ["package_type"]);
    assert_eq!(diff.force(), Some(Force::Replace));
}

#[test]
fn foreign_tags_are_left_alone() {
    let want = want();
    let mut have = right(&want);
    have.tags.insert("cost-centre".into(), "42".into());
    assert!(LambdaFunction::diff(&want, &have).is_empty());
}

#[test]
fn what_is_in_the_environment_is_never_shown() {
    let mut want = want();
    want.environment
        .insert("LEVEL".into(), Text::Plain("debug".into()));
    let mut have = right(&want);
    have.environment = Environment::Known(
        [
            ("CONNECTION_URL", "old-hunter2"),
            ("LEVEL", "hunter2"),
            ("EXTRA", "hunter2"),
        ]
        .map(|(k, v)| (k.to_owned(), Secret::new(v)))
        .into(),
    );
    let diff = LambdaFunction::diff(&want, &have);
    let shown: Vec<_> = diff
        .0
        .iter()
        .map(|f| (f.path.as_str(), f.before.clone(), f.after.clone()))
        .collect();
    assert_eq!(
        shown,
        [
            ("environment.CONNECTION_URL", Shown::Secret, Shown::Secret),
            ("environment.LEVEL", Shown::Secret, "debug".into()),
            ("environment.EXTRA", Shown::Secret, Shown::NOTHING),
        ]
    );
    let text = format!(
        "{} {have:?} {diff:?}",
        serde_json::to_string(&diff).unwrap()
    );
    assert!(!text.contains("hunter2"), "{text}");

    have.environment = Environment::Known(BTreeMap::new());
    let diff = LambdaFunction::diff(&want, &have);
    assert_eq!(diff.0[0].before, Shown::NOTHING);
}

#[test]
fn an_unreadable_environment_is_not_an_empty_one() {
    let want = want();
    let mut have = right(&want);
    have.environment = Environment::Unreadable("AccessDeniedException".into());
    assert!(LambdaFunction::diff(&want, &have).is_empty());
    let warnings = LambdaFunction::warnings(&want, Some(&have));
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].detail.contains("AccessDeniedException"));
}

#[test]
fn readiness_follows_both_states() {
    let want = want();
    let is = |state: &str, update: Option<&str>| {
        let mut have = right(&want);
        have.state = Status {
            word: Some(state.into()),
            reason: Some("no address left".into()),
            code: Some("SubnetOutOfIPAddresses".into()),
        };
        have.update = Status {
            word: update.map(str::to_owned),
            ..Status::default()
        };
        LambdaFunction::readiness(&have)
    };
    let pending = |word: &str| Readiness::Pending(word.into());
    assert_eq!(is("Active", Some("Successful")), Readiness::Ready);
    assert_eq!(is("Active", None), Readiness::Ready);
    assert_eq!(is("Inactive", Some("Successful")), Readiness::Ready);
    assert_eq!(is("Active", Some("Failed")), Readiness::Ready);
    assert_eq!(is("Active", Some("InProgress")), pending("InProgress"));
    assert_eq!(is("Pending", Some("InProgress")), pending("Pending"));
    assert_eq!(is("Deactivating", None), pending("Deactivating"));
    assert_eq!(
        is("ActiveNonInvocable", None),
        pending("ActiveNonInvocable")
    );
    assert_eq!(is("Deleting", None), Readiness::Leaving("Deleting".into()));
    assert_eq!(
        is("Failed", None),
        Readiness::Failed("no address left (SubnetOutOfIPAddresses)".into())
    );
}

#[test]
fn a_failed_update_and_an_idle_function_are_told() {
    let want = want();
    let mut have = right(&want);
    assert_eq!(LambdaFunction::warnings(&want, Some(&have)), []);
    have.update = Status {
        word: Some("Failed".into()),
        reason: Some("the subnet is full".into()),
        code: None,
    };
    have.state = Status::of("Inactive");
    let warnings = LambdaFunction::warnings(&want, Some(&have));
    assert_eq!(warnings.len(), 2);
    assert!(warnings[0].detail.contains("the subnet is full"));
}

#[test]
fn a_function_that_could_not_be_made_is_made_again() {
    let want = want();
    let mut have = right(&want);
    have.state = Status {
        word: Some("Failed".into()),
        reason: Some("the role may not".into()),
        code: Some("InsufficientRolePermissions".into()),
    };
    let diff = LambdaFunction::diff(&want, &have);
    assert_eq!(diff.paths(), ["state"]);
    assert_eq!(diff.force(), Some(Force::Replace));
    let why = diff.0[0].why.as_deref().unwrap();
    assert!(why.contains("the role may not"), "{why}");
}

#[test]
fn an_update_that_failed_is_no_success_and_is_sent_again() {
    let want = want();
    let mut have = right(&want);
    have.update = Status {
        word: Some("Failed".into()),
        reason: Some("the subnet is full".into()),
        code: None,
    };
    // in the run that sent it
    assert!(!live::failed_since(None, &have));
    assert!(
        !live::failed_since(Some(&have.revision), &have),
        "seen before the call"
    );
    have.just_failed = live::failed_since(Some(&Some("0".into())), &have);
    let Readiness::Failed(why) = LambdaFunction::readiness(&have) else {
        panic!("a failed update counts as ready");
    };
    assert!(why.contains("the subnet is full"), "{why}");
    // in the next
    have.just_failed = false;
    assert_eq!(LambdaFunction::readiness(&have), Readiness::Ready);
    let diff = LambdaFunction::diff(&want, &have);
    assert_eq!(diff.paths(), ["last_update"]);
    assert_eq!(
        LambdaFunction::calls(Action::Update, &diff),
        [ApiCall::new("lambda", "UpdateFunctionConfiguration")]
    );
    have.tags.clear();
    let diff = LambdaFunction::diff(&want, &have);
    assert!(
        diff.has("last_update") && diff.has("tags"),
        "promised together"
    );
    have.timeout += 1;
    let diff = LambdaFunction::diff(&want, &have);
    assert!(!diff.has("last_update"), "the new one replaces it");
}

#[test]
fn outputs_owner_and_lock() {
    let want = want();
    let mut have = right(&want);
    let outputs = LambdaFunction::outputs(&spec(EXAMPLE), &facts([]), &have);
    assert_eq!(
        outputs.keys().collect::<Vec<_>>(),
        ["arn", "name", "role"],
        "as declared"
    );
    assert_eq!(LambdaFunction::OUTPUTS.len(), 3);
    assert_eq!(LambdaFunction::owner(&have, "cruddur"), Owner::Ours);
    assert_eq!(
        LambdaFunction::owner(&have, "other"),
        Owner::Other("cruddur".into())
    );
    have.tags.clear();
    assert_eq!(LambdaFunction::owner(&have, "cruddur"), Owner::Nobody);
    assert_eq!(
        LambdaFunction::lock(&"f".to_owned()),
        Some("lambda_function:f".into())
    );
}

#[test]
fn a_new_one_is_shown_without_its_secrets() {
    let mut want = want();
    want.environment
        .insert("LEVEL".into(), Text::Plain("info".into()));
    let sha256 = want.code.as_ref().unwrap().sha256.clone();
    let fields = LambdaFunction::fields(&want);
    assert_eq!(
        json!(fields),
        json!([
            ["name", "cruddur-post-confirmation"],
            ["runtime", "python3.13"],
            ["handler", "lambda_function.lambda_handler"],
            ["role", "arn:aws:iam::1:role/r"],
            ["layers", ["arn:l:1"]],
            ["vpc.subnets", ["s1", "s2"]],
            ["vpc.security_groups", ["g1"]],
            ["environment.CONNECTION_URL", {"secret": true}],
            ["environment.LEVEL", "info"],
            ["timeout", 5],
            ["memory", 256],
            ["description", "Writes the confirmed user to the database"],
            ["ephemeral_storage", 512],
            ["source", {"digest": sha256}],
            ["architecture", "x86_64"],
            ["tags.project", "cruddur"],
        ])
    );
    let other = Live {
        runtime: String::new(),
        handler: String::new(),
        role: String::new(),
        layers: Vec::new(),
        network: None,
        environment: Environment::Known(BTreeMap::new()),
        timeout: 0,
        memory: 0,
        description: String::new(),
        ephemeral_storage: 0,
        code_sha256: String::new(),
        architecture: String::new(),
        ..right(&want)
    };
    let paths: Vec<&str> = fields.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(LambdaFunction::diff(&want, &other).paths(), paths[1..15]);
    want.layers.clear();
    want.network = None;
    want.description.clear();
    let fields = Diff::of_new(LambdaFunction::fields(&want));
    for path in ["layers", "vpc", "description"] {
        assert!(!fields.has(path), "{path}");
    }
}
