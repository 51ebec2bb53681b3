//! What holds for any text.

use proptest::prelude::*;

use super::*;

/// Texts that are mostly made of what means something.
fn texts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("%(a)s".to_owned()),
        Just("%(b)s".to_owned()),
        Just("%%".to_owned()),
        Just("%".to_owned()),
        Just("'".to_owned()),
        Just("\"".to_owned()),
        Just("$$".to_owned()),
        Just("--".to_owned()),
        Just("/*".to_owned()),
        Just("*/".to_owned()),
        Just("\n".to_owned()),
        Just(";".to_owned()),
        Just(" SELECT ".to_owned()),
        Just("(".to_owned()),
        Just(")".to_owned()),
        Just("E'\\".to_owned()),
        "[a-zä€🦀 ]{0,3}",
    ];
    prop::collection::vec(part, 0..14).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn every_place_in_the_sql_is_a_place_in_the_template(text in texts()) {
        if let Ok(template) = Template::parse("t.sql", text.clone()) {
            let mut last = (0, 0);
            for (at, char) in template.sql().char_indices() {
                let place = template.place(Some(at));
                let here = (place.line, place.column);
                prop_assert!(here >= last, "{here:?} after {last:?}");
                last = here;
                let line = text.split('\n').nth(place.line as usize - 1).unwrap();
                let there = line.trim_start_matches('\u{feff}').chars().nth(place.column as usize - 1);
                // what is not taken over as it is comes from a percent sign
                prop_assert!(there == Some(char) || there == Some('%') || char == '\n', "{char:?} {there:?}");
            }
        }
    }

    #[test]
    fn a_text_without_percent_signs_is_sent_as_it_is(text in texts()) {
        let text = text.replace('%', "");
        if let Ok(template) = Template::parse("t.sql", text.clone()) {
            prop_assert!(text.contains(template.sql()));
            prop_assert_eq!(template.parameters().count(), 0);
        }
    }

    /// What the splitter takes for one statement stays one after parameters have been put in.
    #[test]
    fn parameters_never_make_another_statement(text in texts()) {
        if let Ok(template) = Template::parse("t.sql", text) {
            let again = crate::pg::script::split(template.sql()).unwrap();
            prop_assert_eq!(again.len(), 1);
            prop_assert_eq!(again[0].text.as_str(), template.sql());
        }
    }
}
