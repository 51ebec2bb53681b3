//! The plan, for people and for programs.

use super::page::{Page, clean, pretty};
use super::style::{Style, Tone};
use super::words::many;
use super::{change, diagnostics};
use crate::model::{Action, Addr, Change, Orphan, Plan, PlanOptions, Purpose, Summary};

/// Writes a plan for people. `verbose` adds what stays as it is, the order, and the calls.
pub fn plan_human(plan: &Plan, style: &Style, verbose: bool) -> String {
    let mut page = Page::new(style);
    page.prose("", Tone::Strong, &header(plan));
    if !plan.options.only.is_empty() {
        let only: Vec<String> = plan.options.only.iter().map(ToString::to_string).collect();
        page.prose("Only: ", Tone::Plain, &only.join(", "));
    }
    let allowed = allowed(&plan.options);
    if !allowed.is_empty() {
        page.prose("Allowed: ", Tone::Plain, &allowed.join(", "));
    }
    for change in &plan.changes {
        if change.is_change() {
            page.gap();
            change::write(&mut page, change, verbose);
        }
    }
    let kept: Vec<&Change> = plan.changes.iter().filter(|c| !c.is_change()).collect();
    let (remarkable, ordinary): (Vec<&Change>, Vec<&Change>) =
        kept.into_iter().partition(|c| remarkable(c));
    let shown = if verbose { ordinary } else { Vec::new() };
    page.gap();
    for change in remarkable.iter().copied().chain(shown) {
        change::write_kept(&mut page, change);
    }
    orphans(&mut page, plan);
    for warning in &plan.warnings {
        page.gap();
        diagnostics::brief(&mut page, warning);
    }
    page.gap();
    close(&mut page, plan, unlooked(plan));
    page.finish()
}

/// Writes a plan for programs: the plan's own JSON, indented.
pub fn plan_json(plan: &Plan) -> String {
    pretty(plan)
}

/// What the user permitted, as it is written on the command line: a saved plan brings it along.
fn allowed(options: &PlanOptions) -> Vec<String> {
    let named = |option: &str, addrs: &[Addr]| {
        let of = addrs.iter().map(|a| format!("{option} {a}"));
        of.collect::<Vec<_>>()
    };
    let mut all = named("--adopt", &options.adopt);
    all.extend(named("--allow-replace", &options.allow_replace));
    all.extend(named("--allow-data-loss", &options.allow_data_loss));
    let flags = [
        (options.prune, "--prune"),
        (options.skip_final_snapshot, "--skip-final-snapshot"),
    ];
    all.extend(
        flags
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, flag)| (*flag).to_owned()),
    );
    all
}

fn header(plan: &Plan) -> String {
    let what = match plan.purpose {
        Purpose::Apply => "Plan for stack",
        Purpose::Destroy => "Plan to destroy stack",
    };
    let place = place(plan);
    format!(
        "{what} {}{}{place}",
        plan.stack,
        if place.is_empty() { "" } else { ", " }
    )
}

/// Where the stack is, as far as it is known.
pub(super) fn place(plan: &Plan) -> String {
    let mut parts = Vec::new();
    if !plan.account.is_empty() {
        parts.push(format!("account {}", plan.account));
    }
    if !plan.region.is_empty() {
        parts.push(format!("region {}", plan.region));
    }
    parts.join(", ")
}

/// Tells whether something stays as it is for a reason that must not be overlooked. This is about what is shown only.
fn remarkable(change: &Change) -> bool {
    is_unlooked(change) || change.reason.starts_with("not ours") || change.refused.is_some()
}

fn is_unlooked(change: &Change) -> bool {
    change.action == Action::NoOp && change.reason.starts_with("not looked at")
}

fn unlooked(plan: &Plan) -> usize {
    plan.changes.iter().filter(|c| is_unlooked(c)).count()
}

fn orphans(page: &mut Page<'_>, plan: &Plan) {
    let left: Vec<&Orphan> = plan
        .orphans
        .iter()
        .filter(|o| {
            !plan.changes.iter().any(|c| {
                c.action == Action::Delete && (c.id.as_ref() == Some(&o.id) || c.addr == o.addr)
            })
        })
        .collect();
    if left.is_empty() {
        return;
    }
    page.heading(
        Tone::Warning,
        "No longer in stack.yaml, and left as they are:",
    );
    for orphan in &left {
        let mut line = format!("{} ({})", orphan.addr, clean(&orphan.id));
        if orphan.holds_data {
            line.push_str(", holds data");
        }
        page.prose("  ", Tone::Plain, &line);
    }
    let data = left.iter().any(|o| o.holds_data);
    let how = match (plan.options.prune, data) {
        (true, _) => "What holds data needs --allow-replace ADDR besides --prune.",
        (false, true) => {
            "`cruddur-infra apply --prune` removes them; what holds data needs --allow-replace ADDR besides."
        }
        (false, false) => "`cruddur-infra apply --prune` removes them.",
    };
    page.prose("  ", Tone::Plain, how);
}

fn close(page: &mut Page<'_>, plan: &Plan, unlooked: usize) {
    let mut last = if plan.is_empty() {
        match (plan.purpose, unlooked) {
            (Purpose::Apply, 0) => "Nothing to do: AWS matches stack.yaml.".to_owned(),
            (Purpose::Destroy, 0) => "Nothing to do: nothing of the stack is there.".to_owned(),
            (_, _) => "Nothing to do, as far as could be seen.".to_owned(),
        }
    } else {
        counts(&plan.summary)
    };
    if unlooked > 0 {
        let are = many(
            unlooked,
            "entry was not looked at",
            "entries were not looked at",
        );
        last.push_str(&format!(" {are}."));
    }
    page.prose("", Tone::Strong, &last);
    let refused = plan.changes.iter().filter(|c| c.refused.is_some()).count();
    if refused > 0 {
        let text = many(refused, "change is refused", "changes are refused");
        let command = match plan.purpose {
            Purpose::Apply => "apply",
            Purpose::Destroy => "destroy",
        };
        let text = format!("{text}: {command} does not do that as it stands.");
        page.prose("", Tone::Error, &text);
    }
}

fn counts(summary: &Summary) -> String {
    let parts: Vec<String> = [
        (summary.create, "to create"),
        (summary.update, "to update"),
        (summary.replace, "to replace"),
        (summary.delete, "to delete"),
        (summary.adopt, "to adopt"),
        (summary.wait, "to wait for"),
        (summary.forget, "to forget"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    format!("Plan: {}.", parts.join(", "))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
