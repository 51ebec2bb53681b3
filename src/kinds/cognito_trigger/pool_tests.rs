use super::pool::{self, BOTH_WAYS, DESCRIBE_ONLY};
use proptest::prelude::*;
use serde_json::{Value, json};

const POST: &str = "PostConfirmation";
const ARN: &str = "arn:aws:lambda:us-west-2:123456789012:function:cruddur-post-confirmation";

fn described() -> Value {
    serde_json::from_str(
        r###"{
        "Id": "us-west-2_abc", "Name": "cruddur", "Arn": "arn:pool", "Status": "Enabled",
        "CreationDate": 1.5, "LastModifiedDate": 2.5, "EstimatedNumberOfUsers": 7,
        "SchemaAttributes": [{"Name": "sub"}], "AliasAttributes": ["email"], "UsernameAttributes": ["email"],
        "UsernameConfiguration": {"CaseSensitive": false}, "Domain": "d", "CustomDomain": "c",
        "SmsConfigurationFailure": "x", "EmailConfigurationFailure": "y",
        "Policies": {"PasswordPolicy": {"MinimumLength": 10, "TemporaryPasswordValidityDays": 14}},
        "DeletionProtection": "ACTIVE",
        "LambdaConfig": {"CustomMessage": "arn:other"},
        "AutoVerifiedAttributes": ["email"],
        "SmsVerificationMessage": "sms {####}", "EmailVerificationMessage": "mail {####}",
        "EmailVerificationSubject": "subject",
        "VerificationMessageTemplate": {
            "SmsMessage": "sms {####}", "EmailMessage": "mail {####}", "EmailSubject": "subject",
            "DefaultEmailOption": "CONFIRM_WITH_CODE"},
        "SmsAuthenticationMessage": "{####}",
        "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": []},
        "MfaConfiguration": "OPTIONAL",
        "DeviceConfiguration": {},
        "EmailConfiguration": {"EmailSendingAccount": "DEVELOPER", "SourceArn": "arn:ses"},
        "SmsConfiguration": {"SnsCallerArn": "arn:sns", "ExternalId": "e"},
        "UserPoolTags": {"a": "b"},
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true, "UnusedAccountValidityDays": 14},
        "UserPoolAddOns": {"AdvancedSecurityMode": "OFF"},
        "DcrConfiguration": {"EnableStatus": "Disabled"},
        "AccountRecoverySetting": {"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
        "UserPoolTier": "PLUS",
        "KeyConfiguration": {"KeyType": "AWS_OWNED_KEY"}, "IssuerConfiguration": {"Type": "ORIGINAL"},
        "AcrConfiguration": {"Level1": {"AcrValue": "x"}},
        "Tomorrow": {"Unheard": [1, 2]}
    }"###,
    )
    .unwrap()
}

#[test]
fn tags_of_aws_itself_are_not_sent_back() {
    let mut pool = described();
    pool["UserPoolTags"] = json!({"aws:cloudformation:stack-name": "amplify", "a": "b"});
    let request = pool::update_request(&pool, POST, Some(ARN));
    assert_eq!(request["UserPoolTags"], json!({"a": "b"}));
    let mut lost = pool.clone();
    lost["UserPoolTags"] = json!({"a": "b"});
    assert_eq!(
        pool::moved(&pool, &lost, Some(POST)),
        ["UserPoolTags.aws:cloudformation:stack-name"],
        "their loss would still be seen"
    );
}

#[test]
fn the_request_holds_everything_but_what_is_only_described() {
    let request = pool::update_request(&described(), POST, Some(ARN));
    assert_eq!(request["UserPoolId"], "us-west-2_abc");
    assert_eq!(
        request["LambdaConfig"],
        json!({"CustomMessage": "arn:other", POST: ARN})
    );
    for name in DESCRIBE_ONLY {
        assert!(request.get(*name).is_none(), "{name}");
    }
    assert!(request.get("PoolName").is_none());
    let same = BOTH_WAYS
        .iter()
        .filter(|n| !["LambdaConfig", "AdminCreateUserConfig"].contains(n));
    for name in same.chain(&["Tomorrow"]) {
        assert_eq!(request[*name], described()[*name], "{name}");
    }
    for name in [
        "SmsVerificationMessage",
        "EmailVerificationMessage",
        "EmailVerificationSubject",
    ] {
        assert!(request.get(name).is_none(), "{name}");
    }
    assert_eq!(pool::unknown(&described()), ["Tomorrow"]);
}

#[test]
fn a_trigger_is_replaced_and_cleared() {
    let mut pool = described();
    pool["LambdaConfig"][POST] = json!("arn:old");
    let set = pool::update_request(&pool, POST, Some(ARN));
    assert_eq!(set["LambdaConfig"][POST], ARN);
    let cleared = pool::update_request(&pool, POST, None);
    assert_eq!(
        cleared["LambdaConfig"],
        json!({"CustomMessage": "arn:other"})
    );
    // none at all: the empty map goes out, so that nothing is left to a default
    let none = pool::update_request(&json!({"Id": "x"}), POST, None);
    assert_eq!(none, json!({"LambdaConfig": {}, "UserPoolId": "x"}));
    assert_eq!(
        pool::trigger_of(&json!({"LambdaConfig": {POST: ""}}), POST),
        None
    );
}

