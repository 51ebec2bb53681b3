use super::*;

fn document(statement: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statement})
}

fn allow(more: Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
    for (name, value) in more.as_object().unwrap() {
        statement[name] = value.clone();
    }
    statement
}

#[test]
fn what_means_the_same_is_the_same() {
    let base = allow(json!({}));
    for (one, other, why) in [
        (
            document(base.clone()),
            document(json!([base])),
            "one statement without its list",
        ),
        (
            document(json!([allow(json!({"Action": ["s3:GetObject"]}))])),
            document(json!([base])),
            "one action without its list",
        ),
        (
            document(allow(
                json!({"Action": ["s3:PutObject", "s3:getobject", "s3:GetObject"]}),
            )),
            document(allow(json!({"Action": ["S3:GetObject", "s3:PutObject"]}))),
            "letter case, order and repetition of actions",
        ),
        (
            document(allow(json!({"Resource": ["arn:b", "arn:a"]}))),
            document(allow(json!({"Resource": ["arn:a", "arn:b", "arn:a"]}))),
            "order and repetition of resources",
        ),
        (
            document(allow(
                json!({"Condition": {"Bool": {"aws:SecureTransport": true}, "NumericLessThan": {"s3:max-keys": 10}}}),
            )),
            document(allow(
                json!({"Condition": {"NumericLessThan": {"s3:max-keys": ["10"]}, "Bool": {"AWS:SecureTransport": ["true"]}}}),
            )),
            "condition values as texts, keys in any case and order",
        ),
        (
            document(allow(
                json!({"Principal": {"AWS": ["123456789012", "arn:aws:iam::1:user/x"]}}),
            )),
            document(allow(
                json!({"Principal": {"AWS": ["arn:aws:iam::1:user/x", "arn:aws-cn:iam::123456789012:root"]}}),
            )),
            "an account and its root",
        ),
        (
            document(json!([
                allow(json!({"Sid": "A"})),
                allow(json!({"Sid": "B"}))
            ])),
            document(json!([
                allow(json!({"Sid": "B"})),
                allow(json!({"Sid": "A"}))
            ])),
            "the order of statements",
        ),
        (
            json!({"Statement": [base]}),
            json!({"Version": "2008-10-17", "Statement": base}),
            "no version is the old one",
        ),
        (
            json!({"Statement": {"Resource": "*", "Action": "s3:GetObject", "Effect": "Allow"}, "Version": "2012-10-17"}),
            document(base.clone()),
            "the order of members",
        ),
    ] {
        assert!(same_policy_document(&one, &other), "{why}");
        assert!(policy_document_changes(&one, &other).is_empty(), "{why}");
    }
}

#[test]
fn what_means_something_else_differs() {
    let base = document(allow(json!({})));
    for (other, why) in [
        (json!({"Statement": allow(json!({}))}), "the version"),
        (document(allow(json!({"Effect": "Deny"}))), "the effect"),
        (document(allow(json!({"Sid": "A"}))), "a Sid"),
        (
            document(allow(json!({"Resource": "arn:aws:s3:::A"}))),
            "the resource",
        ),
        (
            document(allow(json!({"Action": ["s3:GetObject", "s3:PutObject"]}))),
            "an action more",
        ),
        (
            document(allow(json!({"Condition": {"Bool": {"a": true}}}))),
            "a condition",
        ),
        (
            document(json!([allow(json!({})), allow(json!({"Sid": "B"}))])),
            "a statement more",
        ),
        (document(allow(json!({"Unheard": 1}))), "an unknown element"),
        (
            json!({"Version": "2012-10-17", "Statement": allow(json!({})), "More": 1}),
            "an unknown member",
        ),
    ] {
        assert!(!same_policy_document(&base, &other), "{why}");
        assert!(!policy_document_changes(&base, &other).is_empty(), "{why}");
    }
    let star = |p: Value| document(allow(json!({"Principal": p})));
    assert!(!same_policy_document(
        &star(json!("*")),
        &star(json!({"AWS": "*"}))
    ));
    let cased = |v: &str| document(allow(json!({"Condition": {"StringEquals": {"k": v}}})));
    assert!(!same_policy_document(&cased("a"), &cased("A")));
    let resource = |v: &str| document(allow(json!({"Resource": v})));
    assert!(!same_policy_document(
        &resource("arn:a"),
        &resource("arn:A")
    ));
}

#[test]
fn condition_keys_that_differ_only_in_case_are_not_thrown_together() {
    let one = document(allow(
        json!({"Condition": {"StringEquals": {"k": "1", "K": "2"}}}),
    ));
    let other = document(allow(
        json!({"Condition": {"StringEquals": {"k": "2", "K": "1"}}}),
    ));
    assert!(!same_policy_document(&one, &other));
}

