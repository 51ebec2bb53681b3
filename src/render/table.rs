//! Tables: for people, and as CSV for programs.

use super::page::{Page, clean, len, pad};
use super::style::{Style, Tone};

/// Writes a table with aligned columns. A cell of several lines becomes one.
pub fn table_human(heads: &[&str], rows: &[Vec<String>], style: &Style) -> String {
    let cell = |text: &str| clean(text).replace('\n', "\\n");
    let heads: Vec<String> = heads.iter().map(|text| cell(text)).collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|text| cell(text)).collect())
        .collect();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        cells
            .map(|text| len(text))
            .chain([len(&heads[at])])
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells
            .zip(&widths)
            .map(|(text, width)| pad(text, *width))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut page = Page::new(style);
    let head = line(&mut heads.iter().map(String::as_str));
    page.line(&style.paint(Tone::Faint, &head));
    for row in &rows {
        page.line(&line(&mut row.iter().map(String::as_str)));
    }
    page.finish()
}

/// Writes CSV (RFC 4180): quoted where it must be, lines ended by CR and LF.
pub fn csv(heads: &[&str], rows: &[Vec<String>]) -> String {
    let cell = |text: &str| {
        if text.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = cells.map(cell).collect::<Vec<String>>().join(",");
        // an empty line would be no record
        if text.is_empty() {
            text.push_str("\"\"");
        }
        text + "\r\n"
    };
    let mut text = line(&mut heads.iter().copied());
    for row in rows {
        text += &line(&mut row.iter().map(String::as_str));
    }
    text
}

/// Writes a size in the unit that suits it: `7.9 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[allow(clippy::cast_precision_loss)] // one place after the point is shown
    let mut number = bytes as f64 / 1024.0;
    let mut unit = 0;
    while number >= 1023.95 && unit + 1 < UNITS.len() {
        number /= 1024.0;
        unit += 1;
    }
    format!("{number:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter()
            .map(|row| row.iter().map(|text| (*text).to_owned()).collect())
            .collect()
    }

    #[test]
    fn columns_stand_under_their_heads() {
        let table = rows(&[&["1", "a\u{1b}[31m\nb", ""], &["22222", "é", "x"]]);
        let text = table_human(&["PID", "NAME", "N"], &table, &Style::plain(0));
        let wild = table_human(&["a\u{1b}[2J\nb"], &rows(&[&["x"]]), &Style::plain(0));
        assert_eq!(wild, "a\\u{1b}[2J\\nb\nx\n");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert_eq!(lines[0].find("NAME"), lines[2].find('é'));
        assert!(lines[1].contains("\\n") && !lines[1].ends_with(' '));
    }

    #[test]
    fn csv_is_quoted_where_it_must_be() {
        let table = rows(&[&["plain", "with, comma"], &["say \"hi\"", "two\nlines"]]);
        assert_eq!(
            csv(&["a", "b"], &table),
            "a,b\r\nplain,\"with, comma\"\r\n\"say \"\"hi\"\"\",\"two\nlines\"\r\n"
        );
    }

    #[test]
    fn a_record_of_one_empty_field_is_a_record() {
        assert_eq!(csv(&["x"], &rows(&[&["1"], &[""]])), "x\r\n1\r\n\"\"\r\n");
    }

    #[test]
    fn sizes_have_their_unit() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1024 * 1024 - 1, "1.0 MiB"),
            (8_290_000, "7.9 MiB"),
            (u64::MAX, "16384.0 PiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
