//! Requests about pools, their MFA and their tags, member by member as the service model has them (aws-facts §5.2).

use super::super::validate::{Shape, opt, req};
use super::settings::{
    ACCOUNT_RECOVERY_SETTING, ACR_CONFIGURATION, ADMIN_CREATE_USER_CONFIG, ALIAS_ATTRIBUTES_LIST,
    ARN, DCR_CONFIGURATION, DEVICE_CONFIGURATION, EMAIL_CONFIGURATION, EMAIL_MFA_CONFIG,
    EMAIL_VERIFICATION_MESSAGE, EMAIL_VERIFICATION_SUBJECT, ISSUER_CONFIGURATION,
    KEY_CONFIGURATION, LAMBDA_CONFIG, PAGINATION_KEY, SCHEMA_ATTRIBUTES_LIST, SMS_CONFIGURATION,
    SMS_MFA_CONFIG, SMS_VERIFICATION_MESSAGE, SOFTWARE_TOKEN_MFA_CONFIG,
    USER_ATTRIBUTE_UPDATE_SETTINGS, USER_POOL_ADD_ONS, USER_POOL_ID, USER_POOL_NAME,
    USER_POOL_POLICY, USER_POOL_TAGS, USER_POOL_TAGS_LIST, USERNAME_ATTRIBUTES_LIST,
    USERNAME_CONFIGURATION, VERIFICATION_MESSAGE_TEMPLATE, VERIFIED_ATTRIBUTES_LIST,
    WEB_AUTHN_CONFIGURATION,
};
use Shape::{Choice, Int, Struct};

static LIST_USER_POOLS: &Shape = &Struct(&[
    opt("NextToken", PAGINATION_KEY),
    req("MaxResults", &Int(1, 60)),
]);

static DESCRIBE_USER_POOL: &Shape = &Struct(&[req("UserPoolId", USER_POOL_ID)]);

static CREATE_USER_POOL: &Shape = &Struct(&[
    req("PoolName", USER_POOL_NAME),
    opt("Policies", USER_POOL_POLICY),
    opt("DeletionProtection", &Choice(&["ACTIVE", "INACTIVE"])),
    opt("LambdaConfig", LAMBDA_CONFIG),
    opt("AutoVerifiedAttributes", VERIFIED_ATTRIBUTES_LIST),
    opt("AliasAttributes", ALIAS_ATTRIBUTES_LIST),
    opt("UsernameAttributes", USERNAME_ATTRIBUTES_LIST),
    opt("SmsVerificationMessage", SMS_VERIFICATION_MESSAGE),
    opt("EmailVerificationMessage", EMAIL_VERIFICATION_MESSAGE),
    opt("EmailVerificationSubject", EMAIL_VERIFICATION_SUBJECT),
    opt("VerificationMessageTemplate", VERIFICATION_MESSAGE_TEMPLATE),
    opt("SmsAuthenticationMessage", SMS_VERIFICATION_MESSAGE),
    opt("MfaConfiguration", &Choice(&["OFF", "ON", "OPTIONAL"])),
    opt(
        "UserAttributeUpdateSettings",
        USER_ATTRIBUTE_UPDATE_SETTINGS,
    ),
    opt("DeviceConfiguration", DEVICE_CONFIGURATION),
    opt("EmailConfiguration", EMAIL_CONFIGURATION),
    opt("SmsConfiguration", SMS_CONFIGURATION),
    opt("UserPoolTags", USER_POOL_TAGS),
    opt("AdminCreateUserConfig", ADMIN_CREATE_USER_CONFIG),
    opt("Schema", SCHEMA_ATTRIBUTES_LIST),
    opt("UserPoolAddOns", USER_POOL_ADD_ONS),
    opt("DcrConfiguration", DCR_CONFIGURATION),
    opt("UsernameConfiguration", USERNAME_CONFIGURATION),
    opt("AccountRecoverySetting", ACCOUNT_RECOVERY_SETTING),
    opt("UserPoolTier", &Choice(&["LITE", "ESSENTIALS", "PLUS"])),
    opt("KeyConfiguration", KEY_CONFIGURATION),
    opt("IssuerConfiguration", ISSUER_CONFIGURATION),
    opt("AcrConfiguration", ACR_CONFIGURATION),
]);

