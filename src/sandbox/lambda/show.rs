//! How a function looks from outside.

use super::model::{Code, Function, LayerUse, Release, VpcUse};
use super::names;
use super::request::date;
use crate::sandbox::store::Store;
use crate::sandbox::timing::Moment;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Returns the `FunctionConfiguration`; `state` adds what lists leave out.
pub(super) fn configuration(region: &str, f: &Function, now: Moment, state: bool) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| {
        out.insert(name.to_owned(), value);
    };
    let Release { code, settings } = &f.release;
    put("FunctionName", f.name.as_str().into());
    put("FunctionArn", names::function_arn(region, &f.name).into());
    put("Runtime", settings.runtime.as_str().into());
    put("Role", settings.role.as_str().into());
    put("Handler", settings.handler.as_str().into());
    put("CodeSize", code.size.into());
    put("Description", settings.description.as_str().into());
    put("Timeout", settings.timeout.into());
    put("MemorySize", settings.memory.into());
    put("LastModified", date(f.modified).into());
    put("CodeSha256", code.sha256.as_str().into());
    put("Version", "$LATEST".into());
    if let Some(vpc) = &settings.vpc {
        put("VpcConfig", place(vpc));
    }
    if let Some(letters) = &settings.dead_letter {
        put("DeadLetterConfig", letters.clone());
    }
    if !settings.environment.0.is_empty() {
        put("Environment", json!({"Variables": settings.environment.0}));
    }
    if let Some(key) = &settings.kms_key {
        put("KMSKeyArn", key.as_str().into());
    }
    put("TracingConfig", json!({"Mode": settings.tracing}));
    put("RevisionId", f.revision(now).into());
    if !settings.layers.is_empty() {
        put("Layers", settings.layers.iter().map(layer).collect());
    }
    put("PackageType", "Zip".into());
    put("Architectures", json!([code.architecture]));
    put(
        "EphemeralStorage",
        json!({"Size": settings.ephemeral_storage}),
    );
    put(
        "SnapStart",
        json!({"ApplyOn": settings.snap_start, "OptimizationStatus": "Off"}),
    );
    put("LoggingConfig", settings.logging.clone());
    if state {
        let version: String = Sha256::digest(settings.runtime.as_bytes())
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        put(
            "RuntimeVersionConfig",
            json!({"RuntimeVersionArn": format!("arn:aws:lambda:{region}::runtime:{version}")}),
        );
        life(&mut out, f, now);
    }
    Value::Object(out)
}

fn life(out: &mut Map<String, Value>, f: &Function, now: Moment) {
    let mut put = |name: &str, value: &str| {
        out.insert(name.to_owned(), value.into());
    };
    if f.pending(now) {
        put("State", "Pending");
        put("StateReason", "The function is being created.");
        put("StateReasonCode", "Creating");
        return;
    }
    put("State", "Active");
    if f.updating(now) {
        put("LastUpdateStatus", "InProgress");
        // the same words as for a new function: so says AWS
        put("LastUpdateStatusReason", "The function is being created.");
        put("LastUpdateStatusReasonCode", "Creating");
    } else {
        put("LastUpdateStatus", "Successful");
    }
}

fn place(vpc: &VpcUse) -> Value {
    json!({
        "SubnetIds": vpc.subnets,
        "SecurityGroupIds": vpc.groups,
        "VpcId": vpc.vpc_id,
        "Ipv6AllowedForDualStack": vpc.dual_stack,
    })
}

fn layer(of: &LayerUse) -> Value {
    json!({"Arn": of.arn, "CodeSize": of.code.size})
}

/// Returns where a zip can be had; on AWS a signed address that works for ten minutes.
pub(super) fn location(store: &Store, code: &Code) -> String {
    format!("file://{}", store.blob_path(&code.digest).display())
}
