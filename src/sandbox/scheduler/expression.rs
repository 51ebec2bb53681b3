//! Schedule expressions: `at(…)`, `rate(…)`, `cron(…)`, and when each is due next.

use crate::sandbox::timing::{Moment, Timing};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// What an expression says.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// Once, at a time on the wall of its time zone.
    At(DateTime),
    /// Again and again, every so many seconds of AWS's time.
    Rate(f64),
    /// By the calendar of its time zone.
    Cron(Cron),
}

/// The six fields of a cron expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Cron {
    minutes: Vec<i16>,
    hours: Vec<i16>,
    days: Days,
    months: Vec<i16>,
    years: Vec<i16>,
}

/// Which days of a month; one of the two fields for it is always `?`.
#[derive(Clone, Debug, PartialEq)]
enum Days {
    OfMonth(Vec<i16>),
    /// `L`.
    Last,
    /// `15W`: the weekday nearest to it.
    Nearest(i16),
    /// 1 is Sunday.
    OfWeek(Vec<i16>),
    /// `5L`: the last one of the month.
    LastOfWeek(i16),
    /// `3#2`: the second Tuesday.
    Nth(i16, i16),
}

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const LAST_YEAR: i16 = 2199;

impl Expression {
    /// Reads an expression; none where it is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.trim().split_once('(')?;
        let inside = rest.strip_suffix(')')?.trim();
        match kind {
            "at" => inside.parse().ok().map(Expression::At),
            "rate" => {
                let (value, unit) = inside.split_once(char::is_whitespace)?;
                let value: u32 = value.parse().ok().filter(|n| *n > 0)?;
                let seconds = match unit.trim() {
                    "minute" | "minutes" => 60.0,
                    "hour" | "hours" => 3600.0,
                    "day" | "days" => 86400.0,
                    _ => return None,
                };
                Some(Expression::Rate(f64::from(value) * seconds))
            }
            "cron" => Cron::parse(inside).map(Expression::Cron),
            _ => None,
        }
    }

    /// Returns when it is due next after `after`. A rate counts from `base`, which is its first time, and runs on the
    /// scaled clock; the others go by the calendar.
    pub fn next(
        &self,
        after: Moment,
        base: Moment,
        zone: &TimeZone,
        timing: &Timing,
    ) -> Option<Moment> {
        match self {
            Expression::At(at) => moment(*at, zone).filter(|at| *at > after),
            Expression::Rate(_) if after < base => Some(base),
            Expression::Rate(seconds) => {
                let every = Moment::try_from(timing.lasts(*seconds)).ok()?.max(1);
                Some(base + ((after - base) / every + 1) * every)
            }
            Expression::Cron(cron) => cron.next(after, zone),
        }
    }
}

/// Returns the time zone of a name; UTC where the machine knows none at all.
pub fn zone(name: &str) -> Option<TimeZone> {
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    match jiff::tz::db().get(name) {
        Ok(zone) => Some(zone),
        Err(_) if jiff::tz::db().is_definitively_empty() => Some(TimeZone::UTC),
        Err(_) => None,
    }
}

fn moment(at: DateTime, zone: &TimeZone) -> Option<Moment> {
    let at = zone.to_ambiguous_timestamp(at).compatible().ok()?;
    Some(at.as_millisecond())
}

