//! The kinds on trial: what an entry looks like, what can be changed in place, and what of the world that may move.

use super::{Case, Edit, Tags, What, edit};
use cruddur_infra::sandbox::world::World;

pub(super) const RDS_INSTANCE: Case = Case {
    addr: "rds_instance.main",
    yaml: r#"
stack: conformance
region: us-west-2
rds_instances:
  main:
    identifier: conf-db
    engine_version: "16"
    allow_major_version_upgrade: true
    instance_class: db.t3.micro
    allocated_storage: 20
    storage_type: gp3
    storage_encrypted: true
    multi_az: false
    publicly_accessible: true
    port: 5432
    database_name: app
    master_username: keeper
    master_password: ${env.DB_PASSWORD}
    master_password_version: "1"
    backup_retention_period: 1
    performance_insights: { enabled: true, retention_period: 7 }
    deletion_protection: false
    security_groups: [ sg-0a7d9e3b5c1f48e26 ]
    ca_certificate: rds-ca-rsa2048-g1
    auto_minor_version_upgrade: true
    copy_tags_to_snapshot: true
    maintenance_window: sun:05:00-sun:05:30
    backup_window: 03:00-03:30
    tags: { project: a }
"#,
    files: &[],
    postgres: false,
    edits: &[
        edit(
            "db.t3.micro",
            "db.t3.small",
            &["instance_class"],
            &["*.values.class"],
        ),
        edit(
            "publicly_accessible: true",
            "publicly_accessible: false",
            &["publicly_accessible"],
            &["*.values.publicly_accessible"],
        ),
        edit("port: 5432", "port: 5433", &["port"], &["*.values.port"]),
        edit(
            "version: \"1\"",
            "version: \"2\"",
            &["master_password", "master_password_version"],
            &["*.tags.cruddur-infra:password-version"],
        ),
        edit(
            "period: 1\n",
            "period: 2\n",
            &["backup_retention_period"],
            &["*.values.backup_retention"],
        ),
        edit(
            "retention_period: 7 }",
            "retention_period: 31 }",
            &["performance_insights.retention_period"],
            &["*.values.pi_retention"],
        ),
        edit(
            "enabled: true, retention_period: 31",
            "enabled: false",
            &["performance_insights.enabled"],
            &[
                "*.values.pi_enabled",
                "*.values.pi_retention",
                "*.values.pi_key",
            ],
        ),
        edit(
            "deletion_protection: false",
            "deletion_protection: true",
            &["deletion_protection"],
            &["*.values.deletion_protection"],
        ),
        edit(
            "deletion_protection: true",
            "deletion_protection: false",
            &["deletion_protection"],
            &["*.values.deletion_protection"],
        ),
        edit(
            "[ sg-0a7d9e3b5c1f48e26 ]",
            "[ sg-0second0000000000 ]",
            &["security_groups"],
            &["*.groups"],
        ),
        edit(
            "rds-ca-rsa2048-g1",
            "rds-ca-rsa4096-g1",
            &["ca_certificate"],
            &["*.values.ca"],
        ),
        edit(
            "auto_minor_version_upgrade: true",
            "auto_minor_version_upgrade: false",
            &["auto_minor_version_upgrade"],
            &["*.values.auto_minor"],
        ),
        edit(
            "copy_tags_to_snapshot: true",
            "copy_tags_to_snapshot: false",
            &["copy_tags_to_snapshot"],
            &["*.values.copy_tags"],
        ),
        edit(
            "sun:05:00-sun:05:30",
            "mon:06:00-mon:06:30",
            &["maintenance_window"],
            &["*.values.maintenance_window"],
        ),
        edit(
            "03:00-03:30",
            "02:00-02:30",
            &["backup_window"],
            &["*.values.backup_window"],
        ),
        edit(
            "multi_az: false",
            "multi_az: true",
            &["multi_az"],
            &["*.values.multi_az"],
        ),
        edit(
            "engine_version: \"16\"",
            "engine_version: \"17\"",
            &["engine_version"],
            &["*.values.engine_version", "*.parameter_group"],
        ),
        edit(
            "allocated_storage: 20",
            "allocated_storage: 400",
            &["allocated_storage"],
            &[
                "*.values.allocated_storage",
                "*.values.iops",
                "*.values.throughput",
            ],
        ),
        edit(
            "project: a",
            "project: b",
            &["tags.project"],
            &["*.tags.project"],
        ),
    ],
    makes: &["rds.instances.conf-db", "ec2.interfaces"],
    leaves: &["ec2.interfaces"],
    noise: &["serial", "*.phases*", "*.flights*", "*.groups*.active_at"],
    spare: &[],
    tags: Some(|w| &mut w.rds.instances.get_mut("conf-db").unwrap().tags),
    mark: None,
    hidden_from_others: false,
    marked_inside: false,
    forgotten: false,
};

