//! A text that is being written: lines without trailing spaces, prose wrapped to the width.

use super::style::{Style, Tone};
use serde::Serialize;

/// Lines, as they come.
pub(super) struct Page<'a> {
    pub style: &'a Style,
    text: String,
}

impl<'a> Page<'a> {
    pub(super) fn new(style: &'a Style) -> Self {
        Page {
            style,
            text: String::new(),
        }
    }

    /// Adds a line as it is.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Adds an empty line, but never two and never at the top.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Adds text whose first line begins at `first` and whose other lines begin at the same column.
    pub(super) fn prose(&mut self, first: &str, tone: Tone, text: &str) {
        self.hanging(first, len(first), tone, text);
    }

    /// Adds text whose first line begins with `first` and whose other lines begin at a column.
    pub(super) fn hanging(&mut self, first: &str, column: usize, tone: Tone, text: &str) {
        let text = clean(&self.style.typed(text));
        let mut lead = first.to_owned();
        let mut room = (len(first), column);
        for paragraph in text.split('\n') {
            for piece in wrap(paragraph, self.style.width, room) {
                let painted = self.style.paint(tone, &piece);
                self.line(&format!("{lead}{painted}"));
                lead = " ".repeat(column);
            }
            room.0 = column;
        }
    }

    /// Adds a heading.
    pub(super) fn heading(&mut self, tone: Tone, text: &str) {
        self.gap();
        self.prose("", tone, text);
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// Columns that a plain text takes.
pub(super) fn len(text: &str) -> usize {
    text.chars().count()
}

/// Fills up with spaces.
pub(super) fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(len(text));
    format!("{text}{}", " ".repeat(missing))
}

/// Makes characters visible that would command a terminal instead of being shown: what comes from AWS or a file may
/// hold escape sequences. Line ends stay.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim_end().chars() {
        match c {
            '\n' => out.push(c),
            '\t' => out.push_str("    "),
            '\r' => {}
            c if commands(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Tells whether a character commands the terminal or turns the direction of writing.
pub(super) fn commands(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The least room that text gets, however far it is indented.
const NARROWEST: usize = 20;

/// Splits a text into what stays whole: words, and what stands between backticks, which is there to be typed. The first
/// line of a command that was broken is a command, too, and another one.
fn words(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut from, mut quoted) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            '`' => quoted = !quoted && text[at + 1..].contains('`'),
            ' ' if !quoted => {
                found.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[from..]);
    found
}

/// Breaks a line between words. `taken` columns are not available in the first line and in the others. A word longer
/// than a line stays whole, so that addresses can be copied, and so does a command between backticks.
pub(super) fn wrap(text: &str, width: usize, taken: (usize, usize)) -> Vec<String> {
    let room = |taken: usize| match width {
        0 => usize::MAX,
        width => width.saturating_sub(taken).max(NARROWEST),
    };
    if len(text) <= room(taken.0) {
        return vec![text.to_owned()];
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut limit = room(taken.0);
    for word in words(text) {
        if !line.is_empty() && len(&line) + 1 + len(word) > limit {
            lines.push(std::mem::take(&mut line));
            limit = room(taken.1);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// Breaks a line anywhere, for values that have no words.
pub(super) fn chop(text: &str, width: usize, taken: usize) -> Vec<String> {
    if width == 0 || len(text) <= width.saturating_sub(taken).max(NARROWEST) {
        return vec![text.to_owned()];
    }
    let room = width.saturating_sub(taken).max(NARROWEST);
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(room).map(|c| c.iter().collect()).collect()
}

/// Writes data as indented JSON and a line end. Plain data cannot fail to be written; if it did, that is told in place
/// of it, so that a reader finds no `format_version` and stops.
pub(super) fn pretty(data: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(data)
        .unwrap_or_else(|e| format!("{{\"error\": {}}}", serde_json::Value::from(e.to_string())));
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_wrapped_and_hangs() {
        let style = Style::plain(30);
        let mut page = Page::new(&style);
        page.prose("  help: ", Tone::Plain, "one two three four five six seven");
        page.prose("", Tone::Plain, "a\n\nb ");
        assert_eq!(
            page.finish(),
            "  help: one two three four\n        five six seven\na\n\nb\n"
        );
    }

    #[test]
    fn long_words_stay_whole_and_values_are_chopped() {
        let word = "x".repeat(45);
        assert_eq!(wrap(&word, 30, (0, 0)), std::slice::from_ref(&word));
        assert_eq!(
            chop(&word, 30, 10),
            ["x".repeat(20), "x".repeat(20), "x".repeat(5)]
        );
        assert_eq!(chop(&word, 0, 10), [word]);
    }

    /// Half of `destroy --only x` is a `destroy` of everything.
    #[test]
    fn what_is_there_to_be_typed_is_never_broken() {
        let text = "mend it, then `cruddur-infra destroy --only iam_role.a` again, it`s fine";
        assert_eq!(
            wrap(text, 30, (6, 6)),
            [
                "mend it, then",
                "`cruddur-infra destroy --only iam_role.a`",
                "again, it`s fine"
            ]
        );
        assert_eq!(words("a `b c` d` e"), ["a", "`b c`", "d`", "e"]);
        assert_eq!(words("` a  b"), ["`", "a", "", "b"]);
    }

    #[test]
    fn escape_sequences_are_shown_not_sent() {
        assert_eq!(
            clean("a\u{1b}[31mb\u{9b}\u{202e}c\r\n\td"),
            "a\\u{1b}[31mb\\u{9b}\\u{202e}c\n    d"
        );
    }
}
