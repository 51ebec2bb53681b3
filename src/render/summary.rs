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
    /// The command with the options that decide what it does, `apply --prune`.
    pub command: &'a str,
}

/// Writes how a run ended: what is done, still going on, failed, unknown and not begun, and the next command.
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
    let ends = Ends::of(summary, record);
    if !ends.left.is_empty() {
        page.heading(Tone::Warning, "Not waited for any longer; AWS carries on:");
    }
    for addr in &ends.left {
        page.line(&format!("  {addr}"));
    }
    faults(&mut page, "Failed:", &ends.failed, record);
    let heading = "Unknown, because an answer was lost or cut off:";
    faults(&mut page, heading, &ends.unknown, record);
    if !summary.skipped.is_empty() {
        page.heading(Tone::Warning, "Not begun:");
    }
    for addr in &summary.skipped {
        with(&mut page, addr, record.because.get(addr));
    }
    let (tone, text) = ending(summary, &ends, typed.command);
    page.heading(tone, &text);
    if let Some(next) = next(summary, &ends, typed) {
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

fn faults(page: &mut Page<'_>, heading: &str, addrs: &[&Addr], record: &Record) {
    if !addrs.is_empty() {
        page.heading(Tone::Error, heading);
    }
    for addr in addrs.iter().copied() {
        match record.fault(addr) {
            Some(f) => fault::write(page, Some(addr), f, "  "),
            None => page.line(&format!("  {addr}")),
        }
    }
}

/// What became of the steps that were not done.
struct Ends<'a> {
    /// There is something to mend.
    failed: Vec<&'a Addr>,
    /// Nobody can tell what they have changed.
    unknown: Vec<&'a Addr>,
    /// Their wait was cut short: they did not fail, and there is nothing to mend.
    left: Vec<&'a Addr>,
}

impl<'a> Ends<'a> {
    fn of(summary: &'a RunSummary, record: &Record) -> Self {
        let was_left = |addr: &&Addr| {
            record
                .fault(addr)
                .is_some_and(|f| f.class == Class::Interrupted)
        };
        let (unknown, known): (Vec<&Addr>, Vec<&Addr>) = summary
            .failed
            .iter()
            .partition(|addr| summary.unknown.contains(addr));
        let (left, failed) = known.into_iter().partition(was_left);
        Ends {
            failed,
            unknown,
            left,
        }
    }
}

fn ending(summary: &RunSummary, ends: &Ends<'_>, command: &str) -> (Tone, String) {
    // without its options
    let command = command.split(' ').next().unwrap_or(command);
    let counts: Vec<String> = [
        (summary.done.len(), "done"),
        (summary.accepted.len(), "still going on"),
        (ends.left.len(), "left waiting"),
        (ends.failed.len(), "failed"),
        (ends.unknown.len(), "unknown"),
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

fn next(summary: &RunSummary, ends: &Ends<'_>, typed: Invocation<'_>) -> Option<String> {
    let Invocation { program, command } = typed;
    if !ends.failed.is_empty() {
        return Some(format!(
            "mend what failed, then `{program} {command}` again; it goes on from what is there."
        ));
    }
    if !ends.unknown.is_empty() {
        return Some(format!(
            "`{program} {command}` again; it looks first at what is unknown, and goes on from what is there."
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
    command
        .starts_with("apply")
        .then(|| format!("`{program} status` shows what is there."))
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
