//! The graph and the schema of stack.yaml as text for other programs.

use crate::model::Addr;
use crate::resource::Kind;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Writes the graph for graphviz.
pub fn dot(after: &BTreeMap<Addr, BTreeSet<Addr>>) -> String {
    let mut text = String::from("digraph stack {\n  rankdir=LR;\n  node [shape=box];\n");
    for (addr, deps) in after {
        text.push_str(&format!("  \"{addr}\";\n"));
        for dep in deps {
            text.push_str(&format!("  \"{dep}\" -> \"{addr}\";\n"));
        }
    }
    text.push_str("}\n");
    text
}

/// Writes the graph for Markdown.
pub fn mermaid(after: &BTreeMap<Addr, BTreeSet<Addr>>) -> String {
    let id = |a: &Addr| a.to_string().replace(['.', '-'], "_");
    let mut text = String::from("graph LR\n");
    for (addr, deps) in after {
        text.push_str(&format!("  {}[\"{addr}\"]\n", id(addr)));
        for dep in deps {
            text.push_str(&format!("  {} --> {}\n", id(dep), id(addr)));
        }
    }
    text
}

/// Makes the JSON Schema of stack.yaml from the kinds' specs.
pub fn schema(kinds: &[Arc<dyn Kind>]) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut sections = serde_json::Map::new();
    sections.insert(
        "stack".to_owned(),
        json!({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", "description": "The stack's name: it marks what is yours"}),
    );
    sections.insert(
        "region".to_owned(),
        json!({"type": "string", "description": "The AWS region"}),
    );
    sections.insert(
        "account".to_owned(),
        json!({"type": "string", "pattern": "^[0-9]{12}$", "description": "The AWS account; credentials of another one are refused"}),
    );
    sections.insert(
        "lock".to_owned(),
        json!({"type": "boolean", "description": "Whoever changes the stack holds its lock meanwhile, as with --lock"}),
    );
    for kind in kinds {
        let mut spec = kind.schema(&mut generator).to_value();
        // a reference is resolved, because the two keys that every entry may have are added to it
        if let Some(name) = spec
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|r| r.strip_prefix("#/$defs/"))
            && let Some(definition) = generator.definitions().get(name)
        {
            spec = definition.clone();
        }
        if let Some(properties) = spec.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert(
                "after".to_owned(),
                json!({"type": "array", "items": {"type": "string"}, "description": "Entries that this one comes after without using a value of theirs"}),
            );
            properties.insert(
                "adopt".to_owned(),
                json!({"type": "boolean", "description": "Take over an object that exists without this stack's tag"}),
            );
        }
        sections.insert(
            kind.section().to_owned(),
            json!({"type": "object", "description": kind.about(), "additionalProperties": spec}),
        );
    }
    let definitions = used(
        generator.take_definitions(true),
        &Value::Object(sections.clone()),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "stack.yaml",
        "type": "object",
        "required": ["stack"],
        "properties": sections,
        "additionalProperties": false,
        "$defs": definitions,
    })
}

/// Keeps the definitions that something refers to: those of the specs themselves were resolved.
fn used(all: serde_json::Map<String, Value>, root: &Value) -> serde_json::Map<String, Value> {
    let mut kept = serde_json::Map::new();
    let mut open = vec![root.clone()];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                if let Some(name) = members
                    .get("$ref")
                    .and_then(Value::as_str)
                    .and_then(|r| r.strip_prefix("#/$defs/"))
                    && !kept.contains_key(name)
                    && let Some(definition) = all.get(name)
                {
                    kept.insert(name.to_owned(), definition.clone());
                    open.push(definition.clone());
                }
                open.extend(members.into_iter().map(|(_, v)| v));
            }
            _ => {}
        }
    }
    kept.sort_keys();
    kept
}
