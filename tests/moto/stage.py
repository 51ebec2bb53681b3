#!/usr/bin/env python3
"""The independent second stage: the program against moto, an AWS that nobody here wrote.

    tests/moto/run.sh                          # makes the environment, builds nothing
    python tests/moto/stage.py --binary target/debug/cruddur-infra [--keep]

moto keeps its world in memory and shows no life cycle, so what waits is judged elsewhere (the sandbox). What it shows
is whether the calls are ones that another implementation of AWS takes, and whether what comes back is understood.

The stack is the repository's own stack.yaml with these differences, all asserted below:
  * no `sql_scripts` and no `postgres_roles`: moto's instance is a record, there is no Postgres behind it to load. The
    function then gets the instance's own URL;
  * the instance names its DB subnet group: AWS puts it into the VPC's default group, moto into none, and what has no
    subnets cannot lend them to the function.

LOST lists what cannot be had of moto, and why. An apply waits until everything is as the file says, so these fields are
left out of the file that is applied, and a plan of the whole file must show exactly them: a field that moto begins to
keep fails the stage as much as one that it loses besides.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = "us-west-2"
ADDRESS = "8.8.4.4"
ANOTHER_ADDRESS = "8.8.8.8"
SUBNET_GROUP = "cruddur-moto"

# (address, field path, the lines of stack.yaml that ask for it, why)
LOST = [
    (
        "rds_instance.main",
        "performance_insights.enabled",
        "    performance_insights: { enabled: true, retention_period: 7 }\n",
        "moto takes EnablePerformanceInsights, and DescribeDBInstances never shows PerformanceInsightsEnabled",
    ),
    (
        "rds_instance.main",
        "performance_insights.retention_period",
        "    performance_insights: { enabled: true, retention_period: 7 }\n",
        "goes with the field above: nothing is retained of what is not enabled",
    ),
]

ADDRESSES = {
    "rds_instance.main",
    "security_group_rule.workspace",
    "iam_policy.lambda-vpc-access",
    "iam_role.post-confirmation",
    "lambda_layer.psycopg2",
    "lambda_function.post-confirmation",
    "lambda_permission.sign-up",
    "cognito_trigger.sign-up",
}


class Stage:
    """Counts checks and prints a line for each."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, held, detail=""):
        if held:
            self.passed += 1
            print(f"ok    {what}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL  {what}: {detail}", flush=True)
        return bool(held)

    def same(self, what, got, wanted):
        return self.check(what, got == wanted, f"got {got!r}, wanted {wanted!r}")


class Moto:
    """A moto_server on a port that the system chose."""

    def __init__(self, directory):
        self.log = directory / "moto.log"
        env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        env["PYTHONUNBUFFERED"] = "1"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,
            )
        end = time.monotonic() + 180
        while True:
            found = re.search(rb"Running on (http://127\.0\.0\.1:\d+)", self.log.read_bytes())
            if found:
                self.endpoint = found.group(1).decode()
                return
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                sys.exit(f"moto_server did not start:\n{self.log.read_text()}")
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Program:
    """The program under test, in a directory of its own."""

    def __init__(self, binary, directory, endpoint):
        self.binary, self.directory, self.endpoint = binary, directory, endpoint
        self.env = {
            k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CRUDDUR_")) or k == "CRUDDUR_INFRA_CACHE"
        }
        self.env |= {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "CRUDDUR_DB_PASSWORD": "moto-Stage-17",
            "CRUDDUR_APP_PASSWORD": "moto-Stage-18",
            "COGNITO_USER_POOL_ID": "cruddur-user-pool",
        }

    def run(self, *args, file="stack.yaml"):
        """Returns exit code, stdout and stderr; never takes more than ten minutes."""
        done = subprocess.run(
            [self.binary, "--endpoint-url", self.endpoint, "--file", file, *args],
            cwd=self.directory,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
        )
        return done.returncode, done.stdout, done.stderr

    def plan(self, *args, file="stack.yaml", address=ADDRESS):
        """Returns exit code and plan; the changes without those that change nothing."""
        code, out, err = self.run(
            "--format", "json", "plan", "--detailed-exitcode", "--ip", address, *args, file=file
        )
        try:
            plan = json.loads(out)
            changes = [c for c in plan["changes"] if c["action"] != "no_op"]
        except (ValueError, KeyError):
            return code, [{"address": "no plan", "action": (out + err)[-3000:], "fields": []}]
        return code, changes


def brief(changes):
    """A plan's changes as (address, action, {path: (before, after)})."""
    return [
        (c["address"], c["action"], {f["path"]: (f["before"], f["after"]) for f in c["fields"]}) for c in changes
    ]


