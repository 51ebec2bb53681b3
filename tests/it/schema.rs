//! `stack.schema.json`, which editors read: it is what `cruddur-infra schema` prints, and the shipped `stack.yaml` has
//! nothing that it does not know.

use cruddur_infra::{kinds, stack};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    let path = shipped(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Follows a `$ref` into the schema's own definitions.
fn resolved<'a>(schema: &'a Value, part: &'a Value) -> &'a Value {
    match part["$ref"].as_str() {
        Some(pointer) => {
            let pointer = pointer.strip_prefix('#').expect("a reference of its own");
            schema.pointer(pointer).expect("a definition that is there")
        }
        None => part,
    }
}

/// Finds the keys of a value that its schema has no word for, as paths.
fn unknown(schema: &Value, part: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    let part = resolved(schema, part);
    let alternatives = [&part["anyOf"], &part["oneOf"]];
    if let Some(all) = alternatives.iter().find_map(|a| a.as_array()) {
        // an optional structure is one of several alternatives: the one with the fewest unknown keys counts
        let best = all
            .iter()
            .map(|a| {
                let mut mine = Vec::new();
                unknown(schema, a, value, path, &mut mine);
                mine
            })
            .min_by_key(Vec::len)
            .unwrap_or_default();
        found.extend(best);
        return;
    }
    match value {
        Value::Object(members) => {
            for (key, inner) in members {
                let here = format!("{path}.{key}");
                if let Some(known) = part["properties"].get(key) {
                    unknown(schema, known, inner, &here, found);
                } else if part["additionalProperties"].is_object() {
                    unknown(schema, &part["additionalProperties"], inner, &here, found);
                } else if part["additionalProperties"] == false || part.get("type").is_some() {
                    found.push(here);
                }
                // no type at all: a free structure, as a policy document
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                unknown(
                    schema,
                    &part["items"],
                    item,
                    &format!("{path}[{at}]"),
                    found,
                );
            }
        }
        _ => {}
    }
}

#[test]
fn the_shipped_schema_is_what_the_program_prints() {
    let output = Command::new(env!("CARGO_BIN_EXE_cruddur-infra"))
        .arg("schema")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(shipped("stack.schema.json"), &printed).unwrap();
    }
    assert!(
        read("stack.schema.json") == printed,
        "stack.schema.json is not current: `cruddur-infra schema > stack.schema.json` writes it"
    );
}

#[test]
fn it_knows_every_kind_and_everything_in_the_shipped_file() {
    let schema: Value = serde_json::from_str(&read("stack.schema.json")).unwrap();
    for kind in kinds::offline() {
        assert!(
            schema["properties"].get(kind.section()).is_some(),
            "the schema has no {}",
            kind.section()
        );
    }
    let file: Value = serde_yaml::from_str(&read("stack.yaml")).unwrap();
    let sections = file.as_object().unwrap();
    assert!(sections.len() > 2, "{sections:?}");
    for section in sections.keys() {
        assert!(
            schema["properties"].get(section).is_some(),
            "the schema has no {section}"
        );
    }
    let mut found = Vec::new();
    unknown(&schema, &schema, &file, "", &mut found);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_walk_finds_what_the_schema_does_not_know() {
    let schema = stack::schema(&kinds::offline());
    let mut file: Value = serde_yaml::from_str(&read("stack.yaml")).unwrap();
    file["sql_script"] = Value::Object(serde_json::Map::new());
    file["rds_instances"]["main"]["engin"] = "postgres".into();
    file["rds_instances"]["main"]["performance_insights"]["on"] = true.into();
    file["iam_policies"]["lambda-vpc-access"]["document"]["Anything"] = true.into();
    let mut found = Vec::new();
    unknown(&schema, &schema, &file, "", &mut found);
    found.sort();
    assert_eq!(
        found,
        [
            ".rds_instances.main.engin",
            ".rds_instances.main.performance_insights.on",
            ".sql_script"
        ]
    );
}

/// Returns the part of the README that is about a section of `stack.yaml`.
fn about<'a>(readme: &'a str, section: &str) -> &'a str {
    let heading = format!("\n### `{section}`\n");
    let start = readme.find(&heading);
    let start = start.unwrap_or_else(|| panic!("the README has no `{section}`")) + heading.len();
    let text = &readme[start..];
    &text[..text.find("\n##").unwrap_or(text.len())]
}

#[test]
fn the_readme_names_every_field_and_every_output() {
    let schema = stack::schema(&kinds::offline());
    let readme = read("README.md");
    let mut missing = Vec::new();
    for kind in kinds::offline() {
        let section = kind.section();
        let text = about(&readme, section);
        let spec = &schema["properties"][section]["additionalProperties"];
        let fields = spec["properties"].as_object().unwrap().keys();
        let outputs = kind.outputs().iter().map(|o| o.name);
        for name in fields.map(String::as_str).chain(outputs) {
            let common = ["after", "adopt"].contains(&name);
            if !common && !text.contains(&format!("`{name}`")) {
                missing.push(format!("{section}: {name}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}
