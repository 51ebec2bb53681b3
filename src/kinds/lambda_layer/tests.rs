//! Pure tables.

use super::check;
use super::live::{addr_in, description, mark};
use super::*;
use crate::assets::{Asset, function_zip};
use crate::model::{Addr, Force, Severity};
use crate::resource::StackFacts;
use std::sync::Arc;

const EXAMPLE: &str = include_str!("example.yaml");

fn spec(yaml: &str) -> Spec {
    let node = crate::yaml::parse(yaml).unwrap();
    crate::yaml::read(&node).unwrap_or_else(|p| panic!("{p:?}"))
}

fn facts(assets: impl IntoIterator<Item = (AssetRequest, Asset)>) -> Facts {
    Facts {
        addr: Addr::new("lambda_layer", "psycopg2"),
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
        outputs: Arc::default(),
    }
}

fn asset() -> Asset {
    Asset {
        bytes: Arc::from(&b"zip"[..]),
        sha256_hex: "0123456789abcdef00".into(),
        sha256_base64: "c2hh".into(),
        entries: Vec::new(),
    }
}

fn with_asset(spec: &Spec, asset: Asset) -> Facts {
    facts([(spec.request().unwrap(), asset)])
}

/// A zip with one shared object: the first 20 bytes of an ELF file for a machine.
fn elf(path: &str, machine: u8) -> Asset {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let mut bytes = vec![0x7f, b'E', b'L', b'F', 2, 1];
    bytes.resize(18, 0);
    bytes.extend([machine, 0]);
    std::fs::write(file, bytes).unwrap();
    function_zip(dir.path()).unwrap()
}

fn live(number: i64, ours: &[i64]) -> Live {
    Live {
        version: Version {
            arn: format!("arn:aws:lambda:us-west-2:123456789012:layer:l:{number}"),
            number,
            ..Version::default()
        },
        layer: "l".into(),
        ours: ours.to_vec(),
        ..Live::default()
    }
}

fn paths(complaints: &[Complaint]) -> Vec<&str> {
    complaints.iter().map(|c| c.path.as_str()).collect()
}

#[test]
fn the_example_is_read_and_right() {
    let spec = spec(EXAMPLE);
    assert_eq!(spec.keep_versions, 2);
    assert_eq!(check::check(&spec, &facts([])), []);
    assert_eq!(
        LambdaLayer::assets(&spec),
        [AssetRequest::PythonLayer {
            packages: vec!["psycopg2-binary==2.9.11".into()],
            runtime: "python3.13".into(),
            architecture: "x86_64".into(),
        }]
    );
}

#[test]
fn the_key_is_the_content() {
    let spec = spec(EXAMPLE);
    let key = LambdaLayer::key(&spec, &with_asset(&spec, asset())).unwrap();
    let Key::Ours(ours) = key else { panic!() };
    assert_eq!(ours.mark, "cruddur-infra:cruddur:lambda_layer.psycopg2:");
    let content = ours.content.unwrap();
    assert_eq!(
        content.description,
        "cruddur-infra:cruddur:lambda_layer.psycopg2:0123456789abcdef Postgres driver"
    );
    let version = Version {
        description: content.description.clone(),
        runtimes: vec!["python3.13".into()],
        architectures: vec!["x86_64".into()],
        license: Some("LGPL-3.0-or-later".into()),
        ..Version::default()
    };
    assert!(version.looks_like(&content));
    let other = |change: fn(&mut Version)| {
        let mut v = version.clone();
        change(&mut v);
        !v.looks_like(&content)
    };
    assert!(other(|v| v.description.push('x')));
    assert!(other(|v| v.runtimes = vec!["python3.12".into()]));
    assert!(other(|v| v.architectures.clear()));
    assert!(other(|v| v.license = None));
}

#[test]
fn without_the_file_the_newest_of_ours_is_meant_and_never_said_to_be_right() {
    let spec = spec(EXAMPLE);
    let Key::Ours(ours) = LambdaLayer::key(&spec, &facts([])).unwrap() else {
        panic!()
    };
    assert_eq!(ours.content, None);
    let want = LambdaLayer::desired(&spec, &facts([])).unwrap();
    assert_eq!(
        LambdaLayer::diff(&want, &live(1, &[1])).paths(),
        ["content"]
    );
}

#[test]
fn marks_are_told_apart() {
    let text = description(&mark("cruddur", "lambda_layer.a"), "0123", Some("x: y"));
    assert_eq!(addr_in(&text, "cruddur"), Some("lambda_layer.a"));
    assert_eq!(addr_in(&text, "crud"), None);
    assert_eq!(addr_in("Postgres driver", "cruddur"), None);
    assert!(!text.starts_with(&mark("cruddur", "lambda_layer.ab")));
    assert!(!text.starts_with(&mark("cruddur", "lambda_layer")));
}

