//! The nested settings that the requests share, member by member as the service model has them (aws-facts §5.2).

use super::super::validate::{Pattern, Shape, opt, req, text};
use Shape::{Bool, Choice, Int, List, Map, Struct};

pub(super) static PAGINATION_KEY: &Shape = &text(1, 131072, Pattern::NoSpace);
pub(super) static USER_POOL_ID: &Shape = &text(1, 55, Pattern::PoolId);
pub(super) static USER_POOL_NAME: &Shape = &text(1, 128, Pattern::Name);
pub(super) static PASSWORD_POLICY: &Shape = &Struct(&[
    opt("MinimumLength", &Int(6, 99)),
    opt("RequireUppercase", &Bool),
    opt("RequireLowercase", &Bool),
    opt("RequireNumbers", &Bool),
    opt("RequireSymbols", &Bool),
    opt("PasswordHistorySize", &Int(0, 24)),
    opt("TemporaryPasswordValidityDays", &Int(0, 365)),
]);
pub(super) static AUTH_FACTOR: &Shape = &Choice(&[
    "PASSWORD",
    "EMAIL_OTP",
    "SMS_OTP",
    "WEB_AUTHN",
    "SOFTWARE_TOKEN",
]);
pub(super) static ALLOWED_FIRST_AUTH_FACTORS_LIST: &Shape = &List(AUTH_FACTOR, 1, 5);
pub(super) static SIGN_IN_POLICY: &Shape = &Struct(&[opt(
    "AllowedFirstAuthFactors",
    ALLOWED_FIRST_AUTH_FACTORS_LIST,
)]);
pub(super) static USER_POOL_POLICY: &Shape = &Struct(&[
    opt("PasswordPolicy", PASSWORD_POLICY),
    opt("SignInPolicy", SIGN_IN_POLICY),
]);
pub(super) static ARN: &Shape = &text(20, 2048, Pattern::Arn);
pub(super) static PRE_TOKEN_GENERATION_VERSION_CONFIG: &Shape = &Struct(&[
    req("LambdaVersion", &Choice(&["V1_0", "V2_0", "V3_0"])),
    req("LambdaArn", ARN),
]);
pub(super) static CUSTOM_SMS_LAMBDA_VERSION_CONFIG: &Shape = &Struct(&[
    req("LambdaVersion", &Choice(&["V1_0"])),
    req("LambdaArn", ARN),
]);
pub(super) static CUSTOM_EMAIL_LAMBDA_VERSION_CONFIG: &Shape = &Struct(&[
    req("LambdaVersion", &Choice(&["V1_0"])),
    req("LambdaArn", ARN),
]);
pub(super) static INBOUND_FEDERATION_LAMBDA: &Shape = &Struct(&[
    req("LambdaVersion", &Choice(&["V1_0"])),
    req("LambdaArn", ARN),
]);
pub(super) static LAMBDA_CONFIG: &Shape = &Struct(&[
    opt("PreSignUp", ARN),
    opt("CustomMessage", ARN),
    opt("PostConfirmation", ARN),
    opt("PreAuthentication", ARN),
    opt("PostAuthentication", ARN),
    opt("DefineAuthChallenge", ARN),
    opt("CreateAuthChallenge", ARN),
    opt("VerifyAuthChallengeResponse", ARN),
    opt("PreTokenGeneration", ARN),
    opt("UserMigration", ARN),
    opt(
        "PreTokenGenerationConfig",
        PRE_TOKEN_GENERATION_VERSION_CONFIG,
    ),
    opt("CustomSMSSender", CUSTOM_SMS_LAMBDA_VERSION_CONFIG),
    opt("CustomEmailSender", CUSTOM_EMAIL_LAMBDA_VERSION_CONFIG),
    opt("KMSKeyID", ARN),
    opt("InboundFederation", INBOUND_FEDERATION_LAMBDA),
]);
pub(super) static VERIFIED_ATTRIBUTES_LIST: &Shape =
    &List(&Choice(&["phone_number", "email"]), 0, 1000);
pub(super) static ALIAS_ATTRIBUTES_LIST: &Shape = &List(
    &Choice(&["phone_number", "email", "preferred_username"]),
    0,
    1000,
);
pub(super) static USERNAME_ATTRIBUTES_LIST: &Shape =
    &List(&Choice(&["phone_number", "email"]), 0, 1000);
pub(super) static SMS_VERIFICATION_MESSAGE: &Shape = &text(6, 140, Pattern::SmsCode);
pub(super) static EMAIL_VERIFICATION_MESSAGE: &Shape = &text(6, 20000, Pattern::MailCode);
pub(super) static EMAIL_VERIFICATION_SUBJECT: &Shape = &text(1, 140, Pattern::PrintableOrSpace);
pub(super) static EMAIL_VERIFICATION_MESSAGE_BY_LINK: &Shape = &text(6, 20000, Pattern::MailLink);
pub(super) static EMAIL_VERIFICATION_SUBJECT_BY_LINK: &Shape =
    &text(1, 140, Pattern::PrintableOrSpace);
