use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};

use super::{ConnectionUrl, TlsMode, UrlError};

fn parse(text: &str) -> ConnectionUrl {
    ConnectionUrl::parse(text).unwrap()
}

fn error(text: &str) -> UrlError {
    ConnectionUrl::parse(text).unwrap_err()
}

#[test]
fn all_parts_are_read() {
    let url = parse(
        "postgres://r%6Fot:p%40ss%2F%3A%25@db.example.com:5433/cr%75ddur?connect_timeout=3&application_name=a%20b&sslrootcert=/etc/ca.pem",
    );
    assert_eq!(
        (url.user(), url.host(), url.port()),
        ("root", "db.example.com", 5433)
    );
    assert_eq!(url.database(), Some("cruddur"));
    assert_eq!(url.password.as_ref().unwrap().expose_secret(), "p@ss/:%");
    assert_eq!(url.connect_timeout_seconds, Some(3));
    assert_eq!(url.application_name.as_deref(), Some("a b"));
    assert_eq!(url.root_certificate.as_deref(), Some("/etc/ca.pem"));
    assert_eq!(url.tls(), TlsMode::VerifyFull);
}

#[test]
fn as_in_libpq_only_the_first_at_and_slash_count() {
    let url = parse("postgresql://u:a#b?c[d]@h/db");
    assert_eq!(url.password.as_ref().unwrap().expose_secret(), "a#b?c[d]");
    assert_eq!(
        parse("postgresql://u:a:b@h/db")
            .password
            .unwrap()
            .expose_secret(),
        "a:b"
    );
    assert_eq!(
        parse("postgresql:///db?user=u&host=h&port=7&password=x+y")
            .password
            .unwrap()
            .expose_secret(),
        "x+y"
    );
    assert_eq!(parse("postgresql://u@h?dbname=x").database(), Some("x"));
}

#[test]
fn hosts_of_every_kind() {
    let six = parse("postgresql://u@[2001:db8::1]:6000/d");
    assert_eq!(
        (six.host(), six.port(), six.is_local()),
        ("2001:db8::1", 6000, false)
    );
    assert!(parse("postgresql://u@[::1]/d").is_local());
    assert!(parse("postgresql://u@127.8.9.1/d").is_local());
    assert!(parse("postgresql://u@LOCALHOST/d").is_local());
    assert!(!parse("postgresql://u@localhost.example.com/d").is_local());
    for text in [
        "postgresql://u@%2Fvar%2Frun/d",
        "postgresql://u@/d?host=/var/run",
    ] {
        let url = parse(text);
        assert_eq!(
            (url.host(), url.is_unix_socket(), url.tls()),
            ("/var/run", true, TlsMode::Plain)
        );
    }
    // a directory may have a colon, and brackets: it is no IPv6 address, and is printed as what it is
    for directory in ["/var/run:1", "/var/run[::1]"] {
        let url = parse(&format!("postgresql://u@h/d?host={directory}"));
        assert_eq!(url.host(), directory);
        assert_eq!(parse(url.to_secret_string().expose_secret()), url);
    }
    assert_eq!(error("postgresql://u@[::1/d"), UrlError::Ipv6);
    assert_eq!(error("postgresql://u@[::1]x/d"), UrlError::Ipv6);
    assert_eq!(error("postgresql://u@[nope]/d"), UrlError::Ipv6);
    assert_eq!(error("postgresql://u@a,b/d"), UrlError::SeveralHosts);
    assert_eq!(error("postgresql://u@/d"), UrlError::NoHost);
    assert_eq!(error("postgresql://h/d"), UrlError::NoUser);
}

#[test]
fn a_missing_database_is_not_guessed() {
    let url = parse("postgresql://cruddurroot:x@h:5432");
    assert_eq!(url.database(), None);
    assert_eq!(url.with_database("postgres").database(), Some("postgres"));
}