pub(super) const SECURITY_GROUP_RULE: Case = Case {
    addr: "security_group_rule.office",
    yaml: r#"
stack: conformance
region: us-west-2
security_group_rules:
  office:
    security_group: sg-0a7d9e3b5c1f48e26
    from: 203.0.113.0/24
    port: 5432
    protocol: tcp
    description: first
    tags: { project: a }
"#,
    files: &[],
    postgres: false,
    edits: &[
        edit(
            "203.0.113.0/24",
            "198.51.100.0/24",
            &["from"],
            &["ec2.rules.*.source.ipv4"],
        ),
        edit(
            "port: 5432",
            "port: 5433",
            &["port"],
            &["ec2.rules.*.from", "ec2.rules.*.to"],
        ),
        edit(
            "port: 5433",
            "from_port: 5432\n    to_port: 5440",
            &["from_port", "to_port"],
            &["ec2.rules.*.from", "ec2.rules.*.to"],
        ),
        edit(
            "protocol: tcp",
            "protocol: udp",
            &["protocol"],
            &["ec2.rules.*.protocol"],
        ),
        edit(
            "description: first",
            "description: second",
            &["description"],
            &["ec2.rules.*.description"],
        ),
        edit(
            "project: a",
            "project: b",
            &["tags.project"],
            &["ec2.rules.*.tags.project"],
        ),
    ],
    makes: &["ec2.rules.*"],
    leaves: &[],
    noise: &["serial"],
    spare: &[],
    tags: Some(last_rule),
    mark: None,
    hidden_from_others: true,
    marked_inside: false,
    forgotten: false,
};

pub(super) const CURRENT_IP: Case = Case {
    addr: "security_group_rule.workspace",
    yaml: r#"
stack: conformance
region: us-west-2
security_group_rules:
  workspace:
    security_group: sg-0a7d9e3b5c1f48e26
    from: current_ip
    port: 5432
"#,
    files: &[],
    postgres: false,
    edits: &[Edit {
        what: What::Address([52, 94, 76, 99]),
        diff: &["from"],
        moves: &["ec2.rules.*.source.ipv4"],
        with: None,
    }],
    makes: &["ec2.rules.*"],
    leaves: &[],
    noise: &["serial"],
    spare: &[],
    tags: Some(last_rule),
    mark: None,
    hidden_from_others: true,
    marked_inside: false,
    forgotten: false,
};

fn last_rule(world: &mut World) -> &mut Tags {
    &mut world
        .ec2
        .rules
        .iter_mut()
        .rev()
        .find(|r| !r.egress && r.protocol != "-1")
        .unwrap()
        .tags
}