#[test]
fn old_versions_are_too_many() {
    let spec = spec(EXAMPLE);
    let want = LambdaLayer::desired(&spec, &with_asset(&spec, asset())).unwrap();
    assert!(LambdaLayer::diff(&want, &live(3, &[3, 2])).is_empty());
    let have = live(5, &[5, 4, 3, 1]);
    let diff = LambdaLayer::diff(&want, &have);
    assert_eq!(diff.paths(), ["old_versions"]);
    assert_eq!(diff.force(), Some(Force::Update));
    assert_eq!(diff.0[0].before, serde_json::json!([3, 1]).into());
    assert_eq!(
        LambdaLayer::calls(Action::Update, &diff),
        [ApiCall::new("lambda", "DeleteLayerVersion")]
    );
    // the current one may be an old one
    assert_eq!(live(1, &[5, 4, 3, 1]).stale(2), [4, 3]);
    assert_eq!(live(5, &[5, 4]).stale(0), [0; 0], "never fewer than two");
}

#[test]
fn a_given_version_is_only_used() {
    let spec = spec("{ arn: 'arn:aws:lambda:us-west-2:1:layer:x:4', runtime: python3.13 }");
    assert_eq!(check::check(&spec, &facts([])), []);
    let want = LambdaLayer::desired(&spec, &facts([])).unwrap();
    let mut have = live(4, &[]);
    assert!(LambdaLayer::diff(&want, &have).is_empty());
    assert_eq!(LambdaLayer::owner(&have, "cruddur"), Owner::Nobody);
    assert_eq!(LambdaLayer::warnings(&want, Some(&have)), []);
    have.version.runtimes = vec!["python3.9".into()];
    have.version.architectures = vec!["arm64".into()];
    assert_eq!(LambdaLayer::warnings(&want, Some(&have)).len(), 2);
    assert!(LambdaLayer::assets(&spec).is_empty());
}

#[test]
fn outputs_and_readiness() {
    let have = live(7, &[7]);
    let outputs = LambdaLayer::outputs(&spec(EXAMPLE), &facts([]), &have);
    let declared: Vec<&str> = LambdaLayer::OUTPUTS.iter().map(|o| o.name).collect();
    assert!(declared.iter().all(|name| outputs.contains_key(*name)));
    assert_eq!(outputs.len(), declared.len());
    assert_eq!(
        outputs["layer_arn"],
        "arn:aws:lambda:us-west-2:123456789012:layer:l".into()
    );
    assert_eq!(LambdaLayer::readiness(&have), Readiness::Ready);
    assert_eq!(LambdaLayer::owner(&have, "cruddur"), Owner::Untaggable);
    assert_eq!(
        LambdaLayer::calls(Action::Create, &Diff::default()),
        [ApiCall::new("lambda", "PublishLayerVersion")]
    );
}

