//! What leaving a setting out of `UpdateUserPool` does, one by one.

use super::super::update::SETTINGS;
use super::*;

/// What stays when it is left out (aws-facts §5.1); everything else goes back to its default.
const KEPT: &[&str] = &[
    "Policies",
    "UserAttributeUpdateSettings",
    "MfaConfiguration",
    "DcrConfiguration",
];

fn without_dates(mut pool: Value) -> Value {
    pool.as_object_mut().unwrap().remove("LastModifiedDate");
    pool
}

#[tokio::test]
async fn a_whole_round_trip_changes_nothing_but_the_date() {
    let stage = Stage::new();
    let before = stage.pool(POOL).await;
    let after = stage.update(round_trip(&before)).await;
    assert_eq!(without_dates(after.clone()), without_dates(before));
    assert_eq!(after["LastModifiedDate"], 1_795_000_000.5);
}

#[tokio::test]
async fn every_setting_is_described_and_differs_from_its_default() {
    let pool = Stage::new().pool(POOL).await;
    for (name, _) in SETTINGS {
        let held = pool.get(*name);
        assert!(held.is_some(), "{name}");
        // the tier of the first pool is the default one
        assert!(
            *name == "UserPoolTier" || held != defaults::of(name).as_ref(),
            "{name}"
        );
    }
    assert!(pool.as_object().unwrap().len() >= 30);
}

