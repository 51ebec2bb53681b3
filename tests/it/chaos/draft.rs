//! The stack file of a round: some of the kinds, each entry in one of its forms.

use super::storm::Dice;
use std::collections::BTreeMap;
use std::fmt;

/// The stack's name.
pub const STACK: &str = "chaos";
/// The group that is there from the start.
pub const GROUP: &str = "sg-0a7d9e3b5c1f48e26";

/// An entry that a file may have.
pub struct Entry {
    pub addr: &'static str,
    section: &'static str,
    needs: &'static [&'static str],
    forms: &'static [&'static str],
    /// It lives in a database.
    postgres: bool,
}

const fn entry(
    addr: &'static str,
    section: &'static str,
    needs: &'static [&'static str],
    forms: &'static [&'static str],
) -> Entry {
    Entry {
        addr,
        section,
        needs,
        forms,
        postgres: false,
    }
}

/// One that lives in a database.
const fn inside(
    addr: &'static str,
    section: &'static str,
    needs: &'static [&'static str],
    forms: &'static [&'static str],
) -> Entry {
    let mut inside = entry(addr, section, needs, forms);
    inside.postgres = true;
    inside
}

/// All of them. `KEEPS` in a form stands for what only some files have.
pub const ENTRIES: [Entry; 16] = [
    entry(
        "rds_instance.main",
        "rds_instances",
        &[],
        &[
            "identifier: chaos-db, instance_class: db.t3.micro, backup_retention_period: 1, tags: { project: a }",
            "identifier: chaos-db, instance_class: db.t3.small, backup_retention_period: 1, tags: { project: a }",
            "identifier: Chaos-DB, instance_class: db.t3.micro, backup_retention_period: 3, tags: { project: b }",
            "identifier: chaos-db, instance_class: db.t3.micro, backup_retention_period: 1, publicly_accessible: false, performance_insights: { enabled: true, retention_period: 7 }",
        ],
    ),
    entry(
        "security_group_rule.workspace",
        "security_group_rules",
        &[],
        &[
            "security_group: sg-0a7d9e3b5c1f48e26, from: current_ip, port: 5432, expires_after: 7d",
            "security_group: sg-0a7d9e3b5c1f48e26, from: current_ip, port: 5432",
            "security_group: sg-0a7d9e3b5c1f48e26, from: current_ip, port: 5433, description: GITPOD",
        ],
    ),
    entry(
        "security_group_rule.office",
        "security_group_rules",
        &[],
        &[
            "security_group: sg-0a7d9e3b5c1f48e26, from: 203.0.113.0/24, port: 5432, description: first",
            "security_group: sg-0a7d9e3b5c1f48e26, from: 198.51.100.0/24, port: 5432, description: first",
            "security_group: sg-0a7d9e3b5c1f48e26, from: 198.51.100.0/24, from_port: 5432, to_port: 5440, tags: { project: a }",
        ],
    ),
    entry(
        "iam_policy.main",
        "iam_policies",
        &[],
        &[
            "name: chaos-policy, document: { Version: \"2012-10-17\", Statement: [ { Effect: Allow, Action: \"ec2:DescribeVpcs\", Resource: \"*\" } ] }",
            "name: chaos-policy, document: { Version: \"2012-10-17\", Statement: [ { Effect: Allow, Action: \"ec2:DescribeHosts\", Resource: \"*\" } ] }",
            "name: chaos-policy, document: { Version: \"2012-10-17\", Statement: [ { Effect: Allow, Action: \"ec2:DescribeTags\", Resource: \"*\" } ] }, tags: { project: a }",
            "name: chaos-policy, document: { Version: \"2012-10-17\", Statement: [ { Effect: Allow, Action: [ \"ec2:DescribeTags\", \"ec2:DescribeSubnets\" ], Resource: \"*\" } ] }",
        ],
    ),
    entry(
        "iam_role.fn",
        "iam_roles",
        &["iam_policy.main"],
        &[
            "name: chaos-fn, assumed_by: lambda.amazonaws.com, policies: [ \"${iam_policy.main.arn}\", \"arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole\" ]",
            "name: chaos-fn, assumed_by: [ lambda.amazonaws.com, scheduler.amazonaws.com ], policies: [ \"${iam_policy.main.arn}\", \"arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole\" ], description: both",
            "name: chaos-fn, assumed_by: lambda.amazonaws.com, policies: [ \"arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole\" ], inline_policies: { more: { Version: \"2012-10-17\", Statement: [ { Effect: Allow, Action: \"rds:StopDBInstance\", Resource: \"*\" } ] } }, after: [ iam_policy.main ]",
        ],
    ),
    entry(
        "iam_role.night",
        "iam_roles",
        &[],
        &[
            "name: chaos-night, assumed_by: scheduler.amazonaws.com, inline_policies: { stop: { Version: \"2012-10-17\", Statement: [ { Effect: Allow, Action: \"rds:StopDBInstance\", Resource: \"*\" } ] } }",
            "name: chaos-night, assumed_by: scheduler.amazonaws.com, inline_policies: { power: { Version: \"2012-10-17\", Statement: [ { Effect: Allow, Action: [ \"rds:StopDBInstance\", \"rds:StartDBInstance\" ], Resource: \"*\" } ] } }, tags: { project: a }",
        ],
    ),
    entry(
        "schedule.night",
        "schedules",
        &["iam_role.night"],
        &[
            "name: chaos-night, expression: \"cron(0 20 1 1 ? 2199)\", timezone: UTC, action: stop, instance: chaos-db, role: \"${iam_role.night.arn}\"",
            "name: chaos-night, expression: \"cron(0 21 1 1 ? 2199)\", timezone: UTC, action: stop, instance: chaos-db, role: \"${iam_role.night.arn}\", description: later",
            "name: chaos-night, expression: \"cron(0 21 1 1 ? 2199)\", timezone: UTC, action: start, instance: chaos-db, role: \"${iam_role.night.arn}\", state: disabled",
        ],
    ),
    entry(
        "lambda_layer.lib",
        "lambda_layers",
        &[],
        &[
            "name: chaos-lib, zip: layers/a.zip, runtime: python3.13, architecture: x86_64, keep_versions: 2",
            "name: chaos-lib, zip: layers/b.zip, runtime: python3.13, architecture: x86_64, keep_versions: 2",
            "name: chaos-lib, zip: layers/b.zip, runtime: python3.13, architecture: x86_64, keep_versions: 3, description: newer",
        ],
    ),
    entry(
        "lambda_function.main",
        "lambda_functions",
        &["iam_role.fn"],
        &[
            "name: chaos-main, source: lambda/a, handler: app.handler, runtime: python3.13, role: \"${iam_role.fn.arn}\", environment: { KEY: \"${env.DB_PASSWORD}\" }, timeout: 5LAYERS",
            "name: chaos-main, source: lambda/b, handler: app.handler, runtime: python3.13, role: \"${iam_role.fn.arn}\", environment: { KEY: \"${env.DB_PASSWORD}\", MODE: two }, memory: 512LAYERS",
            "name: chaos-main, source: lambda/b, handler: app.other, runtime: python3.13, role: \"${iam_role.fn.arn}\", memory: 512, description: other, tags: { project: a }LAYERS",
            "name: chaos-main, source: lambda/a, handler: app.handler, runtime: python3.13, role: \"${iam_role.fn.arn}\", vpc: { subnets: [ subnet-0e1c6b9a4d2f7a851 ], security_groups: [ sg-0a7d9e3b5c1f48e26 ] }, after: [ iam_policy.main ]LAYERS",
        ],
    ),
    entry(
        "lambda_function.two",
        "lambda_functions",
        &["iam_role.fn"],
        &[
            "name: chaos-two, source: lambda/a, handler: app.handler, runtime: python3.13, role: \"${iam_role.fn.arn}\"",
        ],
    ),
    entry(
        "lambda_permission.bucket",
        "lambda_permissions",
        &["lambda_function.main"],
        &[
            "function: \"${lambda_function.main.arn}\", principal: s3.amazonaws.com, source_arn: \"arn:aws:s3:::one\", source_account: \"123456789012\"",
            "function: \"${lambda_function.main.arn}\", principal: s3.amazonaws.com, source_arn: \"arn:aws:s3:::two\", source_account: \"123456789012\"",
        ],
    ),
    entry(
        "cognito_trigger.sign-up",
        "cognito_triggers",
        &["lambda_function.main"],
        &[
            "user_pool: \"${env.COGNITO_USER_POOL_ID}\", trigger: post_confirmation, function: \"${lambda_function.main.arn}\"",
            "user_pool: \"${env.COGNITO_USER_POOL_ID}\", trigger: post_confirmation, function: \"${lambda_function.TWO.arn}\"",
        ],
    ),
    entry(
        "cognito_trigger.sign-in",
        "cognito_triggers",
        &["lambda_function.two"],
        &[
            "user_pool: \"${env.COGNITO_USER_POOL_ID}\", trigger: post_authentication, function: \"${lambda_function.two.arn}\"",
        ],
    ),
    inside(
        "sql_script.schema",
        "sql_scripts",
        &["rds_instance.main"],
        &["database: \"${rds_instance.main.connection_url}\", file: sql/schema.sql"],
    ),
    inside(
        "sql_script.seed",
        "sql_scripts",
        &["sql_script.schema"],
        &[
            "database: \"${rds_instance.main.connection_url}\", file: sql/seed.sql, after: [ sql_script.schema ]",
        ],
    ),
    inside(
        "postgres_role.app",
        "postgres_roles",
        &["sql_script.schema"],
        &[
            "database: \"${rds_instance.main.connection_url}\", name: chaos_app, password: \"${env.DB_PASSWORD}-app\", grants: [ { tables: [ left_side ], privileges: [ select ] } ], after: [ sql_script.schema ]",
            "database: \"${rds_instance.main.connection_url}\", name: chaos_app, password: \"${env.DB_PASSWORD}-app\", connection_limit: 5, grants: [ { tables: [ left_side, right_side ], privileges: [ select, insert ] } ], after: [ sql_script.schema ]",
        ],
    ),
];

