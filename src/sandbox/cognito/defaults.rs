//! What a setting is when nobody set it, and the pool that is there from the start.

use super::super::timing::Moment;
use super::super::world::ACCOUNT;
use super::state::{Client, Pool};
use serde_json::{Map, Value, json};

/// The members from before `VerificationMessageTemplate`, and what they mirror in it (aws-facts §5.2).
pub(super) const MIRRORED: &[(&str, &str)] = &[
    ("SmsVerificationMessage", "SmsMessage"),
    ("EmailVerificationMessage", "EmailMessage"),
    ("EmailVerificationSubject", "EmailSubject"),
];

/// When the first pool was made: 2023-03-11, long before the sandbox.
const FIRST_CREATED: Moment = 1_678_531_200_000;

/// The app client of the first pool.
pub const FIRST_CLIENT: &str = "4sandbox2cruddur7app9web1a";

/// Returns the default of a setting, and nothing for one that is absent by default.
pub(super) fn of(name: &str) -> Option<Value> {
    Some(match name {
        "Policies" => json!({
            "PasswordPolicy": password_policy(&Map::new()),
            "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD"] },
        }),
        "DeletionProtection" => json!("INACTIVE"),
        "LambdaConfig" | "UserPoolTags" => json!({}),
        "VerificationMessageTemplate" => json!({ "DefaultEmailOption": "CONFIRM_WITH_CODE" }),
        "UserAttributeUpdateSettings" => {
            json!({ "AttributesRequireVerificationBeforeUpdate": [] })
        }
        "MfaConfiguration" => json!("OFF"),
        "EmailConfiguration" => json!({ "EmailSendingAccount": "COGNITO_DEFAULT" }),
        "AdminCreateUserConfig" => json!({ "AllowAdminCreateUserOnly": false }),
        "UserPoolTier" => json!("ESSENTIALS"),
        "KeyConfiguration" => json!({ "KeyType": "AWS_OWNED_KEY" }),
        "IssuerConfiguration" => json!({ "Type": "ORIGINAL" }),
        "AcrConfiguration" => acr_levels(&Map::new()),
        _ => return None,
    })
}

/// Returns a password policy with its gaps filled. A flag that is left out of a policy that is sent is off;
/// where no policy is sent at all, all four are on.
pub(super) fn password_policy(sent: &Map<String, Value>) -> Value {
    let strict = sent.is_empty();
    let mut policy = json!({
        "MinimumLength": 8,
        "RequireUppercase": strict,
        "RequireLowercase": strict,
        "RequireNumbers": strict,
        "RequireSymbols": strict,
        "TemporaryPasswordValidityDays": 7,
    });
    for (name, value) in sent {
        // zero days mean "not given"
        if !(name == "TemporaryPasswordValidityDays" && value == 0) {
            policy[name] = value.clone();
        }
    }
    policy
}

/// Returns the dynamic client registration with its gaps filled: what is sent without a status turns it on.
pub(super) fn client_registration(sent: &Map<String, Value>) -> Value {
    let mut config = json!({
        "EnableStatus": "Enabled",
        "OpenDcrEnabled": false,
        "AuthenticatedGrantTypes": ["code", "client_credentials"],
        "OpenDcrGrantTypes": ["code"],
    });
    for (name, value) in sent {
        config[name] = value.clone();
    }
    config
}

/// Returns all four ACR levels, those that are not named with their default names.
pub(super) fn acr_levels(sent: &Map<String, Value>) -> Value {
    let levels = (1..=4).map(|level| {
        let key = format!("Level{level}");
        let value = sent
            .get(&key)
            .cloned()
            .unwrap_or_else(|| json!({ "AcrValue": format!("urn:cognito:loa:{level}") }));
        (key, value)
    });
    Value::Object(levels.collect())
}

/// Returns the attributes that every pool has.
pub(super) fn standard_attributes() -> Vec<Value> {
    let text = |name: &str, mutable: bool, required: bool, min: &str, max: &str| {
        json!({
            "Name": name, "AttributeDataType": "String", "DeveloperOnlyAttribute": false,
            "Mutable": mutable, "Required": required,
            "StringAttributeConstraints": { "MinLength": min, "MaxLength": max },
        })
    };
    let flag = |name: &str| {
        json!({
            "Name": name, "AttributeDataType": "Boolean", "DeveloperOnlyAttribute": false,
            "Mutable": true, "Required": false,
        })
    };
    let plain = |name: &str| text(name, true, false, "0", "2048");
    vec![
        text("sub", false, true, "1", "2048"),
        plain("name"),
        plain("given_name"),
        plain("family_name"),
        plain("middle_name"),
        plain("nickname"),
        plain("preferred_username"),
        plain("profile"),
        plain("picture"),
        plain("website"),
        plain("email"),
        flag("email_verified"),
        plain("gender"),
        text("birthdate", true, false, "10", "10"),
        plain("zoneinfo"),
        plain("locale"),
        plain("phone_number"),
        flag("phone_number_verified"),
        plain("address"),
        json!({
            "Name": "updated_at", "AttributeDataType": "Number", "DeveloperOnlyAttribute": false,
            "Mutable": true, "Required": false, "NumberAttributeConstraints": { "MinValue": "0" },
        }),
    ]
}

