//! What is found without a look at AWS.

use super::super::{LambdaFunction, Spec, check};
use super::{EXAMPLE, example, facts, spec, with_code};
use crate::model::Addr;
use crate::resource::{Claims, Complaint, Resource};
use serde_json::{Value, json};

const CODE: &[(&str, &[u8])] = &[("lambda_function.py", b"x"), ("lib/util.py", b"x")];

fn found(spec: &Spec, others: &Claims) -> Vec<Complaint> {
    check::check(spec, &with_code(spec, CODE), others)
}

fn paths(changes: &[(&str, &str)]) -> Vec<String> {
    found(&example(changes), &Claims::new())
        .into_iter()
        .map(|c| c.path)
        .collect()
}

fn layer(claims: Value) -> Claims {
    [(Addr::new("lambda_layer", "psycopg2"), claims)].into()
}

#[test]
fn the_example_is_right() {
    assert_eq!(found(&spec(EXAMPLE), &Claims::new()), []);
    assert_eq!(
        LambdaFunction::claims(&spec(EXAMPLE), &facts([]))["timeout"],
        5
    );
}

#[test]
fn fields_are_checked() {
    let long = "x".repeat(65);
    let none: [&str; 0] = [];
    assert_eq!(paths(&[("name", &long)]), ["name"]);
    assert_eq!(paths(&[("name", "'a b'")]), ["name"]);
    assert_eq!(paths(&[("timeout", "0")]), ["timeout"]);
    assert_eq!(paths(&[("timeout", "901")]), ["timeout"]);
    assert_eq!(paths(&[("memory", "64")]), ["memory"]);
    assert_eq!(paths(&[("memory", "10240")]), none);
    assert_eq!(
        paths(&[("ephemeral_storage", "511")]),
        ["ephemeral_storage"]
    );
    assert_eq!(paths(&[("role", "my-role")]), ["role"]);
    assert_eq!(paths(&[("runtime", "python3.7")]), ["runtime"]);
    assert_eq!(
        paths(&[("layers", "[ 'arn:aws:lambda:us-west-2:1:layer:x' ]")]),
        ["layers[0]"]
    );
    assert_eq!(
        paths(&[("layers", "[ '${lambda_layer.psycopg2.layer_arn}' ]")]),
        ["layers[0]"]
    );
    let arn = "'arn:aws:lambda:us-west-2:1:layer:x:1'";
    assert_eq!(
        paths(&[("layers", &format!("[{}]", [arn; 6].join(", ")))]),
        ["layers"]
    );
    assert_eq!(
        paths(&[("vpc", "{ subnets: [ s ], security_groups: [ g ] }")]),
        ["vpc"]
    );
}

