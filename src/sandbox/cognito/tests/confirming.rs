//! Codes: right, wrong, late; for a sign-up and for a new password.

use super::*;

const EMAIL: &str = "andrew@example.com";

fn confirm(code: &str) -> Value {
    json!({ "ClientId": FIRST_CLIENT, "Username": EMAIL, "ConfirmationCode": code })
}

fn reset(code: &str, password: &str) -> Value {
    json!({ "ClientId": FIRST_CLIENT, "Username": EMAIL, "ConfirmationCode": code, "Password": password })
}

fn forgot() -> Value {
    json!({ "ClientId": FIRST_CLIENT, "Username": EMAIL })
}

fn wrong(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

async fn status(stage: &Stage) -> Value {
    stage
        .ok(
            "AdminGetUser",
            json!({ "UserPoolId": POOL, "Username": EMAIL }),
        )
        .await["UserStatus"]
        .clone()
}

#[tokio::test]
async fn a_right_code_confirms_once() {
    let stage = Stage::new();
    stage.sign_up(EMAIL).await;
    let code = stage.last_code();
    stage
        .refused(
            "ConfirmSignUp",
            confirm(wrong(&code)),
            "CodeMismatchException",
            "Invalid verification code",
        )
        .await;
    assert_eq!(status(&stage).await, "UNCONFIRMED");
    assert_eq!(stage.ok("ConfirmSignUp", confirm(&code)).await, json!({}));
    assert_eq!(status(&stage).await, "CONFIRMED");
    let words = "User cannot be confirmed. Current status is CONFIRMED";
    stage
        .refused(
            "ConfirmSignUp",
            confirm(&code),
            "NotAuthorizedException",
            words,
        )
        .await;
    let admin = json!({ "UserPoolId": POOL, "Username": EMAIL });
    stage
        .refused("AdminConfirmSignUp", admin, "NotAuthorizedException", words)
        .await;
    assert!(
        stage.seen().is_empty(),
        "the pool has no post-confirmation trigger"
    );
}

#[tokio::test]
async fn a_code_ends_after_a_day() {
    let stage = Stage::new();
    stage.sign_up(EMAIL).await;
    stage.later(24 * 3600);
    let code = stage.last_code();
    stage
        .refused(
            "ConfirmSignUp",
            confirm(&code),
            "ExpiredCodeException",
            "request a code again",
        )
        .await;
}

#[tokio::test]
async fn guessing_comes_to_an_end() {
    let stage = Stage::new();
    stage.sign_up(EMAIL).await;
    let code = stage.last_code();
    for _ in 0..5 {
        stage
            .refused(
                "ConfirmSignUp",
                confirm(wrong(&code)),
                "CodeMismatchException",
                "",
            )
            .await;
    }
    stage
        .refused(
            "ConfirmSignUp",
            confirm(&code),
            "LimitExceededException",
            "Attempt limit exceeded",
        )
        .await;
}

#[tokio::test]
async fn a_client_that_hides_users_says_nothing_about_strangers() {
    let stage = Stage::new();
    stage
        .refused(
            "ConfirmSignUp",
            confirm("123456"),
            "ExpiredCodeException",
            "",
        )
        .await;
    stage
        .refused(
            "ConfirmForgotPassword",
            reset("123456", GOOD),
            "CodeMismatchException",
            "",
        )
        .await;
    let details = stage.ok("ForgotPassword", forgot()).await;
    assert_eq!(details["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
    assert!(stage.mails().is_empty());
    let admin = json!({ "UserPoolId": POOL, "Username": EMAIL });
    stage
        .refused(
            "AdminConfirmSignUp",
            admin,
            "UserNotFoundException",
            "User does not exist.",
        )
        .await;
}

#[tokio::test]
async fn a_new_password_needs_a_verified_address() {
    let stage = Stage::new();
    stage.sign_up(EMAIL).await;
    let words = "no registered/verified email or phone_number";
    stage
        .refused(
            "ForgotPassword",
            forgot(),
            "InvalidParameterException",
            words,
        )
        .await;
    // an administrator's confirmation verifies nothing
    stage
        .ok(
            "AdminConfirmSignUp",
            json!({ "UserPoolId": POOL, "Username": EMAIL }),
        )
        .await;
    stage
        .refused(
            "ForgotPassword",
            forgot(),
            "InvalidParameterException",
            words,
        )
        .await;
}

#[tokio::test]
async fn a_password_is_replaced_and_fires_the_trigger() {
    let stage = Stage::new().with_trigger().await;
    stage.sign_up(EMAIL).await;
    stage.ok("ConfirmSignUp", confirm(&stage.last_code())).await;
    let sent = stage.ok("ForgotPassword", forgot()).await;
    assert_eq!(sent["CodeDeliveryDetails"]["Destination"], "a***@e***");
    assert_eq!(stage.mails()[1]["purpose"], "forgot_password");
    let code = stage.last_code();
    stage
        .refused(
            "ConfirmForgotPassword",
            reset(wrong(&code), "Another1Word"),
            "CodeMismatchException",
            "",
        )
        .await;
    stage
        .refused(
            "ConfirmForgotPassword",
            reset(&code, "weak"),
            "InvalidPasswordException",
            "",
        )
        .await;
    let used = "PasswordHistoryPolicyViolationException";
    stage
        .refused("ConfirmForgotPassword", reset(&code, GOOD), used, "")
        .await;
    stage
        .ok("ConfirmForgotPassword", reset(&code, "Another1Word"))
        .await;
    stage
        .refused(
            "ConfirmForgotPassword",
            reset(&code, "Third1Password"),
            "ExpiredCodeException",
            "",
        )
        .await;
    let sources: Vec<Value> = stage
        .seen()
        .iter()
        .map(|s| s.event["triggerSource"].clone())
        .collect();
    assert_eq!(
        sources,
        [
            "PostConfirmation_ConfirmSignUp",
            "PostConfirmation_ConfirmForgotPassword"
        ]
    );
    stage.ok("ForgotPassword", forgot()).await;
    stage.later(3600);
    let late = reset(&stage.last_code(), "Third1Password");
    stage
        .refused("ConfirmForgotPassword", late, "ExpiredCodeException", "")
        .await;
}

#[tokio::test]
async fn a_pool_may_leave_recovery_to_administrators() {
    let stage = Stage::new();
    stage.sign_up(EMAIL).await;
    stage.ok("ConfirmSignUp", confirm(&stage.last_code())).await;
    let ways = json!({ "RecoveryMechanisms": [{ "Priority": 1, "Name": "admin_only" }] });
    stage
        .update(json!({ "AccountRecoverySetting": ways }))
        .await;
    stage
        .refused(
            "ForgotPassword",
            forgot(),
            "NotAuthorizedException",
            "Contact administrator",
        )
        .await;
    let temporary = json!({ "UserPoolId": POOL, "Username": EMAIL, "Password": "Temporary1Word" });
    stage.ok("AdminSetUserPassword", temporary).await;
    stage
        .refused(
            "ForgotPassword",
            forgot(),
            "NotAuthorizedException",
            "current state",
        )
        .await;
}
