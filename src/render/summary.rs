//! How a run ended, and what to type next.

use super::page::Page;
use super::record::Record;
use super::style::{Style, Tone};
use super::words::many;
use super::{duration, fault};
use crate::model::{Addr, Class, RunSummary};

/// What was typed, so that the advice can be typed as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invocation<'a> {
    /// The program with its global options, `cruddur-infra --sandbox`.
    pub program: &'a str,
    /// The command, `apply`.
    pub command: &'a str,
}

/// Writes how a run ended: what is done, still going on, failed and not begun, and the next command.
pub fn run_summary_human(
    summary: &RunSummary,
    record: &Record,
    typed: Invocation<'_>,
    style: &Style,
) -> String {
    let mut page = Page::new(style);
    names(&mut page, "Done", &summary.done);
    if !summary.accepted.is_empty() {
        page.heading(Tone::Wait, "Still going on:");
    }
    for addr in &summary.accepted {
        with(&mut page, addr, record.statuses.get(addr));
    }
    let (failed, left) = failed_and_left(summary, record);
    if !left.is_empty() {
        page.heading(Tone::Warning, "Not waited for any longer; AWS carries on:");
    }
    for addr in &left {
        page.line(&format!("  {addr}"));
    }
    if !failed.is_empty() {
        page.heading(Tone::Error, "Failed:");
    }
    for addr in failed.iter().copied() {
        match record.fault(addr) {
            Some(f) => fault::write(&mut page, Some(addr), f, "  "),
            None => page.line(&format!("  {addr}")),
        }
    }
    if !summary.skipped.is_empty() {
        page.heading(Tone::Warning, "Not begun:");
    }
    for addr in &summary.skipped {
        with(&mut page, addr, record.because.get(addr));
    }
    let (tone, text) = ending(summary, (failed.len(), left.len()), typed.command);
    page.heading(tone, &text);
    if let Some(next) = next(summary, !failed.is_empty(), typed) {
        page.prose("Next: ", Tone::Plain, &next);
    }
    page.finish()
}

fn names(page: &mut Page<'_>, heading: &str, addrs: &[Addr]) {
    if !addrs.is_empty() {
        let list: Vec<String> = addrs.iter().map(ToString::to_string).collect();
        page.prose(&format!("{heading}: "), Tone::Plain, &list.join(", "));
    }
}

fn with(page: &mut Page<'_>, addr: &Addr, more: Option<&String>) {
    match more {
        Some(more) => page.prose(&format!("  {addr}: "), Tone::Plain, more),
        None => page.line(&format!("  {addr}")),
    }
}

/// A step whose wait was cut short did not fail: there is nothing to mend.
fn failed_and_left<'a>(summary: &'a RunSummary, record: &Record) -> (Vec<&'a Addr>, Vec<&'a Addr>) {
    let was_left = |addr: &&Addr| {
        record
            .fault(addr)
            .is_some_and(|f| f.class == Class::Interrupted)
    };
    let (left, failed) = summary.failed.iter().partition(was_left);
    (failed, left)
}

fn ending(summary: &RunSummary, (failed, left): (usize, usize), command: &str) -> (Tone, String) {
    let counts: Vec<String> = [
        (summary.done.len(), "done"),
        (summary.accepted.len(), "still going on"),
        (left, "left waiting"),
        (failed, "failed"),
        (summary.skipped.len(), "not begun"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let counts = if counts.is_empty() {
        many(0, "step", "steps")
    } else {
        counts.join(", ")
    };
    let (tone, how) = if summary.interrupted {
        (Tone::Warning, "was interrupted")
    } else if !summary.complete() {
        (Tone::Error, "is not complete")
    } else if summary.accepted.is_empty() {
        (Tone::Add, "is complete")
    } else {
        (Tone::Wait, "is accepted")
    };
    let took = duration(summary.seconds);
    (tone, format!("{command} {how} after {took}: {counts}."))
}

fn next(summary: &RunSummary, failed: bool, typed: Invocation<'_>) -> Option<String> {
    let Invocation { program, command } = typed;
    if failed {
        return Some(format!(
            "mend what failed, then `{program} {command}` again; it goes on from what is there."
        ));
    }
    if summary.interrupted || !summary.skipped.is_empty() {
        return Some(format!(
            "`{program} {command}` again; it goes on from what is there."
        ));
    }
    if !summary.accepted.is_empty() {
        return Some(format!("`{program} status` tells how far it is."));
    }
    (command == "apply").then(|| format!("`{program} status` shows what is there."))
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
