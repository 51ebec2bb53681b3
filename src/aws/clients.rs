//! The clients, made once, and who they speak for.

use super::{endpoint, fault};
use crate::model::{Class, Fault};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use std::time::Duration;

/// How to reach AWS.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The region of stack.yaml or `--region`; without one the SDK's own order holds.
    pub region: Option<String>,
    /// The profile of `--profile`.
    pub profile: Option<String>,
    /// Another endpoint for all services.
    pub endpoint: Option<String>,
    /// The endpoint is the sandbox: credentials are made up, nothing on the machine is asked for any.
    pub sandbox: bool,
    /// How long the SDK waits at most before it makes a refused call for the second time; it has its own idea where none
    /// is given.
    pub backoff: Option<Duration>,
}

/// The clients of all services.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Clients {
    pub rds: aws_sdk_rds::Client,
    pub ec2: aws_sdk_ec2::Client,
    pub iam: aws_sdk_iam::Client,
    pub lambda: aws_sdk_lambda::Client,
    pub cognito: aws_sdk_cognitoidentityprovider::Client,
    pub sts: aws_sdk_sts::Client,
    pub scheduler: aws_sdk_scheduler::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub ssm: aws_sdk_ssm::Client,
    /// The region that they were made for.
    pub region: String,
}

/// Who the caller is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account number.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// The partition in it, `aws`.
    pub partition: String,
}

/// Why no clients could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Nobody says which region.
    #[error("no region: write `region:` in stack.yaml, or give --region or AWS_REGION")]
    NoRegion,
    /// An endpoint that cannot be used.
    #[error("the endpoint cannot be used: {0}")]
    Endpoint(String),
    /// An endpoint without TLS on another machine.
    #[error(
        "the endpoint on {0} is plain http: calls carry passwords, which whoever is on the way could read. Give an https \
         endpoint, or a tunnel that ends on this machine, as http://127.0.0.1:PORT"
    )]
    Clear(String),
}

impl Clients {
    /// Makes the clients from the machine's configuration. No call goes out.
    ///
    /// # Errors
    /// Where no region is known, or an endpoint must not be used.
    pub async fn load(settings: &Settings) -> Result<Self, LoadError> {
        // pinned, so that an update of a crate does not change behaviour by itself
        let mut retries = RetryConfig::standard().with_max_attempts(4);
        if let Some(backoff) = settings.backoff {
            retries = retries.with_initial_backoff(backoff);
        }
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .retry_config(retries)
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(Duration::from_secs(60))
                    .build(),
            );
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &settings.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if settings.sandbox {
            loader = loader.credentials_provider(Credentials::new(
                "SANDBOX", "sandbox", None, None, "sandbox",
            ));
        }
        let config = loader.load().await;
        endpoint::check(&config)?;
        Self::of(&config)
    }

    /// Makes clients without region, credentials or a way out, for reading and checking a file.
    pub fn unconnected() -> Self {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .build();
        Self::with(&config, String::new())
    }

    fn of(config: &SdkConfig) -> Result<Self, LoadError> {
        let region = config
            .region()
            .map(|r| r.as_ref().to_owned())
            .ok_or(LoadError::NoRegion)?;
        Ok(Self::with(config, region))
    }

    fn with(config: &SdkConfig, region: String) -> Self {
        // a create without a client token must not be sent twice by itself (aws-facts §9.7): calls that make
        // something new each time say so (`OnlyOnce`)
        Clients {
            rds: aws_sdk_rds::Client::new(config),
            ec2: aws_sdk_ec2::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            cognito: aws_sdk_cognitoidentityprovider::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
            scheduler: aws_sdk_scheduler::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
            region,
        }
    }

    /// Asks who the caller is; needs no permission (aws-facts §6.1).
    ///
    /// # Errors
    /// Where there are no credentials, or they are not accepted.
    pub async fn identity(&self) -> Result<Identity, Fault> {
        const OP: &str = "sts:GetCallerIdentity";
        let answer = self
            .sts
            .get_caller_identity()
            .send()
            .await
            .map_err(|e| fault(OP, false, &[], &e))?;
        match (answer.account, answer.arn) {
            (Some(account), Some(arn)) => Ok(Identity {
                partition: arn.split(':').nth(1).unwrap_or("aws").to_owned(),
                account,
                arn,
            }),
            _ => Err(Fault::new(
                OP,
                Class::Transient,
                "the answer names no account",
            )),
        }
    }
}
