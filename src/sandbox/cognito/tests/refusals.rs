//! What `UpdateUserPool` refuses, and what every call does.

use super::*;

const INVALID: &str = "InvalidParameterException";

#[tokio::test]
async fn members_that_only_a_description_has_are_refused_by_name() {
    let stage = Stage::new();
    for name in [
        "Id",
        "Name",
        "Arn",
        "Status",
        "CreationDate",
        "LastModifiedDate",
        "SchemaAttributes",
        "AliasAttributes",
        "UsernameAttributes",
        "UsernameConfiguration",
        "EstimatedNumberOfUsers",
        "SmsConfigurationFailure",
        "EmailConfigurationFailure",
        "Domain",
        "CustomDomain",
        "Schema",
        "Unheard",
    ] {
        let mut sent = json!({});
        sent[name] = json!("x");
        stage
            .update_refused(sent, INVALID, &format!("'{name}'"))
            .await;
    }
    let nested = json!({ "Policies": { "PasswordPolicy": { "Strength": 3 } } });
    stage
        .update_refused(
            nested,
            INVALID,
            "'Strength' in UpdateUserPool at 'policies.passwordPolicy'",
        )
        .await;
}

#[tokio::test]
async fn values_that_the_model_excludes_are_refused() {
    let stage = Stage::new();
    for (sent, words) in [
        (
            json!({ "MfaConfiguration": "MAYBE" }),
            "enum value set: [OFF, ON, OPTIONAL]",
        ),
        (
            json!({ "Policies": { "PasswordPolicy": { "MinimumLength": 5 } } }),
            "Value '5' at 'policies.passwordPolicy.minimumLength' failed to satisfy constraint: Member must have value greater than or equal to 6",
        ),
        (
            json!({ "LambdaConfig": { "PreSignUp": "arn:aws:lambda:here:not" } }),
            "regular expression pattern",
        ),
        (
            json!({ "SmsVerificationMessage": "no code in it" }),
            "regular expression pattern",
        ),
        (
            json!({ "VerificationMessageTemplate": { "EmailMessageByLink": "no link in it" } }),
            "regular expression pattern",
        ),
        (
            json!({ "UserPoolAddOns": {} }),
            "Value null at 'userPoolAddOns.advancedSecurityMode'",
        ),
        (
            json!({ "AccountRecoverySetting": { "RecoveryMechanisms": [] } }),
            "length greater than or equal to 1",
        ),
        (
            json!({ "AcrConfiguration": { "Level5": { "AcrValue": "x" } } }),
            "Level[1-4]",
        ),
    ] {
        stage.update_refused(sent, INVALID, words).await;
    }
    let two = json!({ "MfaConfiguration": "MAYBE", "UserPoolTier": "GOLD" });
    stage
        .update_refused(two, INVALID, "2 validation errors detected: ")
        .await;
    for sent in [
        json!({ "MfaConfiguration": 1 }),
        json!({ "UserPoolTags": [] }),
        json!({ "Policies": { "PasswordPolicy": { "RequireNumbers": "true" } } }),
        json!({ "Policies": { "PasswordPolicy": { "MinimumLength": 8.5 } } }),
    ] {
        stage
            .update_refused(sent, "SerializationException", "can not be converted to")
            .await;
    }
}

#[tokio::test]
async fn both_names_of_the_same_days_are_refused_together() {
    let stage = Stage::new();
    let text = "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays";
    let mut sent = round_trip(&stage.pool(POOL).await);
    sent["AdminCreateUserConfig"]["UnusedAccountValidityDays"] = json!(14);
    stage.update_refused(sent.clone(), INVALID, text).await;
    sent["AdminCreateUserConfig"]["UnusedAccountValidityDays"] = json!(0);
    stage.update(sent).await;
    // nor may the older name come back once the newer one was used
    stage
        .update_refused(
            json!({ "AdminCreateUserConfig": { "UnusedAccountValidityDays": 3 } }),
            INVALID,
            text,
        )
        .await;
    let old =
        json!({ "PoolName": "old", "AdminCreateUserConfig": { "UnusedAccountValidityDays": 3 } });
    let old = stage.ok("CreateUserPool", old).await;
    assert_eq!(
        old["UserPool"]["AdminCreateUserConfig"]["UnusedAccountValidityDays"],
        3
    );
}

