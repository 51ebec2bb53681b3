//! How users sign up, and who may not.

use super::*;
use base64::Engine;

#[tokio::test]
async fn a_sign_up_sends_a_code_and_keeps_no_password() {
    let stage = Stage::new();
    let reply = stage.sign_up("andrew@example.com").await;
    assert_eq!(reply["UserConfirmed"], false);
    assert_eq!(
        reply["CodeDeliveryDetails"],
        json!({ "Destination": "a***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email" })
    );
    let mail = &stage.mails()[0];
    assert_eq!(mail["to"], "andrew@example.com");
    assert_eq!(mail["purpose"], "sign_up");
    assert_eq!(mail["code"].as_str().unwrap().len(), 6);
    let get = json!({ "UserPoolId": POOL, "Username": "ANDREW@example.com" });
    let user = stage.ok("AdminGetUser", get).await;
    // people sign in with their address; the pool knows them by their sub
    assert_eq!(user["Username"], reply["UserSub"]);
    assert_eq!(user["UserStatus"], "UNCONFIRMED");
    assert!(
        user["UserAttributes"]
            .as_array()
            .unwrap()
            .contains(&json!({ "Name": "name", "Value": "Andrew Brown" }))
    );
    let world = std::fs::read_to_string(stage.dir.path().join("world.json")).unwrap();
    assert!(!world.contains(GOOD) && world.contains("digest"));
    assert!(
        !stage
            .mails()
            .iter()
            .any(|mail| mail.to_string().contains(GOOD))
    );
    assert_eq!(stage.pool(POOL).await["EstimatedNumberOfUsers"], 1);
}

#[tokio::test]
async fn a_bad_sign_up_is_refused() {
    let stage = Stage::new();
    stage.sign_up("andrew@example.com").await;
    let again = sign_up("Andrew@Example.com");
    stage
        .refused(
            "SignUp",
            again,
            "UsernameExistsException",
            "given email already exists",
        )
        .await;
    for (password, words) in [
        ("Sh0rt", "Password not long enough"),
        ("n0uppercase", "uppercase"),
        ("N0LOWERCASE", "lowercase"),
        ("NoNumbersAtAll", "numeric"),
    ] {
        let mut bad = sign_up("b@example.com");
        bad["Password"] = json!(password);
        let (code, message) = stage.no("SignUp", bad).await;
        assert_eq!(code, "InvalidPasswordException");
        assert!(
            message.starts_with("Password did not conform with policy: ")
                && message.contains(words)
        );
        assert!(!message.contains(password));
    }
    let invalid = "InvalidParameterException";
    let name = sign_up("not-an-address");
    stage
        .refused("SignUp", name, invalid, "Username should be an email.")
        .await;
    let schema = "Attributes did not conform to the schema: ";
    for (name, value, words) in [
        (
            "custom:plane",
            "x",
            "custom:plane: Attribute does not exist in the schema.",
        ),
        ("custom:plan", "", "between 1 and 32"),
        ("custom:tenant", "0", "too small"),
        ("custom:tenant", "100000", "too large"),
        ("custom:tenant", "many", "must be a number"),
        ("phone_number", "12", "Invalid phone number"),
    ] {
        let mut bad = sign_up("b@example.com");
        bad["UserAttributes"] = json!([{ "Name": name, "Value": value }]);
        let (code, message) = stage.no("SignUp", bad).await;
        assert_eq!(code, invalid);
        assert!(
            message.starts_with(schema) && message.contains(words),
            "{message}"
        );
    }
    let mut own = sign_up("b@example.com");
    own["UserAttributes"] = json!([{ "Name": "email_verified", "Value": "true" }]);
    stage
        .refused(
            "SignUp",
            own,
            "NotAuthorizedException",
            "unauthorized attribute",
        )
        .await;
    let mut none = sign_up("b@example.com");
    none.as_object_mut().unwrap().remove("Password");
    stage
        .refused("SignUp", none, invalid, "Password is required")
        .await;
    let mut long = sign_up("b@example.com");
    long["Password"] = json!("secret with spaces");
    let (_, message) = stage.no("SignUp", long).await;
    assert!(
        message.contains("Value at 'password'") && !message.contains("secret"),
        "{message}"
    );
    stage
        .update(json!({ "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": true } }))
        .await;
    let closed = sign_up("b@example.com");
    stage
        .refused(
            "SignUp",
            closed,
            "NotAuthorizedException",
            "SignUp is not permitted",
        )
        .await;
}

