//! Lambda's operations by method and path.

/// Returns the operation of a Lambda request; none for a path that the sandbox does not have.
///
/// `path` are the decoded segments, `find` the query parameter of that name.
pub fn lambda(method: &str, path: &[String], find: Option<&str>) -> Option<&'static str> {
    let segments: Vec<&str> = path.iter().map(String::as_str).collect();
    let operation = match (method, segments.as_slice()) {
        ("POST", ["2015-03-31", "functions"]) => "CreateFunction",
        ("GET", ["2015-03-31", "functions"]) => "ListFunctions",
        ("GET", ["2015-03-31", "functions", _]) => "GetFunction",
        ("DELETE", ["2015-03-31", "functions", _]) => "DeleteFunction",
        ("GET", ["2015-03-31", "functions", _, "configuration"]) => "GetFunctionConfiguration",
        ("PUT", ["2015-03-31", "functions", _, "configuration"]) => "UpdateFunctionConfiguration",
        ("PUT", ["2015-03-31", "functions", _, "code"]) => "UpdateFunctionCode",
        ("POST", ["2015-03-31", "functions", _, "invocations"]) => "Invoke",
        ("POST", ["2015-03-31", "functions", _, "policy"]) => "AddPermission",
        ("GET", ["2015-03-31", "functions", _, "policy"]) => "GetPolicy",
        ("DELETE", ["2015-03-31", "functions", _, "policy", _]) => "RemovePermission",
        ("GET", ["2015-03-31", "functions", _, "aliases"]) => "ListAliases",
        ("POST", ["2015-03-31", "event-source-mappings"]) => "CreateEventSourceMapping",
        ("GET", ["2015-03-31", "event-source-mappings"]) => "ListEventSourceMappings",
        ("DELETE", ["2015-03-31", "event-source-mappings", _]) => "DeleteEventSourceMapping",
        ("POST", ["2017-03-31", "tags", _]) => "TagResource",
        ("DELETE", ["2017-03-31", "tags", _]) => "UntagResource",
        ("GET", ["2017-03-31", "tags", _]) => "ListTags",
        ("GET", ["2018-10-31", "layers"]) if find == Some("LayerVersion") => "GetLayerVersionByArn",
        ("GET", ["2018-10-31", "layers"]) => "ListLayers",
        ("POST", ["2018-10-31", "layers", _, "versions"]) => "PublishLayerVersion",
        ("GET", ["2018-10-31", "layers", _, "versions"]) => "ListLayerVersions",
        ("GET", ["2018-10-31", "layers", _, "versions", _]) => "GetLayerVersion",
        ("DELETE", ["2018-10-31", "layers", _, "versions", _]) => "DeleteLayerVersion",
        _ => return None,
    };
    Some(operation)
}

/// Operations of Cognito that a client calls without credentials (from the service model).
pub fn is_public(cognito: &str) -> bool {
    [
        "AssociateSoftwareToken",
        "ChangePassword",
        "ConfirmDevice",
        "ConfirmForgotPassword",
        "ConfirmSignUp",
        "DeleteUser",
        "DeleteUserAttributes",
        "ForgetDevice",
        "ForgotPassword",
        "GetDevice",
        "GetTokensFromRefreshToken",
        "GetUser",
        "GetUserAttributeVerificationCode",
        "GetUserAuthFactors",
        "GlobalSignOut",
        "InitiateAuth",
        "ListDevices",
        "ResendConfirmationCode",
        "RespondToAuthChallenge",
        "RevokeToken",
        "SetUserMFAPreference",
        "SetUserSettings",
        "SignUp",
        "UpdateAuthEventFeedback",
        "UpdateDeviceStatus",
        "UpdateUserAttributes",
        "VerifySoftwareToken",
        "VerifyUserAttribute",
    ]
    .contains(&cognito)
}
