//! Requests about users, member by member as the service model has them.

use super::super::validate::{Pattern, Shape, opt, req, secret, text};
use super::client::CLIENT_ID;
use super::settings::USER_POOL_ID;
use Shape::{Bool, Choice, Int, List, Map, Struct};

static SECRET_HASH: &Shape = &secret(1, 128, Pattern::Hash);
static USERNAME: &Shape = &secret(1, 128, Pattern::Printable);
static PASSWORD: &Shape = &secret(0, 256, Pattern::NoSpace);
static ATTRIBUTE_NAME: &Shape = &text(1, 32, Pattern::AttributeName);
static ATTRIBUTE: &Shape = &Struct(&[
    req("Name", ATTRIBUTE_NAME),
    opt("Value", &secret(0, 2048, Pattern::Any)),
]);
static ATTRIBUTE_LIST: &Shape = &List(ATTRIBUTE, 0, 1000);
static ANALYTICS_METADATA: &Shape =
    &Struct(&[opt("AnalyticsEndpointId", &text(0, 131072, Pattern::Any))]);
static USER_CONTEXT_DATA: &Shape = &Struct(&[
    opt("IpAddress", &text(0, 131072, Pattern::Any)),
    opt("EncodedData", &text(0, 131072, Pattern::Any)),
]);
static CLIENT_METADATA: &Shape = &Map(
    &text(0, 131072, Pattern::Any),
    &text(0, 131072, Pattern::Any),
    1000,
);
static CONFIRMATION_CODE: &Shape = &text(1, 2048, Pattern::NoSpace);
static DELIVERY_MEDIUM_LIST: &Shape = &List(&Choice(&["SMS", "EMAIL"]), 0, 1000);
static SEARCHED_ATTRIBUTE_NAMES_LIST: &Shape = &List(ATTRIBUTE_NAME, 0, 1000);
static SEARCH_PAGINATION_TOKEN: &Shape = &text(1, 131072, Pattern::NoSpace);
static SIGN_UP: &Shape = &Struct(&[
    req("ClientId", CLIENT_ID),
    opt("SecretHash", SECRET_HASH),
    req("Username", USERNAME),
    opt("Password", PASSWORD),
    opt("UserAttributes", ATTRIBUTE_LIST),
    opt("ValidationData", ATTRIBUTE_LIST),
    opt("AnalyticsMetadata", ANALYTICS_METADATA),
    opt("UserContextData", USER_CONTEXT_DATA),
    opt("ClientMetadata", CLIENT_METADATA),
]);

static CONFIRM_SIGN_UP: &Shape = &Struct(&[
    req("ClientId", CLIENT_ID),
    opt("SecretHash", SECRET_HASH),
    req("Username", USERNAME),
    req("ConfirmationCode", CONFIRMATION_CODE),
    opt("ForceAliasCreation", &Bool),
    opt("AnalyticsMetadata", ANALYTICS_METADATA),
    opt("UserContextData", USER_CONTEXT_DATA),
    opt("ClientMetadata", CLIENT_METADATA),
    opt("Session", &secret(20, 4096, Pattern::Any)),
]);

static ADMIN_CONFIRM_SIGN_UP: &Shape = &Struct(&[
    req("UserPoolId", USER_POOL_ID),
    req("Username", USERNAME),
    opt("ClientMetadata", CLIENT_METADATA),
]);

static ADMIN_CREATE_USER: &Shape = &Struct(&[
    req("UserPoolId", USER_POOL_ID),
    req("Username", USERNAME),
    opt("UserAttributes", ATTRIBUTE_LIST),
    opt("ValidationData", ATTRIBUTE_LIST),
    opt("TemporaryPassword", PASSWORD),
    opt("ForceAliasCreation", &Bool),
    opt("MessageAction", &Choice(&["RESEND", "SUPPRESS"])),
    opt("DesiredDeliveryMediums", DELIVERY_MEDIUM_LIST),
    opt("ClientMetadata", CLIENT_METADATA),
]);

static ADMIN_GET_USER: &Shape =
    &Struct(&[req("UserPoolId", USER_POOL_ID), req("Username", USERNAME)]);

static ADMIN_DELETE_USER: &Shape =
    &Struct(&[req("UserPoolId", USER_POOL_ID), req("Username", USERNAME)]);

static LIST_USERS: &Shape = &Struct(&[
    req("UserPoolId", USER_POOL_ID),
    opt("AttributesToGet", SEARCHED_ATTRIBUTE_NAMES_LIST),
    opt("Limit", &Int(0, 60)),
    opt("PaginationToken", SEARCH_PAGINATION_TOKEN),
    opt("Filter", &text(0, 256, Pattern::Any)),
]);

static FORGOT_PASSWORD: &Shape = &Struct(&[
    req("ClientId", CLIENT_ID),
    opt("SecretHash", SECRET_HASH),
    opt("UserContextData", USER_CONTEXT_DATA),
    req("Username", USERNAME),
    opt("AnalyticsMetadata", ANALYTICS_METADATA),
    opt("ClientMetadata", CLIENT_METADATA),
]);

static CONFIRM_FORGOT_PASSWORD: &Shape = &Struct(&[
    req("ClientId", CLIENT_ID),
    opt("SecretHash", SECRET_HASH),
    req("Username", USERNAME),
    req("ConfirmationCode", CONFIRMATION_CODE),
    req("Password", PASSWORD),
    opt("AnalyticsMetadata", ANALYTICS_METADATA),
    opt("UserContextData", USER_CONTEXT_DATA),
    opt("ClientMetadata", CLIENT_METADATA),
]);

static ADMIN_SET_USER_PASSWORD: &Shape = &Struct(&[
    req("UserPoolId", USER_POOL_ID),
    req("Username", USERNAME),
    req("Password", PASSWORD),
    opt("Permanent", &Bool),
]);

/// Returns the shape of a request, where the operation is one of these.
pub(super) fn of(operation: &str) -> Option<&'static Shape> {
    Some(match operation {
        "SignUp" => SIGN_UP,
        "ConfirmSignUp" => CONFIRM_SIGN_UP,
        "AdminConfirmSignUp" => ADMIN_CONFIRM_SIGN_UP,
        "AdminCreateUser" => ADMIN_CREATE_USER,
        "AdminGetUser" => ADMIN_GET_USER,
        "AdminDeleteUser" => ADMIN_DELETE_USER,
        "ListUsers" => LIST_USERS,
        "ForgotPassword" => FORGOT_PASSWORD,
        "ConfirmForgotPassword" => CONFIRM_FORGOT_PASSWORD,
        "AdminSetUserPassword" => ADMIN_SET_USER_PASSWORD,
        _ => return None,
    })
}