/// Returns the pool that is there from the start. Nearly every setting differs from its default, so that one
/// that gets lost is seen.
pub(super) fn first_pool(region: &str) -> Pool {
    let mut schema = standard_attributes();
    for attribute in &mut schema {
        if attribute["Name"] == "email" {
            attribute["Required"] = json!(true);
        }
    }
    schema.push(json!({
        "Name": "custom:plan", "AttributeDataType": "String", "DeveloperOnlyAttribute": false,
        "Mutable": true, "Required": false,
        "StringAttributeConstraints": { "MinLength": "1", "MaxLength": "32" },
    }));
    schema.push(json!({
        "Name": "custom:tenant", "AttributeDataType": "Number", "DeveloperOnlyAttribute": false,
        "Mutable": false, "Required": false,
        "NumberAttributeConstraints": { "MinValue": "1", "MaxValue": "99999" },
    }));
    // CustomMessage shapes mail, and the sandbox mails nothing: the function need not exist for a sign-up.
    let settings = json!({
        "Name": "cruddur-user-pool",
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": 10,
                "RequireUppercase": true,
                "RequireLowercase": true,
                "RequireNumbers": true,
                "RequireSymbols": false,
                "PasswordHistorySize": 3,
                "TemporaryPasswordValidityDays": 14,
            },
            "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"] },
        },
        "DeletionProtection": "ACTIVE",
        "LambdaConfig": {
            "CustomMessage": format!("arn:aws:lambda:{region}:{ACCOUNT}:function:cruddur-custom-message"),
        },
        "SchemaAttributes": schema,
        "AutoVerifiedAttributes": ["email"],
        "UsernameAttributes": ["email"],
        "VerificationMessageTemplate": {
            "SmsMessage": "Your Cruddur code is {####}.",
            "EmailMessage": "Welcome to Cruddur! Your verification code is {####}.",
            "EmailSubject": "Verify your Cruddur account",
            "DefaultEmailOption": "CONFIRM_WITH_CODE",
        },
        "SmsAuthenticationMessage": "Your Cruddur sign-in code is {####}.",
        "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": ["email"] },
        "MfaConfiguration": "OPTIONAL",
        "DeviceConfiguration": {
            "ChallengeRequiredOnNewDevice": true,
            "DeviceOnlyRememberedOnUserPrompt": true,
        },
        "EmailConfiguration": {
            "SourceArn": format!("arn:aws:ses:{region}:{ACCOUNT}:identity/no-reply@cruddur.example"),
            "ReplyToEmailAddress": "support@cruddur.example",
            "EmailSendingAccount": "DEVELOPER",
            "From": "Cruddur <no-reply@cruddur.example>",
        },
        "SmsConfiguration": {
            "SnsCallerArn": format!("arn:aws:iam::{ACCOUNT}:role/service-role/cruddur-user-pool-sms"),
            "ExternalId": "cruddur-user-pool",
            "SnsRegion": region,
        },
        "UserPoolTags": { "project": "cruddur", "owner": "platform" },
        "AdminCreateUserConfig": {
            "AllowAdminCreateUserOnly": false,
            "InviteMessageTemplate": {
                "SMSMessage": "Join Cruddur as {username} with {####}.",
                "EmailMessage": "You are invited to Cruddur as {username}. Your password is {####}.",
                "EmailSubject": "Your Cruddur invitation",
            },
        },
        "UserPoolAddOns": { "AdvancedSecurityMode": "OFF" },
        "DcrConfiguration": {
            "EnableStatus": "Disabled",
            "OpenDcrEnabled": false,
            "AuthenticatedGrantTypes": ["code"],
            "OpenDcrGrantTypes": [],
            "AllowedScopes": ["aws.cognito.signin.user.admin"],
        },
        "UsernameConfiguration": { "CaseSensitive": false },
        "AccountRecoverySetting": {
            "RecoveryMechanisms": [
                { "Priority": 1, "Name": "verified_email" },
                { "Priority": 2, "Name": "verified_phone_number" },
            ],
        },
        "UserPoolTier": "ESSENTIALS",
        "KeyConfiguration": {
            "KeyType": "CUSTOMER_MANAGED_KEY",
            "KmsKeyArn": format!("arn:aws:kms:{region}:{ACCOUNT}:key/mrk-5a0db0c5a7e94b1fa3d2c1b0e9f8a7d6"),
        },
        "IssuerConfiguration": { "Type": "UPDATED" },
        "AcrConfiguration": {
            "Level1": { "AcrValue": "urn:cognito:loa:1" },
            "Level2": { "AcrValue": "urn:cruddur:strong" },
            "Level3": { "AcrValue": "urn:cognito:loa:3" },
            "Level4": { "AcrValue": "urn:cognito:loa:4" },
        },
    });
    Pool {
        id: format!("{region}_SandboxPl"),
        serial: 0,
        created: FIRST_CREATED,
        modified: FIRST_CREATED,
        settings: members(settings),
        temporary_days_chosen: true,
        mfa: members(json!({
            "SoftwareTokenMfaConfiguration": { "Enabled": true },
            "Sms": true,
        })),
        clients: vec![Client {
            id: FIRST_CLIENT.to_owned(),
            serial: 0,
            created: FIRST_CREATED,
            settings: members(json!({
                "ClientName": "cruddur-web",
                "RefreshTokenValidity": 30,
                "AccessTokenValidity": 60,
                "IdTokenValidity": 60,
                "TokenValidityUnits": {
                    "AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days",
                },
                "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
                "AllowedOAuthFlowsUserPoolClient": false,
                "PreventUserExistenceErrors": "ENABLED",
                "EnableTokenRevocation": true,
                "EnablePropagateAdditionalUserContextData": false,
                "AuthSessionValidity": 3,
            })),
        }],
        users: Vec::new(),
    }
}

/// Returns the members of an object.
pub(super) fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