#[tokio::test]
async fn messages_have_rules() {
    let stage = Stage::new();
    let own = stage.pool(POOL).await["EmailConfiguration"].clone();
    let both = json!({
        "EmailConfiguration": own,
        "VerificationMessageTemplate": { "EmailMessage": "x {####}", "EmailMessageByLink": "{##here##}" },
    });
    stage
        .update_refused(both, INVALID, "cannot both be set")
        .await;
    let differ = json!({
        "SmsVerificationMessage": "one {####}",
        "VerificationMessageTemplate": { "SmsMessage": "two {####}" },
    });
    stage
        .update_refused(differ, INVALID, "must not differ")
        .await;
    let custom = json!({ "EmailVerificationMessage": "one {####}" });
    stage
        .update_refused(custom, INVALID, "only if EmailSendingAccount is DEVELOPER")
        .await;
    let link = json!({
        "EmailConfiguration": own,
        "VerificationMessageTemplate": {
            "EmailMessageByLink": "Click {##here##}", "DefaultEmailOption": "CONFIRM_WITH_LINK",
        },
    });
    stage.update(link).await;
}

#[tokio::test]
async fn triggers_have_rules() {
    let stage = Stage::new();
    let missing = "arn:aws:lambda:us-west-2:123456789012:function:missing";
    for (config, words) in [
        (
            json!({ "PostConfirmation": missing }),
            "names a Lambda function that does not exist",
        ),
        (
            json!({ "PostConfirmation": "arn:aws:sns:us-west-2:123456789012:topic" }),
            "is not the ARN of a Lambda function",
        ),
        (
            json!({
                "PreTokenGeneration": FUNCTION,
                "PreTokenGenerationConfig": { "LambdaVersion": "V2_0", "LambdaArn": missing },
            }),
            "must be identical",
        ),
        (
            json!({ "CustomEmailSender": { "LambdaVersion": "V1_0", "LambdaArn": FUNCTION } }),
            "KMSKeyID is required",
        ),
    ] {
        stage
            .update_refused(json!({ "LambdaConfig": config }), INVALID, words)
            .await;
    }
    // what the pool names already is taken back although it does not exist
    let config = stage.pool(POOL).await["LambdaConfig"].clone();
    assert!(
        config["CustomMessage"]
            .as_str()
            .unwrap()
            .ends_with(":function:cruddur-custom-message")
    );
    assert_eq!(
        stage.update(json!({ "LambdaConfig": config })).await["LambdaConfig"],
        config
    );
    // once it was cleared, it is new
    stage.update(json!({ "LambdaConfig": {} })).await;
    stage
        .update_refused(json!({ "LambdaConfig": config }), INVALID, "does not exist")
        .await;
}

#[tokio::test]
async fn mfa_needs_a_factor() {
    let stage = Stage::new();
    stage.update(json!({ "MfaConfiguration": "OFF" })).await;
    let text = "SMS configuration and Auto verification for phone_number are required when MFA is required/optional";
    stage
        .update_refused(json!({ "MfaConfiguration": "ON" }), INVALID, text)
        .await;
    let role = "arn:aws:iam::123456789012:role/sms";
    stage
        .update(json!({ "MfaConfiguration": "ON", "SmsConfiguration": { "SnsCallerArn": role } }))
        .await;
}

#[tokio::test]
async fn senders_are_looked_at_when_they_change() {
    let stage = Stage::new();
    let elsewhere =
        json!({ "SmsConfiguration": { "SnsCallerArn": "arn:aws:iam::999999999999:role/sms" } });
    stage
        .update_refused(
            elsewhere,
            "InvalidSmsRoleTrustRelationshipException",
            "trust relationship",
        )
        .await;
    let two = json!({ "SmsConfiguration": {
        "SnsCallerArn": "arn:aws:iam::123456789012:role/sms",
        "EumsSms": { "CallerArn": "arn:aws:iam::123456789012:role/sms" },
    } });
    stage
        .update_refused(two, INVALID, "cannot both be set")
        .await;
    stage
        .update_refused(json!({ "SmsConfiguration": {} }), INVALID, "requires")
        .await;
    let source = json!({ "EmailConfiguration": {
        "EmailSendingAccount": "DEVELOPER", "SourceArn": "arn:aws:ses:us-west-2:999999999999:identity/a@b.c",
    } });
    stage
        .update_refused(
            source,
            "InvalidEmailRoleAccessPolicyException",
            "email identity",
        )
        .await;
    let none = json!({ "EmailConfiguration": { "EmailSendingAccount": "DEVELOPER" } });
    stage
        .update_refused(none, INVALID, "SourceArn is required")
        .await;
}

