//! Which value fits which type, and how it is written.

use serde_json::{Value, json};
use tokio_postgres::types::{Kind, Type};

use super::bind::{Misfit, text};
use super::param::Param;

fn written(value: impl Into<Param>, ty: &Type) -> String {
    text(&value.into(), ty).unwrap().unwrap()
}

fn refused(value: impl Into<Param>, ty: &Type) -> String {
    let error = text(&value.into(), ty).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    error.to_string()
}

#[test]
fn values_are_written_for_the_type_that_is_asked_for() {
    let long = "12345678901234567890.000000000000000000001";
    let uuid = "3f2b0c1e-9a5d-4c8b-8a57-0d6f1f2e3a4b";
    let table: [(Value, Type, &str); 27] = [
        (json!("it's \\ \"x\""), Type::TEXT, "it's \\ \"x\""),
        (json!(""), Type::VARCHAR, ""),
        (json!(42), Type::INT4, "42"),
        (json!("42"), Type::INT4, "42"),
        (json!(-32768), Type::INT2, "-32768"),
        (json!(i64::MAX), Type::INT8, "9223372036854775807"),
        (json!(1.5), Type::FLOAT8, "1.5"),
        (json!("6e23"), Type::FLOAT8, "6e23"),
        (json!("NaN"), Type::NUMERIC, "NaN"),
        (json!(long), Type::NUMERIC, long),
        (json!(7), Type::NUMERIC, "7"),
        (json!(true), Type::BOOL, "true"),
        (json!("F"), Type::BOOL, "false"),
        (json!(uuid), Type::UUID, uuid),
        (json!(uuid.to_uppercase()), Type::UUID, uuid),
        (json!(uuid.replace('-', "")), Type::UUID, uuid),
        (
            json!("2030-01-31T12:00:00.5+02:00"),
            Type::TIMESTAMPTZ,
            "2030-01-31T10:00:00.5Z",
        ),
        (
            json!("2030-01-31 12:00:00"),
            Type::TIMESTAMP,
            "2030-01-31T12:00:00",
        ),
        (json!("2030-01-31"), Type::DATE, "2030-01-31"),
        (json!({"a": [1, null]}), Type::JSONB, r#"{"a":[1,null]}"#),
        (json!("a\"b"), Type::JSON, r#""a\"b""#),
        (json!(false), Type::JSON, "false"),
        (json!([1, "x"]), Type::JSONB, r#"[1,"x"]"#),
        (
            json!(["a", "b\"c", "d\\e", "{,}", null, "NULL", ""]),
            Type::TEXT_ARRAY,
            r#"{"a","b\"c","d\\e","{,}",NULL,"NULL",""}"#,
        ),
        (
            json!([[1, null], ["3", 4]]),
            Type::INT4_ARRAY,
            r#"{{"1",NULL},{"3","4"}}"#,
        ),
        (json!([]), Type::TEXT_ARRAY, "{}"),
        (json!("1 day"), Type::INTERVAL, "1 day"),
    ];
    for (value, ty, expected) in table {
        assert_eq!(written(value.clone(), &ty), expected, "{value} as {ty}");
    }
    let moment: jiff::Timestamp = "2030-01-31T12:00:00Z".parse().unwrap();
    assert_eq!(written(moment, &Type::TIMESTAMPTZ), "2030-01-31T12:00:00Z");
    assert_eq!(written(moment, &Type::TEXT), "2030-01-31T12:00:00Z");
    for ty in [Type::TEXT, Type::UUID, Type::JSONB, Type::INT4_ARRAY] {
        assert_eq!(text(&Param::Null, &ty).unwrap(), None);
    }
}

#[test]
fn what_does_not_fit_is_refused_and_never_shown() {
    let table: [(Value, Type, &str); 24] = [
        (
            json!("hunter2"),
            Type::INT4,
            "is a int4, and a text does not fit: write a whole number from -2147483648 to 2147483647",
        ),
        (
            json!(2_147_483_648_i64),
            Type::INT4,
            "a number does not fit",
        ),
        (json!(u64::MAX), Type::INT8, "a number does not fit"),
        (json!(1.5), Type::INT8, "a number does not fit"),
        (
            json!("hunter2"),
            Type::UUID,
            "is a uuid, and a text does not fit: write a UUID",
        ),
        (
            json!("3f2b0c1e9-a5d-4c8b-8a57-0d6f1f2e3a4b"),
            Type::UUID,
            "write a UUID",
        ),
        (json!(1), Type::UUID, "a number does not fit"),
        (json!("hunter2"), Type::BOOL, "write true or false"),
        (json!(1), Type::BOOL, "a number does not fit"),
        (json!("hunter2"), Type::NUMERIC, "write a number"),
        (json!("0x10"), Type::NUMERIC, "write a number"),
        (json!("1_000"), Type::NUMERIC, "write a number"),
        (json!("inf"), Type::FLOAT8, "write a number"),
        (json!("hunter2"), Type::TIMESTAMPTZ, "with its zone"),
        (
            json!("2030-01-31T12:00:00"),
            Type::TIMESTAMPTZ,
            "with its zone",
        ),
        (
            json!(5),
            Type::TIMESTAMPTZ,
            "is a timestamptz, and a number does not fit",
        ),
        (
            json!("2030-01-31T12:00:00Z"),
            Type::TIMESTAMP,
            "has no zone",
        ),
        (json!("2030-02-31"), Type::DATE, "write a date"),
        (json!(5), Type::TEXT, "is a text, and a number does not fit"),
        (json!(true), Type::TEXT, "true or false does not fit"),
        (json!({"a": 1}), Type::TEXT, "an object does not fit"),
        (json!(["a"]), Type::TEXT, "a list does not fit"),
        (
            json!(["a", 5]),
            Type::TEXT_ARRAY,
            "is a text, and a number does not fit",
        ),
        (
            json!(["1", "hunter2"]),
            Type::INT4_ARRAY,
            "is a int4, and a text does not fit",
        ),
    ];
    for (value, ty, expected) in table {
        let found = refused(value.clone(), &ty);
        assert!(found.contains(expected), "{value} as {ty}: {found}");
    }
}

#[test]
fn a_nul_character_is_told_wherever_it_hides() {
    for (value, ty) in [
        (json!("a\0b"), Type::TEXT),
        (json!("a\0b"), Type::JSONB),
        (json!({"a\0": 1}), Type::JSON),
        (json!([{"a": ["\0"]}]), Type::JSONB),
        (json!(["a\0"]), Type::TEXT_ARRAY),
        (json!("\0"), Type::INTERVAL),
    ] {
        let error = text(&Param::from(value.clone()), &ty).unwrap_err();
        assert!(matches!(error, Misfit::Nul { .. }), "{value}: {error}");
    }
    // what looks like one and is none
    assert_eq!(written(json!("\\u0000"), &Type::JSONB), r#""\\u0000""#);
}

#[test]
fn domains_and_enumerations_are_looked_through() {
    let schema = || "public".to_owned();
    let domain = Type::new("positive".to_owned(), 1, Kind::Domain(Type::INT4), schema());
    assert_eq!(written(json!("5"), &domain), "5");
    assert!(refused(json!("x"), &domain).contains("does not fit"));
    let labels = vec!["sad".to_owned(), "ok".to_owned()];
    let mood = Type::new("mood".to_owned(), 2, Kind::Enum(labels), schema());
    assert_eq!(written(json!("ok"), &mood), "ok");
    assert!(
        refused(json!("hunter2"), &mood)
            .ends_with("is a mood, and a text does not fit: write one of sad, ok")
    );
}
