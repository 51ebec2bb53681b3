//! What Scheduler would refuse, as far as it can be seen without a network.

use super::live::seconds;
use super::mark;
use super::spec::Spec;
use crate::model::Diagnostic;
use crate::resource::{Complaint, Facts, Input};

/// Finds what is wrong with an entry.
pub fn check(spec: &Spec, facts: &Facts) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut wrong = |path: &str, what: String| {
        found.push(Complaint {
            path: path.to_owned(),
            diagnostic: Diagnostic::error("Scheduler would refuse this schedule").detail(what),
        });
    };
    let text = |input: &Input<String>| facts.get(input).ok();
    let some = |input: &Option<Input<String>>| input.as_ref().and_then(text);
    for (path, name) in [("name", text(&spec.name)), ("group", some(&spec.group))] {
        if name.is_some_and(|n| !is_name(&n)) {
            wrong(
                path,
                "a name has 1 to 64 letters, digits and the characters -_.".to_owned(),
            );
        }
    }
    if let Some(description) = some(&spec.description) {
        let mark = mark::mark(&facts.stack.stack, &facts.addr.to_string());
        let room = mark::LONGEST.saturating_sub(mark.chars().count() + 1);
        if description.chars().count() > room {
            wrong(
                "description",
                format!("what says whose it is leaves room for {room} characters"),
            );
        }
    }
    if let Some(what) = text(&spec.expression).and_then(|e| expression_problem(e.trim())) {
        wrong("expression", what);
    }
    if some(&spec.timezone).is_some_and(|zone| !is_timezone(&zone)) {
        wrong(
            "timezone",
            "write it as in the IANA database: UTC, Europe/Berlin".to_owned(),
        );
    }
    if text(&spec.instance).is_some_and(|id| !is_instance(&id)) {
        wrong(
            "instance",
            "write the identifier of an instance: up to 63 letters, digits and hyphens".to_owned(),
        );
    }
    if text(&spec.role).is_some_and(|arn| !is_role(&arn)) {
        wrong("role", "write the ARN of a role".to_owned());
    }
    if some(&spec.until).is_some_and(|at| seconds(&at).is_none()) {
        wrong(
            "until",
            "write a moment with its offset, as 2027-01-31T00:00:00Z".to_owned(),
        );
    }
    if let Some(Ok(n)) = spec.retry_for.as_ref().map(|r| facts.get(r))
        && n != 0
        && !(60..=86400).contains(&n)
    {
        wrong("retry_for", "it is 0, or 60 to 86400 seconds".to_owned());
    }
    found
}

fn is_name(text: &str) -> bool {
    (1..=mark::LONGEST_NAME).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn is_timezone(text: &str) -> bool {
    (1..=50).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c))
}

fn is_instance(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn is_role(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", _, "iam", "", _, rest] if rest.starts_with("role/"))
}

/// Says what is wrong with the form of an expression (service model, ScheduleExpression).
fn expression_problem(text: &str) -> Option<String> {
    let inside = |kind: &str| {
        let rest = text.strip_prefix(kind)?.strip_prefix('(')?;
        rest.strip_suffix(')')
    };
    if let Some(inside) = inside("rate") {
        let units = ["minute", "minutes", "hour", "hours", "day", "days"];
        let parts: Vec<&str> = inside.split_whitespace().collect();
        let right = matches!(parts.as_slice(), [n, unit]
            if n.parse::<u32>().is_ok_and(|n| n > 0) && units.contains(unit));
        return (!right).then(|| "write a rate as rate(1 hour) or rate(3 days)".to_owned());
    }
    if let Some(inside) = inside("at") {
        let right = inside.parse::<jiff::civil::DateTime>().is_ok();
        return (!right).then(|| "write a time as at(2027-01-31T20:00:00)".to_owned());
    }
    if let Some(inside) = inside("cron") {
        let fields: Vec<&str> = inside.split_whitespace().collect();
        return match fields.as_slice() {
            [_, _, of_month, _, of_week, _] if (*of_month == "?") != (*of_week == "?") => None,
            [_, _, _, _, _, _] => Some(
                "exactly one of the days of the month and the days of the week is `?`, as in cron(0 20 ? * MON-FRI *)"
                    .to_owned(),
            ),
            _ => Some(
                "cron takes six fields: minutes hours days-of-month months days-of-week years"
                    .to_owned(),
            ),
        };
    }
    Some("write rate(…), cron(…) or at(…)".to_owned())
}