#[tokio::test]
async fn without_verified_attributes_no_code_is_sent() {
    let stage = Stage::new();
    stage.update(json!({})).await;
    let reply = stage.sign_up("andrew@example.com").await;
    assert_eq!(reply.get("CodeDeliveryDetails"), None);
    assert_eq!(stage.mails(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_pool_with_aliases_keeps_the_names_that_people_choose() {
    let stage = Stage::new();
    let pool = json!({
        "PoolName": "p", "AliasAttributes": ["email"], "AutoVerifiedAttributes": ["email"],
        "Schema": [{ "Name": "email", "Required": true, "Mutable": true, "AttributeDataType": "String" }],
    });
    let pool = stage.ok("CreateUserPool", pool).await["UserPool"]["Id"].clone();
    let client = json!({ "UserPoolId": pool, "ClientName": "c" });
    let client =
        stage.ok("CreateUserPoolClient", client).await["UserPoolClient"]["ClientId"].clone();
    let new = |name: &str| {
        json!({
            "ClientId": client, "Username": name, "Password": "Str0ngPassword!",
            "UserAttributes": [{ "Name": "email", "Value": "same@example.com" }],
        })
    };
    let invalid = "InvalidParameterException";
    stage
        .refused("SignUp", new("a@b.c"), invalid, "cannot be of email format")
        .await;
    let mut bare = new("first");
    bare["UserAttributes"] = json!([]);
    stage
        .refused("SignUp", bare, invalid, "email: The attribute is required")
        .await;
    stage.ok("SignUp", new("first")).await;
    stage
        .refused(
            "SignUp",
            new("first"),
            "UsernameExistsException",
            "User already exists",
        )
        .await;
    let confirm = |name: &str, code: String| json!({ "ClientId": client, "Username": name, "ConfirmationCode": code });
    stage
        .ok("ConfirmSignUp", confirm("first", stage.last_code()))
        .await;
    stage.ok("SignUp", new("Second")).await;
    let second = confirm("Second", stage.last_code());
    let alias = "AliasExistsException";
    stage
        .refused("ConfirmSignUp", second.clone(), alias, "already exists")
        .await;
    // this client tells who is not there, and names are compared letter by letter
    let unknown = confirm("second", "123456".to_owned());
    stage
        .refused(
            "ConfirmSignUp",
            unknown,
            "UserNotFoundException",
            "combination not found",
        )
        .await;
    let mut force = second;
    force["ForceAliasCreation"] = json!(true);
    stage.ok("ConfirmSignUp", force).await;
    let user = stage
        .ok(
            "AdminGetUser",
            json!({ "UserPoolId": pool, "Username": "same@example.com" }),
        )
        .await;
    assert_eq!(user["Username"], "Second");
}

#[tokio::test]
async fn a_client_with_a_secret_wants_its_hash() {
    let stage = Stage::new();
    let made = json!({ "UserPoolId": POOL, "ClientName": "c", "ClientSecret": "abcdefghijklmnopqrstuvwxyz" });
    let client = stage.ok("CreateUserPoolClient", made).await["UserPoolClient"]["ClientId"].clone();
    let mut new = sign_up("andrew@example.com");
    new["ClientId"] = client.clone();
    let denied = "NotAuthorizedException";
    stage
        .refused(
            "SignUp",
            new.clone(),
            denied,
            "SECRET_HASH was not received",
        )
        .await;
    new["SecretHash"] = json!("d3Jvbmc=");
    stage
        .refused(
            "SignUp",
            new.clone(),
            denied,
            "Unable to verify secret hash",
        )
        .await;
    let message = format!("andrew@example.com{}", client.as_str().unwrap());
    let hash = secret::hmac(b"abcdefghijklmnopqrstuvwxyz", message.as_bytes());
    new["SecretHash"] = json!(base64::engine::general_purpose::STANDARD.encode(hash));
    stage.ok("SignUp", new).await;
}

#[test]
fn the_hash_is_hmac_sha_256() {
    // RFC 4231, test cases 2 and 6
    let hex = |bytes: Vec<u8>| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let short = secret::hmac(b"Jefe", b"what do ya want for nothing?");
    assert_eq!(
        hex(short),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    let long = secret::hmac(
        &[0xaa; 131],
        b"Test Using Larger Than Block-Size Key - Hash Key First",
    );
    assert_eq!(
        hex(long),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    );
}
