//! Requests about app clients, member by member as the service model has them.

use super::super::validate::{Pattern, Shape, opt, req, secret, text};
use super::settings::{ARN, O_AUTH_FLOWS, SCOPE_LIST, USER_POOL_ID};
use Shape::{Bool, Choice, Int, List, Struct};

static CLIENT_PAGINATION_KEY: &Shape = &text(1, 131072, Pattern::NoSpace);
static CLIENT_NAME: &Shape = &text(1, 128, Pattern::Name);
static CLIENT_SECRET: &Shape = &secret(24, 64, Pattern::Word);
static TIME_UNITS: &Shape = &Choice(&["seconds", "minutes", "hours", "days"]);
static TOKEN_VALIDITY_UNITS: &Shape = &Struct(&[
    opt("AccessToken", TIME_UNITS),
    opt("IdToken", TIME_UNITS),
    opt("RefreshToken", TIME_UNITS),
]);
static CLIENT_PERMISSION_LIST: &Shape = &List(&text(1, 2048, Pattern::Any), 0, 1000);
static EXPLICIT_AUTH_FLOWS: &Shape = &Choice(&[
    "ADMIN_NO_SRP_AUTH",
    "CUSTOM_AUTH_FLOW_ONLY",
    "USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_CUSTOM_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_USER_AUTH",
    "ALLOW_TOKEN_EXCHANGE_DELEGATION",
    "ALLOW_TOKEN_EXCHANGE_IMPERSONATION",
]);
static EXPLICIT_AUTH_FLOWS_LIST: &Shape = &List(EXPLICIT_AUTH_FLOWS, 0, 1000);
static PROVIDER_NAME: &Shape = &text(1, 32, Pattern::PrintableOrSpace);
static SUPPORTED_IDENTITY_PROVIDERS_LIST: &Shape = &List(PROVIDER_NAME, 0, 1000);
static REDIRECT_URL: &Shape = &text(1, 1024, Pattern::Printable);
static CALLBACK_UR_LS_LIST: &Shape = &List(REDIRECT_URL, 0, 100);
static LOGOUT_UR_LS_LIST: &Shape = &List(REDIRECT_URL, 0, 100);
static HEX_STRING: &Shape = &text(0, 131072, Pattern::Hex);
static ANALYTICS_CONFIGURATION: &Shape = &Struct(&[
    opt("ApplicationId", HEX_STRING),
    opt("ApplicationArn", ARN),
    opt("RoleArn", ARN),
    opt("ExternalId", &text(0, 131072, Pattern::Any)),
    opt("UserDataShared", &Bool),
]);
static REFRESH_TOKEN_ROTATION: &Shape = &Struct(&[
    req("Feature", &Choice(&["ENABLED", "DISABLED"])),
    opt("RetryGracePeriodSeconds", &Int(0, 60)),
]);
pub(super) static CLIENT_ID: &Shape = &secret(1, 128, Pattern::Word);
static LIST_USER_POOL_CLIENTS: &Shape = &Struct(&[
    req("UserPoolId", USER_POOL_ID),
    opt("MaxResults", &Int(1, 60)),
    opt("NextToken", CLIENT_PAGINATION_KEY),
    opt("ClientType", &Choice(&["REGULAR", "DCR"])),
]);

static CREATE_USER_POOL_CLIENT: &Shape = &Struct(&[
    req("UserPoolId", USER_POOL_ID),
    req("ClientName", CLIENT_NAME),
    opt("GenerateSecret", &Bool),
    opt("ClientSecret", CLIENT_SECRET),
    opt("RefreshTokenValidity", &Int(0, 315360000)),
    opt("AccessTokenValidity", &Int(1, 86400)),
    opt("IdTokenValidity", &Int(1, 86400)),
    opt("TokenValidityUnits", TOKEN_VALIDITY_UNITS),
    opt("ReadAttributes", CLIENT_PERMISSION_LIST),
    opt("WriteAttributes", CLIENT_PERMISSION_LIST),
    opt("ExplicitAuthFlows", EXPLICIT_AUTH_FLOWS_LIST),
    opt(
        "SupportedIdentityProviders",
        SUPPORTED_IDENTITY_PROVIDERS_LIST,
    ),
    opt("CallbackURLs", CALLBACK_UR_LS_LIST),
    opt("LogoutURLs", LOGOUT_UR_LS_LIST),
    opt("DefaultRedirectURI", REDIRECT_URL),
    opt("AllowedOAuthFlows", O_AUTH_FLOWS),
    opt("AllowedOAuthScopes", SCOPE_LIST),
    opt("AllowedOAuthFlowsUserPoolClient", &Bool),
    opt("AnalyticsConfiguration", ANALYTICS_CONFIGURATION),
    opt(
        "PreventUserExistenceErrors",
        &Choice(&["LEGACY", "ENABLED"]),
    ),
    opt("EnableTokenRevocation", &Bool),
    opt("EnablePropagateAdditionalUserContextData", &Bool),
    opt("AuthSessionValidity", &Int(3, 15)),
    opt("RefreshTokenRotation", REFRESH_TOKEN_ROTATION),
]);

static DESCRIBE_USER_POOL_CLIENT: &Shape =
    &Struct(&[req("UserPoolId", USER_POOL_ID), req("ClientId", CLIENT_ID)]);

/// Returns the shape of a request, where the operation is one of these.
pub(super) fn of(operation: &str) -> Option<&'static Shape> {
    Some(match operation {
        "ListUserPoolClients" => LIST_USER_POOL_CLIENTS,
        "CreateUserPoolClient" => CREATE_USER_POOL_CLIENT,
        "DescribeUserPoolClient" => DESCRIBE_USER_POOL_CLIENT,
        _ => return None,
    })
}
