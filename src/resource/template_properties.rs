//! What holds for any template.

use super::{Part, Template};
use proptest::prelude::*;

fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("$"),
        Just("{"),
        Just("}"),
        Just("${"),
        Just("$${"),
        Just("${env.HOME}"),
        Just("${ env.X_1 }"),
        Just("${rds_instance.main.endpoint}"),
        Just("${a.b}"),
        Just("."),
        Just("é"),
        Just("postgresql://"),
    ];
    let piece = prop_oneof![5 => piece.prop_map(str::to_owned), 1 => "[ -~]{0,4}"];
    prop::collection::vec(piece, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    /// What is printed is read as the same, and says the same when printed again.
    #[test]
    fn what_is_read_can_be_printed_and_read_again(text in prop_oneof![soup(), any::<String>()]) {
        let Ok(template) = Template::parse(&text) else { return Ok(()) };
        let printed = template.to_string();
        let again = Template::parse(&printed);
        prop_assert_eq!(again.as_ref(), Ok(&template), "{:?} printed {:?}", text, printed);
        prop_assert_eq!(again.unwrap().to_string(), printed);
        // texts never lie side by side, and are empty only where there is nothing else
        for pair in template.0.windows(2) {
            let both = matches!(pair, [Part::Text(_), Part::Text(_)]);
            prop_assert!(!both, "{:?}", template);
        }
    }

    /// A text without `${` is itself, whatever else is in it.
    #[test]
    fn a_text_without_references_is_itself(text in any::<String>()) {
        let text = text.replace("${", "");
        let template = Template::parse(&text).unwrap();
        prop_assert_eq!(template.0, vec![Part::Text(text)]);
    }

    /// `$$` before a brace makes a literal of any text, references in it too.
    #[test]
    fn every_text_can_be_written(text in prop_oneof![soup(), any::<String>()]) {
        let written = text.replace("${", "$${");
        let template = Template::parse(&written).unwrap();
        prop_assert_eq!(template.0, vec![Part::Text(text)]);
    }
}