pub(super) const IAM_POLICY: Case = Case {
    addr: "iam_policy.main",
    yaml: r#"
stack: conformance
region: us-west-2
iam_policies:
  main:
    name: conf-policy
    description: never changes
    document:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: [ "ec2:DescribeSubnets", "logs:CreateLogGroup" ]
          Resource: "*"
    tags: { project: a }
"#,
    files: &[],
    postgres: false,
    edits: &[
        edit(
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            &["document.Statement[0]"],
            &["*.versions.2", "*.default"],
        ),
        edit(
            "ec2:DescribeVpcs",
            "ec2:DescribeHosts",
            &["document.Statement[0]"],
            &["*.versions.3", "*.default"],
        ),
        edit(
            "ec2:DescribeHosts",
            "ec2:DescribeZones",
            &["document.Statement[0]"],
            &["*.versions.4", "*.default"],
        ),
        edit(
            "ec2:DescribeZones",
            "ec2:DescribeTags",
            &["document.Statement[0]"],
            &["*.versions.5", "*.default"],
        ),
        // the sixth version takes the place of the oldest
        edit(
            "ec2:DescribeTags",
            "ec2:DescribeSubnets",
            &["document.Statement[0]", "versions"],
            &["*.versions.6", "*.versions.1", "*.default"],
        ),
        edit(
            "Resource: \"*\"",
            "Resource: \"arn:aws:ec2:us-west-2:123456789012:*\"",
            &["document.Statement[0]", "versions"],
            &["*.versions.7", "*.versions.2", "*.default"],
        ),
        edit(
            "project: a",
            "project: b",
            &["tags.project"],
            &["*.tags.project"],
        ),
    ],
    makes: &["iam.policies.arn:aws:iam::123456789012:policy/conf-policy"],
    leaves: &[],
    noise: &[
        "serial",
        "iam.policies.*.next_version",
        "iam.policies.*.updated",
    ],
    spare: &[],
    tags: Some(|w| &mut w.iam.policies.values_mut().next().unwrap().tags),
    mark: None,
    hidden_from_others: false,
    marked_inside: false,
    forgotten: false,
};

pub(super) const IAM_ROLE: Case = Case {
    addr: "iam_role.main",
    yaml: r#"
stack: conformance
region: us-west-2
iam_policies:
  one: { name: conf-one, document: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "ec2:DescribeVpcs", Resource: "*" } ] } }
  two: { name: conf-two, document: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "ec2:DescribeVpcs", Resource: "*" } ] } }
iam_roles:
  main:
    name: conf-role
    description: first
    assumed_by: lambda.amazonaws.com
    policies: [ "${iam_policy.one.arn}" ]
    inline_policies:
      stop: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "rds:StopDBInstance", Resource: "*" } ] }
    max_session_duration: 3600
    permissions_boundary: ${iam_policy.one.arn}
    tags: { project: a }
    after: [ iam_policy.two ]
"#,
    files: &[],
    postgres: false,
    edits: &[
        edit(
            "description: first",
            "description: second",
            &["description"],
            &["*.description"],
        ),
        edit(
            "assumed_by: lambda.amazonaws.com",
            "assumed_by: [ lambda.amazonaws.com, scheduler.amazonaws.com ]",
            &["assumed_by"],
            &["*.trust"],
        ),
        edit(
            "policies: [ ",
            "policies: [ \"${iam_policy.two.arn}\", ",
            &["policies[arn:aws:iam::123456789012:policy/conf-two]"],
            &["*.attached.arn:aws:iam::123456789012:policy/conf-two"],
        ),
        edit(
            "rds:StopDBInstance",
            "rds:StartDBInstance",
            &["inline_policies[stop]"],
            &["*.inline.stop"],
        ),
        edit(
            "      stop: {",
            "      power: {",
            &[
                "inline_policies[power]",
                "inline_policies[stop]",
                "tags.cruddur-infra:inline",
            ],
            &["*.inline", "*.tags.cruddur-infra:inline"],
        ),
        edit(
            "max_session_duration: 3600",
            "max_session_duration: 7200",
            &["max_session_duration"],
            &["*.max_session"],
        ),
        edit(
            "boundary: ${iam_policy.one.arn}",
            "boundary: ${iam_policy.two.arn}",
            &["permissions_boundary"],
            &["*.boundary"],
        ),
        edit(
            "project: a",
            "project: b",
            &["tags.project"],
            &["*.tags.project"],
        ),
    ],
    makes: &["iam.roles.conf-role"],
    leaves: &[],
    noise: &["serial"],
    spare: &[],
    tags: Some(|w| &mut w.iam.roles.get_mut("conf-role").unwrap().tags),
    mark: None,
    hidden_from_others: false,
    marked_inside: false,
    forgotten: false,
};