pub(super) static VERIFICATION_MESSAGE_TEMPLATE: &Shape = &Struct(&[
    opt("SmsMessage", SMS_VERIFICATION_MESSAGE),
    opt("EmailMessage", EMAIL_VERIFICATION_MESSAGE),
    opt("EmailSubject", EMAIL_VERIFICATION_SUBJECT),
    opt("EmailMessageByLink", EMAIL_VERIFICATION_MESSAGE_BY_LINK),
    opt("EmailSubjectByLink", EMAIL_VERIFICATION_SUBJECT_BY_LINK),
    opt(
        "DefaultEmailOption",
        &Choice(&["CONFIRM_WITH_LINK", "CONFIRM_WITH_CODE"]),
    ),
]);
pub(super) static ATTRIBUTES_REQUIRE_VERIFICATION_BEFORE_UPDATE: &Shape =
    &List(&Choice(&["phone_number", "email"]), 0, 1000);
pub(super) static USER_ATTRIBUTE_UPDATE_SETTINGS: &Shape = &Struct(&[opt(
    "AttributesRequireVerificationBeforeUpdate",
    ATTRIBUTES_REQUIRE_VERIFICATION_BEFORE_UPDATE,
)]);
pub(super) static DEVICE_CONFIGURATION: &Shape = &Struct(&[
    opt("ChallengeRequiredOnNewDevice", &Bool),
    opt("DeviceOnlyRememberedOnUserPrompt", &Bool),
]);
pub(super) static EMAIL_ADDRESS: &Shape = &text(0, 131072, Pattern::Mail);
pub(super) static SES_CONFIGURATION_SET: &Shape = &text(1, 64, Pattern::ConfigurationSet);
pub(super) static EMAIL_CONFIGURATION: &Shape = &Struct(&[
    opt("SourceArn", ARN),
    opt("ReplyToEmailAddress", EMAIL_ADDRESS),
    opt(
        "EmailSendingAccount",
        &Choice(&["COGNITO_DEFAULT", "DEVELOPER"]),
    ),
    opt("From", &text(0, 131072, Pattern::Any)),
    opt("ConfigurationSet", SES_CONFIGURATION_SET),
]);
pub(super) static OPTIONAL_ARN: &Shape = &text(0, 2048, Pattern::OptionalArn);
pub(super) static EUMS_SMS_CONFIGURATION: &Shape = &Struct(&[
    req("CallerArn", ARN),
    opt("ExternalId", &text(0, 131072, Pattern::Any)),
    opt("OriginationIdentity", &text(0, 131072, Pattern::Any)),
    opt("ConfigurationSetName", &text(0, 131072, Pattern::Any)),
    opt("InEntityId", &text(0, 131072, Pattern::Any)),
    opt("InTemplateId", &text(0, 131072, Pattern::Any)),
    opt("Region", &text(5, 32, Pattern::Any)),
]);
pub(super) static SMS_CONFIGURATION: &Shape = &Struct(&[
    opt("SnsCallerArn", OPTIONAL_ARN),
    opt("ExternalId", &text(0, 131072, Pattern::Any)),
    opt("SnsRegion", &text(5, 32, Pattern::Any)),
    opt("EumsSms", EUMS_SMS_CONFIGURATION),
]);
pub(super) static USER_POOL_TAGS: &Shape = &Map(
    &text(1, 128, Pattern::Any),
    &text(0, 256, Pattern::Any),
    1000,
);
pub(super) static SMS_INVITE_MESSAGE: &Shape = &text(6, 140, Pattern::Any);
pub(super) static EMAIL_INVITE_MESSAGE: &Shape = &text(6, 20000, Pattern::Prose);
pub(super) static MESSAGE_TEMPLATE: &Shape = &Struct(&[
    opt("SMSMessage", SMS_INVITE_MESSAGE),
    opt("EmailMessage", EMAIL_INVITE_MESSAGE),
    opt("EmailSubject", EMAIL_VERIFICATION_SUBJECT),
]);
pub(super) static ADMIN_CREATE_USER_CONFIG: &Shape = &Struct(&[
    opt("AllowAdminCreateUserOnly", &Bool),
    opt("UnusedAccountValidityDays", &Int(0, 365)),
    opt("InviteMessageTemplate", MESSAGE_TEMPLATE),
]);
pub(super) static CUSTOM_ATTRIBUTE_NAME: &Shape = &text(1, 20, Pattern::Printable);
pub(super) static ATTRIBUTE_DATA: &Shape = &Choice(&["String", "Number", "DateTime", "Boolean"]);
pub(super) static NUMBER_ATTRIBUTE_CONSTRAINTS: &Shape = &Struct(&[
    opt("MinValue", &text(0, 131072, Pattern::Any)),
    opt("MaxValue", &text(0, 131072, Pattern::Any)),
]);
pub(super) static STRING_ATTRIBUTE_CONSTRAINTS: &Shape = &Struct(&[
    opt("MinLength", &text(0, 131072, Pattern::Any)),
    opt("MaxLength", &text(0, 131072, Pattern::Any)),
]);
pub(super) static SCHEMA_ATTRIBUTE: &Shape = &Struct(&[
    opt("Name", CUSTOM_ATTRIBUTE_NAME),
    opt("AttributeDataType", ATTRIBUTE_DATA),
    opt("DeveloperOnlyAttribute", &Bool),
    opt("Mutable", &Bool),
    opt("Required", &Bool),
    opt("NumberAttributeConstraints", NUMBER_ATTRIBUTE_CONSTRAINTS),
    opt("StringAttributeConstraints", STRING_ATTRIBUTE_CONSTRAINTS),
]);
pub(super) static SCHEMA_ATTRIBUTES_LIST: &Shape = &List(SCHEMA_ATTRIBUTE, 1, 50);
pub(super) static ADVANCED_SECURITY_ADDITIONAL_FLOWS: &Shape =
    &Struct(&[opt("CustomAuthMode", &Choice(&["AUDIT", "ENFORCED"]))]);