#[test]
fn changes_name_the_statement() {
    let before = document(json!([
        allow(json!({"Sid": "Keep"})),
        allow(json!({"Sid": "Gone"})),
        allow(json!({"Sid": "Edit", "Action": "s3:A"})),
    ]));
    let after = document(json!([
        allow(json!({"Sid": "Edit", "Action": "s3:B"})),
        allow(json!({"Action": "s3:New"})),
        allow(json!({"Sid": "Keep"})),
    ]));
    let found = policy_document_changes(&before, &after);
    let paths: Vec<_> = found.iter().map(|c| c.path.as_str()).collect();
    assert_eq!(
        paths,
        ["Statement[Edit]", "Statement[1]", "Statement[Gone]"]
    );
    assert_eq!(found[0].before["Action"], "s3:A");
    assert_eq!(found[0].after["Action"], "s3:B");
    assert!(found[1].before.is_null());
    assert!(found[2].after.is_null());
}

#[test]
fn a_lone_statement_is_compared_with_the_lone_other() {
    let one = document(allow(json!({"Action": "s3:A"})));
    let other = document(allow(json!({"Action": "s3:B"})));
    let found = policy_document_changes(&one, &other);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].path, "Statement[0]");
    assert_eq!(found[0].before["Action"], "s3:A");
}

#[test]
fn tidying_keeps_the_letters_and_the_order_of_members() {
    let tidy = tidy_policy_document(
        &json!({"Statement": {"Resource": ["*"], "Action": ["ec2:B", "ec2:A", "ec2:A"], "Effect": "Allow"}, "Version": "2012-10-17"}),
    );
    assert_eq!(
        tidy.to_string(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:A","ec2:B"],"Resource":"*"}]}"#
    );
}

#[test]
fn documents_are_decoded_by_rfc_3986() {
    let encoded = "%7B%22Version%22%3A%222012-10-17%22%2C%22Id%22%3A%22a%2Bb+c%20d%22%7D";
    assert_eq!(
        decode_policy_document(encoded).unwrap(),
        json!({"Version": "2012-10-17", "Id": "a+b+c d"})
    );
    assert_eq!(
        decode_policy_document("{\"Id\": \"50%25\"}").unwrap(),
        json!({"Id": "50%25"})
    );
    assert!(decode_policy_document("%7B").is_err());
    assert!(decode_policy_document("%FF%FE").is_err());
}

#[test]
fn the_size_is_counted_without_blanks() {
    assert_eq!(
        policy_document_size(&json!({"Id": "a b"})),
        r#"{"Id":"ab"}"#.len()
    );
}

#[test]
fn what_iam_would_refuse_is_found_and_placed() {
    let found = |d: &Value| {
        policy_document_problems(d)
            .into_iter()
            .map(|(at, _)| at)
            .collect::<Vec<_>>()
    };
    assert!(found(&document(allow(json!({"Sid": "A1"})))).is_empty());
    assert!(
        found(&document(allow(
            json!({"Action": "*", "Resource": "${iam_role.x.arn}"})
        )))
        .is_empty()
    );
    for (bad, at) in [
        (json!([]), ""),
        (json!({"Statement": [allow(json!({}))]}), "Version"),
        (
            json!({"Version": "2012-10-17", "Statement": []}),
            "Statement",
        ),
        (json!({"Version": "2012-10-17"}), "Statement"),
        (
            json!({"Version": "2012-10-17", "Statements": 1, "Statement": allow(json!({}))}),
            "Statements",
        ),
        (document(json!(["x"])), "Statement[0]"),
        (
            document(allow(json!({"Effect": "allow"}))),
            "Statement[0].Effect",
        ),
        (
            document(allow(json!({"NotAction": "s3:A"}))),
            "Statement[0]",
        ),
        (
            document(allow(json!({"Action": []}))),
            "Statement[0].Action",
        ),
        (document(allow(json!({"Action": 1}))), "Statement[0].Action"),
        (
            document(allow(json!({"Action": "GetObject"}))),
            "Statement[0].Action",
        ),
        (
            document(allow(json!({"Resource": "bucket"}))),
            "Statement[0].Resource",
        ),
        (
            document(allow(json!({"Principal": "*"}))),
            "Statement[0].Principal",
        ),
        (document(allow(json!({"Sid": "a b"}))), "Statement[0].Sid"),
        (
            document(allow(json!({"Condition": "x"}))),
            "Statement[0].Condition",
        ),
        (
            document(allow(json!({"Actions": "x"}))),
            "Statement[0].Actions",
        ),
        (
            document(json!([
                allow(json!({"Sid": "A"})),
                allow(json!({"Sid": "A"}))
            ])),
            "Statement[1].Sid",
        ),
    ] {
        assert_eq!(found(&bad), [at], "{bad}");
    }
}
