//! Every resource as it is now.

use super::page::{Page, clean, len, pad, pretty, wrap};
use super::style::{Style, Tone};
use crate::model::Addr;
use serde::Serialize;
use std::collections::BTreeMap;

/// One resource as it is now, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusRow {
    /// The resource.
    #[serde(rename = "address")]
    pub addr: Addr,
    /// How far it is: `ready`, `creating`, `absent`.
    pub state: String,
    /// Whose it is: `ours`, `another stack's (other)`, `nobody's`.
    pub owner: String,
    /// The fields that are not as the file says.
    pub drift: Vec<String>,
    /// Further facts by name: endpoint, cost, when AWS restarts it.
    pub details: BTreeMap<String, String>,
}

/// What the owner of the stack's own resources is called; only others are shown to people.
const OURS: &str = "ours";

/// Writes a table of resources, with the details of each beneath it.
pub fn status_human(rows: &[StatusRow], style: &Style) -> String {
    let mut page = Page::new(style);
    if rows.is_empty() {
        page.line("Nothing is in the stack.");
        return page.finish();
    }
    let heads = ("ADDRESS", "STATE", "DRIFT");
    let addrs = rows.iter().map(|r| len(&r.addr.to_string()));
    let first = addrs.max().unwrap_or(0).max(len(heads.0));
    let states = rows.iter().map(|r| len(&clean(&r.state)));
    // a long state does not push the drift of all the others off the screen
    let second = states
        .filter(|l| *l <= 24)
        .max()
        .unwrap_or(0)
        .max(len(heads.1));
    let head = format!(
        "{}  {}  {}",
        pad(heads.0, first),
        pad(heads.1, second),
        heads.2
    );
    page.line(&style.paint(Tone::Faint, &head));
    for row in rows {
        let state = clean(&row.state);
        let addr = pad(&row.addr.to_string(), first);
        let begin = first + 2 + len(&state).max(second) + 2;
        let drift = if row.drift.is_empty() {
            "-".to_owned()
        } else {
            clean(&row.drift.join(", "))
        };
        let tone = if row.drift.is_empty() {
            Tone::Faint
        } else {
            Tone::Warning
        };
        let state =
            style.paint(Tone::Strong, &state) + &" ".repeat(second.saturating_sub(len(&state)));
        for (at, piece) in wrap(&drift, style.width, (begin, begin)).iter().enumerate() {
            let piece = style.paint(tone, piece);
            if at == 0 {
                page.line(&format!("{addr}  {state}  {piece}"));
            } else {
                page.line(&format!("{}{piece}", " ".repeat(begin)));
            }
        }
        details(&mut page, row);
    }
    page.finish()
}

fn details(page: &mut Page<'_>, row: &StatusRow) {
    let mut details: Vec<(&str, &str)> = Vec::new();
    if row.owner != OURS && !row.owner.is_empty() {
        details.push(("owner", &row.owner));
    }
    details.extend(row.details.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    let width = details.iter().map(|(name, _)| len(name)).max().unwrap_or(0);
    for (name, text) in details {
        let name = pad(&clean(name), width);
        page.prose(&format!("    {name}  "), Tone::Plain, text);
    }
}

/// Writes the resources for programs: `{"resources": […]}`.
pub fn status_json(rows: &[StatusRow]) -> String {
    pretty(&BTreeMap::from([("resources", rows)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<StatusRow> {
        let details = [
            ("endpoint", "db.example:5432"),
            ("restarts", "2026-03-01 09:00 UTC, by itself"),
        ];
        vec![
            StatusRow {
                addr: Addr::new("rds_instance", "main"),
                state: "stopped".to_owned(),
                owner: "ours".to_owned(),
                drift: vec![],
                details: details.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            },
            StatusRow {
                addr: Addr::new("iam_role", "a"),
                state: "ready".to_owned(),
                owner: "nobody's".to_owned(),
                drift: vec!["description".to_owned(), "assumed_by".to_owned()],
                details: BTreeMap::new(),
            },
        ]
    }

    #[test]
    fn the_table_is_aligned() {
        assert_eq!(
            status_human(&rows(), &Style::plain(44)),
            "ADDRESS            STATE    DRIFT
rds_instance.main  stopped  -
    endpoint  db.example:5432
    restarts  2026-03-01 09:00 UTC, by
              itself
iam_role.a         ready    description,
                            assumed_by
    owner  nobody's
"
        );
        assert_eq!(
            status_human(&[], &Style::plain(44)),
            "Nothing is in the stack.\n"
        );
    }

    #[test]
    fn programs_get_all_of_it() {
        assert_eq!(
            status_json(&rows()[1..]),
            r#"{
  "resources": [
    {
      "address": "iam_role.a",
      "state": "ready",
      "owner": "nobody's",
      "drift": [
        "description",
        "assumed_by"
      ],
      "details": {}
    }
  ]
}
"#
        );
    }
}