impl Cron {
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, of_month, month, of_week, year] = fields.as_slice() else {
            return None;
        };
        let days = match (*of_month, *of_week) {
            ("?", "?") => return None,
            ("?", of_week) => of_week_days(of_week)?,
            (of_month, "?") => of_month_days(of_month)?,
            _ => return None,
        };
        Some(Cron {
            minutes: values(minutes, 0, 59, &[])?,
            hours: values(hours, 0, 23, &[])?,
            days,
            months: values(month, 1, 12, &MONTHS)?,
            years: values(year, 1970, LAST_YEAR, &[])?,
        })
    }

    fn next(&self, after: Moment, zone: &TimeZone) -> Option<Moment> {
        let wall = Timestamp::from_millisecond(after).ok()?;
        let wall = zone.to_datetime(wall);
        let mut day = wall.date();
        while day.year() <= LAST_YEAR {
            if self.matches(day) {
                for hour in &self.hours {
                    for minute in &self.minutes {
                        let at = day.at(*hour as i8, *minute as i8, 0, 0);
                        if let Some(at) = moment(at, zone).filter(|at| *at > after) {
                            return Some(at);
                        }
                    }
                }
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    fn matches(&self, day: Date) -> bool {
        let (number, last) = (i16::from(day.day()), i16::from(day.days_in_month()));
        let weekday = i16::from(day.weekday().to_sunday_one_offset());
        self.years.contains(&day.year())
            && self.months.contains(&i16::from(day.month()))
            && match &self.days {
                Days::OfMonth(days) => days.contains(&number),
                Days::Last => number == last,
                Days::Nearest(wanted) => Some(number) == nearest(day, *wanted),
                Days::OfWeek(days) => days.contains(&weekday),
                Days::LastOfWeek(wanted) => weekday == *wanted && number > last - 7,
                Days::Nth(wanted, nth) => weekday == *wanted && (number - 1) / 7 + 1 == *nth,
            }
    }
}

/// The weekday nearest to a day of this month, without leaving the month.
fn nearest(month: Date, wanted: i16) -> Option<i16> {
    let last = i16::from(month.days_in_month());
    let day = Date::new(month.year(), month.month(), i8::try_from(wanted).ok()?).ok()?;
    Some(match day.weekday().to_sunday_one_offset() {
        7 if wanted == 1 => 3,
        7 => wanted - 1,
        1 if wanted == last => wanted - 2,
        1 => wanted + 1,
        _ => wanted,
    })
}

fn of_month_days(text: &str) -> Option<Days> {
    if text == "L" {
        return Some(Days::Last);
    }
    if let Some(day) = text.strip_suffix('W') {
        return value(day, 1, 31, &[]).map(Days::Nearest);
    }
    values(text, 1, 31, &[]).map(Days::OfMonth)
}

fn of_week_days(text: &str) -> Option<Days> {
    if text == "L" {
        return Some(Days::OfWeek(vec![7]));
    }
    if let Some((day, nth)) = text.split_once('#') {
        return Some(Days::Nth(
            value(day, 1, 7, &WEEKDAYS)?,
            value(nth, 1, 5, &[])?,
        ));
    }
    if let Some(day) = text.strip_suffix('L') {
        return value(day, 1, 7, &WEEKDAYS).map(Days::LastOfWeek);
    }
    values(text, 1, 7, &WEEKDAYS).map(Days::OfWeek)
}

/// Reads a list of values, ranges and steps, in order.
fn values(text: &str, low: i16, high: i16, names: &[&str]) -> Option<Vec<i16>> {
    let mut all = Vec::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(value(step, 1, high.max(1), &[])?)),
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((from, to)) => (value(from, low, high, names)?, value(to, low, high, names)?),
            None => {
                let one = value(range, low, high, names)?;
                (one, if step.is_some() { high } else { one })
            }
        };
        let step = usize::try_from(step.unwrap_or(1)).ok()?;
        if from <= to {
            all.extend((from..=to).step_by(step));
        } else {
            // FRI-MON goes over the end
            let around = (from..=high).chain(low..=to);
            all.extend(around.step_by(step));
        }
    }
    all.sort_unstable();
    all.dedup();
    Some(all)
}

fn value(text: &str, low: i16, high: i16, names: &[&str]) -> Option<i16> {
    let named = names.iter().position(|n| text.eq_ignore_ascii_case(n));
    let value = match named {
        Some(at) => low + i16::try_from(at).ok()?,
        None => text.parse().ok()?,
    };
    (low..=high).contains(&value).then_some(value)
}