fn of(addr: &str) -> &'static Entry {
    ENTRIES.iter().find(|e| e.addr == addr).unwrap()
}

/// Which entries, and in which form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft(BTreeMap<&'static str, usize>);

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self
            .0
            .iter()
            .map(|(a, form)| format!("{a}#{form}"))
            .collect();
        write!(f, "{}", all.join(" "))
    }
}

impl Draft {
    /// Draws a file: one to three things, and what they need.
    pub fn first(dice: &mut Dice, postgres: bool) -> Self {
        let mut draft = Draft::default();
        if postgres {
            for addr in ["sql_script.seed", "postgres_role.app"] {
                draft.join(dice, of(addr));
            }
        }
        for _ in 0..1 + dice.below(3) {
            draft.one_more(dice, postgres);
        }
        draft
    }

    /// Draws what becomes of it: other forms, an entry more or less.
    pub fn next(&self, dice: &mut Dice, postgres: bool) -> Self {
        let mut draft = self.clone();
        for (addr, form) in &mut draft.0 {
            if dice.one_in(2) {
                *form = dice.below(of(addr).forms.len() as u64) as usize;
            }
        }
        if dice.one_in(4) {
            draft.one_more(dice, postgres);
        }
        if dice.one_in(4) {
            let free = draft.free();
            // a script that ran is not undone by leaving it out, and what it made must agree with the ledger
            if !free.is_empty()
                && let gone = dice.pick(&free)
                && !of(gone).postgres
            {
                draft.leave_out(gone);
            }
        }
        draft
    }

