//! The sample sentences of Unicode's own test file, and what people write.

use super::count;

/// From GraphemeBreakTest-18.0.0.txt: `÷` where a cluster ends, `×` where none does.
const SAMPLES: &str = "
÷ 000D × 000A ÷ 0061 ÷ 000A ÷ 0308 ÷
÷ 0061 × 0308 ÷
÷ 0020 × 200D ÷ 0646 ÷
÷ 0646 × 200D ÷ 0020 ÷
÷ 1100 × 1100 ÷
÷ AC00 × 11A8 ÷ 1100 ÷
÷ AC01 × 11A8 ÷ 1100 ÷
÷ 1F1E6 × 1F1E7 ÷ 1F1E8 ÷ 0062 ÷
÷ 0061 ÷ 1F1E6 × 1F1E7 ÷ 1F1E8 ÷ 0062 ÷
÷ 0061 ÷ 1F1E6 × 1F1E7 × 200D ÷ 1F1E8 ÷ 0062 ÷
÷ 0061 ÷ 1F1E6 × 200D ÷ 1F1E7 × 1F1E8 ÷ 0062 ÷
÷ 0061 ÷ 1F1E6 × 1F1E7 ÷ 1F1E8 × 1F1E9 ÷ 0062 ÷
÷ 0061 × 200D ÷
÷ 0061 × 0308 ÷ 0062 ÷
÷ 0061 × 0903 ÷ 0062 ÷
÷ 0061 ÷ 0600 × 0062 ÷
÷ 1F476 × 1F3FF ÷ 1F476 ÷
÷ 0061 × 1F3FF ÷ 1F476 ÷
÷ 0061 × 1F3FF ÷ 1F476 × 200D × 1F6D1 ÷
÷ 1F476 × 1F3FF × 0308 × 200D × 1F476 × 1F3FF ÷
÷ 1F6D1 × 200D × 1F6D1 ÷
÷ 0061 × 200D ÷ 1F6D1 ÷
÷ 2701 × 200D ÷ 2701 ÷
÷ 0061 × 200D ÷ 2701 ÷
÷ 0915 ÷ 0924 ÷
÷ 0915 × 094D × 0924 ÷
÷ 0915 × 094D × 094D × 0924 ÷
÷ 0915 × 094D × 200D × 0924 ÷
÷ 0915 × 093C × 200D × 094D × 0924 ÷
÷ 0915 × 093C × 094D × 200D × 0924 ÷
÷ 0915 × 094D × 0924 × 094D × 092F ÷
÷ 0915 × 094D ÷ 0061 ÷
÷ 0061 × 094D × 0924 ÷
÷ 003F × 094D × 0924 ÷
÷ 0915 × 094D × 094D × 0924 ÷
÷ 0AB8 × 0AFB × 0ACD × 0AB8 × 0AFB ÷
÷ 1019 × 1039 × 1018 ÷ 102C × 1037 ÷
÷ 1004 × 103A × 1039 × 1011 × 1039 × 1011 ÷
÷ 1B12 × 1B01 ÷ 1B32 × 1B44 × 1B2F ÷ 1B32 × 1B44 × 1B22 × 1B44 × 1B2C ÷ 1B32 × 1B44 × 1B22 × 1B38 ÷
÷ 179F × 17D2 × 178F × 17D2 × 179A × 17B8 ÷
÷ 1B26 ÷ 1B17 × 1B44 × 1B13 ÷
÷ 1B27 ÷ 1B13 × 1B44 × 1B0B ÷ 1B0B × 1B04 ÷
÷ 1795 × 17D2 × 17AF ÷ 1798 ÷
÷ 17A0 × 17D2 × 17AB ÷ 1791 × 17D0 ÷ 1799 ÷
÷ 1B05 × 1B44 × 1B33 × 1B03 ÷
÷ 0CF1 ÷ 0C95 ÷
÷ 0CF2 ÷ 0CAB ÷
÷ 0CF1 ÷ 0C95 × 0CBF ÷
÷ 1CF5 × 0995 ÷
÷ 1CF6 × 09AA ÷
÷ 1CF5 × 200C ÷ 0995 ÷
÷ 1CF6 × 200C ÷ 09AA ÷
÷ 11A3A × 11A0B ÷
";

#[test]
fn the_samples_of_unicode_are_cut_as_they_say() {
    let mut lines = 0;
    for line in SAMPLES.lines().filter(|line| !line.is_empty()) {
        let text: String = line
            .split(['÷', '×'])
            .filter_map(|code| u32::from_str_radix(code.trim(), 16).ok())
            .map(|code| char::from_u32(code).unwrap())
            .collect();
        let clusters = line.matches('÷').count() - 1;
        assert_eq!(count(&text), clusters, "{line}");
        lines += 1;
    }
    assert_eq!(lines, 53);
}

#[test]
fn what_people_see_as_one_is_one() {
    for text in [
        "a",
        " ",
        "é",
        "e\u{301}",
        "👍🏽",
        "👩‍👩‍👧‍👦",
        "🇳🇴",
        "각",
        "\u{1100}\u{1161}\u{11a8}",
        "क्षि",
        "\r\n",
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
        "1️⃣",
    ] {
        assert_eq!(count(text), 1, "{text:?}");
    }
    assert_eq!(count(""), 0);
    assert_eq!(count("naïve 🇳🇴🇸🇪"), 8);
    assert_eq!(count(&"👩‍👩‍👧‍👦".repeat(280)), 280);
}

#[test]
fn the_table_is_in_order() {
    let sorted = super::RANGES.is_sorted_by(|before, after| before.1 < after.0);
    assert!(sorted && super::RANGES.iter().all(|range| range.0 <= range.1));
}
