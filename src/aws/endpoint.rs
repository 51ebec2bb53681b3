//! Where calls may go. They are signed, which keeps the key secret and nothing else: a password that a call carries
//! (`CreateDBInstance`, `CreateFunction`) can be read by whoever is on the way, where there is no TLS.

use super::LoadError;
use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use std::net::IpAddr;
use url::{Host, Url};

/// The services that are called, by the names under which the SDK's configuration knows them.
const SERVICES: [&str; 9] = [
    "RDS",
    "EC2",
    "IAM",
    "Lambda",
    "Cognito Identity Provider",
    "STS",
    "Scheduler",
    "CloudWatch Logs",
    "SSM",
];

/// Checks every endpoint that the options, the environment or the profile name.
///
/// # Errors
/// The first that is none, or that would be spoken to in clear.
pub(super) fn check(config: &SdkConfig) -> Result<(), LoadError> {
    if let Some(url) = config.endpoint_url() {
        usable(url)?;
    }
    let Some(own) = config.service_config() else {
        return Ok(());
    };
    for service in SERVICES {
        let key = ServiceConfigKey::builder()
            .service_id(service)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        // all three are given
        let Ok(key) = key else { continue };
        if let Some(url) = own.load_config(key) {
            usable(&url)?;
        }
    }
    Ok(())
}

/// Checks one endpoint: https, or http to this machine.
///
/// # Errors
/// What is wrong with it.
pub fn usable(url: &str) -> Result<(), LoadError> {
    let parsed = Url::parse(url).map_err(|e| LoadError::Endpoint(e.to_string()))?;
    let here = match parsed.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => return Err(LoadError::Endpoint("it names no host".to_owned())),
    };
    match parsed.scheme() {
        "https" => Ok(()),
        "http" if here => Ok(()),
        // never the whole URL: it may hold a password
        "http" => Err(LoadError::Clear(
            parsed.host_str().unwrap_or_default().to_owned(),
        )),
        other => Err(LoadError::Endpoint(format!("{other} is not https"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{Clients, Settings};

    #[test]
    fn in_clear_nothing_leaves_this_machine() {
        for url in [
            "https://rds.us-west-2.amazonaws.com",
            "https://10.0.0.5:8443/path",
            "http://127.0.0.1:4566",
            "http://127.8.9.1",
            "http://[::1]:4566/",
            "http://localhost:4566",
            "HTTP://LOCALHOST:4566",
            // the URL standard reads these as 127.0.0.1
            "http://2130706433/",
            "http://127.1:80",
        ] {
            usable(url).unwrap_or_else(|e| panic!("{url}: {e}"));
        }
        for url in [
            "http://rds.us-west-2.amazonaws.com",
            "http://10.0.0.5:4566",
            "http://169.254.169.254/",
            "http://0.0.0.0:4566",
            "http://[::]:4566",
            "http://[::ffff:10.0.0.1]:4566",
            "http://localhost.example.com",
            "http://localhost:x@example.com/",
            "http://127.0.0.1.example.com:4566",
            "http://128.0.0.1",
        ] {
            assert!(
                matches!(usable(url), Err(LoadError::Clear(_))),
                "{url}: {:?}",
                usable(url)
            );
        }
        for url in [
            "",
            "rds",
            "localhost:4566",
            "ftp://localhost/",
            "unix:/x",
            "http://",
        ] {
            assert!(
                matches!(usable(url), Err(LoadError::Endpoint(_))),
                "{url}: {:?}",
                usable(url)
            );
        }
        let told = usable("http://user:s3cret@example.com/?k=s3cret")
            .unwrap_err()
            .to_string();
        assert!(
            told.contains("example.com") && !told.contains("s3cret"),
            "{told}"
        );
    }

    #[tokio::test]
    async fn an_endpoint_in_clear_makes_no_clients() {
        let settings = |endpoint: &str| Settings {
            region: Some("us-west-2".to_owned()),
            endpoint: Some(endpoint.to_owned()),
            sandbox: true,
            ..Settings::default()
        };
        let refused = Clients::load(&settings("http://moto.internal:5000")).await;
        assert_eq!(
            refused.err(),
            Some(LoadError::Clear("moto.internal".to_owned()))
        );
        assert!(
            Clients::load(&settings("http://127.0.0.1:5000"))
                .await
                .is_ok()
        );
    }

    /// One for each client: a service that is forgotten here would be spoken to in clear.
    #[test]
    fn the_list_is_that_of_the_clients() {
        let clients = include_str!("clients.rs");
        let made = clients.matches("::Client::new(config)").count();
        assert_eq!(made, SERVICES.len());
    }
}
