//! Durations as people read them.

/// Formats seconds: `0.8s`, `12s`, `2m05s`, `1h02m`.
pub fn duration(seconds: f64) -> String {
    let seconds = if seconds.is_finite() {
        seconds.max(0.0)
    } else {
        0.0
    };
    if seconds < 9.95 {
        return format!("{seconds:.1}s");
    }
    // a duration beyond u64 saturates, which is what is wanted
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole}s"),
        60..3600 => format!("{}m{:02}s", whole / 60, whole % 60),
        _ => format!("{}h{:02}m", whole / 3600, whole % 3600 / 60),
    }
}

/// Formats a limit, whose zeros tell nothing: `30s`, `40m`, `1h`, `1h30m`.
pub fn rough_duration(seconds: f64) -> String {
    let text = duration(seconds);
    for (zeros, unit) in [("m00s", "m"), ("h00m", "h"), (".0s", "s")] {
        if let Some(rest) = text.strip_suffix(zeros) {
            return format!("{rest}{unit}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        for (seconds, text, rough) in [
            (f64::NAN, "0.0s", "0s"),
            (-1.0, "0.0s", "0s"),
            (0.0, "0.0s", "0s"),
            (0.84, "0.8s", "0.8s"),
            (9.94, "9.9s", "9.9s"),
            (9.96, "10s", "10s"),
            (12.3, "12s", "12s"),
            (59.6, "1m00s", "1m"),
            (125.0, "2m05s", "2m05s"),
            (2400.0, "40m00s", "40m"),
            (3599.9, "1h00m", "1h"),
            (3720.0, "1h02m", "1h02m"),
            (36000.0, "10h00m", "10h"),
        ] {
            assert_eq!(duration(seconds), text, "{seconds}");
            assert_eq!(rough_duration(seconds), rough, "{seconds}");
        }
    }
}