    fn one_more(&mut self, dice: &mut Dice, postgres: bool) {
        loop {
            let entry = &ENTRIES[dice.below(ENTRIES.len() as u64) as usize];
            if postgres || !entry.postgres {
                return self.join(dice, entry);
            }
        }
    }

    fn join(&mut self, dice: &mut Dice, entry: &Entry) {
        for need in entry.needs {
            self.join(dice, of(need));
        }
        let form = dice.below(entry.forms.len() as u64) as usize;
        self.0.entry(entry.addr).or_insert(form);
    }

    /// What nothing else needs, where something would be left.
    pub fn free(&self) -> Vec<&'static str> {
        let needed = |a: &str| self.0.keys().any(|other| of(other).needs.contains(&a));
        if self.0.len() < 2 {
            return Vec::new();
        }
        self.0.keys().copied().filter(|a| !needed(a)).collect()
    }

    pub fn leave_out(&mut self, addr: &str) {
        self.0.remove(addr);
    }

    /// Everything that one of them has, in the last one's form where it has it.
    pub fn all_of<'a>(drafts: impl Iterator<Item = &'a Draft>) -> Draft {
        let mut all = Draft::default();
        for draft in drafts {
            all.0.extend(draft.0.iter().map(|(a, f)| (*a, *f)));
        }
        all
    }

    pub fn has(&self, addr: &str) -> bool {
        self.0.contains_key(addr)
    }

    pub fn entries(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// The file.
    pub fn yaml(&self) -> String {
        let mut sections: BTreeMap<&str, String> = BTreeMap::new();
        for (addr, form) in &self.0 {
            let entry = of(addr);
            let layers = match self.has("lambda_layer.lib") {
                true => ", layers: [ \"${lambda_layer.lib.arn}\" ]",
                false => "",
            };
            let two = match self.has("lambda_function.two") {
                true => "two",
                false => "main",
            };
            let mut text = entry.forms[*form]
                .replace("LAYERS", layers)
                .replace("TWO", two);
            if *addr == "rds_instance.main" {
                text.push_str(
                    ", engine_version: \"17\", allocated_storage: 20, storage_encrypted: true, port: 5432, \
                     database_name: app, master_username: keeper, master_password: \"${env.DB_PASSWORD}\"",
                );
                if !text.contains("publicly_accessible") {
                    text.push_str(", publicly_accessible: true");
                }
            }
            let (_, name) = addr.split_once('.').unwrap();
            let section = sections.entry(entry.section).or_default();
            *section += &format!("  {name}: {{ {text} }}\n");
        }
        let mut yaml = format!("stack: {STACK}\nregion: us-west-2\n");
        for (name, entries) in sections {
            yaml += &format!("{name}:\n{entries}");
        }
        yaml
    }
}
