//! What means the same is the same, however it is spelled; what does not, is not.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A text, or a list of some.
fn texts(of: &'static str) -> impl Strategy<Value = Value> {
    prop::collection::btree_set(of, 1..4).prop_map(|t| match t.len() {
        1 => json!(t.first()),
        _ => json!(t),
    })
}

fn statement() -> impl Strategy<Value = Value> {
    (
        prop::option::of("[A-Z][a-z]{1,6}"),
        prop::bool::ANY,
        texts("(s3|ec2|logs):[A-Z][a-z]{1,4}\\*?"),
        texts("arn:aws:s3:::[a-c]{1,2}(/\\*)?"),
        prop::option::of(texts("[0-9]{12}")),
        prop::option::of((texts("[a-c]{1,3}"), texts("true|false"))),
    )
        .prop_map(|(sid, allow, action, resource, principal, condition)| {
            let mut s = json!({
                "Effect": if allow { "Allow" } else { "Deny" },
                "Action": action,
                "Resource": resource,
            });
            if let Some(sid) = sid {
                s["Sid"] = json!(sid);
            }
            if let Some(accounts) = principal {
                s["Principal"] = json!({"AWS": accounts, "Service": "lambda.amazonaws.com"});
            }
            if let Some((tags, secure)) = condition {
                s["Condition"] = json!({
                    "StringEquals": {"aws:PrincipalTag/x": tags},
                    "Bool": {"aws:SecureTransport": secure},
                });
            }
            s
        })
}

fn document() -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(), 1..4)
        .prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
}

/// Spells a document in another way, as the numbers say: the order of members, of lists, one or a list of one, what is
/// said twice, and the letter case of actions.
fn respelled(value: &Value, inside: &str, turn: &mut impl FnMut() -> usize) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members
                .iter()
                .map(|(k, v)| (k.clone(), respelled(v, k, turn)))
                .collect();
            shuffle(&mut members, turn);
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => {
            // a list holds no lists: what is in one stays without another
            let mut items: Vec<Value> = items
                .iter()
                .map(|i| match i {
                    Value::String(text) if inside == "Action" && turn().is_multiple_of(2) => {
                        json!(text.to_ascii_uppercase())
                    }
                    Value::String(_) => i.clone(),
                    _ => respelled(i, inside, turn),
                })
                .collect();
            shuffle(&mut items, turn);
            // a statement that is there twice is another document; an action is not
            if inside != "Statement" && turn().is_multiple_of(3) {
                items.push(items[0].clone());
            }
            match items.len() {
                1 if turn().is_multiple_of(2) => items.remove(0),
                _ => Value::Array(items),
            }
        }
        Value::String(text) if inside == "Action" && turn().is_multiple_of(2) => {
            json!(text.to_ascii_uppercase())
        }
        Value::String(_)
            if !["Version", "Effect", "Sid"].contains(&inside) && turn().is_multiple_of(3) =>
        {
            json!([value])
        }
        other => other.clone(),
    }
}

fn shuffle<T>(items: &mut [T], turn: &mut impl FnMut() -> usize) {
    for at in (1..items.len()).rev() {
        items.swap(at, turn() % (at + 1));
    }
}

proptest! {
    #[test]
    fn another_spelling_is_the_same_document(document in document(), turns in prop::collection::vec(any::<usize>(), 64)) {
        let mut next = turns.iter().cycle();
        let mut turn = || *next.next().unwrap();
        let other = respelled(&document, "", &mut turn);
        prop_assert!(same_policy_document(&document, &other), "{document}\n{other}");
        prop_assert!(same_policy_document(&other, &document));
        prop_assert_eq!(policy_document_changes(&document, &other), vec![]);
        // as IAM returns it: with blanks, and percent-encoded
        let pretty = serde_json::to_string_pretty(&other).unwrap();
        prop_assert!(same_policy_document(&decode_policy_document(&pretty).unwrap(), &document));
        let encoded = percent_encoding::utf8_percent_encode(&pretty, percent_encoding::NON_ALPHANUMERIC).to_string();
        prop_assert!(same_policy_document(&decode_policy_document(&encoded).unwrap(), &document));
        prop_assert_eq!(policy_document_size(&decode_policy_document(&pretty).unwrap()), policy_document_size(&other));
        prop_assert!(same_policy_document(&tidy_policy_document(&other), &document));
    }

    /// A right more, less, or other is a difference, and it is told.
    #[test]
    fn another_right_is_another_document(document in document(), at in any::<prop::sample::Index>(), what in 0..6) {
        let mut other = document.clone();
        let statements = other["Statement"].as_array_mut().unwrap();
        let at = at.index(statements.len());
        match what {
            0 => statements[at]["Action"] = json!("iam:PassRole"),
            1 => statements[at]["Resource"] = json!("arn:aws:s3:::elsewhere"),
            2 => statements[at]["Effect"] = json!(if statements[at]["Effect"] == "Allow" { "Deny" } else { "Allow" }),
            3 => statements[at]["Principal"] = json!({"AWS": "*"}),
            4 => statements[at]["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            _ => { statements.push(json!({"Effect": "Allow", "Action": "*", "Resource": "*"})); }
        }
        prop_assert!(!same_policy_document(&document, &other), "{document}\n{other}");
        let changes = policy_document_changes(&document, &other);
        prop_assert!(!changes.is_empty());
        prop_assert!(changes.iter().all(|c| c.before != c.after));
    }

    #[test]
    fn no_document_makes_it_panic(text in "\\PC{0,80}|[%{}\\[\\]\":,a-z0-9 ]{0,80}") {
        if let Ok(document) = decode_policy_document(&text) {
            prop_assert!(same_policy_document(&document, &document));
            prop_assert_eq!(policy_document_changes(&document, &json!({})).is_empty(), same_policy_document(&document, &json!({})));
            let _ = (policy_document_problems(&document), tidy_policy_document(&document), policy_document_size(&document));
        }
    }
}