#[tokio::test]
async fn each_setting_that_is_left_out_alone_is_reset_or_kept() {
    for (name, _) in SETTINGS {
        let stage = Stage::new();
        let mut before = stage.pool(POOL).await;
        if *name == "UserPoolTier" {
            let mut plus = round_trip(&before);
            plus["UserPoolTier"] = json!("PLUS");
            before = stage.update(plus).await;
        }
        let mut sent = round_trip(&before);
        sent.as_object_mut().unwrap().remove(*name);
        if *name == "EmailConfiguration" {
            // its own messages are refused without the own account; leave them out with it
            sent.as_object_mut()
                .unwrap()
                .remove("VerificationMessageTemplate");
            sent.as_object_mut()
                .unwrap()
                .remove("AdminCreateUserConfig");
        }
        let after = stage.update(sent).await;
        match KEPT.contains(name) {
            true => assert_eq!(after[name], before[name], "{name}"),
            false => {
                assert_ne!(after.get(*name), before.get(*name), "{name}");
                let mut default = defaults::of(name);
                if *name == "AdminCreateUserConfig" {
                    // shown under its older name too
                    default.as_mut().unwrap()["UnusedAccountValidityDays"] = json!(14);
                }
                assert_eq!(after.get(*name).cloned(), default, "{name}");
            }
        }
        for (other, _) in SETTINGS {
            let with_it = *name == "EmailConfiguration"
                && matches!(
                    *other,
                    "VerificationMessageTemplate" | "AdminCreateUserConfig"
                );
            if other != name && !with_it {
                assert_eq!(
                    after.get(*other),
                    before.get(*other),
                    "{other} without {name}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_update_of_the_trigger_alone_forgets_nearly_everything() {
    let stage = Stage::new();
    let after = stage
        .update(json!({ "LambdaConfig": { "PostConfirmation": FUNCTION } }))
        .await;
    assert_eq!(
        after["LambdaConfig"],
        json!({ "PostConfirmation": FUNCTION })
    );
    assert_eq!(after["DeletionProtection"], "INACTIVE");
    assert_eq!(after["UserPoolTags"], json!({}));
    assert_eq!(
        after["EmailConfiguration"],
        json!({ "EmailSendingAccount": "COGNITO_DEFAULT" })
    );
    for gone in [
        "AutoVerifiedAttributes",
        "DeviceConfiguration",
        "SmsConfiguration",
        "SmsAuthenticationMessage",
        "AccountRecoverySetting",
        "UserPoolAddOns",
        "EmailVerificationMessage",
    ] {
        assert_eq!(after.get(gone), None, "{gone}");
    }
    assert_eq!(after["MfaConfiguration"], "OPTIONAL");
    assert_eq!(after["Policies"]["PasswordPolicy"]["MinimumLength"], 10);
    assert_eq!(after["Name"], "cruddur-user-pool");
    assert_eq!(after["UsernameAttributes"], json!(["email"]));
    let mfa = stage
        .ok("GetUserPoolMfaConfig", json!({ "UserPoolId": POOL }))
        .await;
    assert_eq!(mfa.get("SmsMfaConfiguration"), None);
    assert_eq!(mfa["SoftwareTokenMfaConfiguration"]["Enabled"], true);
}

#[tokio::test]
async fn null_counts_as_left_out() {
    let stage = Stage::new();
    let mut sent = round_trip(&stage.pool(POOL).await);
    sent["DeviceConfiguration"] = Value::Null;
    sent["MfaConfiguration"] = Value::Null;
    let after = stage.update(sent).await;
    assert_eq!(after.get("DeviceConfiguration"), None);
    assert_eq!(after["MfaConfiguration"], "OPTIONAL");
}

#[tokio::test]
async fn an_empty_object_can_turn_a_feature_on() {
    let stage = Stage::new();
    stage.update(json!({})).await;
    let after = stage
        .update(json!({ "DeviceConfiguration": {}, "DcrConfiguration": {} }))
        .await;
    assert_eq!(
        after["DeviceConfiguration"],
        json!({ "ChallengeRequiredOnNewDevice": false, "DeviceOnlyRememberedOnUserPrompt": false })
    );
    assert_eq!(
        after["DcrConfiguration"],
        json!({
            "EnableStatus": "Enabled", "OpenDcrEnabled": false,
            "AuthenticatedGrantTypes": ["code", "client_credentials"], "OpenDcrGrantTypes": ["code"],
        })
    );
}

#[tokio::test]
async fn each_policy_stays_when_only_the_other_is_sent() {
    let stage = Stage::new();
    let before = stage.pool(POOL).await["Policies"].clone();
    let password = json!({ "Policies": { "PasswordPolicy": { "MinimumLength": 20 } } });
    let after = stage.update(password).await["Policies"].clone();
    assert_eq!(after["SignInPolicy"], before["SignInPolicy"]);
    assert_eq!(after["PasswordPolicy"]["MinimumLength"], 20);
    assert_eq!(after["PasswordPolicy"]["RequireNumbers"], false);
    assert_eq!(after["PasswordPolicy"]["TemporaryPasswordValidityDays"], 7);
    let sign_in =
        json!({ "Policies": { "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD"] } } });
    let last = stage.update(sign_in).await["Policies"].clone();
    assert_eq!(last["PasswordPolicy"], after["PasswordPolicy"]);
    assert_eq!(
        last["SignInPolicy"],
        json!({ "AllowedFirstAuthFactors": ["PASSWORD"] })
    );
}

#[tokio::test]
async fn attribute_updates_are_cleared_by_an_empty_list_alone() {
    let stage = Stage::new();
    let kept = stage
        .update(json!({ "UserAttributeUpdateSettings": {} }))
        .await;
    let list = |pool: &Value| {
        pool["UserAttributeUpdateSettings"]["AttributesRequireVerificationBeforeUpdate"].clone()
    };
    assert_eq!(list(&kept), json!(["email"]));
    let empty = json!({ "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": [] } });
    assert_eq!(list(&stage.update(empty).await), json!([]));
}

#[tokio::test]
async fn levels_that_are_not_named_get_default_names() {
    let stage = Stage::new();
    let after = stage
        .update(json!({ "AcrConfiguration": { "Level4": { "AcrValue": "urn:x" } } }))
        .await;
    assert_eq!(
        after["AcrConfiguration"]["Level2"]["AcrValue"],
        "urn:cognito:loa:2"
    );
    assert_eq!(after["AcrConfiguration"]["Level4"]["AcrValue"], "urn:x");
}

#[tokio::test]
async fn the_older_message_members_go_into_the_template() {
    let stage = Stage::new();
    let before = stage.pool(POOL).await;
    assert_eq!(
        before["SmsVerificationMessage"],
        "Your Cruddur code is {####}."
    );
    let after = stage
        .update(json!({ "SmsVerificationMessage": "Say {####}" }))
        .await;
    assert_eq!(
        after["VerificationMessageTemplate"],
        json!({ "SmsMessage": "Say {####}", "DefaultEmailOption": "CONFIRM_WITH_CODE" })
    );
    assert_eq!(after["SmsVerificationMessage"], "Say {####}");
}

#[tokio::test]
async fn a_pool_can_be_renamed() {
    let stage = Stage::new();
    assert_eq!(
        stage.update(json!({ "PoolName": "another" })).await["Name"],
        "another"
    );
}

#[tokio::test]
async fn turning_mfa_off_takes_the_factors_with_it() {
    let stage = Stage::new();
    let after = stage.update(json!({ "MfaConfiguration": "OFF" })).await;
    assert_eq!(after["MfaConfiguration"], "OFF");
    let mfa = stage
        .ok("GetUserPoolMfaConfig", json!({ "UserPoolId": POOL }))
        .await;
    assert_eq!(mfa, json!({ "MfaConfiguration": "OFF" }));
}