pub(super) const SCHEDULE: Case = Case {
    addr: "schedule.main",
    yaml: r#"
stack: conformance
region: us-west-2
iam_roles:
  one: { name: conf-one, assumed_by: scheduler.amazonaws.com }
  two: { name: conf-two, assumed_by: scheduler.amazonaws.com }
schedules:
  main:
    name: conf-night
    description: first
    expression: cron(0 20 1 1 ? 2199)
    timezone: UTC
    action: stop
    instance: conf-db
    role: ${iam_role.one.arn}
    until: 2199-06-01T00:00:00Z
    action_after_completion: none
    state: enabled
    retry_for: 900
    after: [ iam_role.two ]
"#,
    files: &[],
    postgres: false,
    edits: &[
        edit(
            "description: first",
            "description: second",
            &["description"],
            &["*.description"],
        ),
        edit(
            "cron(0 20 1 1 ? 2199)",
            "cron(0 8 1 1 ? 2199)",
            &["expression"],
            &["*.expression"],
        ),
        edit(
            "timezone: UTC",
            "timezone: Etc/UTC",
            &["timezone"],
            &["*.timezone"],
        ),
        edit(
            "action: stop",
            "action: start",
            &["action"],
            &["*.target.Arn"],
        ),
        edit(
            "instance: conf-db",
            "instance: other-db",
            &["instance"],
            &["*.target.Input"],
        ),
        edit(
            "iam_role.one.arn",
            "iam_role.two.arn",
            &["role"],
            &["*.target.RoleArn"],
        ),
        edit("2199-06-01", "2199-07-01", &["until"], &["*.end"]),
        edit(
            "completion: none",
            "completion: delete",
            &["action_after_completion"],
            &["*.delete_after"],
        ),
        edit(
            "state: enabled",
            "state: disabled",
            &["state"],
            &["*.enabled"],
        ),
        edit(
            "retry_for: 900",
            "retry_for: 0",
            &["retry_for"],
            &["*.target.RetryPolicy"],
        ),
        edit(
            "    until: 2199-07-01T00:00:00Z\n",
            "",
            &["until"],
            &["*.end"],
        ),
    ],
    makes: &[
        "scheduler.groups.cruddur-infra-conformance",
        "scheduler.schedules.cruddur-infra-conformance/conf-night",
    ],
    leaves: &[],
    noise: &["serial", "*.modified", "*.next"],
    spare: &[],
    tags: None,
    mark: Some(|w| {
        let key = "cruddur-infra-conformance/conf-night";
        let schedule = w.scheduler.schedules.get_mut(key).unwrap();
        schedule.description.as_mut().unwrap()
    }),
    hidden_from_others: false,
    marked_inside: false,
    forgotten: false,
};

pub(super) const LAMBDA_LAYER: Case = Case {
    addr: "lambda_layer.main",
    yaml: r#"
stack: conformance
region: us-west-2
lambda_layers:
  main:
    name: conf-layer
    zip: layers/lib.zip
    runtime: python3.13
    architecture: x86_64
    description: first
    license: MIT
    keep_versions: 3
"#,
    files: &[],
    postgres: false,
    // a version never changes: other content is another object (see `versions_of_a_layer`)
    edits: &[],
    makes: &["lambda.layers.conf-layer"],
    // a number is never given twice
    leaves: &["lambda.layers.conf-layer"],
    noise: &[],
    spare: &[],
    tags: None,
    mark: None,
    hidden_from_others: false,
    marked_inside: false,
    forgotten: false,
};

