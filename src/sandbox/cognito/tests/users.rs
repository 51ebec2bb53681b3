//! Users as an administrator makes, finds and removes them.

use super::*;

#[tokio::test]
async fn administrators_make_find_and_remove_users() {
    let stage = Stage::new();
    let new = |name: &str| json!({ "UserPoolId": POOL, "Username": name });
    for name in ["ann@example.com", "bob@example.com", "zoe@other.com"] {
        let made = stage.ok("AdminCreateUser", new(name)).await;
        assert_eq!(made["User"]["UserStatus"], "FORCE_CHANGE_PASSWORD");
    }
    assert_eq!(
        stage.mails()[0],
        json!({ "to": "ann@example.com", "code": null, "purpose": "invitation" })
    );
    assert!(stage.seen().is_empty());
    let exists = "UsernameExistsException";
    stage
        .refused(
            "AdminCreateUser",
            new("ann@example.com"),
            exists,
            "already exists",
        )
        .await;
    let mut weak = new("carl@example.com");
    weak["TemporaryPassword"] = json!("weak");
    stage
        .refused(
            "AdminCreateUser",
            weak,
            "InvalidPasswordException",
            "not long enough",
        )
        .await;
    let mut again = new("nobody@example.com");
    again["MessageAction"] = json!("RESEND");
    stage
        .refused(
            "AdminCreateUser",
            again.clone(),
            "UserNotFoundException",
            "User does not exist.",
        )
        .await;
    again["Username"] = json!("ann@example.com");
    stage.ok("AdminCreateUser", again.clone()).await;
    let password = |permanent: bool| json!({ "UserPoolId": POOL, "Username": "ann@example.com", "Password": GOOD, "Permanent": permanent });
    stage.ok("AdminSetUserPassword", password(true)).await;
    assert_eq!(
        stage.ok("AdminGetUser", new("ann@example.com")).await["UserStatus"],
        "CONFIRMED"
    );
    assert!(
        stage.seen().is_empty(),
        "a password by an administrator fires nothing"
    );
    stage
        .refused(
            "AdminCreateUser",
            again,
            "UnsupportedUserStateException",
            "Resend not possible",
        )
        .await;
    let used = "PasswordHistoryPolicyViolationException";
    stage
        .refused("AdminSetUserPassword", password(false), used, "previously")
        .await;

    let list = |more: Value| {
        let mut input = json!({ "UserPoolId": POOL });
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        input
    };
    let first = stage.ok("ListUsers", list(json!({ "Limit": 2 }))).await;
    assert_eq!(first["Users"].as_array().unwrap().len(), 2);
    // what goes away between two pages moves nothing
    stage.ok("AdminDeleteUser", new("ann@example.com")).await;
    let token = first["PaginationToken"].clone();
    let rest = stage
        .ok(
            "ListUsers",
            list(json!({ "Limit": 2, "PaginationToken": token })),
        )
        .await;
    assert_eq!(rest["Users"].as_array().unwrap().len(), 1);
    assert_eq!(rest.get("PaginationToken"), None);
    stage
        .refused(
            "AdminDeleteUser",
            new("ann@example.com"),
            "UserNotFoundException",
            "not exist",
        )
        .await;
    stage
        .refused(
            "AdminGetUser",
            new("ann@example.com"),
            "UserNotFoundException",
            "not exist",
        )
        .await;

    for (filter, count) in [
        ("email = \"bob@example.com\"", 1),
        ("email ^= \"bob\"", 1),
        ("\"email\"^=\"nobody\"", 0),
        ("cognito:user_status = \"force_change_password\"", 2),
        ("status = \"Enabled\"", 2),
        ("name = \"x\"", 0),
        ("", 2),
    ] {
        let found = stage
            .ok("ListUsers", list(json!({ "Filter": filter })))
            .await;
        assert_eq!(found["Users"].as_array().unwrap().len(), count, "{filter}");
    }
    let invalid = "InvalidParameterException";
    for filter in ["email", "email = bob", "custom:plan = \"x\""] {
        stage
            .refused(
                "ListUsers",
                list(json!({ "Filter": filter })),
                invalid,
                "Error while parsing filter",
            )
            .await;
    }
    let some = stage
        .ok("ListUsers", list(json!({ "AttributesToGet": ["email"] })))
        .await;
    assert_eq!(
        some["Users"][0]["Attributes"],
        json!([{ "Name": "email", "Value": "bob@example.com" }])
    );
    stage
        .refused(
            "ListUsers",
            list(json!({ "AttributesToGet": ["nose"] })),
            invalid,
            "do not exist",
        )
        .await;
}