/// The table of aws-facts §5.2: what is described, and what is sent.
#[test]
fn fields_are_transformed_as_the_update_takes_them() {
    for (described, sent, why) in [
        (
            json!({"Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 3}},
                "AdminCreateUserConfig": {"UnusedAccountValidityDays": 3, "AllowAdminCreateUserOnly": true}}),
            json!({"Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 3}},
                "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true}}),
            "both names of the days",
        ),
        (
            json!({"Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 0}},
                "AdminCreateUserConfig": {"UnusedAccountValidityDays": 5}}),
            json!({"Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 5}}, "AdminCreateUserConfig": {}}),
            "the older name has the real value",
        ),
        (
            json!({"Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 0}}}),
            json!({"Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 7}}}),
            "zero days are the default",
        ),
        (
            json!({"Policies": {"PasswordPolicy": {"MinimumLength": 8}}, "AdminCreateUserConfig": {"UnusedAccountValidityDays": 5}}),
            json!({"Policies": {"PasswordPolicy": {"MinimumLength": 8, "TemporaryPasswordValidityDays": 5}}, "AdminCreateUserConfig": {}}),
            "only the older name",
        ),
        (
            json!({"AdminCreateUserConfig": {"UnusedAccountValidityDays": 5}}),
            json!({"AdminCreateUserConfig": {"UnusedAccountValidityDays": 5}}),
            "no password policy to put it in",
        ),
        (
            json!({"EmailVerificationMessage": "m", "EmailVerificationSubject": "s", "SmsVerificationMessage": "t"}),
            json!({"VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE",
                "SmsMessage": "t", "EmailMessage": "m", "EmailSubject": "s"}}),
            "old texts without a template",
        ),
        (
            json!({"EmailVerificationMessage": "old", "SmsVerificationMessage": "t",
                "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE", "EmailMessage": "new"}}),
            json!({"VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE",
                "EmailMessage": "new", "SmsMessage": "t"}}),
            "the template wins, and its gaps are filled",
        ),
        (
            json!({"EmailVerificationMessage": "m", "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_LINK",
                "EmailMessage": "m", "EmailSubject": "s", "EmailMessageByLink": "l", "EmailSubjectByLink": "ls", "SmsMessage": "t"}}),
            json!({"VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_LINK",
                "EmailMessageByLink": "l", "EmailSubjectByLink": "ls", "SmsMessage": "t"}}),
            "by link",
        ),
        (
            json!({"VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE",
                "EmailMessage": "m", "EmailMessageByLink": "l", "EmailSubjectByLink": "ls"}}),
            json!({"VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE", "EmailMessage": "m"}}),
            "by code",
        ),
        (
            json!({"DeviceConfiguration": null}),
            json!({}),
            "null is off",
        ),
        (
            json!({"DeviceConfiguration": {}}),
            json!({"DeviceConfiguration": {}}),
            "an empty object is on",
        ),
        (
            json!({"AutoVerifiedAttributes": []}),
            json!({"AutoVerifiedAttributes": []}),
            "an empty list is not nothing",
        ),
        (
            json!({"LambdaConfig": {"PreTokenGeneration": "a", "PreTokenGenerationConfig": {"LambdaArn": "a", "LambdaVersion": "V2_0"}, "KMSKeyID": "k"}}),
            json!({"LambdaConfig": {"PreTokenGeneration": "a", "PreTokenGenerationConfig": {"LambdaArn": "a", "LambdaVersion": "V2_0"}, "KMSKeyID": "k"}}),
            "other triggers go along",
        ),
    ] {
        let mut request = pool::update_request(&described, POST, None);
        let request = request.as_object_mut().unwrap();
        request.shift_remove("UserPoolId");
        if sent.get("LambdaConfig").is_none() {
            assert_eq!(
                request.shift_remove("LambdaConfig"),
                Some(json!({})),
                "{why}"
            );
        }
        assert_eq!(Value::Object(request.clone()), sent, "{why}");
        // what is sent means what was described
        assert_eq!(
            pool::moved(&described, &sent, None),
            Vec::<String>::new(),
            "{why}"
        );
    }
}

#[test]
fn what_moved_is_named_by_its_path() {
    let before = described();
    for (change, paths) in [
        (json!({"UserPoolTier": "LITE"}), vec!["UserPoolTier"]),
        (json!({"Tomorrow": null}), vec!["Tomorrow"]),
        (
            json!({"DeviceConfiguration": null}),
            vec!["DeviceConfiguration"],
        ),
        (
            json!({"AutoVerifiedAttributes": []}),
            vec!["AutoVerifiedAttributes"],
        ),
        (
            json!({"Policies": {"PasswordPolicy": {"MinimumLength": 8, "TemporaryPasswordValidityDays": 14}}}),
            vec!["Policies.PasswordPolicy.MinimumLength"],
        ),
        (
            json!({"LambdaConfig": {POST: ARN}}),
            vec!["LambdaConfig.CustomMessage"],
        ),
        (
            json!({"LambdaConfig": {"CustomMessage": "arn:other", POST: ARN}}),
            vec![],
        ),
        (
            json!({"LastModifiedDate": 9.0, "EstimatedNumberOfUsers": 8, "SmsConfigurationFailure": null}),
            vec![],
        ),
        (json!({"New": 1}), vec!["New"]),
        (json!({"Name": "other"}), vec!["Name"]),
    ] {
        let mut after = before.clone();
        for (name, value) in change.as_object().unwrap() {
            after[name] = value.clone();
        }
        assert_eq!(pool::moved(&before, &after, Some(POST)), paths, "{change}");
    }
    let mut after = before.clone();
    after["LambdaConfig"][POST] = json!(ARN);
    assert_eq!(
        pool::moved(&before, &after, None),
        ["LambdaConfig.PostConfirmation"]
    );
    let list = |items: Value| json!({"AutoVerifiedAttributes": items});
    assert!(pool::moved(&list(json!(["a", "b"])), &list(json!(["b", "a"])), None).is_empty());
    assert_eq!(
        pool::moved(&list(json!(["a", "b"])), &list(json!(["a", "a"])), None).len(),
        1
    );
}

#[test]
fn restoring_gives_back_the_trigger_and_a_lost_name() {
    let mut before = described();
    before["LambdaConfig"][POST] = json!("arn:old");
    let mut now = before.clone();
    now["UserPoolTier"] = json!("LITE");
    let request = pool::restore_request(&before, &now, POST);
    assert_eq!(request["LambdaConfig"][POST], "arn:old");
    assert_eq!(request["UserPoolTier"], "PLUS");
    assert!(request.get("PoolName").is_none());
    now["Name"] = json!("lost");
    assert_eq!(
        pool::restore_request(&before, &now, POST)["PoolName"],
        "cruddur"
    );
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-zA-Z{}# ]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[A-Z][a-z]{0,6}", inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

fn any_pool() -> impl Strategy<Value = Value> {
    let plain: Vec<&'static str> = BOTH_WAYS
        .iter()
        .copied()
        .filter(|n| {
            ![
                "LambdaConfig",
                "Policies",
                "AdminCreateUserConfig",
                "VerificationMessageTemplate",
            ]
            .contains(n)
        })
        .collect();
    let names = prop_oneof![
        prop::sample::select(plain).prop_map(str::to_owned),
        prop::sample::select(DESCRIBE_ONLY.to_vec()).prop_map(str::to_owned),
        "X[a-z]{1,6}",
    ];
    let triggers = prop::collection::btree_map("[A-Z][a-z]{1,8}", "[a-z:]{1,12}", 0..4);
    (
        prop::collection::btree_map(names, anything(), 0..12),
        prop::option::of(triggers),
    )
        .prop_map(|(members, triggers)| {
            let mut pool = Value::Object(members.into_iter().collect());
            pool["Id"] = json!("us-west-2_x");
            if let Some(triggers) = triggers {
                pool["LambdaConfig"] = json!(triggers);
            }
            pool
        })
}

proptest! {
    #[test]
    fn every_member_but_the_describe_only_survives(pool in any_pool(), clear in any::<bool>()) {
        let arn = (!clear).then_some(ARN);
        let request = pool::update_request(&pool, POST, arn);
        for (name, value) in pool.as_object().unwrap() {
            if DESCRIBE_ONLY.contains(&name.as_str()) {
                prop_assert!(request.get(name).is_none());
            } else if name != "LambdaConfig" {
                prop_assert_eq!(&request[name], value);
            }
        }
        for (name, value) in pool["LambdaConfig"].as_object().into_iter().flatten() {
            prop_assert_eq!(&request["LambdaConfig"][name], value);
        }
        prop_assert_eq!(pool::trigger_of(&request, POST), arn);
        // nothing is made up
        for name in request.as_object().unwrap().keys() {
            prop_assert!(pool.get(name).is_some() || name == "UserPoolId" || name == "LambdaConfig");
        }
        // a pool that takes the request as it stands has moved in nothing else
        let mut after = pool.clone();
        for (name, value) in request.as_object().unwrap() {
            if name != "UserPoolId" {
                after[name] = value.clone();
            }
        }
        prop_assert!(pool::moved(&pool, &after, Some(POST)).is_empty());
    }

    #[test]
    fn every_lost_member_is_seen(pool in any_pool()) {
        for name in pool.as_object().unwrap().keys() {
            let volatile = ["LastModifiedDate", "EstimatedNumberOfUsers", "SmsConfigurationFailure", "EmailConfigurationFailure"];
            let empty = name == "LambdaConfig" && pool[name].as_object().unwrap().is_empty();
            if volatile.contains(&name.as_str()) || empty {
                continue;
            }
            let mut after = pool.clone();
            after.as_object_mut().unwrap().shift_remove(name);
            prop_assert!(!pool::moved(&pool, &after, Some(POST)).is_empty(), "{}", name);
        }
    }
}