pub(super) const FUNCTION_STACK: &str = r#"
stack: conformance
region: us-west-2
iam_roles:
  main: { name: conf-role, assumed_by: lambda.amazonaws.com }
  other: { name: conf-other-role, assumed_by: lambda.amazonaws.com, policies: [ "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole" ] }
lambda_layers:
  lib: { name: conf-lib, zip: layers/lib.zip, runtime: python3.12, architecture: arm64 }
lambda_functions:
  main:
    name: conf-fn
    source: lambda/fn
    handler: app.handler
    runtime: python3.13
    architecture: x86_64
    role: ${iam_role.main.arn}
    layers: []
    environment:
      MODE: one
      KEY: ${env.DB_PASSWORD}
    timeout: 5
    memory: 256
    description: first
    ephemeral_storage: 512
    tags: { project: a }
    after: [ iam_role.other, lambda_layer.lib ]
"#;

pub(super) const CODE: &str =
    "def handler(event, context):\n    return 1\n\ndef other(event, context):\n    return 2\n";

pub(super) const LAMBDA_FUNCTION: Case = Case {
    addr: "lambda_function.main",
    yaml: FUNCTION_STACK,
    files: &[("lambda/fn/app.py", CODE)],
    postgres: false,
    edits: &[
        Edit {
            what: What::File(
                "lambda/fn/app.py",
                "def handler(event, context):\n    return 3\n\ndef other(event, context):\n    return 2\n",
            ),
            diff: &["source"],
            moves: &["*.release.code.digest", "*.release.code.sha256"],
            with: None,
        },
        edit(
            "app.handler",
            "app.other",
            &["handler"],
            &["*.release.settings.handler"],
        ),
        edit(
            "runtime: python3.13",
            "runtime: python3.12",
            &["runtime"],
            &["*.release.settings.runtime"],
        ),
        edit(
            "architecture: x86_64",
            "architecture: arm64",
            &["architecture"],
            &["*.release.code.architecture"],
        ),
        edit(
            "iam_role.main.arn",
            "iam_role.other.arn",
            &["role"],
            &["*.release.settings.role"],
        ),
        edit(
            "layers: []",
            "layers: [ \"${lambda_layer.lib.arn}\" ]",
            &["layers"],
            &["*.release.settings.layers"],
        ),
        edit(
            "role: ${",
            "vpc: { subnets: [ subnet-0e1c6b9a4d2f7a851 ], security_groups: [ sg-0a7d9e3b5c1f48e26 ] }\n    role: ${",
            &["vpc.subnets", "vpc.security_groups"],
            &["*.release.settings.vpc", "ec2.interfaces"],
        ),
        edit(
            "[ sg-0a7d9e3b5c1f48e26 ]",
            "[ sg-0second0000000000 ]",
            &["vpc.security_groups"],
            &["*.release.settings.vpc", "ec2.interfaces"],
        ),
        edit(
            "MODE: one",
            "MODE: two",
            &["environment.MODE"],
            &["*.release.settings.environment.MODE"],
        ),
        edit(
            "MODE: two",
            "MODE: two\n      MORE: three",
            &["environment.MORE"],
            &["*.release.settings.environment.MORE"],
        ),
        edit(
            "\n      MORE: three",
            "",
            &["environment.MORE"],
            &["*.release.settings.environment.MORE"],
        ),
        edit(
            "timeout: 5",
            "timeout: 6",
            &["timeout"],
            &["*.release.settings.timeout"],
        ),
        edit(
            "memory: 256",
            "memory: 512",
            &["memory"],
            &["*.release.settings.memory"],
        ),
        edit(
            "description: first",
            "description: second",
            &["description"],
            &["*.release.settings.description"],
        ),
        edit(
            "ephemeral_storage: 512",
            "ephemeral_storage: 1024",
            &["ephemeral_storage"],
            &["*.release.settings.ephemeral_storage"],
        ),
        edit(
            "project: a",
            "project: b",
            &["tags.project"],
            &["*.tags.project"],
        ),
    ],
    makes: &["lambda.functions.conf-fn"],
    // interfaces linger (aws-facts §4.7)
    leaves: &["ec2.interfaces"],
    noise: &[
        "serial",
        "lambda.functions.conf-fn.revision",
        "lambda.functions.conf-fn.settled_revision",
        "lambda.functions.conf-fn.modified",
        "lambda.functions.conf-fn.update",
        "lambda.functions.conf-fn.release.code.size",
        "lambda.functions.conf-fn.release.code.unzipped",
    ],
    spare: &[],
    tags: Some(|w| &mut w.lambda.functions.get_mut("conf-fn").unwrap().tags),
    mark: None,
    hidden_from_others: false,
    marked_inside: false,
    forgotten: false,
};

