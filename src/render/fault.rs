//! A call that failed, for people.

use super::page::{Page, clean, pretty};
use super::style::{Style, Tone};
use super::words;
use crate::model::{Addr, Fault};

/// Writes a fault: what was called, what came back, what is left behind, and what to do.
pub fn fault_human(addr: Option<&Addr>, fault: &Fault, style: &Style) -> String {
    let mut page = Page::new(style);
    write(&mut page, addr, fault, "");
    page.finish()
}

/// Writes a fault at an indent.
pub(super) fn write(page: &mut Page<'_>, addr: Option<&Addr>, fault: &Fault, indent: &str) {
    let mark = page.style.paint(Tone::Error, page.style.cross());
    let subject = match addr {
        Some(addr) => page.style.paint(Tone::Strong, &addr.to_string()) + ": ",
        None => String::new(),
    };
    let code = fault.code.as_deref().map(|c| format!(": {}", clean(c)));
    let head = format!("{}{}", clean(&fault.op), code.unwrap_or_default());
    page.line(&format!("{indent}{mark} {subject}{head}"));
    let inner = format!("{indent}    ");
    page.prose(&inner, Tone::Plain, &fault.message);
    if let Some(id) = &fault.request_id {
        page.prose(&format!("{inner}request: "), Tone::Faint, id);
    }
    let left = format!("{inner}left behind: ");
    page.prose(&left, Tone::Plain, words::residue(fault.residue));
    if let Some(help) = &fault.help {
        page.prose(&format!("{inner}help: "), Tone::Wait, help);
    }
    statements(page, &inner, fault);
}

/// Writes what would allow a denied call, as it goes into a policy: lines are not wrapped, so that they can be copied.
fn statements(page: &mut Page<'_>, inner: &str, fault: &Fault) {
    let what = match fault.statements.len() {
        0 => return,
        1 => "this statement allows it:",
        _ => "these statements allow it:",
    };
    page.line(&format!("{inner}{what}"));
    let last = fault.statements.len() - 1;
    for (at, statement) in fault.statements.iter().enumerate() {
        let comma = if at < last { "," } else { "" };
        let text = format!("{}{comma}", clean(&pretty(statement)));
        for line in text.lines() {
            page.line(&format!("{inner}  {line}"));
        }
    }
}

/// A fault in one line, for the progress.
pub(super) fn brief(fault: &Fault) -> String {
    clean(&fault.to_string()).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Class, Residue};

    fn fault() -> Fault {
        let mut fault = Fault::new(
            "rds:CreateDBInstance",
            Class::Denied,
            "User may not.\nAt all.",
        );
        fault.code = Some("AccessDenied".to_owned());
        fault.request_id = Some("1-2-3".to_owned());
        fault.help("allow the caller `rds:CreateDBInstance`")
    }

    #[test]
    fn a_fault_says_what_remains_and_what_to_do() {
        let addr = Addr::new("rds_instance", "main");
        assert_eq!(
            fault_human(Some(&addr), &fault(), &Style::plain(80)),
            "✗ rds_instance.main: rds:CreateDBInstance: AccessDenied
    User may not.
    At all.
    request: 1-2-3
    left behind: nothing was changed
    help: allow the caller `rds:CreateDBInstance`
"
        );
    }

    #[test]
    fn statements_are_whole_lines_that_can_be_copied() {
        let mut fault = fault();
        let arn = format!("arn:aws:iam::123456789012:role/{}", "long".repeat(20));
        fault.statements = vec![
            serde_json::json!({"Effect": "Allow", "Action": "iam:CreateRole", "Resource": arn}),
            serde_json::json!({"Effect": "Allow", "Action": "iam:TagRole", "Resource": "*"}),
        ];
        let text = fault_human(None, &fault, &Style::plain(60));
        let (_, json) = text.split_once("these statements allow it:\n").unwrap();
        let back: serde_json::Value = serde_json::from_str(&format!("[{json}]")).unwrap();
        assert_eq!(back, serde_json::json!(fault.statements));
        fault.statements.truncate(1);
        let text = fault_human(None, &fault, &Style::plain(60));
        let (_, json) = text.split_once("this statement allows it:\n").unwrap();
        assert!(json.starts_with("      {\n"), "{json}");
        assert!(serde_json::from_str::<serde_json::Value>(json).is_ok());
    }

    #[test]
    fn residues_are_told_in_words() {
        let ascii = Style {
            color: false,
            unicode: false,
            width: 50,
            invoked: None,
        };
        for (residue, text) in [
            (Residue::Nothing, "nothing was changed"),
            (
                Residue::Remains,
                "it remains, and the next run goes\n                 on from it",
            ),
            (
                Residue::Unknown,
                "it cannot be told what was\n                 changed; the next run looks",
            ),
        ] {
            let fault = Fault::new("look", Class::Bug, "no").residue(residue);
            assert_eq!(
                fault_human(None, &fault, &ascii),
                format!("!! look\n    no\n    left behind: {text}\n")
            );
        }
    }

    #[test]
    fn colours() {
        let style = Style {
            color: true,
            unicode: true,
            width: 80,
            invoked: None,
        };
        let fault = Fault::new("look", Class::Bug, "no").help("wait");
        assert_eq!(
            fault_human(Some(&Addr::new("a", "b")), &fault, &style),
            "\u{1b}[1m\u{1b}[31m✗\u{1b}[0m \u{1b}[1ma.b\u{1b}[0m: look
    no
    left behind: nothing was changed
    help: \u{1b}[36mwait\u{1b}[0m
"
        );
    }
}
