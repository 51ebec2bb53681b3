//! What is refused, without a database. With one: `tests/it/app.rs`.

use serde_json::json;

use super::*;

fn problems(user_handle: &str, message: &str, ttl: &str) -> Vec<Problem> {
    let new = NewActivity {
        user_handle,
        message,
        ttl,
    };
    new.check()
        .err()
        .map_or(Vec::new(), |refused| refused.problems)
}

#[test]
fn the_seven_times_to_live_are_the_applications() {
    let written: Vec<&str> = Ttl::ALL.iter().map(|ttl| ttl.as_str()).collect();
    assert_eq!(
        written,
        [
            "30-days", "7-days", "3-days", "1-day", "12-hours", "3-hours", "1-hour"
        ]
    );
    let hours: Vec<i64> = Ttl::ALL.iter().map(|ttl| ttl.hours()).collect();
    assert_eq!(hours, [720, 168, 72, 24, 12, 3, 1]);
    for ttl in Ttl::ALL {
        assert_eq!(ttl.to_string().parse(), Ok(ttl));
    }
    for none in ["", "2-days", "7-DAYS", " 7-days", "7 days"] {
        assert_eq!(none.parse::<Ttl>(), Err(Problem::TtlBlank), "{none:?}");
    }
}

#[test]
fn everything_that_is_wrong_is_told() {
    use Problem::*;
    let long = "x".repeat(281);
    assert_eq!(problems("a", "b", "1-day"), []);
    assert_eq!(
        problems("", "", ""),
        [TtlBlank, UserHandleBlank, MessageBlank]
    );
    assert_eq!(problems("a", " \n\u{a0}", "1-day"), [MessageBlank]);
    assert_eq!(
        problems("\t", &long, "1-day"),
        [UserHandleBlank, MessageExceedMaxChars]
    );
    assert_eq!(problems("a", &long, "x"), [TtlBlank, MessageExceedMaxChars]);
}

#[test]
fn a_message_has_280_characters_as_people_count_them() {
    for character in ["x", "é", "e\u{301}", "👩‍👩‍👧‍👦", "🇳🇴", "क्षि"]
    {
        assert_eq!(problems("a", &character.repeat(280), "1-day"), []);
        let long = character.repeat(281);
        assert_eq!(
            problems("a", &long, "1-day"),
            [Problem::MessageExceedMaxChars]
        );
    }
}

#[test]
fn a_refusal_is_told_as_the_application_tells_it() {
    let new = NewActivity {
        user_handle: "",
        message: "hi",
        ttl: "",
    };
    let refused = new.check().unwrap_err();
    assert_eq!(refused.to_string(), "ttl_blank, user_handle_blank");
    assert_eq!(
        refused.model(),
        json!({"errors": ["ttl_blank", "user_handle_blank"], "data": {"handle": "", "message": "hi"}})
    );
}
