//! A length of time as people write it.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time: `90s`, `10m`, `2h`, `7d`. Never zero as far as a unit goes, and never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period(u64);

/// The units, the largest first.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// The longest, in seconds: a hundred years, so that adding it to a moment is always possible.
const LONGEST: u64 = 100 * 366 * 86_400;

impl Period {
    /// Its length in seconds.
    pub fn seconds(self) -> u64 {
        self.0
    }

    /// Its length.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+[smhd]$",
            "description": "A length of time: `90s`, `10m`, `2h`, `7d`."
        })
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let unit = UNITS.iter().find(|(sign, _)| text.ends_with(*sign));
        let digits = text.trim_end_matches(|c| unit.is_some_and(|(sign, _)| c == *sign));
        unit.filter(|_| digits.len() + 1 == text.len())
            .and_then(|(_, seconds)| digits.parse::<u64>().ok()?.checked_mul(*seconds))
            .filter(|seconds| *seconds <= LONGEST)
            .map(Period)
            .ok_or_else(|| "write a number and a unit, as in `90s`, `10m`, `2h`, `7d`".to_owned())
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> String {
        period.to_string()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, seconds) = UNITS
            .iter()
            .find(|(_, seconds)| self.0 > 0 && self.0.is_multiple_of(*seconds))
            .unwrap_or(&('s', 1));
        write!(f, "{}{sign}", self.0 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_have_a_unit() {
        for (text, seconds, shown) in [
            ("90s", 90, "90s"),
            ("10m", 600, "10m"),
            (" 120m ", 7200, "2h"),
            ("30d", 2_592_000, "30d"),
            ("0s", 0, "0s"),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(
                (period.seconds(), period.to_string().as_str()),
                (seconds, shown)
            );
        }
        for wrong in [
            "",
            "s",
            "5",
            "-1s",
            "1.5h",
            "1ss",
            "soon",
            "99999999999999999999d",
            "999999d",
        ] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
    }
}
