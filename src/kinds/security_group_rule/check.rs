//! What is wrong with a spec beyond its types. What is not known yet is not judged.

use super::desired::{is_personal, ports};
use super::source::Source;
use super::spec::{Protocol, Spec};
use crate::model::Diagnostic;
use crate::resource::{Claims, Complaint, Facts, Input};
use serde_json::{Value, json};

/// What a description may hold besides letters and digits (aws-facts §2.3).
const PUNCTUATION: &str = " ._-:/()#,@[]+=&;{}!$*";

/// Returns what others may know: EC2 takes each definition once in a group.
pub fn claims(spec: &Spec, facts: &Facts) -> Value {
    let written = |input: &Input<String>| match input {
        Input::Known(text) => text.clone(),
        Input::Template(template) => facts.get(input).unwrap_or_else(|_| template.to_string()),
    };
    match ports(spec, facts) {
        Ok((from, to)) => json!({
            "group": written(&spec.security_group),
            "from": written(&spec.from),
            "ports": [from, to],
            "protocol": spec.protocol.name(),
        }),
        Err(_) => Value::Null,
    }
}

/// Finds what is wrong.
pub fn check(spec: &Spec, facts: &Facts, others: &Claims) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut add = |path: &str, diagnostic: Diagnostic| {
        found.push(Complaint {
            path: path.to_owned(),
            diagnostic,
        });
    };
    if let Ok(group) = facts.get(&spec.security_group)
        && !group.starts_with("sg-")
    {
        add(
            "security_group",
            Diagnostic::error(format!("`{group}` is not the id of a security group")).help(
                "write the id, sg-0123456789abcdef0, or ${rds_instance.main.security_group_id}",
            ),
        );
    }
    if !is_personal(spec)
        && let Ok(text) = facts.get(&spec.from)
    {
        match Source::parse(&text) {
            Err(e) => add("from", Diagnostic::error(e.what).help(e.help)),
            Ok(source) => {
                for diagnostic in remarks(&source) {
                    add("from", diagnostic);
                }
                if spec.protocol == Protocol::Icmp && source.is_v6() {
                    add(
                        "protocol",
                        Diagnostic::error("ICMP with IPv6 addresses")
                            .help("write `protocol: icmpv6`"),
                    );
                }
            }
        }
    }
    if let Err(u) = ports(spec, facts) {
        let path = if spec.port.is_some() { "port" } else { "" };
        for wrong in u.wrong {
            add(path, Diagnostic::error(wrong));
        }
    }
    if let Some(input) = &spec.description
        && let Ok(text) = facts.get(input)
    {
        let bad: String = text
            .chars()
            .filter(|c| !c.is_ascii_alphanumeric() && !PUNCTUATION.contains(*c))
            .collect();
        if !bad.is_empty() {
            add(
                "description",
                Diagnostic::error(format!("EC2 allows no `{bad}` in a description")).help(format!(
                    "use letters, digits, blanks and {}",
                    PUNCTUATION.trim()
                )),
            );
        }
        if text.chars().count() > 255 {
            add(
                "description",
                Diagnostic::error("the description is too long").help("use up to 255 characters"),
            );
        }
    }
    for key in spec.tags.keys() {
        let lower = key.to_ascii_lowercase();
        if lower.starts_with("aws:") || lower.starts_with("cruddur-infra:") {
            add(
                &format!("tags.{key}"),
                Diagnostic::error(format!("the tag `{key}` is reserved"))
                    .help("choose another key"),
            );
        } else if key.is_empty() || key.chars().count() > 127 {
            add(
                &format!("tags.{key}"),
                Diagnostic::error("this cannot be the key of a tag")
                    .help("use 1 to 127 characters"),
            );
        }
    }
    let mine = claims(spec, facts);
    let twin = others.iter().find(|(addr, claim)| {
        **addr < facts.addr && addr.kind == facts.addr.kind && !mine.is_null() && **claim == mine
    });
    if let Some((addr, _)) = twin {
        add(
            "",
            Diagnostic::error(format!("{addr} is the same rule"))
                .detail("A security group holds each protocol, range of ports and source once; descriptions do not count.")
                .help("remove one of the two"),
        );
    }
    found
}

/// Says what a source means that may not be meant.
pub fn remarks(source: &Source) -> Vec<Diagnostic> {
    let mut all = Vec::new();
    if source.is_everyone() {
        all.push(
            Diagnostic::warning("the rule opens to the world")
                .detail(format!("{source} admits every address there is."))
                .help("write `from: current_ip`, or the network that needs it"),
        );
    }
    if source.is_v6() {
        all.push(
            Diagnostic::warning("an IPv6 source")
                .detail("A publicly accessible RDS instance has no IPv6 address, so this rule opens no way to one.")
                .help("write an IPv4 network where the rule is for a database"),
        );
    }
    all
}