pub(super) const LAMBDA_PERMISSION: Case = Case {
    addr: "lambda_permission.main",
    yaml: r#"
stack: conformance
region: us-west-2
iam_roles:
  main: { name: conf-role, assumed_by: lambda.amazonaws.com }
lambda_functions:
  main: { name: conf-fn, source: lambda/fn, handler: app.handler, runtime: python3.13, role: "${iam_role.main.arn}" }
lambda_permissions:
  main:
    function: ${lambda_function.main.arn}
    principal: s3.amazonaws.com
    action: lambda:InvokeFunction
    source_arn: arn:aws:s3:::one
    source_account: "123456789012"
"#,
    files: &[("lambda/fn/app.py", CODE)],
    postgres: false,
    edits: &[
        edit(
            "s3.amazonaws.com",
            "sns.amazonaws.com",
            &["principal", "stale"],
            &["lambda.functions.conf-fn.statements"],
        ),
        edit(
            "lambda:InvokeFunction",
            "lambda:GetFunction",
            &["action", "stale"],
            &["lambda.functions.conf-fn.statements"],
        ),
        edit(
            "\"123456789012\"",
            "\"210987654321\"",
            &["source_account", "stale"],
            &["lambda.functions.conf-fn.statements"],
        ),
    ],
    makes: &["lambda.functions.conf-fn.statements"],
    leaves: &[],
    noise: &[
        "serial",
        "lambda.functions.conf-fn.revision",
        "lambda.functions.conf-fn.settled_revision",
    ],
    spare: &[],
    tags: None,
    mark: None,
    hidden_from_others: false,
    marked_inside: false,
    forgotten: false,
};

pub(super) const COGNITO_TRIGGER: Case = Case {
    addr: "cognito_trigger.main",
    yaml: r#"
stack: conformance
region: us-west-2
iam_roles:
  main: { name: conf-role, assumed_by: lambda.amazonaws.com }
lambda_functions:
  one: { name: conf-one, source: lambda/fn, handler: app.handler, runtime: python3.13, role: "${iam_role.main.arn}" }
  two: { name: conf-two, source: lambda/fn, handler: app.handler, runtime: python3.13, role: "${iam_role.main.arn}" }
cognito_triggers:
  main:
    user_pool: ${env.COGNITO_USER_POOL_ID}
    trigger: post_confirmation
    function: ${lambda_function.one.arn}
    after: [ lambda_function.two ]
"#,
    files: &[("lambda/fn/app.py", CODE)],
    postgres: false,
    edits: &[Edit {
        what: What::Text("lambda_function.one.arn", "lambda_function.two.arn"),
        diff: &["function"],
        moves: &["cognito.pools.*.settings.LambdaConfig.PostConfirmation"],
        with: Some("lambda_permission.main"),
    }],
    // nothing else of the pool; the permission belongs to the function
    makes: &["cognito.pools.*.settings.LambdaConfig.PostConfirmation"],
    leaves: &[],
    noise: &[
        "serial",
        "cognito.pools.*.modified",
        "lambda.functions.conf-two.*",
    ],
    spare: &[],
    tags: None,
    mark: None,
    hidden_from_others: false,
    marked_inside: false,
    forgotten: false,
};

