//! The calls.

pub mod around;

use super::desired::{Code, Desired, Network};
use super::live::{Environment as Variables, Live, Status};
use crate::aws::{Clients, OnlyOnce, fault, unexpected};
use crate::model::{Class, Diff, Fault, Secret};
use aws_sdk_lambda::config::Builder;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    Architecture, Environment, EnvironmentResponse, EphemeralStorage, FunctionCode,
    FunctionConfiguration, PackageType, Runtime, VpcConfig,
};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

const NOT_FOUND: &str = "ResourceNotFoundException";

/// What Lambda says while IAM, EC2 and KMS do not know everywhere what was just made (aws-facts §3.4). The code is
/// that of any wrong parameter, so that the words decide here, and only here.
const PROPAGATING: [&str; 4] = [
    "The role defined for the function cannot be assumed by Lambda",
    "The provided execution role does not have permissions",
    "throttled by EC2",
    "Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant",
];

/// Looks at a function. The answer also holds an address of the zip that anyone may use for ten minutes (aws-facts
/// §4.4): it goes no further than this function.
pub async fn get(clients: &Clients, name: &str) -> Result<Option<Live>, Fault> {
    const OP: &str = "lambda:GetFunction";
    let answer = clients
        .lambda
        .get_function()
        .function_name(name)
        .send()
        .await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(e) if e.code() == Some(NOT_FOUND) => return Ok(None),
        Err(e) => return Err(fault(OP, false, &[], &e)),
    };
    if let Some(error) = answer.tags_error {
        // without its tags nobody can tell whose it is
        let text = format!("the tags of {name} cannot be read: {}", error.message);
        let mut fault = Fault::new(OP, Class::Denied, text);
        fault.code = Some(error.error_code);
        return Err(fault.help("allow the caller lambda:ListTags"));
    }
    let configuration = answer
        .configuration
        .ok_or_else(|| unexpected(OP, "the configuration"))?;
    let tags = answer.tags.unwrap_or_default().into_iter().collect();
    match live(configuration, tags) {
        Some(live) => Ok(Some(live)),
        None => Err(unexpected(OP, "the function's name or ARN")),
    }
}

fn live(c: FunctionConfiguration, tags: BTreeMap<String, String>) -> Option<Live> {
    let network = c.vpc_config.map(|v| Network {
        subnets: v.subnet_ids.unwrap_or_default().into_iter().collect(),
        groups: v
            .security_group_ids
            .unwrap_or_default()
            .into_iter()
            .collect(),
    });
    let word = |word: &str| Some(word.to_owned());
    Some(Live {
        arn: c.function_arn?,
        name: c.function_name?,
        revision: c.revision_id,
        package: c
            .package_type
            .as_ref()
            .map_or("Zip", PackageType::as_str)
            .to_owned(),
        code_sha256: c.code_sha256.unwrap_or_default(),
        code_size: c.code_size,
        architecture: c
            .architectures
            .as_deref()
            .and_then(|a| a.first())
            .map_or("x86_64", Architecture::as_str)
            .to_owned(),
        handler: c.handler.unwrap_or_default(),
        runtime: c.runtime.as_ref().map_or("", Runtime::as_str).to_owned(),
        role: c.role.unwrap_or_default(),
        layers: c
            .layers
            .unwrap_or_default()
            .into_iter()
            .filter_map(|l| l.arn)
            .collect(),
        network: network.filter(|n| *n != Network::default()),
        environment: variables(c.environment),
        timeout: c.timeout.unwrap_or(3),
        memory: c.memory_size.unwrap_or(128),
        description: c.description.unwrap_or_default(),
        ephemeral_storage: c.ephemeral_storage.map_or(512, |e| e.size),
        tags,
        modified: c.last_modified.unwrap_or_default(),
        state: Status {
            word: c.state.and_then(|s| word(s.as_str())),
            reason: c.state_reason.filter(|r| !r.is_empty()),
            code: c.state_reason_code.and_then(|r| word(r.as_str())),
        },
        update: Status {
            word: c.last_update_status.and_then(|s| word(s.as_str())),
            reason: c.last_update_status_reason.filter(|r| !r.is_empty()),
            code: c
                .last_update_status_reason_code
                .and_then(|r| word(r.as_str())),
        },
        just_failed: false,
    })
}

