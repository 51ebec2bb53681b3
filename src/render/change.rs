//! One change of a plan, as a block of lines.

use super::page::{Page, clean, len, pad, wrap};
use super::style::{Style, Tone};
use super::{block, value, words};
use crate::model::{Action, Change, FieldChange};

/// Where fields begin.
const FIELDS: usize = 6;
/// Paths longer than this do not push the values of all the others to the right.
const PATH: usize = 40;
/// A value in one line is not longer than this, however wide the terminal is.
const READABLE: usize = 120;

/// Writes a change: what, why, field by field, and why it is refused.
pub(super) fn write(page: &mut Page<'_>, change: &Change, verbose: bool) {
    header(page, change);
    for why in change.refused.iter().flat_map(|all| all.lines()) {
        let lead = format!("    {}", page.style.paint(Tone::Error, "REFUSED"));
        hanging(page, &lead, "    REFUSED", why);
    }
    let paths = change.diff.0.iter().map(|f| len(&clean(&f.path)));
    let widest = paths.filter(|l| *l <= PATH).max().unwrap_or(0);
    let rows: Vec<Row> = change
        .diff
        .0
        .iter()
        .map(|f| Row::new(f, change.action, page.style, widest))
        .collect();
    let inline = rows
        .iter()
        .filter(|r| r.inline.is_some())
        .map(|r| len(&r.path));
    let column = inline.filter(|l| *l <= PATH).max().unwrap_or(0);
    for row in &rows {
        row.write(page, column);
        // the planner usually gives a field's own reason as the refusal, and once is enough
        if let Some(why) = &row.field.why
            && !change.refused.as_ref().is_some_and(|r| r.contains(why))
        {
            page.prose(&" ".repeat(FIELDS + 2), Tone::Plain, why);
        }
    }
    if !change.deferred.is_empty() {
        let refs: Vec<String> = change.deferred.iter().map(ToString::to_string).collect();
        page.prose(
            "      ",
            Tone::Faint,
            &format!("known after {}", refs.join(", ")),
        );
    }
    if verbose {
        details(page, change);
    }
}

/// Writes a change that does nothing, in one line.
pub(super) fn write_kept(page: &mut Page<'_>, change: &Change) {
    header(page, change);
}

fn header(page: &mut Page<'_>, change: &Change) {
    let sign = format!("{:>3}", words::sign(change.action, page.style));
    let order = pad(words::order(change.action), 7);
    let addr = change.addr.to_string();
    let mut shown = format!("{sign} {order} {addr}");
    let mut lead = format!(
        "{} {}",
        page.style
            .paint(words::tone(change.action), &format!("{sign} {order}")),
        page.style.paint(Tone::Strong, &addr)
    );
    if let Some(id) = &change.id {
        shown.push_str(&format!(" ({})", clean(id)));
        lead.push_str(&format!(" ({})", clean(id)));
    }
    let mut reason = change.reason.as_str();
    if !change.deferred.is_empty()
        && let Some((first, _)) = reason.split_once("known after")
    {
        // the rest is said below, with the very outputs that are missing
        reason = first.trim_end_matches("; ");
    }
    if reason.is_empty() {
        page.line(&lead);
        return;
    }
    hanging(page, &lead, &shown, reason);
}

/// Adds `lead: text`, where `plain` is the lead without colours, which take no columns.
fn hanging(page: &mut Page<'_>, lead: &str, plain: &str, text: &str) {
    let text = clean(&page.style.typed(text)).replace('\n', " ");
    let width = page.style.width;
    if width > 0 && len(plain) + 2 + len(&text).min(20) > width {
        page.line(&format!("{lead}:"));
        page.prose(&" ".repeat(FIELDS), Tone::Plain, &text);
        return;
    }
    let lines = wrap(&text, width, (len(plain) + 2, FIELDS));
    for (at, line) in lines.iter().enumerate() {
        if at == 0 {
            page.line(&format!("{lead}: {line}"));
        } else {
            page.line(&format!("{}{line}", " ".repeat(FIELDS)));
        }
    }
}

struct Row<'a> {
    field: &'a FieldChange,
    /// The whole object is new, and there is nothing to compare.
    new: bool,
    path: String,
    /// The value, where it has room in one line.
    inline: Option<String>,
    /// The columns that it takes there; colours take none.
    columns: usize,
    notes: String,
}

impl<'a> Row<'a> {
    fn new(field: &'a FieldChange, action: Action, style: &Style, widest: usize) -> Self {
        let mut notes: Vec<&str> = Vec::new();
        notes.extend(words::force(field.force));
        notes.extend(words::effect(field.effect));
        let notes = if notes.is_empty() {
            String::new()
        } else {
            format!("({})", notes.join("; "))
        };
        let path = clean(&field.path);
        let plain = one_line(
            field,
            &Style {
                color: false,
                ..*style
            },
        );
        let fits = FIELDS + len(&path).max(widest) + 2 + len(&plain) <= readable(style);
        let long = value::is_long(&field.before) || value::is_long(&field.after);
        Row {
            field,
            new: action == Action::Create,
            inline: (fits && !long).then(|| one_line(field, style)),
            columns: len(&plain),
            path,
            notes,
        }
    }

    fn write(&self, page: &mut Page<'_>, column: usize) {
        let indent = " ".repeat(FIELDS);
        let note = page.style.paint(Tone::Warning, &self.notes);
        match &self.inline {
            Some(text) => {
                let path = pad(&self.path, column);
                let taken = FIELDS + len(&path) + 2 + self.columns;
                if page.style.width > 0 && taken + 2 + len(&self.notes) > page.style.width {
                    page.line(&format!("{indent}{path}  {text}"));
                    page.line(&format!("{}{note}", " ".repeat(FIELDS + 2)));
                } else {
                    page.line(&format!("{indent}{path}  {text}  {note}"));
                }
            }
            None if self.new => {
                page.line(&format!("{indent}{}  {note}", self.path));
                let room = readable(page.style).saturating_sub(FIELDS + 2);
                let lines = value::spread(&self.field.after, room, page.style);
                block::write_new(page, FIELDS + 2, &lines);
            }
            None => {
                page.line(&format!("{indent}{}  {note}", self.path));
                let FieldChange { before, after, .. } = self.field;
                let old = value::lines(before, after, page.style);
                let new = value::lines(after, after, page.style);
                block::write(page, FIELDS + 2, &old, &new);
            }
        }
    }
}

/// How far a line may go.
fn readable(style: &Style) -> usize {
    match style.width {
        0 => READABLE,
        width => width.min(READABLE),
    }
}

/// `before → after`; only `after` where nothing was there.
fn one_line(field: &FieldChange, style: &Style) -> String {
    let after = value::inline(&field.after, style);
    if value::nothing(&field.before) {
        return style.paint(Tone::Add, &after);
    }
    let tone = if value::nothing(&field.after) {
        Tone::Remove
    } else {
        Tone::Add
    };
    format!(
        "{} {} {}",
        style.paint(Tone::Remove, &value::inline(&field.before, style)),
        style.arrow(),
        style.paint(tone, &after)
    )
}

fn details(page: &mut Page<'_>, change: &Change) {
    if change.action == Action::NoOp {
        return;
    }
    let after: Vec<String> = change.after.iter().map(ToString::to_string).collect();
    let calls: Vec<String> = change
        .calls
        .iter()
        .map(|c| format!("{}:{}", c.service, c.operation))
        .collect();
    for (name, list) in [("after", after), ("calls", calls)] {
        if !list.is_empty() {
            page.prose(&format!("      {name}: "), Tone::Faint, &list.join(", "));
        }
    }
}
