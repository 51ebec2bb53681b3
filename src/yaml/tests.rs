use super::*;
use crate::resource::{Input, SecretInput};
use serde::Deserialize;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    name: String,
    port: u16,
    version: String,
    #[serde(default)]
    public: Option<bool>,
    endpoint: Option<Input<String>>,
    count: Option<Input<u32>>,
    password: Option<SecretInput>,
    #[serde(default)]
    list: Vec<u8>,
}

fn problems(text: &str) -> Vec<String> {
    let node = match parse(text) {
        Ok(node) => node,
        Err(p) => return vec![format!("{}: {}", p.offset, p.message)],
    };
    match read::<Spec>(&node) {
        Ok(spec) => panic!("accepted: {spec:?}"),
        Err(problems) => problems
            .iter()
            .map(|p| {
                let s = problem::span("f", text, p.offset, p.len);
                format!(
                    "{}:{} {}{}",
                    s.line,
                    s.column,
                    p.message,
                    p.help
                        .as_ref()
                        .map(|h| format!(" ({h})"))
                        .unwrap_or_default()
                )
            })
            .collect(),
    }
}

#[test]
fn numbers_are_taken_as_they_are_written() {
    let node = parse("name: a\nport: 5432\nversion: 17.10\nendpoint: ${a.b.c}\ncount: 3").unwrap();
    let spec: Spec = read(&node).unwrap();
    assert_eq!(spec.version, "17.10");
    assert!(matches!(spec.endpoint, Some(Input::Template(_))));
    assert_eq!(spec.count, Some(Input::Known(3)));
}

#[test]
fn every_mistake_is_found_at_once_and_in_order() {
    assert_eq!(
        problems(
            "nmae: a\nport: 99999\npublic: no\nlist: [1, x, 300]\npassword: hunter2\ncount: many\n"
        ),
        [
            "1:1 `name` is missing",
            "1:1 unknown key `nmae` (did you mean `name`?)",
            "2:7 a whole number from 0 to 65535 is wanted here, not the number 99999",
            "3:9 true or false is wanted here, not the text \"no\" (write false)",
            "4:11 a whole number is wanted here, not the text \"x\"",
            "4:14 a whole number from 0 to 255 is wanted here, not the number 300",
            "5:11 a secret is never written here: write a reference, as in ${env.CRUDDUR_DB_PASSWORD}",
            "6:8 a whole number is wanted here, not the text \"many\"",
        ]
    );
}

#[test]
fn a_literal_secret_is_not_echoed() {
    let node = parse("name: a\nport: 1\nversion: x\npassword: hunter2").unwrap();
    let found = read::<Spec>(&node).unwrap_err();
    assert!(found[0].hide_source);
    assert!(!format!("{found:?}").contains("hunter2"));
}

#[test]
fn mistakes_in_the_yaml_itself_are_named() {
    for (text, want) in [
        ("name: a\nname: b\n", "the key `name` is there twice"),
        ("a:\n\tb: 1\n", "a tab is used for indentation"),
        ("a: 1\n---\nb: 2\n", "a second document begins here"),
    ] {
        assert!(problems(text)[0].ends_with(want), "{:?}", problems(text));
    }
}

#[test]
fn a_bomb_is_refused() {
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for i in 1..10 {
        bomb.push_str(&format!(
            "a{i}: &a{i} [{}]\n",
            vec![format!("*a{}", i - 1); 9].join(",")
        ));
    }
    assert!(parse(&bomb).is_err());
    assert!(parse(&format!("a: {}{}", "[".repeat(5000), "]".repeat(5000))).is_err());
}

proptest::proptest! {
    #[test]
    fn nothing_panics(text in "[ -~\n\t${}äöü:]{0,200}") {
        if let Ok(node) = parse(&text) {
            let _ = read::<Spec>(&node);
        }
    }
}
