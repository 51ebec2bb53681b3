//! Values as they may be shown.

use super::page::{clean, commands, len};
use super::style::Style;
use crate::model::Shown;
use serde_json::Value;

/// How much of a digest is enough to tell two apart.
const DIGEST: usize = 12;

/// Tells whether nothing is there.
pub(super) fn nothing(shown: &Shown) -> bool {
    *shown == Shown::NOTHING
}

/// Writes a value into one line.
pub(super) fn inline(shown: &Shown, style: &Style) -> String {
    match shown {
        Shown::Secret => "(secret)".to_owned(),
        Shown::Digest(digest) => short(digest, style),
        Shown::Value(Value::Null) => "nothing".to_owned(),
        Shown::Value(value) => json(value),
    }
}

/// Writes a value into as many lines as it has: JSON (also JSON that is kept as text) one member a line, text as it is.
pub(super) fn lines(shown: &Shown, like: &Shown, style: &Style) -> Vec<String> {
    let value = match shown {
        Shown::Value(Value::Null) => return Vec::new(),
        Shown::Value(value) => opened(value),
        other => return vec![inline(other, style)],
    };
    match value {
        Value::String(text) if text.contains('\n') => {
            clean(&text).split('\n').map(str::to_owned).collect()
        }
        Value::Array(_) | Value::Object(_) => {
            let value = match like {
                Shown::Value(like) => arranged(&value, &opened(like)),
                _ => value,
            };
            visible(&format!("{value:#}"))
                .split('\n')
                .map(str::to_owned)
                .collect()
        }
        other => vec![json(&other)],
    }
}

/// Writes a value that nothing is compared with: JSON (also JSON that is kept as text) with as much in one line as has
/// room there, text as it is.
pub(super) fn spread(shown: &Shown, room: usize, style: &Style) -> Vec<String> {
    if let Shown::Value(value) = shown
        && let value @ (Value::Array(_) | Value::Object(_)) = opened(value)
    {
        let mut out = Vec::new();
        spread_into(&mut out, String::new(), &value, "", room);
        return out;
    }
    lines(shown, shown, style)
}

/// Adds a value between `lead`, which begins with its indentation, and `tail`.
fn spread_into(out: &mut Vec<String>, lead: String, value: &Value, tail: &str, room: usize) {
    let whole = format!("{lead}{}{tail}", json(value));
    let members: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().map(|v| (String::new(), v)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(k, v)| (format!("{}: ", json(&Value::from(k.as_str()))), v))
            .collect(),
        _ => Vec::new(),
    };
    if members.is_empty() || len(&whole) <= room {
        out.push(whole);
        return;
    }
    let indent = " ".repeat(len(&lead) - len(lead.trim_start_matches(' ')));
    let (open, close) = if value.is_array() {
        ('[', ']')
    } else {
        ('{', '}')
    };
    out.push(format!("{lead}{open}"));
    let last = members.len() - 1;
    for (at, (name, member)) in members.into_iter().enumerate() {
        let comma = if at == last { "" } else { "," };
        spread_into(out, format!("{indent}  {name}"), member, comma, room);
    }
    out.push(format!("{indent}{close}{tail}"));
}

/// Tells whether a value has more than one line of its own.
pub(super) fn is_long(shown: &Shown) -> bool {
    match shown {
        Shown::Value(Value::String(text)) => {
            text.contains('\n') || opened(&Value::from(text.as_str())) != *text
        }
        _ => false,
    }
}

/// Writes JSON in one line, with a space after `:` and `,`.
pub(super) fn json(value: &Value) -> String {
    let text = match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(json).collect();
            return format!("[{}]", items.join(", "));
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(k, v)| format!("{}: {}", json(&Value::from(k.as_str())), json(v)))
                .collect();
            return format!("{{ {} }}", members.join(", "));
        }
        other => other.to_string(),
    };
    visible(&text)
}

