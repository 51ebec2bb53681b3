//! What is wrong with the file: with the line, where the line may be shown.

use super::excerpt::{Excerpt, clipped, excerpt};
use super::page::{Page, clean, pretty, wrap};
use super::style::{Style, Tone};
use super::words::many;
use crate::model::{Diagnostic, Severity, Span, literals};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource,
    ThemeCharacters, ThemeStyles,
};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Writes diagnostics with their lines, errors first, and how many there are. `sources` holds the files' texts by name;
/// a line that is to be hidden is never printed, not even as the neighbour of another.
pub fn diagnostics_human(
    diagnostics: &[Diagnostic],
    sources: &BTreeMap<String, String>,
    style: &Style,
) -> String {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|d| d.severity);
    let mut page = Page::new(style);
    for diagnostic in sorted {
        let place = placed(diagnostic, diagnostics, sources);
        for line in one(diagnostic, place, style).lines() {
            page.line(line);
        }
        page.gap();
    }
    let counts: Vec<String> = [
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
    ]
    .into_iter()
    .map(|(s, one, more)| {
        (
            diagnostics.iter().filter(|d| d.severity == s).count(),
            one,
            more,
        )
    })
    .filter(|(count, _, _)| *count > 0)
    .map(|(count, one, more)| many(count, one, more))
    .collect();
    if !counts.is_empty() {
        page.prose("", Tone::Strong, &counts.join(", "));
    }
    page.finish()
}

/// Writes diagnostics for programs: `{"diagnostics": […]}`, in the given order.
pub fn diagnostics_json(diagnostics: &[Diagnostic]) -> String {
    pretty(&BTreeMap::from([("diagnostics", diagnostics)]))
}

/// A snippet that may be shown: the source, and how many lines around the span. With none around it miette shows the
/// span alone, without the rest of its line.
struct Snippet<'a> {
    span: &'a Span,
    source: &'a str,
    around: usize,
}

/// Finds out whether and how much of the source may be shown.
fn placed<'a>(
    diagnostic: &'a Diagnostic,
    all: &[Diagnostic],
    sources: &'a BTreeMap<String, String>,
) -> Option<Snippet<'a>> {
    let span = diagnostic.span.as_ref()?;
    let source = sources.get(&span.file)?;
    if diagnostic.hide_source || source.get(span.offset..span.offset + span.len).is_none() {
        return None;
    }
    let shown = rows(span, source)?;
    let hidden = all
        .iter()
        .filter(|d| d.hide_source)
        .filter_map(|d| d.span.as_ref())
        .filter(|s| s.file == span.file)
        .filter_map(|s| rows(s, source))
        .chain(literals(source).into_iter().map(|l| l.row..=l.row));
    let mut around = 1;
    for rows in hidden {
        let apart =
            |by: usize| *rows.end() + by < *shown.start() || *shown.end() + by < *rows.start();
        if !apart(0) {
            return None;
        }
        if !apart(1) {
            around = 0;
        }
    }
    Some(Snippet {
        span,
        source,
        around,
    })
}

/// The rows that a span covers, counted from 0. The row after the end is covered too where the span ends with a line
/// break, because miette shows it.
fn rows(span: &Span, source: &str) -> Option<RangeInclusive<usize>> {
    let count = |text: &str| text.bytes().filter(|b| *b == b'\n').count();
    let before = source.as_bytes().get(..span.offset)?;
    let first = before.iter().filter(|b| **b == b'\n').count();
    let inner = source.get(span.offset..(span.offset + span.len).min(source.len()))?;
    Some(first..=first + count(inner))
}

/// What miette writes before a message, and before help: `  × `, `  help: `.
const MARK: usize = 4;
const HELP: usize = 8;

/// Wraps text that miette writes so many columns from the left.
fn wrapped(text: &str, style: &Style, taken: usize) -> String {
    let lines = text
        .split('\n')
        .flat_map(|line| wrap(line, style.width, (taken, taken)));
    lines.collect::<Vec<_>>().join("\n")
}