pub(super) const SQL_SCRIPT: Case = Case {
    addr: "sql_script.schema",
    yaml: r#"
stack: conformance
region: us-west-2
rds_instances:
  main:
    identifier: conf-db
    instance_class: db.t3.micro
    allocated_storage: 20
    publicly_accessible: true
    port: 5441
    database_name: app
    master_username: keeper
    master_password: ${env.DB_PASSWORD}
sql_scripts:
  schema: { database: "${rds_instance.main.connection_url}", file: sql/schema.sql }
"#,
    files: &[(
        "sql/schema.sql",
        "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY);\n",
    )],
    postgres: true,
    edits: &[Edit {
        what: What::File(
            "sql/schema.sql",
            "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY);\nCREATE INDEX IF NOT EXISTS by_id ON users (id);\n",
        ),
        diff: &["digest"],
        moves: &[],
        with: None,
    }],
    makes: &[],
    leaves: &[],
    noise: &[],
    spare: &[],
    tags: None,
    mark: None,
    hidden_from_others: false,
    marked_inside: false,
    forgotten: true,
};

pub(super) const POSTGRES_ROLE: Case = Case {
    addr: "postgres_role.app",
    yaml: r#"
stack: conformance
region: us-west-2
rds_instances:
  main:
    identifier: conf-db
    instance_class: db.t3.micro
    allocated_storage: 20
    publicly_accessible: true
    port: 5443
    database_name: app
    master_username: keeper
    master_password: ${env.DB_PASSWORD}
sql_scripts:
  schema: { database: "${rds_instance.main.connection_url}", file: sql/schema.sql }
postgres_roles:
  app:
    database: ${rds_instance.main.connection_url}
    name: conf_app
    password: ${env.DB_PASSWORD}-one
    connection_limit: 5
    grants:
      - { tables: [ users ], privileges: [ select ] }
      - { all_tables_in: more, privileges: [ select, insert ] }
      - { all_sequences_in: more, privileges: [ usage ] }
      - { schemas: [ more ], privileges: [ usage ] }
    after: [ sql_script.schema ]
"#,
    files: &[(
        "sql/schema.sql",
        "CREATE TABLE users (id int PRIMARY KEY);\nCREATE SCHEMA more;\nCREATE TABLE more.a (id serial);\nCREATE VIEW more.v AS SELECT 1 AS x;\n",
    )],
    postgres: true,
    edits: &[
        edit(
            "connection_limit: 5",
            "connection_limit: -1",
            &["connection_limit"],
            &[],
        ),
        edit("-one", "-two", &["password"], &[]),
        edit(
            "[ users ], privileges: [ select ]",
            "[ users ], privileges: [ insert, delete ]",
            &["tables[public.users]"],
            &[],
        ),
        edit(
            "all_tables_in: more, privileges: [ select, insert ]",
            "all_tables_in: more, privileges: [ select ]",
            &["tables[more.a]", "tables[more.v]"],
            &[],
        ),
        edit(
            "privileges: [ usage ] }\n      - { schemas",
            "privileges: [ select, usage ] }\n      - { schemas",
            &["sequences[more.a_id_seq]"],
            &[],
        ),
        edit(
            "schemas: [ more ], privileges: [ usage ]",
            "schemas: [ more ], privileges: [ usage, create ]",
            &["schemas[more]"],
            &[],
        ),
    ],
    makes: &[],
    leaves: &[],
    noise: &[],
    spare: &[],
    tags: None,
    mark: None,
    hidden_from_others: false,
    marked_inside: true,
    forgotten: false,
};