static UPDATE_USER_POOL: &Shape = &Struct(&[
    req("UserPoolId", USER_POOL_ID),
    opt("Policies", USER_POOL_POLICY),
    opt("DeletionProtection", &Choice(&["ACTIVE", "INACTIVE"])),
    opt("LambdaConfig", LAMBDA_CONFIG),
    opt("AutoVerifiedAttributes", VERIFIED_ATTRIBUTES_LIST),
    opt("SmsVerificationMessage", SMS_VERIFICATION_MESSAGE),
    opt("EmailVerificationMessage", EMAIL_VERIFICATION_MESSAGE),
    opt("EmailVerificationSubject", EMAIL_VERIFICATION_SUBJECT),
    opt("VerificationMessageTemplate", VERIFICATION_MESSAGE_TEMPLATE),
    opt("SmsAuthenticationMessage", SMS_VERIFICATION_MESSAGE),
    opt(
        "UserAttributeUpdateSettings",
        USER_ATTRIBUTE_UPDATE_SETTINGS,
    ),
    opt("MfaConfiguration", &Choice(&["OFF", "ON", "OPTIONAL"])),
    opt("DeviceConfiguration", DEVICE_CONFIGURATION),
    opt("EmailConfiguration", EMAIL_CONFIGURATION),
    opt("SmsConfiguration", SMS_CONFIGURATION),
    opt("UserPoolTags", USER_POOL_TAGS),
    opt("AdminCreateUserConfig", ADMIN_CREATE_USER_CONFIG),
    opt("UserPoolAddOns", USER_POOL_ADD_ONS),
    opt("DcrConfiguration", DCR_CONFIGURATION),
    opt("AccountRecoverySetting", ACCOUNT_RECOVERY_SETTING),
    opt("PoolName", USER_POOL_NAME),
    opt("UserPoolTier", &Choice(&["LITE", "ESSENTIALS", "PLUS"])),
    opt("KeyConfiguration", KEY_CONFIGURATION),
    opt("IssuerConfiguration", ISSUER_CONFIGURATION),
    opt("AcrConfiguration", ACR_CONFIGURATION),
]);

static DELETE_USER_POOL: &Shape = &Struct(&[req("UserPoolId", USER_POOL_ID)]);

static GET_USER_POOL_MFA_CONFIG: &Shape = &Struct(&[req("UserPoolId", USER_POOL_ID)]);

static SET_USER_POOL_MFA_CONFIG: &Shape = &Struct(&[
    req("UserPoolId", USER_POOL_ID),
    opt("SmsMfaConfiguration", SMS_MFA_CONFIG),
    opt("SoftwareTokenMfaConfiguration", SOFTWARE_TOKEN_MFA_CONFIG),
    opt("EmailMfaConfiguration", EMAIL_MFA_CONFIG),
    opt("MfaConfiguration", &Choice(&["OFF", "ON", "OPTIONAL"])),
    opt("WebAuthnConfiguration", WEB_AUTHN_CONFIGURATION),
]);

static TAG_RESOURCE: &Shape = &Struct(&[req("ResourceArn", ARN), req("Tags", USER_POOL_TAGS)]);

static UNTAG_RESOURCE: &Shape =
    &Struct(&[req("ResourceArn", ARN), req("TagKeys", USER_POOL_TAGS_LIST)]);

static LIST_TAGS_FOR_RESOURCE: &Shape = &Struct(&[req("ResourceArn", ARN)]);

/// Returns the shape of a request, where the operation is one of these.
pub(super) fn of(operation: &str) -> Option<&'static Shape> {
    Some(match operation {
        "ListUserPools" => LIST_USER_POOLS,
        "DescribeUserPool" => DESCRIBE_USER_POOL,
        "CreateUserPool" => CREATE_USER_POOL,
        "UpdateUserPool" => UPDATE_USER_POOL,
        "DeleteUserPool" => DELETE_USER_POOL,
        "GetUserPoolMfaConfig" => GET_USER_POOL_MFA_CONFIG,
        "SetUserPoolMfaConfig" => SET_USER_POOL_MFA_CONFIG,
        "TagResource" => TAG_RESOURCE,
        "UntagResource" => UNTAG_RESOURCE,
        "ListTagsForResource" => LIST_TAGS_FOR_RESOURCE,
        _ => return None,
    })
}