fn one(diagnostic: &Diagnostic, snippet: Option<Snippet<'_>>, style: &Style) -> String {
    let mut message = clipped(clean(&style.typed(&diagnostic.summary)), style.dots());
    let subject = diagnostic.addr.as_ref().map(ToString::to_string);
    if let Some(addr) = &subject {
        message = format!("{addr}: {message}");
    }
    if !diagnostic.detail.is_empty() {
        let detail = clipped(clean(&style.typed(&diagnostic.detail)), style.dots());
        message = format!("{message}\n{detail}");
    }
    if let (None, Some(span)) = (&snippet, &diagnostic.span) {
        message = format!("{message}\nat {}", place(span));
    }
    let mut report = MietteDiagnostic::new(wrapped(&message, style, MARK)).with_severity(
        match diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        },
    );
    if let Some(help) = &diagnostic.help {
        report = report.with_help(wrapped(&clean(&style.typed(help)), style, HELP));
    }
    let around = snippet.as_ref().map_or(0, |s| s.around);
    let mut places = None;
    let report = match snippet {
        Some(Snippet { span, source, .. }) => {
            let shown = rows(span, source).map_or(0..=0, |rows| {
                rows.start().saturating_sub(around)..=rows.end() + around
            });
            let dots = style.dots();
            let cut = excerpt(&harmless(source), (span.offset, span.len), shown, dots);
            places = Some((bytewise(span, &cut), place(span)));
            let label = LabeledSpan::at(cut.offset..cut.offset + cut.len, "here");
            let source = NamedSource::new(&span.file, cut.source);
            miette::Report::new(report.with_label(label)).with_source_code(source)
        }
        None => miette::Report::new(report),
    };
    let theme = GraphicalTheme {
        characters: if style.unicode {
            ThemeCharacters::unicode()
        } else {
            ThemeCharacters::ascii()
        },
        styles: if style.color {
            ThemeStyles::ansi()
        } else {
            ThemeStyles::none()
        },
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .without_syntax_highlighting()
        // it would break commands, and at hyphens: the text is wrapped already
        .with_wrap_lines(false)
        .with_context_lines(around)
        .with_width(if style.width == 0 {
            1000
        } else {
            style.width.max(40)
        });
    let mut text = String::new();
    if handler.render_report(&mut text, report.as_ref()).is_err() {
        // it only fails where the span is not in the source, which was checked
        text = format!("{}\n", clean(&diagnostic.summary));
    }
    match places {
        Some((theirs, ours)) => text.replacen(&format!("[{theirs}]"), &format!("[{ours}]"), 1),
        None => text,
    }
}

/// A span's place as miette writes it, which counts a column in bytes. People and editors count characters.
fn bytewise(span: &Span, cut: &Excerpt) -> String {
    let before = cut.source.get(..cut.offset).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    format!("{}:{}:{}", span.file, span.line, before.len() - line + 1)
}

/// Takes away what commands a terminal, byte for byte, so that places stay what they are.
fn harmless(source: &str) -> String {
    source
        .chars()
        .flat_map(|c| {
            let bad = super::page::commands(c) && !matches!(c, '\n' | '\r' | '\t');
            let (shown, times) = if bad { ('?', c.len_utf8()) } else { (c, 1) };
            std::iter::repeat_n(shown, times)
        })
        .collect()
}

fn place(span: &Span) -> String {
    format!("{}:{}:{}", span.file, span.line, span.column)
}

/// Writes a diagnostic without its line, for lists among other things.
pub(super) fn brief(page: &mut Page<'_>, diagnostic: &Diagnostic) {
    let (word, tone) = match diagnostic.severity {
        Severity::Error => ("error", Tone::Error),
        Severity::Warning => ("warning", Tone::Warning),
    };
    let mut head = String::new();
    if let Some(addr) = &diagnostic.addr {
        head.push_str(&format!("{addr}: "));
    }
    head.push_str(&diagnostic.summary);
    if let Some(span) = &diagnostic.span {
        head.push_str(&format!(" ({})", place(span)));
    }
    page.prose("", tone, &format!("{word}: {head}"));
    if !diagnostic.detail.is_empty() {
        page.prose("  ", Tone::Plain, &diagnostic.detail);
    }
    if let Some(help) = &diagnostic.help {
        page.prose("  help: ", Tone::Wait, help);
    }
}

#[cfg(test)]
#[path = "diagnostics_tests.rs"]
mod tests;