#[test]
fn a_vpc_is_checked() {
    let lines: Vec<&str> = EXAMPLE
        .lines()
        .filter(|l| !l.starts_with("vpc_of"))
        .collect();
    let paths = |vpc: &str| -> Vec<String> {
        let spec = spec(&format!("{}\nvpc: {vpc}", lines.join("\n")));
        found(&spec, &Claims::new())
            .into_iter()
            .map(|c| c.path)
            .collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(paths("{ subnets: [ s ], security_groups: [ g ] }"), none);
    assert_eq!(paths("{ subnets: [], security_groups: [] }"), none);
    assert_eq!(paths("{ subnets: [ s ], security_groups: [] }"), ["vpc"]);
    assert_eq!(
        paths(&format!(
            "{{ subnets: [{}], security_groups: [ g ] }}",
            ["s"; 17].join(",")
        )),
        ["vpc.subnets"]
    );
}

#[test]
fn the_environment_is_checked() {
    let of = |variables: &str| {
        let text = EXAMPLE.replace(
            "  CONNECTION_URL: ${rds_instance.main.connection_url}",
            variables,
        );
        found(&spec(&text), &Claims::new())
            .into_iter()
            .map(|c| c.path)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("  AWS_REGION: x"), ["environment.AWS_REGION"]);
    assert_eq!(
        of("  LAMBDA_TASK_ROOT: x"),
        ["environment.LAMBDA_TASK_ROOT"]
    );
    assert_eq!(of("  _X: x"), ["environment._X"]);
    assert_eq!(of("  A: x"), ["environment.A"]);
    assert_eq!(of("  A-B: x"), ["environment.A-B"]);
    assert_eq!(
        of("  URL: postgresql://root:hunter2@db/cruddur"),
        ["environment.URL"]
    );
    let none: [&str; 0] = [];
    assert_eq!(of("  URL: https://example.com:8080/a"), none);
    assert_eq!(of("  URL: postgresql://root@db/cruddur"), none);
    let none: [&str; 0] = [];
    assert_eq!(of("  AWS_LAMBDA_EXEC_WRAPPER: x"), none);
    assert_eq!(of(&format!("  BIG: {}", "x".repeat(4093))), none);
    assert_eq!(of(&format!("  BIG: {}", "x".repeat(4094))), ["environment"]);
    assert_eq!(of("  UNKNOWN: ${rds_instance.other.endpoint}"), none);
}

#[test]
fn reserved_tags_are_refused() {
    let text = EXAMPLE.replace("  project: cruddur", "  cruddur-infra:stack: x\n  aws:x: y");
    let paths: Vec<String> = found(&spec(&text), &Claims::new())
        .into_iter()
        .map(|c| c.path)
        .collect();
    assert_eq!(paths, ["tags.aws:x", "tags.cruddur-infra:stack"]);
}

#[test]
fn the_handler_must_be_in_the_folder() {
    let help = |handler: &str, files: &[(&str, &[u8])]| {
        let spec = example(&[("handler", handler)]);
        let found = check::check(&spec, &with_code(&spec, files), &Claims::new());
        assert!(found.iter().all(|c| c.path == "handler"), "{found:?}");
        assert!(found.len() < 2);
        found
            .into_iter()
            .next()
            .map(|c| c.diagnostic.help.unwrap_or_default())
    };
    assert_eq!(help("lambda_function.lambda_handler", CODE), None);
    assert_eq!(help("lib.util.f", CODE), None);
    assert_eq!(help("lib/util.f", CODE), None);
    assert_eq!(help("pkg.f", &[("pkg/__init__.py", b"x")]), None);
    assert_eq!(
        help("lambda_funktion.lambda_handler", CODE).as_deref(),
        Some("handler: lambda_function.lambda_handler")
    );
    assert_eq!(
        help("lib.utils.f", CODE).as_deref(),
        Some("handler: lib.util.f")
    );
    assert_eq!(
        help("lambda_function", CODE).as_deref(),
        Some("handler: lambda_function.lambda_handler")
    );
    assert!(help("'a b.c'", CODE).is_some());
}

#[test]
fn layers_must_fit() {
    let example = spec(EXAMPLE);
    let none: [&str; 0] = [];
    let problems = |claims: Value| -> Vec<String> {
        found(&example, &layer(claims))
            .into_iter()
            .map(|c| {
                assert_eq!(c.path, "layers[0]");
                format!(
                    "{} {}",
                    c.diagnostic.summary,
                    c.diagnostic.help.unwrap_or_default()
                )
            })
            .collect()
    };
    let binary = |python: &str, arch: &str| {
        json!({"runtime": "python3.13", "architecture": "x86_64", "binaries": [
            {"path": "python/m.so", "python": python, "arch": arch, "foreign": null}]})
    };
    assert_eq!(problems(binary("cp313", "x86_64")), none);
    assert_eq!(problems(binary("cp312", "x86_64")).len(), 1);
    assert_eq!(problems(binary("cp313", "arm64")).len(), 1);
    let other = problems(json!({"runtime": "python3.12", "architecture": "arm64", "binaries": []}));
    assert_eq!(
        other,
        [
            "the layer is for another runtime in lambda_layer.psycopg2 write runtime: python3.13, or here runtime: \
             python3.12",
            "the layer is for another architecture in lambda_layer.psycopg2 write architecture: x86_64, or here \
             architecture: arm64",
        ]
    );
    assert_eq!(problems(Value::Null), none);
}

#[test]
fn binaries_in_the_folder_must_fit() {
    let spec = spec(EXAMPLE);
    let mut elf = vec![0x7f, b'E', b'L', b'F', 2, 1];
    elf.resize(18, 0);
    elf.extend([62, 0]);
    let at = |name: &str| {
        let facts = with_code(&spec, &[("lambda_function.py", b"x"), (name, &elf)]);
        check::check(&spec, &facts, &Claims::new())
    };
    assert_eq!(at("m.cpython-313-x86_64-linux-gnu.so"), []);
    let found = at("m.cpython-312-x86_64-linux-gnu.so");
    assert_eq!(found[0].path, "source");
    assert!(!found[0].diagnostic.detail.contains("make the layer"));
}
