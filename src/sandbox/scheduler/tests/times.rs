//! When an expression is due.

use crate::sandbox::scheduler::expression::{Expression, zone};
use crate::sandbox::timing::Timing;
use jiff::Timestamp;

fn next(expression: &str, timezone: &str, after: &str) -> String {
    let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
    let zone = zone(timezone).unwrap();
    let (timing, _) = Timing::manual(at(after));
    let base = at("2026-11-23T00:10:00Z");
    Expression::parse(expression)
        .unwrap()
        .next(at(after), base, &zone, &timing)
        .map_or("never".to_owned(), |at| {
            Timestamp::from_millisecond(at).unwrap().to_string()
        })
}

#[test]
fn what_is_due_when() {
    // the 23rd of November 2026 is a Monday
    let noon = "2026-11-23T12:00:00Z";
    for (expression, due) in [
        ("rate(1 hour)", "2026-11-23T12:10:00Z"),
        ("rate(5 minutes)", "2026-11-23T12:05:00Z"),
        ("rate(2 days)", "2026-11-25T00:10:00Z"),
        ("at(2026-11-23T12:00:01)", "2026-11-23T12:00:01Z"),
        ("at(2026-11-23T12:00:00)", "never"),
        ("cron(0 12 * * ? *)", "2026-11-24T12:00:00Z"),
        ("cron(30 12 * * ? *)", "2026-11-23T12:30:00Z"),
        ("cron(0/20 12-13 * * ? *)", "2026-11-23T12:20:00Z"),
        ("cron(0 20 ? * MON-FRI *)", "2026-11-23T20:00:00Z"),
        ("cron(0 8 ? * SAT,SUN *)", "2026-11-28T08:00:00Z"),
        ("cron(0 8 ? * FRI-MON *)", "2026-11-27T08:00:00Z"),
        ("cron(0 0 L * ? *)", "2026-11-30T00:00:00Z"),
        ("cron(0 0 ? * 6L *)", "2026-11-27T00:00:00Z"),
        ("cron(0 0 ? * 3#1 *)", "2026-12-01T00:00:00Z"),
        ("cron(0 0 29W * ? *)", "2026-11-30T00:00:00Z"),
        ("cron(0 0 29 2 ? *)", "2028-02-29T00:00:00Z"),
        ("cron(0 0 1 1 ? 2020)", "never"),
    ] {
        assert_eq!(next(expression, "UTC", noon), due, "{expression}");
    }
}

#[test]
fn a_time_zone_has_its_summer() {
    if jiff::tz::db().is_definitively_empty() {
        return; // the machine knows no time zones: then all are UTC here
    }
    let evening = "cron(0 20 * * ? *)";
    let zone = "Europe/Berlin";
    assert_eq!(
        next(evening, zone, "2026-11-23T12:00:00Z"),
        "2026-11-23T19:00:00Z"
    );
    assert_eq!(
        next(evening, zone, "2026-07-23T12:00:00Z"),
        "2026-07-23T18:00:00Z"
    );
    // an hour that is left out in spring is the one after it
    assert_eq!(
        next("cron(30 2 * * ? *)", zone, "2026-03-28T12:00:00Z"),
        "2026-03-29T01:30:00Z"
    );
}

#[test]
fn what_is_no_expression() {
    for wrong in [
        "",
        "rate(1 hour",
        "rate(0 hours)",
        "rate(1 week)",
        "rate(hour)",
        "at(tomorrow)",
        "cron(0 12 * * *)",
        "cron(0 12 * * * *)",
        "cron(0 12 ? * ? *)",
        "cron(60 12 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 12 32 * ? *)",
        "cron(0 12 ? * 8 *)",
        "cron(0 12 ? * MON#6 *)",
        "every day",
    ] {
        assert_eq!(Expression::parse(wrong), None, "{wrong}");
    }
}
