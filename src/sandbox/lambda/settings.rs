//! The settings of a function: their limits (aws-facts §4.1) and how a call changes them (§4.3).

use super::code::MOST_UNZIPPED;
use super::model::{LayerUse, Release, Settings, Variables, VpcUse};
use super::request::{invalid, lower, member, number, text, texts, violation};
use super::{names, network, runtimes, variables};
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;
use serde_json::{Value, json};

/// Members that would change how a function behaves and that the sandbox does not play.
const NOT_PLAYED: [&str; 9] = [
    "AcceleratorConfig",
    "CapacityProviderConfig",
    "CodeSigningConfigArn",
    "DurableConfig",
    "FileSystemConfigs",
    "ImageConfig",
    "PublishTo",
    "RuntimeConfig",
    "TenancyConfig",
];

/// The settings of a new function before the call is looked at.
pub(super) fn defaults(name: &str) -> Settings {
    Settings {
        runtime: String::new(),
        role: String::new(),
        handler: String::new(),
        description: String::new(),
        timeout: 3,
        memory: 128,
        environment: Variables::default(),
        layers: Vec::new(),
        vpc: None,
        tracing: "PassThrough".to_owned(),
        ephemeral_storage: 512,
        snap_start: "None".to_owned(),
        logging: logging(name, &Value::Null).unwrap_or_default(),
        dead_letter: None,
        kms_key: None,
    }
}

/// Changes the settings as a call says: what it omits stays, what it gives replaces the whole member.
///
/// # Errors
/// `ValidationException` for what the API's model forbids, `InvalidParameterValueException` for the rest.
pub(super) fn apply(
    w: &World,
    name: &str,
    body: &Value,
    settings: &mut Settings,
    wanted: runtimes::Use,
    now: Moment,
) -> Result<(), ApiError> {
    if let Some(other) = NOT_PLAYED.iter().find(|m| {
        member(body, m).is_some_and(|v| v.as_array().is_none_or(|items| !items.is_empty()))
    }) {
        return Err(invalid(format!("The sandbox does not play {other}.")));
    }
    if let Some(runtime) = text(body, "Runtime")? {
        runtimes::check(runtime, wanted, now)?;
        settings.runtime = runtime.to_owned();
    }
    if let Some(role) = text(body, "Role")? {
        settings.role = checked_role(role)?.to_owned();
    }
    if let Some(handler) = text(body, "Handler")? {
        if handler.len() > 128 {
            return Err(violation(
                handler,
                "handler",
                "Member must have length less than or equal to 128",
            ));
        }
        if handler.is_empty() || handler.chars().any(char::is_whitespace) {
            return Err(violation(
                handler,
                "handler",
                "Member must satisfy regular expression pattern: [^\\s]+",
            ));
        }
        settings.handler = handler.to_owned();
    }
    if let Some(description) = text(body, "Description")? {
        if description.chars().count() > 256 {
            return Err(violation(
                description,
                "description",
                "Member must have length less than or equal to 256",
            ));
        }
        settings.description = description.to_owned();
    }
    if let Some(timeout) = ranged(body, "Timeout", 1, 900, 5400)? {
        settings.timeout = timeout;
    }
    if let Some(memory) = ranged(body, "MemorySize", 128, 10_240, 32_768)? {
        settings.memory = memory;
    }
    if let Some(storage) = member(body, "EphemeralStorage")
        && let Some(size) = ranged(storage, "Size", 512, 10_240, 32_768)?
    {
        settings.ephemeral_storage = size;
    }
    if let Some(environment) = member(body, "Environment") {
        settings.environment = variables::checked(environment)?;
    }
    if let Some(tracing) = member(body, "TracingConfig") {
        settings.tracing = one_of(tracing, "Mode", &["PassThrough", "Active"])?;
    }
    if let Some(snap) = member(body, "SnapStart") {
        settings.snap_start = one_of(snap, "ApplyOn", &["None", "PublishedVersions"])?;
    }
    if let Some(config) = member(body, "LoggingConfig") {
        settings.logging = logging(name, config)?;
    }
    if let Some(letters) = member(body, "DeadLetterConfig") {
        settings.dead_letter = text(letters, "TargetArn")?
            .filter(|arn| !arn.is_empty())
            .map(|arn| json!({"TargetArn": arn}));
    }
    if let Some(key) = text(body, "KMSKeyArn")? {
        settings.kms_key = Some(key.to_owned()).filter(|k| !k.is_empty());
    }
    if let Some(arns) = texts(body, "Layers")? {
        settings.layers = layers(w, &arns)?;
    }
    if let Some(vpc) = member(body, "VpcConfig") {
        settings.vpc = place(w, vpc, settings.vpc.is_some())?;
    }
    Ok(())
}

/// Checks what only code and settings together can break.
pub(super) fn check_size(release: &Release) -> Result<(), ApiError> {
    let layers: u64 = release
        .settings
        .layers
        .iter()
        .map(|l| l.code.unzipped)
        .sum();
    let sum = release.code.unzipped + layers;
    if sum > MOST_UNZIPPED {
        return Err(invalid(format!(
            "Function code combined with layers exceeds the maximum allowed size of {MOST_UNZIPPED} bytes. The actual \
             size is {sum} bytes."
        )));
    }
    Ok(())
}