fn variables(answer: Option<EnvironmentResponse>) -> Variables {
    let Some(answer) = answer else {
        return Variables::Known(BTreeMap::new());
    };
    if let Some(error) = answer.error {
        return Variables::Unreadable(
            error
                .error_code
                .unwrap_or_else(|| "it gives no code".to_owned()),
        );
    }
    Variables::Known(
        answer
            .variables
            .unwrap_or_default()
            .into_iter()
            .map(|(name, value)| (name, Secret::new(value)))
            .collect(),
    )
}

/// Makes a function.
pub async fn create(clients: &Clients, want: &Desired, code: &Code) -> Result<(), Fault> {
    const OP: &str = "lambda:CreateFunction";
    let call = clients
        .lambda
        .create_function()
        .function_name(&want.name)
        .package_type(PackageType::Zip)
        .code(
            FunctionCode::builder()
                .zip_file(Blob::new(&*code.zip))
                .build(),
        )
        .runtime(Runtime::from(want.runtime.as_str()))
        .handler(&want.handler)
        .role(&want.role)
        .architectures(Architecture::from(want.architecture))
        .timeout(want.timeout)
        .memory_size(want.memory)
        .description(&want.description)
        .set_ephemeral_storage(storage(want.ephemeral_storage))
        .environment(environment(want))
        .set_layers(Some(want.layers.clone()))
        .set_vpc_config(want.network.as_ref().map(vpc))
        .set_tags(Some(hash(&want.tags)));
    call.customize()
        .config_override(upload().retry_classifier(OnlyOnce))
        .send()
        .await
        .map(drop)
        .map_err(|e| meaning(fault(OP, true, &[], &e)))
}

/// Changes the configuration: what is in the diff, where the environment, the layers and the VPC are replaced as a
/// whole (aws-facts §4.3).
pub async fn configure(
    clients: &Clients,
    want: &Desired,
    have: &Live,
    diff: &Diff,
) -> Result<(), Fault> {
    const OP: &str = "lambda:UpdateFunctionConfiguration";
    let mut call = clients
        .lambda
        .update_function_configuration()
        .function_name(&want.name)
        .set_revision_id(have.revision.clone());
    if diff.has("runtime") {
        call = call.runtime(Runtime::from(want.runtime.as_str()));
    }
    if diff.has("handler") {
        call = call.handler(&want.handler);
    }
    // an update that failed is repeated: what AWS had trouble with is sent once more
    let again = diff.has("last_update");
    if again || diff.has("role") {
        call = call.role(&want.role);
    }
    if again || diff.has("layers") {
        call = call.set_layers(Some(want.layers.clone()));
    }
    if again || diff.has("vpc") {
        call = call.vpc_config(vpc(&want.network.clone().unwrap_or_default()));
    }
    if diff.has("environment") {
        call = call.environment(environment(want));
    }
    if diff.has("timeout") {
        call = call.timeout(want.timeout);
    }
    if diff.has("memory") {
        call = call.memory_size(want.memory);
    }
    if diff.has("description") {
        call = call.description(&want.description);
    }
    if diff.has("ephemeral_storage") {
        call = call.set_ephemeral_storage(storage(want.ephemeral_storage));
    }
    call.send()
        .await
        .map(drop)
        .map_err(|e| meaning(fault(OP, true, &[], &e)))
}