/// Escapes what JSON does not escape and a terminal would obey.
fn visible(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if commands(c) && c != '\n' {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// Opens JSON that is kept as text, as policy documents are.
fn opened(value: &Value) -> Value {
    if let Value::String(text) = value
        && text.trim_start().starts_with(['{', '['])
        && let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
    {
        return inner;
    }
    value.clone()
}

/// Puts the members of objects into the order of another value: their order means nothing, and must not look like a
/// difference.
fn arranged(value: &Value, like: &Value) -> Value {
    match (value, like) {
        (Value::Object(have), Value::Object(order)) => {
            let first = order.keys().filter(|k| have.contains_key(*k));
            let rest = have.keys().filter(|k| !order.contains_key(*k));
            first
                .chain(rest)
                .map(|k| {
                    (
                        k.clone(),
                        arranged(&have[k], order.get(k).unwrap_or(&Value::Null)),
                    )
                })
                .collect()
        }
        (Value::Array(have), Value::Array(order)) => have
            .iter()
            .enumerate()
            .map(|(i, v)| arranged(v, order.get(i).unwrap_or(&Value::Null)))
            .collect(),
        _ => value.clone(),
    }
}

fn short(digest: &str, style: &Style) -> String {
    let (name, digits) = digest.split_once(':').unwrap_or(("", digest));
    let digits = clean(digits);
    let mut text = if name.is_empty() {
        String::new()
    } else {
        format!("{}:", clean(name))
    };
    text.extend(digits.chars().take(DIGEST));
    if digits.chars().nth(DIGEST).is_some() {
        text.push_str(style.dots());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_in_one_line() {
        let unicode = Style::plain(80);
        let ascii = Style {
            unicode: false,
            ..unicode
        };
        for (shown, text) in [
            (Shown::NOTHING, "nothing"),
            (Shown::Secret, "(secret)"),
            (Shown::from("17"), "\"17\""),
            (Shown::from(17), "17"),
            (Shown::from(true), "true"),
            (Shown::from(json!(["a", 1])), "[\"a\", 1]"),
            (Shown::from(json!({})), "{}"),
            (
                Shown::from(json!({"a": [], "b": {"c": null}})),
                "{ \"a\": [], \"b\": { \"c\": null } }",
            ),
            (Shown::from("a\u{1b}\u{9b}b"), "\"a\\u001b\\u009bb\""),
            (
                Shown::Digest("0123456789abcdef".to_owned()),
                "0123456789ab…",
            ),
            (
                Shown::Digest("sha256:0123456789abcdef".to_owned()),
                "sha256:0123456789ab…",
            ),
            (Shown::Digest("0123".to_owned()), "0123"),
        ] {
            assert_eq!(inline(&shown, &unicode), text);
            assert_eq!(inline(&shown, &ascii), text.replace('…', "..."));
        }
    }

    #[test]
    fn new_values_take_as_few_lines_as_they_can() {
        let style = Style::plain(80);
        let value = Shown::from(json!({"a": [1, 2], "b": {"c": ["dddddd", "eeeeee"], "f": []}}));
        let of = |room| spread(&value, room, &style).join("\n");
        assert_eq!(of(80).lines().count(), 1);
        assert_eq!(
            of(24),
            "{\n  \"a\": [1, 2],\n  \"b\": {\n    \"c\": [\n      \"dddddd\",\n      \"eeeeee\"\n    ],\n    \
             \"f\": []\n  }\n}"
        );
        // one column decides
        assert!(
            of(30).contains("\n    \"c\": [\"dddddd\", \"eeeeee\"],\n"),
            "{}",
            of(30)
        );
        assert!(of(29).contains("\n    \"c\": [\n"));
        let text = Shown::from(r#"{"kept": ["as text"]}"#);
        assert_eq!(spread(&text, 10, &style).len(), 5);
        assert_eq!(spread(&Shown::from("a\nb"), 10, &style), ["a", "b"]);
    }

    #[test]
    fn order_of_members_is_no_difference() {
        let style = Style::plain(80);
        let before = Shown::from(r#"{"b":1,"z":0,"a":{"y":1,"x":2}}"#);
        let after = Shown::from(json!({"a": {"x": 2, "y": 1}, "b": 1}));
        assert_eq!(
            lines(&before, &after, &style).join("\n"),
            "{\n  \"a\": {\n    \"x\": 2,\n    \"y\": 1\n  },\n  \"b\": 1,\n  \"z\": 0\n}"
        );
    }
}
