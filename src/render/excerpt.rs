//! A source whose long lines are cut to what stands around a place, so that they can be shown.

use std::ops::RangeInclusive;

/// How many characters of a line are shown.
const LONGEST: usize = 160;
/// How many of them stand before the place.
const BEFORE: usize = 60;

/// How many characters of a message are shown: a server may quote a whole statement in it.
const LONGEST_MESSAGE: usize = 2000;

/// Cuts a message that nobody would read to its end.
pub(super) fn clipped(mut text: String, dots: &str) -> String {
    if let Some((at, _)) = text.char_indices().nth(LONGEST_MESSAGE) {
        text.truncate(at);
        text.push_str(dots);
    }
    text
}

/// A source, and where the place is in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub source: String,
    pub offset: usize,
    pub len: usize,
}

/// Cuts the lines of `rows`, counted from 0, around the place at `offset`. What is left out is told by `dots`; lines that
/// are not to be shown, and the number of lines, stay what they are.
pub(super) fn excerpt(
    source: &str,
    (offset, len): (usize, usize),
    rows: RangeInclusive<usize>,
    dots: &str,
) -> Excerpt {
    let end = offset + len;
    let mut out = String::with_capacity(source.len());
    let (mut from, mut to) = (offset, end);
    let mut begins = 0;
    for (row, line) in source.split_inclusive('\n').enumerate() {
        let text = line.strip_suffix('\n').unwrap_or(line);
        let next = begins + line.len();
        // the end of the source is a place in its last line
        let within =
            |at: usize| (begins..next).contains(&at) || (at == next && next == source.len());
        let at = [offset, end].into_iter().find(|at| within(*at));
        let at = at.map_or(0, |at| at - begins);
        let (first, last) = match rows.contains(&row) {
            true => window(text, at),
            false => (0, text.len()),
        };
        let (before, after) = (first > 0, last < text.len());
        if before {
            out.push_str(dots);
        }
        // a place in what is left out is at its edge
        let shown = out.len();
        let place = |at: usize| shown + (at - begins).clamp(first, last) - first;
        if within(offset) {
            from = place(offset);
        }
        out.push_str(&text[first..last]);
        if within(end) {
            to = place(end);
        }
        if after {
            out.push_str(dots);
        }
        out.push_str(&line[text.len()..]);
        // behind the line's end
        if end == next && line.len() > text.len() {
            to = out.len();
        }
        if offset == next && line.len() > text.len() {
            from = out.len();
        }
        begins = next;
    }
    Excerpt {
        source: out,
        offset: from,
        len: to.saturating_sub(from),
    }
}

/// Where to cut a line, in bytes, so that the character at byte `at` is shown.
fn window(text: &str, at: usize) -> (usize, usize) {
    if text.chars().nth(LONGEST).is_none() {
        return (0, text.len());
    }
    let before = text[..at.min(text.len())].chars().count();
    let first = before.saturating_sub(BEFORE);
    let mut places = text.char_indices().map(|(at, _)| at).skip(first);
    let from = places.next().unwrap_or(text.len());
    (from, places.nth(LONGEST - 1).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str, word: &str, rows: RangeInclusive<usize>) -> (String, String) {
        let offset = source.find(word).unwrap();
        let cut = excerpt(source, (offset, word.len()), rows, "…");
        let marked = cut.source[cut.offset..cut.offset + cut.len].to_owned();
        (cut.source, marked)
    }

    #[test]
    fn a_message_has_an_end() {
        let longest = "é".repeat(LONGEST_MESSAGE);
        assert_eq!(clipped(longest.clone(), "…"), longest);
        assert_eq!(clipped(format!("{longest}é"), "…"), format!("{longest}…"));
    }

    #[test]
    fn short_lines_stay_as_they_are() {
        for source in ["a: b\n\tc: é\r\n", "a: b", "a: b\n\n"] {
            let (text, marked) = shown(source, "b", 0..=1);
            assert_eq!((text.as_str(), marked.as_str()), (source, "b"));
        }
        let longest = format!("b{}", "é".repeat(LONGEST - 1));
        assert_eq!(shown(&longest, "b", 0..=0).0, longest);
    }

    #[test]
    fn what_stands_around_the_place_is_shown_and_the_rest_told() {
        let (many, wide) = ("x".repeat(100_000), "表\t".repeat(50_000));
        for pad in [many.as_str(), wide.as_str()] {
            let source = format!("first\n{pad}HERE{pad}\nlast {pad}\n");
            let (text, marked) = shown(&source, "HERE", 0..=2);
            assert_eq!(marked, "HERE");
            let lines: Vec<&str> = text.split('\n').collect();
            assert_eq!(lines.len(), 4);
            assert_eq!(lines[0], "first");
            assert_eq!(lines[1].chars().count(), LONGEST + 2);
            assert_eq!(lines[1].chars().position(|c| c == 'H'), Some(BEFORE + 1));
            assert!(lines[1].starts_with('…') && lines[1].ends_with('…'));
            assert_eq!(lines[2].chars().count(), LONGEST + 1);
            assert!(lines[2].starts_with("last ") && lines[2].ends_with('…'));
        }
    }

    #[test]
    fn a_place_at_an_edge_or_longer_than_a_line_is_within_it() {
        let long = "y".repeat(1000);
        let (text, marked) = shown(&format!("a {long}"), &long, 0..=0);
        assert_eq!(text, format!("a {}…", "y".repeat(LONGEST - 2)));
        assert_eq!(marked, "y".repeat(LONGEST - 2));
        // behind the end, as where something is missing
        for source in [long.clone(), format!("{long}\n")] {
            for at in [long.len(), source.len()] {
                let cut = excerpt(&source, (at, 0), 0..=1, "…");
                assert!(cut.source.starts_with("…y") && cut.len == 0);
                let line = &cut.source[..cut.offset];
                assert_eq!(line.ends_with('\n'), at > long.len());
            }
        }
        // over several lines
        let source = format!("{long}HERE\n{long}\nTHERE{long}\n");
        let (from, to) = (
            source.find("HERE").unwrap(),
            source.find("THERE").unwrap() + 5,
        );
        let cut = excerpt(&source, (from, to - from), 0..=2, "...");
        let marked = &cut.source[cut.offset..cut.offset + cut.len];
        assert!(
            marked.starts_with("HERE\nyyy") && marked.ends_with("\nTHERE"),
            "{marked}"
        );
        assert!(cut.source.len() < 700);
    }

    #[test]
    fn what_is_not_shown_is_not_looked_at() {
        let long = "y".repeat(1000);
        let source = format!("{long}\nshort HERE\n{long}\n");
        let (text, marked) = shown(&source, "HERE", 1..=1);
        assert_eq!((text, marked.as_str()), (source, "HERE"));
    }
}