/// Replaces the code and sets the architecture, which travel together (aws-facts §4.1).
pub async fn replace_code(
    clients: &Clients,
    want: &Desired,
    code: &Code,
    have: &Live,
) -> Result<(), Fault> {
    clients
        .lambda
        .update_function_code()
        .function_name(&want.name)
        .zip_file(Blob::new(&*code.zip))
        .architectures(Architecture::from(want.architecture))
        .set_revision_id(have.revision.clone())
        .customize()
        .config_override(upload())
        .send()
        .await
        .map(drop)
        .map_err(|e| meaning(fault("lambda:UpdateFunctionCode", true, &[], &e)))
}

/// Sets tags. Others stay.
pub async fn tag(
    clients: &Clients,
    arn: &str,
    tags: &BTreeMap<String, String>,
) -> Result<(), Fault> {
    clients
        .lambda
        .tag_resource()
        .resource(arn)
        .set_tags(Some(hash(tags)))
        .send()
        .await
        .map(drop)
        .map_err(|e| fault("lambda:TagResource", true, &[], &e))
}

/// Takes a function out of its VPC, which frees its network interfaces sooner than deleting it (aws-facts §4.7).
pub async fn leave_vpc(clients: &Clients, have: &Live) -> Result<(), Fault> {
    clients
        .lambda
        .update_function_configuration()
        .function_name(&have.name)
        .set_revision_id(have.revision.clone())
        .vpc_config(vpc(&Network::default()))
        .send()
        .await
        .map(drop)
        .map_err(|e| fault("lambda:UpdateFunctionConfiguration", true, &[], &e))
}

/// Deletes a function. One that is not there is a success.
pub async fn delete(clients: &Clients, name: &str) -> Result<(), Fault> {
    let answer = clients
        .lambda
        .delete_function()
        .function_name(name)
        .send()
        .await;
    match answer {
        Ok(_) => Ok(()),
        Err(e) if e.code() == Some(NOT_FOUND) => Ok(()),
        Err(e) => Err(fault("lambda:DeleteFunction", true, &[], &e)),
    }
}

/// Tells what a refusal really means.
pub fn meaning(mut fault: Fault) -> Fault {
    let says = |words: &str| fault.message.contains(words);
    if fault.code.as_deref() == Some("InvalidParameterValueException")
        && PROPAGATING.iter().any(|words| says(words))
    {
        fault.class = Class::Propagating;
        let help = "if the role was not made just now: its trust policy must let lambda.amazonaws.com assume it, and \
                    in a VPC it needs the permissions of AWSLambdaVPCAccessExecutionRole";
        return fault.help(help);
    }
    if fault.class != Class::Denied {
        return fault;
    }
    // the class is settled by the code; only the advice depends on the words
    let help = if says("denied by EC2") {
        "this is about the caller, not the function's role: allow the caller ec2:DescribeSecurityGroups, \
         ec2:DescribeSubnets and ec2:DescribeVpcs"
    } else if says("lambda:GetLayerVersion") {
        "a layer is not there or not shared: check its ARN, region and version, and allow the caller \
         lambda:GetLayerVersion"
    } else {
        return fault;
    };
    fault.help(help)
}

/// A zip of up to 50 MB takes its time.
fn upload() -> Builder {
    Builder::new().timeout_config(
        TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_secs(300))
            .build(),
    )
}

fn vpc(network: &Network) -> VpcConfig {
    VpcConfig::builder()
        .set_subnet_ids(Some(network.subnets.iter().cloned().collect()))
        .set_security_group_ids(Some(network.groups.iter().cloned().collect()))
        .build()
}

fn environment(want: &Desired) -> Environment {
    let variables: HashMap<String, String> = want
        .environment
        .iter()
        .map(|(name, value)| (name.clone(), value.expose().to_owned()))
        .collect();
    Environment::builder()
        .set_variables(Some(variables))
        .build()
}

fn storage(size: i32) -> Option<EphemeralStorage> {
    // it fails only where no size is given
    EphemeralStorage::builder().size(size).build().ok()
}

fn hash(tags: &BTreeMap<String, String>) -> HashMap<String, String> {
    tags.iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
