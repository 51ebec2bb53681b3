//! Weekly maintenance windows and daily backup windows, in UTC.

use super::bad_value;
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::ApiError;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY: i64 = 24 * 60;
const WEEK: i64 = 7 * DAY;

/// Reads `ddd:hh24:mi-ddd:hh24:mi`: start in minutes since Monday, and length in minutes.
pub fn weekly(text: &str) -> Option<(i64, i64)> {
    let (from, to) = text.split_once('-')?;
    let moment = |part: &str| {
        let (day, time) = part.split_once(':')?;
        let day = DAYS.iter().position(|d| d.eq_ignore_ascii_case(day))?;
        Some(i64::try_from(day).ok()? * DAY + clock(time)?)
    };
    let from = moment(from)?;
    Some((from, (moment(to)? - from).rem_euclid(WEEK)))
}

/// Reads `hh24:mi-hh24:mi`: start in minutes since midnight, and length in minutes.
pub fn daily(text: &str) -> Option<(i64, i64)> {
    let (from, to) = text.split_once('-')?;
    let from = clock(from)?;
    Some((from, (clock(to)? - from).rem_euclid(DAY)))
}

fn clock(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some(hours * 60 + minutes)
}

/// Checks both windows of an instance.
pub fn check(maintenance: &str, backup: &str) -> Result<(), ApiError> {
    let (start, length) = weekly(maintenance)
        .filter(|(_, length)| *length >= 30)
        .ok_or_else(|| {
            bad_value(format!(
                "Invalid maintenance window format: {maintenance}. Should be specified as a range \
                 ddd:hh24:mi-ddd:hh24:mi (24H Clock UTC) of at least 30 minutes. Example: Sun:23:45-Mon:00:15"
            ))
        })?;
    let (daily_start, daily_length) = daily(backup)
        .filter(|(_, length)| *length >= 30)
        .ok_or_else(|| {
            bad_value(format!(
                "Invalid backup window format: {backup}. Should be specified as a range \
                 hh24:mi-hh24:mi (24H Clock UTC) of at least 30 minutes. Example: 04:00-04:30"
            ))
        })?;
    let overlap = (0..7).any(|day| {
        let other = day * DAY + daily_start;
        (other - start).rem_euclid(WEEK) < length || (start - other).rem_euclid(WEEK) < daily_length
    });
    if overlap {
        return Err(bad_value(
            "The backup window and maintenance window must not overlap.",
        ));
    }
    Ok(())
}

/// Returns when the window is open next: now, if it is.
pub fn next(maintenance: &str, now: Moment) -> Option<Moment> {
    let (start, length) = weekly(maintenance)?;
    let minute = now.div_euclid(60_000);
    // the first of January 1970 was a Thursday
    let into_week = (minute + 3 * DAY).rem_euclid(WEEK);
    let since = (into_week - start).rem_euclid(WEEK);
    if since < length {
        return Some(now);
    }
    Some((minute - since + WEEK) * 60_000)
}

/// Chooses windows of half an hour for one who names none, within the night of the American regions.
pub fn chosen(seed: u64) -> (String, String) {
    let day = DAYS[usize::try_from(seed % 7).unwrap_or_default()];
    let minute = seed.wrapping_mul(11) % 30;
    let to = minute + 30;
    (
        format!("{day}:09:{minute:02}-{day}:09:{to:02}"),
        format!("07:{minute:02}-07:{to:02}"),
    )
}