#[test]
fn mistakes_are_found() {
    let at = |yaml: &str| -> Vec<String> {
        let found = check::check(&spec(yaml), &facts([]));
        assert!(
            found
                .iter()
                .all(|c| c.diagnostic.severity == Severity::Error)
        );
        paths(&found).into_iter().map(str::to_owned).collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(at("{ name: a, zip: l.zip, runtime: python3.13 }"), none);
    assert_eq!(at("{ name: a, zip: l.zip, runtime: nodejs22.x }"), none);
    assert_eq!(at("{ name: a, runtime: python3.13 }"), [""]);
    assert_eq!(
        at("{ name: a, zip: l.zip, arn: 'x', runtime: python3.13 }"),
        [""]
    );
    assert_eq!(at("{ zip: l.zip, runtime: python3.13 }"), [""]);
    assert_eq!(
        at("{ name: 'a b', zip: l.zip, runtime: python3.13 }"),
        ["name"]
    );
    assert_eq!(
        at("{ name: a, zip: l.zip, runtime: python3.13, keep_versions: 1 }"),
        ["keep_versions"]
    );
    assert_eq!(
        at("{ name: a, python_packages: [ psycopg2, 'x==1' ], runtime: python3.13 }"),
        ["python_packages[0]"]
    );
    assert_eq!(
        at("{ name: a, python_packages: [], runtime: nodejs22.x }"),
        ["python_packages", "runtime"]
    );
    assert_eq!(
        at("{ arn: 'arn:aws:lambda:us-west-2:1:layer:x', runtime: python3.13 }"),
        ["arn"]
    );
    let long = "x".repeat(250);
    assert_eq!(
        at(&format!(
            "{{ name: a, zip: l.zip, runtime: python3.13, description: {long} }}"
        )),
        ["description"]
    );
}

#[test]
fn binaries_are_claimed_and_compared_with_its_own_runtime() {
    let spec = spec("{ name: a, zip: l.zip, runtime: python3.13 }");
    let module = "python/m.cpython-313-x86_64-linux-gnu.so";
    let right = with_asset(&spec, elf(module, 62));
    assert_eq!(check::check(&spec, &right), []);
    assert_eq!(
        LambdaLayer::claims(&spec, &right),
        serde_json::json!({
            "runtime": "python3.13",
            "architecture": "x86_64",
            "binaries": [{"path": module, "python": "cp313", "arch": "x86_64", "foreign": null}],
        })
    );
    let wrong = with_asset(&spec, elf(module, 183));
    assert_eq!(paths(&check::check(&spec, &wrong)), ["zip"]);
    let unreadable = with_asset(&spec, asset());
    assert_eq!(paths(&check::check(&spec, &unreadable)), ["zip"]);
}

#[test]
fn a_new_one_is_shown_by_its_digest_and_without_its_mark() {
    use serde_json::json;
    let shown = |spec: &Spec, facts: &Facts| {
        json!(LambdaLayer::fields(
            &LambdaLayer::desired(spec, facts).unwrap()
        ))
    };
    let mut spec = spec(EXAMPLE);
    let facts = with_asset(&spec, asset());
    let mut fields = vec![
        json!(["name", "cruddur-psycopg2"]),
        json!(["content", {"digest": "c2hh"}]),
        json!(["runtime", "python3.13"]),
        json!(["architecture", "x86_64"]),
        json!(["description", "Postgres driver"]),
        json!(["license", "LGPL-3.0-or-later"]),
    ];
    assert_eq!(shown(&spec, &facts), json!(fields));
    spec.description = None;
    spec.license = None;
    fields.truncate(4);
    assert_eq!(shown(&spec, &facts), json!(fields));
    spec.arn = Some(crate::resource::Input::Known("arn:l:1".into()));
    assert_eq!(shown(&spec, &facts), json!([["arn", "arn:l:1"]]));
}

#[test]
fn a_description_carries_the_runs_nonce_and_is_compared_without_it() {
    let mark = "cruddur-infra:cruddur:lambda_layer.psycopg2:";
    for text in [None, Some("for ~sign-up: psycopg2")] {
        let plain = live::description(mark, "0123456789abcdef00", text);
        let signed = live::signed(&plain, mark, "00aa11bb22cc");
        assert!(signed.starts_with(
            "cruddur-infra:cruddur:lambda_layer.psycopg2:0123456789abcdef~00aa11bb22cc"
        ));
        assert_eq!(live::unsigned(&signed), plain);
        assert_eq!(live::unsigned(&plain), plain);
        let version = |description: &str| Version {
            description: description.to_owned(),
            ..Version::default()
        };
        assert_eq!(version(&signed).run(), Some("00aa11bb22cc"));
        assert_eq!(version(&plain).run(), None);
        // whose it is stays readable
        assert_eq!(
            live::addr_in(&signed, "cruddur"),
            Some("lambda_layer.psycopg2")
        );
        assert_eq!(live::signed(&plain, mark, ""), plain);
    }
    // somebody else's text is nobody's signature
    assert_eq!(live::unsigned("a~b c"), "a~b c");
    // and what stack.yaml says goes before the nonce
    let long = live::description(mark, "0123456789abcdef00", Some(&"x".repeat(190)));
    assert_eq!(live::signed(&long, mark, "00aa11bb22cc"), long);
}

#[test]
fn a_copy_is_shown_and_is_no_old_version() {
    let spec = spec(EXAMPLE);
    let want = LambdaLayer::desired(&spec, &with_asset(&spec, asset())).unwrap();
    let have = Live {
        copies: vec![5, 4],
        ..live(3, &[5, 4, 3, 2, 1])
    };
    let diff = LambdaLayer::diff(&want, &have);
    assert_eq!(diff.paths(), ["copies", "old_versions"]);
    assert_eq!(have.stale(2), [1]);
    assert!(LambdaLayer::TIDIES.contains(&"copies"));
}

#[test]
fn functions_that_stay_and_use_a_version_that_goes_are_told() {
    let have = live(3, &[3, 2]);
    let function = |name: &str, version: i64| FunctionUse {
        name: name.to_owned(),
        layers: vec![format!(
            "arn:aws:lambda:us-west-2:123456789012:layer:l:{version}"
        )],
        ..FunctionUse::default()
    };
    let all = [
        function("ours", 3),
        function("theirs", 2),
        // another version, which stays
        function("older", 1),
    ];
    let ours = (
        "lambda_function.f".parse().unwrap(),
        ["ours".to_owned()].into(),
    );
    let told = used_by(&have, &all, &Doomed([ours].into())).unwrap();
    assert!(told.detail.starts_with("theirs use arn:"), "{told:?}");
    assert!(told.detail.contains("other accounts cannot be seen"));
    assert!(used_by(&have, &all[2..], &Doomed::default()).is_none());
}