#[tokio::test]
async fn features_need_a_tier() {
    let stage = Stage::new();
    let tier = "FeatureUnavailableInTierException";
    for mode in ["AUDIT", "ENFORCED"] {
        let add_ons = json!({ "UserPoolAddOns": { "AdvancedSecurityMode": mode } });
        stage
            .update_refused(add_ons, tier, "Threat protection")
            .await;
    }
    stage.update(json!({ "UserPoolTier": "PLUS", "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" } })).await;
    // leaving the tier out is a change to ESSENTIALS
    stage
        .update_refused(
            json!({ "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" } }),
            tier,
            "ESSENTIALS",
        )
        .await;
    let passkeys = json!({ "UserPoolTier": "LITE" });
    stage
        .update_refused(
            passkeys,
            "TierChangeNotAllowedException",
            "Choice-based sign-in",
        )
        .await;
    let password = json!({ "AllowedFirstAuthFactors": ["PASSWORD"] });
    let lite = json!({ "UserPoolTier": "LITE", "Policies": { "SignInPolicy": password } });
    stage.update(lite.clone()).await;
    for (name, value, words) in [
        ("DcrConfiguration", json!({}), "Dynamic client registration"),
        (
            "AcrConfiguration",
            json!({ "Level1": { "AcrValue": "x" } }),
            "ACR",
        ),
        (
            "LambdaConfig",
            json!({ "PreTokenGenerationConfig": { "LambdaVersion": "V3_0", "LambdaArn": FUNCTION } }),
            "Access token customization",
        ),
    ] {
        let mut sent = lite.clone();
        sent[name] = value;
        stage.update_refused(sent, tier, words).await;
    }
}

#[tokio::test]
async fn the_rest_of_the_settings_has_rules_too() {
    let stage = Stage::new();
    let ways = |a: (u8, &str), b: (u8, &str)| {
        json!({ "AccountRecoverySetting": { "RecoveryMechanisms": [
            { "Priority": a.0, "Name": a.1 }, { "Priority": b.0, "Name": b.1 },
        ] } })
    };
    let admin = ways((1, "admin_only"), (2, "verified_email"));
    stage
        .update_refused(admin, INVALID, "cannot use admin_only")
        .await;
    let twice = ways((1, "verified_phone_number"), (1, "verified_email"));
    stage.update_refused(twice, INVALID, "duplicate").await;
    let acr = json!({ "AcrConfiguration": { "Level1": { "AcrValue": "urn:cognito:loa:2" } } });
    stage.update_refused(acr, INVALID, "unique").await;
    let key = json!({ "KeyConfiguration": { "KeyType": "CUSTOMER_MANAGED_KEY" } });
    stage
        .update_refused(key, INVALID, "KmsKeyArn is required")
        .await;
    let tags = json!({ "UserPoolTags": { "aws:x": "y" } });
    stage
        .update_refused(tags, "UserPoolTaggingException", "aws:")
        .await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let stage = Stage::new();
    let gone = "us-west-2_Nowhere12";
    for operation in [
        "DescribeUserPool",
        "UpdateUserPool",
        "DeleteUserPool",
        "GetUserPoolMfaConfig",
        "SetUserPoolMfaConfig",
        "ListUserPoolClients",
        "ListUsers",
    ] {
        let words = "User pool us-west-2_Nowhere12 does not exist.";
        stage
            .refused(
                operation,
                json!({ "UserPoolId": gone }),
                "ResourceNotFoundException",
                words,
            )
            .await;
    }
    let user = json!({ "UserPoolId": gone, "Username": "a", "Password": GOOD });
    stage
        .refused(
            "AdminSetUserPassword",
            user,
            "ResourceNotFoundException",
            gone,
        )
        .await;
    let client = json!({ "ClientId": "nobody", "Username": "a", "Password": GOOD });
    stage
        .refused(
            "SignUp",
            client,
            "ResourceNotFoundException",
            "User pool client nobody",
        )
        .await;
    stage
        .refused(
            "InitiateAuth",
            json!({}),
            "UnknownOperationException",
            "InitiateAuth",
        )
        .await;
    let words = "Value null at 'userPoolId' failed to satisfy constraint: Member must not be null";
    stage
        .refused("DescribeUserPool", json!({}), INVALID, words)
        .await;
    stage
        .refused(
            "DescribeUserPool",
            json!({ "UserPoolId": "pool" }),
            INVALID,
            "regular expression",
        )
        .await;
}