/// Refuses a role that Lambda cannot assume or that may not do what a place in the network needs; both are also
/// what a role shows that has not spread yet (aws-facts §3.4).
pub(super) fn check_role(w: &World, settings: &Settings, now: Moment) -> Result<(), ApiError> {
    if !w
        .iam
        .may_assume(&settings.role, "lambda.amazonaws.com", now)
    {
        return Err(invalid(
            "The role defined for the function cannot be assumed by Lambda.",
        ));
    }
    if settings.network().is_none() {
        return Ok(());
    }
    let interface = format!(
        "arn:aws:ec2:{}:123456789012:network-interface/eni-0",
        w.region
    );
    let needed = [
        ("CreateNetworkInterface", interface.as_str()),
        ("DescribeNetworkInterfaces", "*"), // knows no resources: needs "*"
        ("DeleteNetworkInterface", interface.as_str()),
    ];
    for (action, resource) in needed {
        let full = format!("ec2:{action}");
        if !w.iam.role_may(&settings.role, &full, resource, now) {
            return Err(invalid(format!(
                "The provided execution role does not have permissions to call {action} on EC2"
            )));
        }
    }
    Ok(())
}

fn checked_role(role: &str) -> Result<&str, ApiError> {
    let rest = role
        .strip_prefix("arn:aws:iam::")
        .and_then(|r| r.split_once(":role/"));
    match rest {
        Some((account, name))
            if account.len() == 12
                && account.chars().all(|c| c.is_ascii_digit())
                && !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c)) =>
        {
            Ok(role)
        }
        _ => Err(violation(
            role,
            "role",
            "Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
        )),
    }
}

/// Reads a number between `least` and `most`; between `most` and `modelled` it is the service that refuses.
fn ranged(
    body: &Value,
    name: &str,
    least: i64,
    most: i64,
    modelled: i64,
) -> Result<Option<i64>, ApiError> {
    let Some(value) = number(body, name)? else {
        return Ok(None);
    };
    let bound =
        |bound: &str, at: i64| format!("Member must have value {bound} than or equal to {at}");
    if value < least {
        return Err(violation(
            &value.to_string(),
            &lower(name),
            &bound("greater", least),
        ));
    }
    if value > modelled {
        return Err(violation(
            &value.to_string(),
            &lower(name),
            &bound("less", modelled),
        ));
    }
    if value > most {
        return Err(invalid(format!(
            "'{name}' value failed to satisfy constraint: {}",
            bound("less", most)
        )));
    }
    Ok(Some(value))
}

fn one_of(of: &Value, name: &str, values: &[&str]) -> Result<String, ApiError> {
    match text(of, name)? {
        None => Ok(values.first().copied().unwrap_or_default().to_owned()),
        Some(value) if values.contains(&value) => Ok(value.to_owned()),
        Some(value) => Err(violation(
            value,
            &lower(name),
            &format!(
                "Member must satisfy enum value set: [{}]",
                values.join(", ")
            ),
        )),
    }
}

fn logging(name: &str, config: &Value) -> Result<Value, ApiError> {
    let format = one_of(config, "LogFormat", &["Text", "JSON"])?;
    let group =
        text(config, "LogGroup")?.map_or_else(|| format!("/aws/lambda/{name}"), str::to_owned);
    if format == "Text" {
        return Ok(json!({"LogFormat": format, "LogGroup": group}));
    }
    let levels = ["INFO", "TRACE", "DEBUG", "WARN", "ERROR", "FATAL"];
    Ok(json!({
        "LogFormat": format,
        "ApplicationLogLevel": one_of(config, "ApplicationLogLevel", &levels)?,
        "SystemLogLevel": one_of(config, "SystemLogLevel", &["INFO", "DEBUG", "WARN"])?,
        "LogGroup": group,
    }))
}

fn layers(w: &World, arns: &[String]) -> Result<Vec<LayerUse>, ApiError> {
    if arns.len() > 5 {
        return Err(invalid("Cannot reference more than 5 layers."));
    }
    let mut used: Vec<LayerUse> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for arn in arns {
        let named = names::layer_version(arn, &w.region)?;
        let version = w
            .lambda
            .layers
            .get(&named.name)
            .and_then(|l| l.versions.iter().find(|v| v.number == named.version))
            .ok_or_else(|| invalid(format!("Layer version {arn} does not exist.")))?;
        if seen.contains(&named.name) {
            return Err(invalid(format!(
                "Two different versions of the same layer are not allowed to be referenced in the same function. {arn}"
            )));
        }
        seen.push(named.name);
        used.push(LayerUse {
            arn: arn.clone(),
            code: version.code.clone(),
        });
    }
    Ok(used)
}

fn place(w: &World, config: &Value, was_there: bool) -> Result<Option<VpcUse>, ApiError> {
    let subnets = texts(config, "SubnetIds")?.unwrap_or_default();
    let groups = texts(config, "SecurityGroupIds")?.unwrap_or_default();
    if subnets.len() > 16 {
        return Err(violation(
            "subnetIds",
            "vpcConfig.subnetIds",
            "Member must have length less than or equal to 16",
        ));
    }
    if groups.len() > 5 {
        return Err(violation(
            "securityGroupIds",
            "vpcConfig.securityGroupIds",
            "Member must have length less than or equal to 5",
        ));
    }
    if subnets.is_empty() != groups.is_empty() {
        return Err(invalid(
            "SubnetIds and SecurityIds must coexist or be both empty list.",
        ));
    }
    if subnets.is_empty() {
        // a function that was in a VPC goes on to show an empty place
        return Ok(was_there.then(VpcUse::default));
    }
    let vpc_id = network::vpc_of(w, &subnets, &groups)?;
    let dual_stack = super::request::flag(config, "Ipv6AllowedForDualStack")?;
    Ok(Some(VpcUse {
        subnets,
        groups,
        vpc_id,
        dual_stack,
    }))
}