pub(super) static USER_POOL_ADD_ONS: &Shape = &Struct(&[
    req(
        "AdvancedSecurityMode",
        &Choice(&["OFF", "AUDIT", "ENFORCED"]),
    ),
    opt(
        "AdvancedSecurityAdditionalFlows",
        ADVANCED_SECURITY_ADDITIONAL_FLOWS,
    ),
]);
pub(super) static O_AUTH_FLOWS: &Shape =
    &List(&Choice(&["code", "implicit", "client_credentials"]), 0, 3);
pub(super) static SCOPE: &Shape = &text(1, 256, Pattern::Scope);
pub(super) static SCOPE_LIST: &Shape = &List(SCOPE, 0, 50);
pub(super) static DCR_CONFIGURATION: &Shape = &Struct(&[
    opt("EnableStatus", &Choice(&["Enabled", "Disabled"])),
    opt("OpenDcrEnabled", &Bool),
    opt("AuthenticatedGrantTypes", O_AUTH_FLOWS),
    opt("OpenDcrGrantTypes", O_AUTH_FLOWS),
    opt("AllowedScopes", SCOPE_LIST),
]);
pub(super) static USERNAME_CONFIGURATION: &Shape = &Struct(&[req("CaseSensitive", &Bool)]);
pub(super) static RECOVERY_OPTION: &Shape = &Struct(&[
    req("Priority", &Int(1, 2)),
    req(
        "Name",
        &Choice(&["verified_email", "verified_phone_number", "admin_only"]),
    ),
]);
pub(super) static RECOVERY_MECHANISMS: &Shape = &List(RECOVERY_OPTION, 1, 2);
pub(super) static ACCOUNT_RECOVERY_SETTING: &Shape =
    &Struct(&[opt("RecoveryMechanisms", RECOVERY_MECHANISMS)]);
pub(super) static ENCRYPTION_KEY_ARN: &Shape = &text(20, 2048, Pattern::Arn);
pub(super) static KEY_CONFIGURATION: &Shape = &Struct(&[
    opt(
        "KeyType",
        &Choice(&["AWS_OWNED_KEY", "CUSTOMER_MANAGED_KEY"]),
    ),
    opt("KmsKeyArn", ENCRYPTION_KEY_ARN),
]);
pub(super) static ISSUER_CONFIGURATION: &Shape =
    &Struct(&[opt("Type", &Choice(&["ORIGINAL", "UPDATED"]))]);
pub(super) static ACR_VALUE: &Shape = &text(1, 64, Pattern::Scope);
pub(super) static ACR_LEVEL_CONFIG: &Shape = &Struct(&[req("AcrValue", ACR_VALUE)]);
pub(super) static ACR_CONFIGURATION: &Shape =
    &Map(&text(0, 131072, Pattern::Level), ACR_LEVEL_CONFIG, 4);
pub(super) static SMS_MFA_CONFIG: &Shape = &Struct(&[
    opt("SmsAuthenticationMessage", SMS_VERIFICATION_MESSAGE),
    opt("SmsConfiguration", SMS_CONFIGURATION),
]);
pub(super) static SOFTWARE_TOKEN_MFA_CONFIG: &Shape = &Struct(&[opt("Enabled", &Bool)]);
pub(super) static EMAIL_MFA_MESSAGE: &Shape = &text(6, 20000, Pattern::MailCode);
pub(super) static EMAIL_MFA_SUBJECT: &Shape = &text(0, 131072, Pattern::PrintableOrSpace);
pub(super) static EMAIL_MFA_CONFIG: &Shape = &Struct(&[
    opt("Message", EMAIL_MFA_MESSAGE),
    opt("Subject", EMAIL_MFA_SUBJECT),
]);
pub(super) static WEB_AUTHN_CONFIGURATION: &Shape = &Struct(&[
    opt("RelyingPartyId", &text(1, 127, Pattern::Any)),
    opt("UserVerification", &Choice(&["required", "preferred"])),
    opt(
        "FactorConfiguration",
        &Choice(&["SINGLE_FACTOR", "MULTI_FACTOR_WITH_USER_VERIFICATION"]),
    ),
]);
pub(super) static USER_POOL_TAGS_LIST: &Shape = &List(&text(1, 128, Pattern::Any), 0, 1000);
