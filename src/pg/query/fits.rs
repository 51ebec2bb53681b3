//! Whether a value fits a type, and how it is written for it.

use jiff::{Timestamp, civil};
use serde_json::Value;
use tokio_postgres::types::Type;

use super::param::Param;

/// Why not; nothing where the kind of value says it all.
type No = Option<String>;

/// How `value` is written for `ty`. Types that are not known here get texts as they are, and the
/// server judges them.
pub(super) fn written(value: &Param, ty: &Type) -> Result<String, No> {
    if is_json(ty) {
        return json(value);
    }
    match *ty {
        Type::BOOL => match value {
            Param::Bool(value) => Ok(value.to_string()),
            Param::Text(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "t" => Ok("true".to_owned()),
                "false" | "f" => Ok("false".to_owned()),
                _ => no("write true or false"),
            },
            _ => Err(None),
        },
        Type::INT2 => integer(value, i16::MIN.into(), i16::MAX.into()),
        Type::INT4 => integer(value, i32::MIN.into(), i32::MAX.into()),
        Type::INT8 => integer(value, i64::MIN, i64::MAX),
        Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC => number(value),
        Type::UUID => uuid(value),
        Type::TIMESTAMPTZ => match value {
            Param::Timestamp(moment) => Ok(moment.to_string()),
            Param::Text(text) => match text.parse::<Timestamp>() {
                Ok(moment) => Ok(moment.to_string()),
                Err(_) => no("write a moment with its zone, like 2030-01-31T12:00:00Z"),
            },
            _ => Err(None),
        },
        Type::TIMESTAMP => match value {
            // jiff would drop a zone in silence.
            Param::Text(text) if text.parse::<Timestamp>().is_err() => {
                match text.parse::<civil::DateTime>() {
                    Ok(moment) => Ok(moment.to_string()),
                    Err(_) => no("write a date and time, like 2030-01-31T12:00:00"),
                }
            }
            _ => no("this type has no zone; write a date and time without one"),
        },
        Type::DATE => match value {
            Param::Text(text) => match text.parse::<civil::Date>() {
                Ok(date) => Ok(date.to_string()),
                Err(_) => no("write a date, like 2030-01-31"),
            },
            _ => Err(None),
        },
        _ => match value {
            Param::Text(text) => Ok(text.clone()),
            Param::Timestamp(moment) if is_text(ty) => Ok(moment.to_string()),
            _ => Err(None),
        },
    }
}

/// The label of an enumerated type.
pub(super) fn label(value: &Param, labels: &[String]) -> Result<String, No> {
    match value {
        Param::Text(text) if labels.contains(text) => Ok(text.clone()),
        _ => no(&format!("write one of {}", labels.join(", "))),
    }
}

pub(super) fn is_json(ty: &Type) -> bool {
    matches!(*ty, Type::JSON | Type::JSONB)
}

fn is_text(ty: &Type) -> bool {
    matches!(*ty, Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME)
}

fn no<T>(because: &str) -> Result<T, No> {
    Err(Some(because.to_owned()))
}

fn json(value: &Param) -> Result<String, No> {
    Ok(match value {
        Param::Null => Value::Null.to_string(),
        Param::Bool(value) => value.to_string(),
        Param::Number(value) => value.to_string(),
        Param::Text(text) => Value::from(text.as_str()).to_string(),
        Param::Timestamp(moment) => Value::from(moment.to_string()).to_string(),
        Param::Json(value) => value.to_string(),
    })
}

fn integer(value: &Param, least: i64, most: i64) -> Result<String, No> {
    let written = match value {
        Param::Number(number) => number.to_string(),
        Param::Text(text) => text.clone(),
        _ => return Err(None),
    };
    match written.parse::<i64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number.to_string()),
        _ => no(&format!("write a whole number from {least} to {most}")),
    }
}

fn number(value: &Param) -> Result<String, No> {
    match value {
        Param::Number(number) => Ok(number.to_string()),
        Param::Text(text) if is_number(text) => Ok(text.clone()),
        Param::Text(_) => no("write a number, like -12.5 or 6e23, or NaN"),
        _ => Err(None),
    }
}

/// A number as every version of Postgres reads it; digits are kept as they are, whatever a float
/// could hold.
fn is_number(text: &str) -> bool {
    if ["NaN", "Infinity", "-Infinity"].contains(&text) {
        return true;
    }
    let plain = |char: char| char.is_ascii_digit() || matches!(char, '+' | '-' | '.' | 'e' | 'E');
    text.chars().all(plain) && text.parse::<f64>().is_ok()
}

/// 32 hexadecimal digits with the usual hyphens or without any; sent in the usual form.
fn uuid(value: &Param) -> Result<String, No> {
    let Param::Text(text) = value else {
        return Err(None);
    };
    let hyphens: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
    let digits: String = text.chars().filter(|char| *char != '-').collect();
    let usual = hyphens.is_empty() || hyphens == [8, 13, 18, 23];
    if !usual || digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return no("write a UUID, like 3f2b0c1e-9a5d-4c8b-8a57-0d6f1f2e3a4b");
    }
    let digits = digits.to_ascii_lowercase();
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    Ok([
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-"))
}