#[test]
fn ports_and_parameters_are_checked() {
    for port in ["0", "65536", "x", "-1"] {
        assert_eq!(
            error(&format!("postgresql://u@h:{port}/d")),
            UrlError::Port,
            "{port}"
        );
    }
    assert_eq!(parse("postgresql://u@h:/d").port(), 5432);
    assert!(
        matches!(error("postgresql://u@h/d?foo=1"), UrlError::UnknownParameter { name } if name == "foo")
    );
    assert!(matches!(
        error("postgresql://u@h/d?sslmode=on"),
        UrlError::Parameter {
            name: "sslmode",
            ..
        }
    ));
    assert!(matches!(
        error("postgresql://u@h/d?connect_timeout=soon"),
        UrlError::Parameter { .. }
    ));
    assert!(matches!(
        error("postgresql://u@h/d?sslrootcert=system"),
        UrlError::Parameter { .. }
    ));
    assert_eq!(
        parse("postgresql://u@h/d?connect_timeout=0").connect_timeout_seconds,
        None
    );
    assert_eq!(error("mysql://u@h/d"), UrlError::Scheme);
    for bad in ["%", "%4", "%zz", "%00", "%ff"] {
        assert!(
            matches!(
                error(&format!("postgresql://u:{bad}@h/d")),
                UrlError::Encoding { part: "password" }
            ),
            "{bad}"
        );
    }
}

#[test]
fn tls_is_verified_unless_the_server_is_this_machine() {
    let mode = |host: &str, mode: &str| {
        ConnectionUrl::parse(&format!("postgresql://u@{host}/d?sslmode={mode}"))
            .map(|url| url.tls())
    };
    for weak in ["prefer", "require", "verify-ca", "verify-full"] {
        assert_eq!(
            mode("db.example.com", weak),
            Ok(TlsMode::VerifyFull),
            "{weak}"
        );
    }
    for none in ["disable", "allow"] {
        assert!(
            matches!(
                mode("db.example.com", none),
                Err(UrlError::PlainRefused { .. })
            ),
            "{none}"
        );
    }
    for none in ["disable", "allow", "prefer"] {
        assert_eq!(mode("localhost", none), Ok(TlsMode::Plain));
        assert_eq!(mode("[::1]", none), Ok(TlsMode::Plain));
    }
    assert_eq!(mode("localhost", "require"), Ok(TlsMode::VerifyFull));
    assert_eq!(
        parse("postgresql://u@localhost/d").tls(),
        TlsMode::VerifyFull
    );
}

#[test]
fn built_urls_are_escaped_and_end_with_verify_full() {
    let password = SecretString::from("p@:/?#[]% é");
    let url = ConnectionUrl::build("root", &password, "h.example.com", 5432, "cruddur");
    let text = url.to_secret_string();
    assert_eq!(
        text.expose_secret(),
        "postgresql://root:p%40%3A%2F%3F%23%5B%5D%25%20%C3%A9@h.example.com:5432/cruddur?sslmode=verify-full"
    );
    assert_eq!(parse(text.expose_secret()), url);
    let url = url.with_root_certificate("/var/task/rds-ca.pem");
    assert!(
        url.to_secret_string()
            .expose_secret()
            .ends_with("?sslmode=verify-full&sslrootcert=/var/task/rds-ca.pem")
    );
}

