//! What can be said about a script without a database.

use super::live::ledger_name;
use super::spec::Spec;
use crate::model::Diagnostic;
use crate::pg::script::{digest, split};
use crate::resource::{Claims, Complaint, Facts};
use serde_json::{Value, json};

/// Returns what other scripts may check about it. The database is only a digest of how it is written.
pub fn claims(spec: &Spec, facts: &Facts) -> Value {
    json!({
        "name": ledger_name(spec, facts),
        "database": digest(spec.database.0.to_string().as_bytes()),
    })
}

/// Finds what is wrong with the script.
pub fn check(spec: &Spec, facts: &Facts, others: &Claims) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut say = |path: &str, diagnostic: Diagnostic| {
        found.push(Complaint {
            path: path.to_owned(),
            diagnostic,
        });
    };
    if spec
        .name
        .as_ref()
        .is_some_and(|name| name.trim().is_empty())
    {
        say("name", Diagnostic::error("the name is empty"));
    }
    let own = claims(spec, facts);
    let twin = others.iter().find(|(addr, claims)| {
        addr.kind == facts.addr.kind && **addr != facts.addr && **claims == own
    });
    if let Some((addr, _)) = twin {
        say(
            "name",
            Diagnostic::error("two scripts have one name in one database").detail(format!(
                "{addr} has it too. The database remembers only the last of them, and each would run again every time."
            )),
        );
    }
    // where the file could not be had, the loader has said why
    if let Ok(asset) = facts.asset(&spec.request()) {
        let file = spec.file.display();
        match std::str::from_utf8(&asset.bytes) {
            Err(e) => {
                let (line, column) = place(&asset.bytes[..e.valid_up_to()]);
                say(
                    "file",
                    Diagnostic::error("the script is not a text in UTF-8")
                        .detail(format!("{file}:{line}:{column}: this byte is not UTF-8."))
                        .help("save the file as UTF-8"),
                );
            }
            Ok(text) => match split(text) {
                Err(e) => say(
                    "file",
                    Diagnostic::error("the script cannot be run").detail(format!("{file}:{e}")),
                ),
                Ok(statements) if statements.is_empty() => say(
                    "file",
                    Diagnostic::warning("the script is empty")
                        .detail(format!("{file} holds no statement.")),
                ),
                Ok(_) => {}
            },
        }
    }
    found
}

/// Returns line and column behind some bytes that are UTF-8.
fn place(before: &[u8]) -> (usize, usize) {
    let text = String::from_utf8_lossy(before);
    let line = text.matches('\n').count() + 1;
    let column = text.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}
