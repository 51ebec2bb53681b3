//! The forms that names and windows must have (aws-facts §1.5, §1.7).

/// The rule for instances and snapshots: letters, digits and hyphens, a letter first, no hyphen last, no two together.
pub fn is_identifier(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !text.ends_with('-')
        && !text.contains("--")
}

/// The rule for users and databases: letters, digits and underscores, a letter first.
pub fn is_word(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn minutes(text: &str) -> Option<u32> {
    let (hours, rest) = text.split_once(':')?;
    let two = |t: &str| (t.len() == 2).then(|| t.parse::<u32>().ok()).flatten();
    match (two(hours)?, two(rest)?) {
        (h @ 0..=23, m @ 0..=59) => Some(h * 60 + m),
        _ => None,
    }
}

/// Tells whether a text is a daily window of 30 minutes or more.
pub fn is_daily(window: &str) -> bool {
    let Some((from, to)) = window.split_once('-') else {
        return false;
    };
    matches!((minutes(from), minutes(to)), (Some(f), Some(t)) if (t + 1440 - f) % 1440 >= 30)
}

/// Tells whether a text is a weekly window of 30 minutes to a day.
pub fn is_weekly(window: &str) -> bool {
    let moment = |text: &str| {
        let (day, time) = text.split_once(':')?;
        let day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
            .iter()
            .position(|d| d.eq_ignore_ascii_case(day))?;
        Some(u32::try_from(day).ok()? * 1440 + minutes(time)?)
    };
    let Some((from, to)) = window.split_once('-') else {
        return false;
    };
    matches!((moment(from), moment(to)), (Some(f), Some(t)) if (30..=1440).contains(&((t + 10_080 - f) % 10_080)))
}