#[test]
fn no_password_is_ever_shown() {
    let url = parse("postgresql://u:hunter2@h/d?password=hunter3");
    let shown = format!("{url} {url:?} {:#?}", Some(&url));
    assert!(!shown.contains("hunter"), "{shown}");
    assert!(shown.contains("u:***@h:5432/d"), "{shown}");
    for text in [
        "postgresql://u:a/hunter2@h/d",
        "postgresql://u:a/b?hunter2=x@h/d",
        "postgresql://u:a@hunter2/x@h/d",
        "postgresql://u:a@hunter2@h/d",
        "postgresql://u:1/?hunter2@h/d",
        "postgresql://u:a@b/c?hunter2=e@host/x",
        "hunter2",
    ] {
        let error = error(text);
        assert!(
            !format!("{error} {error:?}").contains("hunter2"),
            "{text}: {error:?}"
        );
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>(), rest in "[ -~]{0,40}") {
        let _ = ConnectionUrl::parse(&text);
        let _ = ConnectionUrl::parse(&format!("postgresql://{rest}"));
    }

    #[test]
    fn what_is_built_is_read_back(
        user in "[^\0]{1,12}",
        password in "[^\0]{1,24}",
        host in prop_oneof!["[a-z][a-z0-9-]{0,8}(\\.[a-z]{2,4})?", Just("::1".to_owned()), Just("2001:db8::5".to_owned()), Just("/var/run/pg".to_owned())],
        port in 1..=u16::MAX,
        database in "[^\0]{1,12}",
        path in proptest::option::of("/[^\0]{0,12}"),
    ) {
        let secret = SecretString::from(password.clone());
        let mut url = ConnectionUrl::build(&user, &secret, &host, port, &database);
        if let Some(path) = &path {
            url = url.with_root_certificate(path);
        }
        let text = url.to_secret_string();
        let read = ConnectionUrl::parse(text.expose_secret()).unwrap();
        prop_assert_eq!(&read, &url);
        prop_assert_eq!(read.user(), user);
        prop_assert_eq!(read.password.as_ref().unwrap().expose_secret(), password);
        prop_assert_eq!(read.host(), host);
        prop_assert_eq!(read.database(), Some(database.as_str()));
    }

    /// Whatever is accepted, however it was spelled, can be printed and read again, and is never shown with its password.
    #[test]
    fn what_is_read_can_be_printed_and_read_again(text in soup()) {
        let Ok(url) = ConnectionUrl::parse(&text) else { return Ok(()) };
        let printed = url.to_secret_string();
        let again = ConnectionUrl::parse(printed.expose_secret());
        prop_assert_eq!(again.as_ref(), Ok(&url), "{} printed {}", text, printed.expose_secret());
        // another machine is never spoken to in clear, whatever the parameters say
        prop_assert!(url.is_local() || url.tls() == TlsMode::VerifyFull, "{}", text);
    }

    #[test]
    fn no_text_and_no_error_shows_the_password(
        before in soup(), secret in "[A-Z]{6}", escaped in any::<bool>(), after in soup(),
    ) {
        // where the parameters have begun already, what follows is the value of one of them, a name of a user even
        let before = before.replace('?', "");
        let shown_secret = if escaped { format!("%{:02X}{}", secret.as_bytes()[0], &secret[1..]) } else { secret.clone() };
        for text in [
            format!("postgresql://u:{shown_secret}@{after}"),
            format!("postgresql://u:{shown_secret}{after}@h/d"),
            format!("postgresql://{before}?password={shown_secret}"),
            format!("postgresql://u@h/d?sslmode=disable&password={shown_secret}{after}"),
        ] {
            let told = match ConnectionUrl::parse(&text) {
                Ok(url) => format!("{url} {url:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            prop_assert!(!told.contains(&secret[1..]), "{text} told {told}");
        }
    }
}

/// URLs made of what means something in them.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("postgresql://"),
        Just("postgres://"),
        Just("u"),
        Just(":"),
        Just("p%40"),
        Just("@"),
        Just("h.example.com"),
        Just("localhost"),
        Just("127.0.0.1"),
        Just("[::1]"),
        Just("%2Fvar%2Frun"),
        Just(":5432"),
        Just("/"),
        Just("db"),
        Just("?"),
        Just("&"),
        Just("sslmode=disable"),
        Just("sslmode=require"),
        Just("sslmode=verify-full"),
        Just("host="),
        Just("dbname=x"),
        Just("user=x"),
        Just("port=1"),
        Just("connect_timeout=3"),
        Just("application_name=a%20b"),
        Just("#"),
        Just("%"),
        Just("é"),
    ];
    let piece = prop_oneof![8 => piece.prop_map(str::to_owned), 1 => "[ -~]{0,3}"];
    let rest = prop::collection::vec(piece, 0..14).prop_map(|parts| parts.concat());
    prop_oneof![
        rest.clone(),
        rest.clone().prop_map(|rest| format!("postgresql://{rest}")),
        rest.prop_map(|rest| format!("postgresql://u:p@h/d?{rest}")),
    ]
}
