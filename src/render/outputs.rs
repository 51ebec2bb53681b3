//! Outputs: for people, for programs, for a shell. The only place that shows a secret, and only on request.

use super::page::{Page, clean, pretty};
use super::style::{Style, Tone};
use super::value;
use crate::model::{Addr, Output, Outputs};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Writes a table, `rds_instance.main.endpoint = …`. Secrets are shown only where `reveal` is set.
pub fn outputs_human(outputs: &BTreeMap<Addr, Outputs>, reveal: bool, style: &Style) -> String {
    let mut page = Page::new(style);
    for (addr, outputs) in outputs {
        for (name, output) in outputs {
            let text = match output {
                Output::Secret(_) if !reveal => {
                    style.paint(Tone::Faint, "(secret; --show-secrets shows it)")
                }
                Output::Plain(value @ (Value::Array(_) | Value::Object(_))) => value::json(value),
                // one line an output, whatever the value holds
                other => clean(&raw(other)).replace('\n', "\\n"),
            };
            let name = style.paint(Tone::Strong, &format!("{addr}.{name}"));
            page.line(&format!("{name} = {text}"));
        }
    }
    page.finish()
}

/// Writes `{address: {name: value}}`; a secret is `{"secret": true}` unless `reveal` is set.
pub fn outputs_json(outputs: &BTreeMap<Addr, Outputs>, reveal: bool) -> String {
    let all: Map<String, Value> = outputs
        .iter()
        .map(|(addr, outputs)| {
            let values: Map<String, Value> = outputs
                .iter()
                .map(|(name, output)| {
                    let value = match output {
                        Output::Plain(value) => value.clone(),
                        Output::Secret(secret) if reveal => Value::from(secret.expose()),
                        Output::Secret(_) => json!({"secret": true}),
                    };
                    (name.clone(), value)
                })
                .collect();
            (addr.to_string(), Value::Object(values))
        })
        .collect();
    pretty(&all)
}

/// The name under which applications look for the stack's database.
const PRD: &str = "PRD_CONNECTION_URL";

/// Writes lines for `eval`, `export RDS_INSTANCE_MAIN_ENDPOINT='…'`, and the stack's database as
/// `PRD_CONNECTION_URL` where it has only one instance. A secret that is not to be revealed becomes a comment.
pub fn outputs_env(outputs: &BTreeMap<Addr, Outputs>, reveal: bool) -> String {
    let mut text = String::new();
    let mut write = |name: &str, output: &Output| {
        text += &match output {
            Output::Secret(_) if !reveal => {
                format!("# {name} is secret; --show-secrets writes it\n")
            }
            output => format!("export {name}={}\n", quoted(&raw(output))),
        };
    };
    for (addr, outputs) in outputs {
        for (name, output) in outputs {
            write(&variable(&format!("{addr}_{name}")), output);
        }
    }
    let mut databases = outputs
        .iter()
        .filter(|(addr, _)| addr.kind == "rds_instance")
        .filter_map(|(_, outputs)| outputs.get("connection_url"));
    if let (Some(url), None) = (databases.next(), databases.next()) {
        write(PRD, url);
    }
    text
}

/// Returns one output as it is, without quotes; nothing for a secret unless `reveal` is set.
pub fn output_raw(output: &Output, reveal: bool) -> Option<String> {
    match output {
        Output::Secret(_) if !reveal => None,
        output => Some(raw(output)),
    }
}

fn raw(output: &Output) -> String {
    match output {
        Output::Secret(secret) => secret.expose().to_owned(),
        Output::Plain(Value::String(text)) => text.clone(),
        Output::Plain(value) => value.to_string(),
    }
}

fn variable(name: &str) -> String {
    let sign = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    name.chars().map(sign).collect()
}

/// Quotes for a POSIX shell: in single quotes nothing means anything but the single quote.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;

    fn outputs() -> BTreeMap<Addr, Outputs> {
        let db = [
            ("endpoint", Output::from("db.example")),
            ("port", Output::from(5432)),
            (
                "connection_url",
                Output::Secret(Secret::new("postgresql://u:it's@db")),
            ),
        ];
        let role = [("zones", Output::Plain(json!(["a", "b"])))];
        [
            (
                Addr::new("rds_instance", "main"),
                db.map(|(k, v)| (k.to_owned(), v)).into(),
            ),
            (
                Addr::new("x", "y-z"),
                role.map(|(k, v)| (k.to_owned(), v)).into(),
            ),
        ]
        .into()
    }

    #[test]
    fn people_see_a_table() {
        let style = Style::plain(80);
        assert_eq!(
            outputs_human(&outputs(), false, &style),
            "rds_instance.main.connection_url = (secret; --show-secrets shows it)
rds_instance.main.endpoint = db.example
rds_instance.main.port = 5432
x.y-z.zones = [\"a\", \"b\"]
"
        );
        assert!(
            outputs_human(&outputs(), true, &style)
                .contains("rds_instance.main.connection_url = postgresql://u:it's@db\n")
        );
    }

    #[test]
    fn programs_see_json() {
        let text = outputs_json(&outputs(), false);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value,
            json!({
                "rds_instance.main": {"endpoint": "db.example", "port": 5432, "connection_url": {"secret": true}},
                "x.y-z": {"zones": ["a", "b"]}
            })
        );
        assert!(
            outputs_json(&outputs(), true)
                .contains("\"connection_url\": \"postgresql://u:it's@db\"")
        );
    }

    #[test]
    fn shells_see_assignments() {
        assert_eq!(
            outputs_env(&outputs(), false),
            "# RDS_INSTANCE_MAIN_CONNECTION_URL is secret; --show-secrets writes it
export RDS_INSTANCE_MAIN_ENDPOINT='db.example'
export RDS_INSTANCE_MAIN_PORT='5432'
export X_Y_Z_ZONES='[\"a\",\"b\"]'
# PRD_CONNECTION_URL is secret; --show-secrets writes it
"
        );
        let url = "='postgresql://u:it'\\''s@db'\n";
        let text = outputs_env(&outputs(), true);
        assert!(text.ends_with(&format!("export PRD_CONNECTION_URL{url}")));
        assert!(text.starts_with(&format!("export RDS_INSTANCE_MAIN_CONNECTION_URL{url}")));
        let mut two = outputs();
        let other = two[&Addr::new("rds_instance", "main")].clone();
        two.insert(Addr::new("rds_instance", "other"), other);
        assert!(!outputs_env(&two, true).contains("PRD"), "which of them?");
    }

    #[test]
    fn one_output_is_raw() {
        let secret = Output::Secret(Secret::new("s"));
        assert_eq!(
            output_raw(&Output::from("a b"), false).as_deref(),
            Some("a b")
        );
        assert_eq!(output_raw(&secret, false), None);
        assert_eq!(output_raw(&secret, true).as_deref(), Some("s"));
    }
}