class World:
    """What boto3 sees in moto."""

    def __init__(self, endpoint):
        def client(service):
            return boto3.client(
                service,
                endpoint_url=endpoint,
                region_name=REGION,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"total_max_attempts": 1}, read_timeout=120),
            )

        self.rds, self.ec2, self.iam = client("rds"), client("ec2"), client("iam")
        self.aws_lambda, self.cognito = client("lambda"), client("cognito-idp")
        self.sts = client("sts")

    def prepare(self):
        """Makes what an account has before the first apply: a user pool with settings, and a subnet group."""
        subnets = self.ec2.describe_subnets()["Subnets"]
        self.rds.create_db_subnet_group(
            DBSubnetGroupName=SUBNET_GROUP,
            DBSubnetGroupDescription="the default VPC",
            SubnetIds=[s["SubnetId"] for s in subnets],
        )
        self.pool_id = self.new_pool("cruddur-user-pool")

    def new_pool(self, name, **more):
        """Makes a pool with settings that are not the default. `UsernameAttributes` is not among them, see `careful`."""
        pool = self.cognito.create_user_pool(
            PoolName=name,
            Policies={
                "PasswordPolicy": {
                    "MinimumLength": 12,
                    "RequireUppercase": True,
                    "RequireLowercase": True,
                    "RequireNumbers": True,
                    "RequireSymbols": False,
                    "TemporaryPasswordValidityDays": 3,
                }
            },
            AutoVerifiedAttributes=["email"],
            MfaConfiguration="OFF",
            AdminCreateUserConfig={"AllowAdminCreateUserOnly": False},
            Schema=[{"Name": "preferred_colour", "AttributeDataType": "String", "Mutable": True}],
            AccountRecoverySetting={"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
            UserPoolTags={"team": "cruddur"},
            **more,
        )
        return pool["UserPool"]["Id"]

    def pool(self, pool_id=None):
        """A user pool without what a trigger and the time change, and its triggers."""
        pool = dict(self.cognito.describe_user_pool(UserPoolId=pool_id or self.pool_id)["UserPool"])
        pool.pop("LastModifiedDate", None)
        triggers = pool.pop("LambdaConfig", {})
        return pool, triggers

    def instance(self):
        return self.rds.describe_db_instances(DBInstanceIdentifier="cruddur-db-instance")["DBInstances"][0]

    def rules(self):
        """The inbound rules that carry the stack's tag."""
        found = self.ec2.describe_security_group_rules()["SecurityGroupRules"]
        return [r for r in found if {"Key": "cruddur-infra:stack", "Value": "cruddur"} in r.get("Tags", [])]

    def attached(self):
        found = self.iam.list_attached_role_policies(RoleName="cruddur-post-confirmation-role")
        return [p["PolicyArn"] for p in found["AttachedPolicies"]]

    def policies(self):
        return self.iam.list_policies(Scope="Local")["Policies"]

    def function(self):
        return self.aws_lambda.get_function_configuration(FunctionName="cruddur-post-confirmation")

    def statements(self):
        text = self.aws_lambda.get_policy(FunctionName="cruddur-post-confirmation")["Policy"]
        return json.loads(text)["Statement"]

    def layer_versions(self):
        return self.aws_lambda.list_layer_versions(LayerName="cruddur-psycopg2")["LayerVersions"]


def gone(call, *codes):
    """Tells whether a read says exactly that nothing is there."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"] in codes
    return False


def once(text, old, new):
    if text.count(old) != 1:
        sys.exit(f"stack.yaml has changed: {old!r} is in it {text.count(old)} times; mend tests/moto/stage.py")
    return text.replace(old, new)


def write_stacks(directory):
    """Writes whole.yaml, and stack.yaml without what moto loses."""
    text = (ROOT / "stack.yaml").read_text()
    for section in ("sql_scripts", "postgres_roles"):
        text, sections = re.subn(rf"(?m)^{section}:\n(?:[ #].*\n|\n)*", "", text)
        if sections != 1:
            sys.exit(f"stack.yaml has changed: there is no section {section}; mend tests/moto/stage.py")
    text = once(text, "${postgres_role.app.connection_url}", "${rds_instance.main.connection_url}")
    last = "    deletion_protection: false\n"
    text = once(text, last, f"{last}    db_subnet_group: {SUBNET_GROUP}\n")
    (directory / "whole.yaml").write_text(text)
    for lines in {lines for _, _, lines, _ in LOST}:
        text = once(text, lines, "")
    (directory / "stack.yaml").write_text(text)
    shutil.copytree(ROOT / "lambda", directory / "lambda")


def create(s, program, world, settings):
    code, changes = program.plan()
    s.same("the first plan has changes", code, 2)
    s.same("the first plan creates everything", {c["address"]: c["action"] for c in changes}, dict.fromkeys(ADDRESSES, "create"))
    code, out, err = program.run("apply", "--yes", "--ip", ADDRESS)
    if not s.check("apply", code == 0, f"exit {code}\n{out}\n{err}"):
        return False

    instance = world.instance()
    wanted = {
        "Engine": "postgres",
        "DBInstanceClass": "db.t3.micro",
        "AllocatedStorage": 20,
        "StorageType": "gp3",
        "StorageEncrypted": True,
        "AvailabilityZone": "us-west-2a",
        "MultiAZ": False,
        "PubliclyAccessible": True,
        "DBName": "cruddur",
        "MasterUsername": "cruddurroot",
        "BackupRetentionPeriod": 1,
        "DeletionProtection": False,
    }
    s.same("the instance", {k: instance.get(k) for k in wanted}, wanted)
    tags = {t["Key"]: t["Value"] for t in instance["TagList"]}
    s.same("the instance's tag", tags.get("cruddur-infra:addr"), "rds_instance.main")
    group = instance["VpcSecurityGroups"][0]["VpcSecurityGroupId"]

    rules = world.rules()
    seen = [(r["GroupId"], r["IpProtocol"], r["FromPort"], r["ToPort"], r.get("CidrIpv4"), r.get("Description")) for r in rules]
    s.same("the rule", seen, [(group, "tcp", 5432, 5432, f"{ADDRESS}/32", "GITPOD")])

    policies = world.policies()
    s.same("the policy", [p["PolicyName"] for p in policies], ["AWSLambdaVPCAccessExecutionRole"])
    arn = policies[0]["Arn"]
    document = world.iam.get_policy_version(PolicyArn=arn, VersionId=policies[0]["DefaultVersionId"])
    statement = document["PolicyVersion"]["Document"]["Statement"][0]
    s.check("the policy's document", "ec2:CreateNetworkInterface" in statement["Action"], statement)
    s.same("the role's policies", world.attached(), [arn])
    role = world.iam.get_role(RoleName="cruddur-post-confirmation-role")["Role"]
    trusted = role["AssumeRolePolicyDocument"]["Statement"]
    s.check("who assumes the role", "lambda.amazonaws.com" in json.dumps(trusted), trusted)

    versions = world.layer_versions()
    s.same("the layer has one version", [v["Version"] for v in versions], [1])
    function = world.function()
    wanted = {
        "Runtime": "python3.13",
        "Handler": "lambda_function.lambda_handler",
        "Timeout": 5,
        "MemorySize": 256,
        "Role": role["Arn"],
    }
    s.same("the function", {k: function.get(k) for k in wanted}, wanted)
    s.same("the function's layer", [x["Arn"] for x in function["Layers"]], [versions[0]["LayerVersionArn"]])
    s.same("the function's group", function["VpcConfig"]["SecurityGroupIds"], [group])
    s.check("the function's subnets", function["VpcConfig"]["SubnetIds"], function["VpcConfig"])
    url = urllib.parse.urlsplit(function["Environment"]["Variables"]["CONNECTION_URL"])
    s.same(
        "where the function connects to",
        (url.hostname, url.port, url.username, url.path),
        (instance["Endpoint"]["Address"], instance["Endpoint"]["Port"], "cruddurroot", "/cruddur"),
    )
    statements = world.statements()
    s.same("who may invoke the function", [x["Principal"] for x in statements], [{"Service": "cognito-idp.amazonaws.com"}])
    s.check("from which pool", world.pool_id in json.dumps(statements[0]["Condition"]), statements)
    pool, triggers = world.pool()
    s.same("the trigger", triggers, {"PostConfirmation": function["FunctionArn"]})
    s.same("the pool's other settings", pool, settings)

    code, changes = program.plan()
    s.same("the plan after it is empty", (code, brief(changes)), (0, []))
    code, changes = program.plan(file="whole.yaml")
    shown = sorted((c["address"], f["path"]) for c in changes for f in c["fields"])
    s.same("the plan of the whole file shows what moto loses, and nothing else", shown, sorted(x[:2] for x in LOST))
    s.check("which is changed in place", all(c["action"] == "update" for c in changes), brief(changes))
    return True


def drift(s, program, world, what, break_it, wanted, is_mended):
    """A change by another hand is shown exactly, and repaired."""
    break_it()
    s.check(f"{what}: it is broken", not is_mended())
    code, changes = program.plan()
    s.same(f"{what}: the plan shows exactly it", (code, brief(changes)), (2, wanted))
    code, out, err = program.run("apply", "--yes", "--ip", ADDRESS)
    s.check(f"{what}: apply", code == 0, f"exit {code}\n{out}\n{err}")
    s.check(f"{what}: it is mended", is_mended())
    code, changes = program.plan()
    s.same(f"{what}: the plan is empty again", (code, brief(changes)), (0, []))


def drifts(s, program, world, settings):
    rule = world.rules()[0]

    def another_address():
        world.ec2.modify_security_group_rules(
            GroupId=rule["GroupId"],
            SecurityGroupRules=[
                {
                    "SecurityGroupRuleId": rule["SecurityGroupRuleId"],
                    "SecurityGroupRule": {
                        "IpProtocol": "tcp",
                        "FromPort": 5432,
                        "ToPort": 5432,
                        "CidrIpv4": "9.9.9.9/32",
                        "Description": "GITPOD",
                    },
                }
            ],
        )

    drift(
        s,
        program,
        world,
        "another address in the rule",
        another_address,
        [("security_group_rule.workspace", "update", {"from": ("9.9.9.9/32", f"{ADDRESS}/32")})],
        lambda: [(r["SecurityGroupRuleId"], r["CidrIpv4"]) for r in world.rules()]
        == [(rule["SecurityGroupRuleId"], f"{ADDRESS}/32")],
    )

    arn = world.attached()[0]
    drift(
        s,
        program,
        world,
        "the role's policy detached",
        lambda: world.iam.detach_role_policy(RoleName="cruddur-post-confirmation-role", PolicyArn=arn),
        [("iam_role.post-confirmation", "update", {f"policies[{arn}]": (None, "attached")})],
        lambda: world.attached() == [arn],
    )

    drift(
        s,
        program,
        world,
        "another memory of the function",
        lambda: world.aws_lambda.update_function_configuration(
            FunctionName="cruddur-post-confirmation", MemorySize=512
        ),
        [("lambda_function.post-confirmation", "update", {"memory": (512, 256)})],
        lambda: world.function()["MemorySize"] == 256,
    )

    function = world.function()["FunctionArn"]
    drift(
        s,
        program,
        world,
        "the pool's trigger cleared",
        lambda: world.cognito.update_user_pool(UserPoolId=world.pool_id, LambdaConfig={}, **resent(settings)),
        [
            (
                "cognito_trigger.sign-up",
                "create",
                {
                    "user_pool": (None, "cruddur-user-pool"),
                    "trigger": (None, "post_confirmation"),
                    "function": (None, function),
                },
            )
        ],
        lambda: world.pool()[1] == {"PostConfirmation": function},
    )
    s.same("the pool's other settings are as before", world.pool()[0], settings)


def resent(settings):
    """What boto3 has to send again of the pool so that only its trigger changes."""
    names = ["Policies", "AutoVerifiedAttributes", "MfaConfiguration", "AccountRecoverySetting", "UserPoolTags"]
    kept = {n: settings[n] for n in names if n in settings}
    kept["AdminCreateUserConfig"] = {"AllowAdminCreateUserOnly": False}
    return kept


def refresh(s, program, world):
    before = world.rules()[0]["SecurityGroupRuleId"]
    code, out, err = program.run("refresh-ip", "--ip", ANOTHER_ADDRESS)
    s.check("refresh-ip", code == 0, f"exit {code}\n{out}\n{err}")
    seen = [(r["SecurityGroupRuleId"], r["CidrIpv4"]) for r in world.rules()]
    s.same("refresh-ip moves the rule in place", seen, [(before, f"{ANOTHER_ADDRESS}/32")])
    code, changes = program.plan(address=ANOTHER_ADDRESS)
    s.same("the plan from there is empty", (code, brief(changes)), (0, []))


def power(s, program, world):
    code, out, err = program.run("stop", "--yes")
    s.check("stop", code == 0, f"exit {code}\n{out}\n{err}")
    s.same("the instance is stopped", world.instance()["DBInstanceStatus"], "stopped")
    code, changes = program.plan(address=ANOTHER_ADDRESS)
    s.same("a plan of a stopped instance ends and changes nothing", (code, brief(changes)), (0, []))
    code, out, err = program.run("start")
    s.check("start", code == 0, f"exit {code}\n{out}\n{err}")
    s.same("the instance is available", world.instance()["DBInstanceStatus"], "available")


# moto has no Postgres: what its database holds cannot be looked at, and so it must be named
LOSES = ["--allow-data-loss", "rds_instance.main"]


def destroy(s, program, world, settings):
    code, out, err = program.run("destroy", "--yes", "--skip-final-snapshot", *LOSES)
    s.check("destroy", code == 0, f"exit {code}\n{out}\n{err}")
    s.same("no instance is left", world.rds.describe_db_instances()["DBInstances"], [])
    s.same("no snapshot was made", world.rds.describe_db_snapshots()["DBSnapshots"], [])
    s.same("no rule is left", world.rules(), [])
    s.same("no policy is left", world.policies(), [])
    s.same("no role is left", [r["RoleName"] for r in world.iam.list_roles()["Roles"]], [])
    s.same("no function is left", world.aws_lambda.list_functions()["Functions"], [])
    s.check(
        "no layer version is left",
        gone(lambda: world.aws_lambda.get_layer_version(LayerName="cruddur-psycopg2", VersionNumber=1), "ResourceNotFoundException")
        and not world.aws_lambda.list_layers()["Layers"],
    )
    pool, triggers = world.pool()
    s.same("the pool has no trigger", triggers, {})
    s.same("the pool is there as before", pool, settings)
    code, out, err = program.run("--format", "json", "destroy", "--yes", "--skip-final-snapshot", *LOSES)
    last = json.loads(out.strip().splitlines()[-1]) if out.strip() else {}
    s.check(
        "destroy again finds nothing",
        code == 0 and last.get("event") == "finished" and not last.get("summary", {}).get("done"),
        f"exit {code}\n{out}\n{err}",
    )


def careful(s, program, world):
    """moto's UpdateUserPool drops UsernameAttributes, which cannot be sent and which AWS keeps. So this pool is one
    that an update hurts: the program must notice, say so, and leave no trigger behind."""
    hurt = world.new_pool("a-pool-that-is-hurt", UsernameAttributes=["email"])
    before, _ = world.pool(hurt)
    s.same("a pool that moto hurts: it begins with UsernameAttributes", before.get("UsernameAttributes"), ["email"])
    program.env["COGNITO_USER_POOL_ID"] = hurt
    code, out, err = program.run("--format", "json", "apply", "--yes", "--ip", ADDRESS)
    events = [json.loads(line) for line in out.splitlines() if line.startswith('{"')]
    failed = {e["address"]: e["fault"] for e in events if e.get("event") == "failed"}
    s.same("a pool that moto hurts: only the trigger fails", (code, list(failed)), (3, ["cognito_trigger.sign-up"]))
    told = json.dumps(failed)
    s.check("a pool that moto hurts: it is said what moved", "UsernameAttributes" in told, told or err)
    after, triggers = world.pool(hurt)
    s.same("a pool that moto hurts: no trigger is left", triggers, {})
    lost = sorted(k for k in before if before[k] != after.get(k))
    s.same("a pool that moto hurts: everything else is as before", lost, ["UsernameAttributes"])
    code, out, err = program.run("destroy", "--yes", "--skip-final-snapshot", *LOSES)
    s.check("a pool that moto hurts: destroy", code == 0, f"exit {code}\n{out}\n{err}")


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--binary", required=True, help="the built program")
    args.add_argument("--keep", action="store_true", help="leave the directory, with moto's log, for a look")
    args = args.parse_args()
    binary = pathlib.Path(args.binary).resolve()
    if not binary.is_file():
        sys.exit(f"{binary} is not there: cargo build")
    directory = pathlib.Path(tempfile.mkdtemp(prefix="cruddur-moto-"))
    s = Stage()
    print("stack.yaml without sql_scripts (moto has no Postgres); also without, because moto loses it:")
    for address, path, _, why in LOST:
        print(f"  {address} {path}: {why}")
    try:
        write_stacks(directory)
        moto = Moto(directory)
        try:
            world = World(moto.endpoint)
            world.prepare()
            settings, triggers = world.pool()
            assert not triggers, triggers
            program = Program(str(binary), directory, moto.endpoint)
            if create(s, program, world, settings):
                drifts(s, program, world, settings)
                refresh(s, program, world)
                power(s, program, world)
                destroy(s, program, world, settings)
                careful(s, program, world)
        finally:
            moto.stop()
        if s.failed:
            print("--- the last lines of moto's log")
            print("\n".join(moto.log.read_text().splitlines()[-15:]))
    finally:
        if args.keep:
            print(f"kept {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"moto: {s.passed} passed, {s.failed} failed")
    return 1 if s.failed else 0


if __name__ == "__main__":
    sys.exit(main())
