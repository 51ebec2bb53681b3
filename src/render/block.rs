//! A value of many lines, before and after, with the lines that differ marked.

use super::page::{Page, chop, len, wrap};
use super::style::Tone;

/// Whether a line goes, comes or stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Gone,
    New,
    Same,
}

/// How many equal lines are shown around a difference.
const CONTEXT: usize = 3;
/// Beyond this many comparisons everything counts as different; no policy document comes near.
const COMPARISONS: usize = 1_000_000;

/// Compares two texts line by line, by their longest common subsequence.
pub(super) fn compare<'a>(before: &'a [String], after: &'a [String]) -> Vec<(Mark, &'a str)> {
    let head = before.iter().zip(after).take_while(|(b, a)| b == a).count();
    let tail = before[head..]
        .iter()
        .rev()
        .zip(after[head..].iter().rev())
        .take_while(|(b, a)| b == a)
        .count();
    let old = &before[head..before.len() - tail];
    let new = &after[head..after.len() - tail];
    let mut out: Vec<(Mark, &str)> = before[..head]
        .iter()
        .map(|l| (Mark::Same, l.as_str()))
        .collect();
    middle(old, new, &mut out);
    out.extend(
        before[before.len() - tail..]
            .iter()
            .map(|l| (Mark::Same, l.as_str())),
    );
    out
}

fn middle<'a>(old: &'a [String], new: &'a [String], out: &mut Vec<(Mark, &'a str)>) {
    if old.len().saturating_mul(new.len()) > COMPARISONS {
        out.extend(old.iter().map(|l| (Mark::Gone, l.as_str())));
        out.extend(new.iter().map(|l| (Mark::New, l.as_str())));
        return;
    }
    let columns = new.len() + 1;
    let mut common = vec![0_usize; (old.len() + 1) * columns];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * columns + j] = if old[i] == new[j] {
                common[(i + 1) * columns + j + 1] + 1
            } else {
                common[(i + 1) * columns + j].max(common[i * columns + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            out.push((Mark::Same, &old[i]));
            i += 1;
            j += 1;
        } else if j == new.len()
            || (i < old.len() && common[(i + 1) * columns + j] >= common[i * columns + j + 1])
        {
            out.push((Mark::Gone, &old[i]));
            i += 1;
        } else {
            out.push((Mark::New, &new[j]));
            j += 1;
        }
    }
}

/// Writes two texts as one block at a column; equal lines far from any difference are left out.
pub(super) fn write(page: &mut Page<'_>, column: usize, before: &[String], after: &[String]) {
    let compared = compare(before, after);
    let close = |at: usize| {
        let from = at.saturating_sub(CONTEXT);
        compared[from..(at + CONTEXT + 1).min(compared.len())]
            .iter()
            .any(|(mark, _)| *mark != Mark::Same)
    };
    // dots in place of a single line would save nothing
    let far = |at: usize| at < compared.len() && !close(at);
    let hidden = |at: usize| far(at) && (far(at + 1) || (at > 0 && far(at - 1)));
    let mut left_out = false;
    for (at, (mark, line)) in compared.iter().enumerate() {
        if hidden(at) {
            if !left_out {
                let dots = page.style.paint(Tone::Faint, page.style.dots());
                page.line(&format!("{}{dots}", " ".repeat(column + 2)));
            }
            left_out = true;
            continue;
        }
        left_out = false;
        let (sign, tone) = match mark {
            Mark::Gone => ("-", Tone::Remove),
            Mark::New => ("+", Tone::Add),
            Mark::Same => (" ", Tone::Plain),
        };
        for piece in folded(line, page.style.width, column + 2) {
            let text = format!("{sign} {piece}");
            let painted = page.style.paint(tone, text.trim_end());
            page.line(&format!("{}{painted}", " ".repeat(column)));
        }
    }
}

/// Writes a text that nothing is compared with as a block at a column.
pub(super) fn write_new(page: &mut Page<'_>, column: usize, lines: &[String]) {
    for line in lines {
        for piece in folded(line, page.style.width, column) {
            let painted = page.style.paint(Tone::Add, piece.trim_end());
            page.line(&format!("{}{painted}", " ".repeat(column)));
        }
    }
}

/// Breaks a line that is too long, between words where it has some; what follows is indented a little more.
fn folded(line: &str, width: usize, column: usize) -> Vec<String> {
    let text = line.trim_start_matches(' ');
    let indent = len(line) - len(text);
    let taken = (column + indent, column + indent + 2);
    let pieces = wrap(text, width, taken)
        .into_iter()
        .enumerate()
        .flat_map(|(at, piece)| chop(&piece, width, if at == 0 { taken.0 } else { taken.1 }));
    pieces
        .enumerate()
        .map(|(at, piece)| {
            format!(
                "{}{piece}",
                " ".repeat(indent + if at == 0 { 0 } else { 2 })
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Style;

    fn text(before: &str, after: &str) -> String {
        let style = Style::plain(80);
        let mut page = Page::new(&style);
        let split = |t: &str| t.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        write(&mut page, 0, &split(before), &split(after));
        page.finish()
    }

    #[test]
    fn the_longest_common_lines_stay() {
        assert_eq!(
            text("a b c d e", "a x c e f"),
            "  a\n- b\n+ x\n  c\n- d\n  e\n+ f\n"
        );
        assert_eq!(text("", "a b"), "+ a\n+ b\n");
        assert_eq!(text("a b", ""), "- a\n- b\n");
    }

    #[test]
    fn equal_lines_far_away_are_left_out() {
        assert_eq!(
            text("1 2 3 4 5 6 7 8 9 0", "1 2 3 4 5 x 7 8 9 0"),
            "  …\n  3\n  4\n  5\n- 6\n+ x\n  7\n  8\n  9\n  0\n"
        );
    }

    #[test]
    fn very_long_texts_are_not_compared() {
        let old: Vec<String> = (0..1200).map(|i| format!("a{i}")).collect();
        let new: Vec<String> = (0..1200).map(|i| format!("b{i}")).collect();
        let compared = compare(&old, &new);
        assert!(compared[..1200].iter().all(|(m, _)| *m == Mark::Gone));
        assert!(compared[1200..].iter().all(|(m, _)| *m == Mark::New));
    }
}
