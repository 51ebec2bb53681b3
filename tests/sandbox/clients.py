#!/usr/bin/env python3
"""Drives a running sandbox with boto3 and, where it is installed, the AWS CLI.

    cruddur-infra sandbox serve            # prints the endpoint
    python tests/sandbox/clients.py http://127.0.0.1:PORT [--region us-west-2] [--only ec2,rds] [--patience 120]

The sandbox's answers are judged by clients that nobody here wrote: what they cannot parse fails. One function a
service; every line is one check; the last line is the sum, and the exit status says whether all of them held.
What the checks make has names of its own, so that the script may be run again in the same world.
Needs: pip install boto3; awscli as well for the command line's part.
"""

import argparse
import base64
import datetime
import hashlib
import importlib.util
import io
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zipfile

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
RUN = uuid.uuid4().hex[:8]


class Checks:
    """Counts checks and prints a line for each."""

    def __init__(self, endpoint, region, patience):
        self.endpoint, self.region, self.patience = endpoint, region, patience
        self.passed = self.failed = 0
        self.service = "sandbox"

    def client(self, service, signed=True):
        config = Config(retries={"total_max_attempts": 1}, read_timeout=60)
        if not signed:
            config = config.merge(Config(signature_version=UNSIGNED))
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id="AKIASANDBOX",
            aws_secret_access_key="sandbox",
            config=config,
        )

    def check(self, what, held, detail=""):
        if held:
            self.passed += 1
            print(f"ok    {self.service}: {what}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL  {self.service}: {what}: {detail}", flush=True)
        return bool(held)

    def same(self, what, got, wanted):
        return self.check(what, got == wanted, f"got {got!r}, wanted {wanted!r}")

    def refused(self, what, codes, status, call, words=""):
        """The call must fail with one of the codes (separated by |), the HTTP status, and the words."""
        try:
            call()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            got = error.response["ResponseMetadata"]["HTTPStatusCode"]
            message = error.response["Error"].get("Message", "")
            request_id = error.response["ResponseMetadata"].get("RequestId")
            held = code in codes.split("|") and got == status and words in message and request_id
            return self.check(f"{what}: {codes}", held, f"{got} {code} {message!r} id={request_id}")
        return self.check(f"{what}: {codes}", False, "it was not refused")

    def until(self, what, look, good):
        """Waits until what `look` returns is good; counts as one check. Returns the last look."""
        end = time.monotonic() + self.patience
        while True:
            seen = look()
            if good(seen):
                self.check(what, True)
                return seen
            if time.monotonic() > end:
                self.check(what, False, f"not within {self.patience} s; last seen: {seen!r}"[:600])
                return seen
            time.sleep(0.2)

    def raw(self, service, body, headers=None, path="/", method="POST"):
        """Sends bytes as they are. Returns status, headers and text."""
        scope = f"AKIA/20261122/{self.region}/{service}/aws4_request"
        given = {"Content-Type": "application/x-www-form-urlencoded"}
        if service:
            given["Authorization"] = (
                f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"
            )
        given.update(headers or {})
        request = urllib.request.Request(
            self.endpoint + path, data=body.encode() if body else None, headers=given, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read().decode()


def tags_of(found):
    return {t["Key"]: t["Value"] for t in found}


def pages(client, operation, key, **arguments):
    """All pages of a paginated operation, with the number of pages."""
    found, count = [], 0
    for page in client.get_paginator(operation).paginate(**arguments):
        found += page[key]
        count += 1
    return found, count


# ---------------------------------------------------------------- the server itself


def check_server(c):
    status, _, text = c.raw("", "", path="/_sandbox/health", method="GET")
    health = json.loads(text)
    c.check("health", status == 200 and health["ok"] and health["pid"] and health["dir"], text)
    c.same("health names the region", health["region"], c.region)
    status, headers, text = c.raw("", "Action=DescribeDBInstances&Version=2014-10-31")
    c.check(
        "no credentials on a query service",
        status == 403 and "<Code>MissingAuthenticationToken</Code>" in text,
        text,
    )
    c.check("a refusal has a request id", headers.get("x-amzn-requestid") in text, text)
    status, _, text = c.raw(
        "rds", "Action=DescribeDBInstances&Version=2014-10-31", {"Authorization": "AWS4-HMAC-SHA256 x"}
    )
    c.check("garbled credentials", status == 403 and "<Code>IncompleteSignature</Code>" in text, text)
    status, headers, text = c.raw("", "", path="/2015-03-31/functions", method="GET")
    c.check(
        "no credentials on Lambda",
        status == 403 and headers.get("x-amzn-errortype") == "MissingAuthenticationTokenException",
        text,
    )
    for service, version in [("rds", "2014-10-31"), ("iam", "2010-05-08"), ("sts", "2011-06-15")]:
        status, _, text = c.raw(service, f"Action=NoSuchThing&Version={version}")
        c.check(
            f"unknown operation of {service}",
            status == 400
            and text.find("<ErrorResponse") >= 0
            and "<Code>InvalidAction</Code>" in text
            and "<RequestId>" in text,
            text,
        )
    status, _, text = c.raw("ec2", "Action=NoSuchThing&Version=2016-11-15")
    c.check(
        "unknown operation of ec2",
        status == 400 and "<Errors><Error><Code>InvalidAction</Code>" in text and "<RequestID>" in text,
        text,
    )
    target = {"X-Amz-Target": "AWSCognitoIdentityProviderService.NoSuchThing",
              "Content-Type": "application/x-amz-json-1.1"}
    status, headers, text = c.raw("cognito-idp", "{}", target)
    c.check(
        "unknown operation of cognito-idp",
        status == 400 and json.loads(text)["__type"] == "UnknownOperationException",
        text,
    )
    status, _, text = c.raw("lambda", "", path="/2015-03-31/nothing", method="GET")
    c.same("unknown path of lambda", status, 404)
    elsewhere = boto3.client(
        "ec2", endpoint_url=c.endpoint, region_name="eu-west-3", aws_access_key_id="a", aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}),
    )
    c.refused("a call signed for another region", "SignatureDoesNotMatch", 403, elsewhere.describe_vpcs)


# ---------------------------------------------------------------- STS


def check_sts(c):
    who = c.client("sts").get_caller_identity()
    c.same("account", who["Account"], ACCOUNT)
    c.same("arn", who["Arn"], f"arn:aws:iam::{ACCOUNT}:user/sandbox")
    c.check("user id", who["UserId"])


# ---------------------------------------------------------------- EC2


def check_ec2(c):
    ec2 = c.client("ec2")
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    c.check("one default VPC", len(vpcs) == 1 and vpcs[0]["CidrBlock"] == "172.31.0.0/16", vpcs)
    vpc = vpcs[0]["VpcId"]
    of_vpc = {"Name": "vpc-id", "Values": [vpc]}
    subnets = ec2.describe_subnets(Filters=[of_vpc, {"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    c.same("a subnet in each of three zones", sorted(s["AvailabilityZone"][-1] for s in subnets), ["a", "b", "c"])
    c.check(
        "subnets are default ones with free addresses",
        all(s["DefaultForAz"] and s["MapPublicIpOnLaunch"] and s["State"] == "available"
            and 0 < s["AvailableIpAddressCount"] <= 4091 for s in subnets),
        subnets,
    )
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    c.same("zones", [z["ZoneName"] for z in zones], [c.region + z for z in "abc"])
    c.check("zones are available", all(z["State"] == "available" and z["ZoneId"] for z in zones), zones)
    found = ec2.describe_security_groups(Filters=[of_vpc, {"Name": "group-name", "Values": ["default"]}])
    default = found["SecurityGroups"][0]
    group = default["GroupId"]
    c.check(
        "the default group lets its members talk to each other",
        any(p["IpProtocol"] == "-1" and "FromPort" not in p
            and [g["GroupId"] for g in p["UserIdGroupPairs"]] == [group] for p in default["IpPermissions"]),
        default,
    )
    c.check(
        "and to everyone",
        any(r["CidrIp"] == "0.0.0.0/0" for p in default["IpPermissionsEgress"] for r in p["IpRanges"]),
        default,
    )
    check_ec2_lookups(c, ec2)
    made = ec2.create_security_group(
        GroupName=f"checks-{RUN}", Description="checks", VpcId=vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": [{"Key": "run", "Value": RUN}]}],
    )
    c.check("a group is made with tags and an id", made["GroupId"].startswith("sg-") and tags_of(made["Tags"]) == {"run": RUN}, made)
    own = made["GroupId"]
    check_ec2_authorize(c, ec2, own)
    check_ec2_modify(c, ec2, own)
    check_ec2_revoke(c, ec2, own)
    check_ec2_groups(c, ec2, own, group, vpc)


def check_ec2_lookups(c, ec2):
    bad = [{"Name": "no-such-filter", "Values": ["x"]}]
    for name, call in [
        ("DescribeVpcs", ec2.describe_vpcs),
        ("DescribeSubnets", ec2.describe_subnets),
        ("DescribeSecurityGroups", ec2.describe_security_groups),
        ("DescribeSecurityGroupRules", ec2.describe_security_group_rules),
        ("DescribeAvailabilityZones", ec2.describe_availability_zones),
        ("DescribeNetworkInterfaces", ec2.describe_network_interfaces),
    ]:
        c.refused(f"{name} with an unknown filter", "InvalidParameterValue", 400,
                  lambda call=call: call(Filters=bad), "no-such-filter")
        c.refused(f"{name} as a dry run", "DryRunOperation", 412, lambda call=call: call(DryRun=True))
    none = "0" * 17
    for code, call in [
        ("InvalidVpcID.NotFound", lambda: ec2.describe_vpcs(VpcIds=["vpc-" + none])),
        ("InvalidSubnetID.NotFound", lambda: ec2.describe_subnets(SubnetIds=["subnet-" + none])),
        ("InvalidGroup.NotFound", lambda: ec2.describe_security_groups(GroupIds=["sg-" + none])),
        ("InvalidSecurityGroupRuleId.NotFound",
         lambda: ec2.describe_security_group_rules(SecurityGroupRuleIds=["sgr-" + none])),
        ("InvalidNetworkInterfaceID.NotFound",
         lambda: ec2.describe_network_interfaces(NetworkInterfaceIds=["eni-" + none])),
    ]:
        c.refused("an id that does not exist", code, 400, call, "does not exist")


def permission(port, cidr, description=None):
    source = {"CidrIp": cidr}
    if description:
        source["Description"] = description
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [source]}


def rules_of(ec2, group, egress=False):
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    return [r for r in found["SecurityGroupRules"] if r["IsEgress"] == egress]


def check_ec2_authorize(c, ec2, group):
    tagging = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "owner", "Value": RUN}]}]
    made = ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[permission(5432, "100.68.0.18/18", "GITPOD")], TagSpecifications=tagging
    )
    rule = made["SecurityGroupRules"][0]
    c.check(
        "authorize answers with id, canonical CIDR, description and tags",
        made["Return"] and rule["SecurityGroupRuleId"].startswith("sgr-") and rule["CidrIpv4"] == "100.68.0.0/18"
        and rule["Description"] == "GITPOD" and tags_of(rule["Tags"]) == {"owner": RUN} and not rule["IsEgress"],
        made,
    )
    by_tag = ec2.describe_security_group_rules(Filters=[{"Name": "tag:owner", "Values": [RUN]}])["SecurityGroupRules"]
    c.same("the rule is found by its tag", [r["SecurityGroupRuleId"] for r in by_tag], [rule["SecurityGroupRuleId"]])

    def authorize(**arguments):
        return lambda: ec2.authorize_security_group_ingress(**{"GroupId": group, **arguments})

    c.refused("another description is no other rule", "InvalidPermission.Duplicate", 400,
              authorize(IpPermissions=[permission(5432, "100.68.0.0/18", "other")]),
              'the specified rule "peer: 100.68.0.0/18, TCP, from port: 5432, to port: 5432, ALLOW" already exists')
    c.refused("the flat form is the same rule", "InvalidPermission.Duplicate", 400,
              authorize(IpProtocol="tcp", FromPort=5432, ToPort=5432, CidrIp="100.68.0.0/18"))
    before = len(rules_of(ec2, group))
    c.refused("one duplicate among several", "InvalidPermission.Duplicate", 400,
              authorize(IpPermissions=[permission(5433, "10.0.0.0/8"), permission(5432, "100.68.0.0/18")]))
    c.same("all or nothing", len(rules_of(ec2, group)), before)
    for cidr in ["300.0.0.1/32", "10.0.0.0/33", "/32", "<html>/32", "2001:db8::/32"]:
        c.refused(f"CIDR {cidr}", "InvalidParameterValue", 400, authorize(IpPermissions=[permission(1, cidr)]))
    c.refused("unknown group", "InvalidGroup.NotFound", 400,
              authorize(GroupId="sg-" + "0" * 17, IpPermissions=[permission(1, "10.0.0.0/8")]))
    c.refused("dry run", "DryRunOperation", 412,
              authorize(IpPermissions=[permission(1, "10.0.0.0/8")], DryRun=True))
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "Ipv6Ranges": [{"CidrIpv6": "2001:db8::1/64"}],
         "UserIdGroupPairs": [{"GroupId": group}]}])["SecurityGroupRules"]
    c.check(
        "IPv6 and group sources",
        {r.get("CidrIpv6") or r["ReferencedGroupInfo"]["GroupId"] for r in made} == {"2001:db8::/64", group},
        made,
    )
    made = ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission(5432, "10.0.0.0/8")])
    c.check("egress", made["SecurityGroupRules"][0]["IsEgress"], made)
    have = len([r for r in rules_of(ec2, group) if "CidrIpv6" not in r])
    ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[permission(10000 + n, "10.0.0.0/8") for n in range(60 - have)])
    c.refused("the sixty-first rule", "RulesPerSecurityGroupLimitExceeded", 400,
              authorize(IpPermissions=[permission(9999, "10.0.0.0/8")]))
    found, count = pages(ec2, "describe_security_group_rules", "SecurityGroupRules",
                         Filters=[{"Name": "group-id", "Values": [group]}], PaginationConfig={"PageSize": 25})
    c.check("rules come in pages", count >= 3 and len({r["SecurityGroupRuleId"] for r in found}) == len(found) >= 61,
            (count, len(found)))


def check_ec2_modify(c, ec2, group):
    rule = next(r for r in rules_of(ec2, group) if r["FromPort"] == 5432)
    other = next(r for r in rules_of(ec2, group) if r["FromPort"] == 10000)
    rule_id = rule["SecurityGroupRuleId"]
    good = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIpv4": "203.0.113.7/32", "Description": "new"}

    def modify(changes, rule_id=rule_id, group=group, **more):
        new = {k: v for k, v in {**good, **changes}.items() if v is not None}
        return lambda: ec2.modify_security_group_rules(
            GroupId=group, SecurityGroupRules=[{"SecurityGroupRuleId": rule_id, "SecurityGroupRule": new}], **more)

    c.check("modify", modify({})()["Return"])
    now = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule_id])["SecurityGroupRules"][0]
    c.check(
        "the whole rule is replaced, id and tags stay",
        now["CidrIpv4"] == "203.0.113.7/32" and now["Description"] == "new" and tags_of(now["Tags"]) == {"owner": RUN},
        now,
    )
    kind = "for an existing IPv4 CIDR rule"
    for what, code, call, words in [
        ("unknown group", "InvalidGroup.NotFound", modify({}, group="sg-" + "0" * 17), "does not exist"),
        ("unknown rule", "InvalidSecurityGroupRuleId.NotFound", modify({}, rule_id="sgr-" + "0" * 17), "does not exist"),
        ("no protocol", "InvalidParameterValue", modify({"IpProtocol": None}), "Invalid value 'null' for protocol"),
        ("no ports", "InvalidParameterValue", modify({"FromPort": None, "ToPort": None}), "Must specify both from and to"),
        ("no source", "MissingParameter", modify({"CidrIpv4": None}), "exactly one of"),
        ("two sources", "InvalidParameterCombination", modify({"CidrIpv6": "::/0"}), "Only one of"),
        ("IPv4 to IPv6", "InvalidParameterValue", modify({"CidrIpv4": None, "CidrIpv6": "::/0"}), kind),
        ("CIDR to group", "InvalidParameterValue", modify({"CidrIpv4": None, "ReferencedGroupId": group}), kind),
        ("bad CIDR", "InvalidParameterValue", modify({"CidrIpv4": "x/32"}), "malformed"),
        ("onto another rule", "InvalidPermission.Duplicate",
         modify({"FromPort": other["FromPort"], "ToPort": other["ToPort"], "CidrIpv4": other["CidrIpv4"]}), "already exists"),
    ]:
        c.refused(f"modify: {what}", code, 400, call, words)
    c.refused("modify: dry run", "DryRunOperation", 412, modify({}, DryRun=True))


def check_ec2_revoke(c, ec2, group):
    c.refused("revoke of an unknown id", "InvalidSecurityGroupRuleId.NotFound", 400,
              lambda: ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=["sgr-" + "0" * 17]))
    answer = ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission(4, "10.9.0.0/16")])
    c.check(
        "revoke by properties that match nothing succeeds in silence",
        answer["Return"] and answer["UnknownIpPermissions"][0]["IpRanges"][0]["CidrIp"] == "10.9.0.0/16"
        and not answer.get("RevokedSecurityGroupRules"),
        answer,
    )
    rule = next(r for r in rules_of(ec2, group) if r["FromPort"] == 10001)
    answer = ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission(10001, rule["CidrIpv4"])])
    c.same("revoke by properties that match", [r["SecurityGroupRuleId"] for r in answer["RevokedSecurityGroupRules"]],
           [rule["SecurityGroupRuleId"]])
    ids = [r["SecurityGroupRuleId"] for r in rules_of(ec2, group)]
    c.refused("revoke: dry run", "DryRunOperation", 412,
              lambda: ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=ids, DryRun=True))
    ec2.create_tags(Resources=[ids[0], group], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    ec2.delete_tags(Resources=[ids[0]], Tags=[{"Key": "a"}])
    now = ec2.describe_security_group_rules(SecurityGroupRuleIds=[ids[0]])["SecurityGroupRules"][0]
    c.check("tags are added and removed", "a" not in tags_of(now["Tags"]) and tags_of(now["Tags"])["b"] == "2", now)
    c.refused("tags on what does not exist", "InvalidSecurityGroupRuleId.NotFound", 400,
              lambda: ec2.create_tags(Resources=["sgr-" + "0" * 17], Tags=[{"Key": "a", "Value": "1"}]))
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=ids)
    c.same("revoke by id", rules_of(ec2, group), [])


def check_ec2_groups(c, ec2, own, default, vpc):
    c.refused("the same name again", "InvalidGroup.Duplicate", 400,
              lambda: ec2.create_security_group(GroupName=f"checks-{RUN}", Description="d", VpcId=vpc))
    c.refused("the default group cannot be deleted", "CannotDelete", 400,
              lambda: ec2.delete_security_group(GroupId=default))
    naming = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": own}]}]
    rule = ec2.authorize_security_group_ingress(GroupId=default, IpPermissions=naming)["SecurityGroupRules"][0]
    c.refused("a group that another one's rule names", "DependencyViolation", 400,
              lambda: ec2.delete_security_group(GroupId=own))
    ec2.revoke_security_group_ingress(GroupId=default, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
    c.refused("delete: dry run", "DryRunOperation", 412, lambda: ec2.delete_security_group(GroupId=own, DryRun=True))
    c.check("a free group is deleted", ec2.delete_security_group(GroupId=own)["Return"])
    c.refused("deleted", "InvalidGroup.NotFound", 400, lambda: ec2.describe_security_groups(GroupIds=[own]))


# ---------------------------------------------------------------- IAM

LAMBDA_TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
VPC_ACCESS = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


def document(action):
    return json.dumps({"Version": "2012-10-17",
                       "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})


def check_iam(c):
    iam = c.client("iam")
    name = f"checks-{RUN}"
    tags = [{"Key": "run", "Value": RUN}]
    policy = iam.create_policy(PolicyName=name, Path="/checks/", PolicyDocument=document("ec2:Describe*"),
                               Description="d", Tags=tags)["Policy"]
    arn = policy["Arn"]
    c.same("policy ARN", arn, f"arn:aws:iam::{ACCOUNT}:policy/checks/{name}")
    c.check("first version is v1", policy["DefaultVersionId"] == "v1" and policy["AttachmentCount"] == 0, policy)
    got = iam.get_policy(PolicyArn=arn)["Policy"]
    c.check("GetPolicy has tags and description", tags_of(got["Tags"]) == {"run": RUN} and got["Description"] == "d", got)
    version = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    c.same("the document comes back", version["Document"], json.loads(document("ec2:Describe*")))
    body = urllib.parse.urlencode({"Action": "GetPolicyVersion", "Version": "2010-05-08", "PolicyArn": arn, "VersionId": "v1"})
    status, _, text = c.raw("iam", body)
    c.check("URL-encoded on the wire", status == 200 and "<Document>%7B" in text, text)
    c.refused("the same name again, in other case", "EntityAlreadyExists", 409,
              lambda: iam.create_policy(PolicyName=name.upper(), PolicyDocument=document("s3:*")))
    for what, text in [("no JSON", "nonsense"), ("no effect", json.dumps({"Version": "2012-10-17", "Statement": [{"Action": "a:b", "Resource": "*"}]})),
                       ("no such version", document("a:b").replace("2012-10-17", "2020-01-01"))]:
        c.refused(f"a policy with {what}", "MalformedPolicyDocument", 400,
                  lambda text=text: iam.create_policy(PolicyName=f"bad-{RUN}", PolicyDocument=text))
    for n in range(2, 6):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(f"ec2:D{n}*"), SetAsDefault=n == 3)
    c.refused("the sixth version", "LimitExceeded", 409,
              lambda: iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("a:b")))
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    c.same("the default version", [v["VersionId"] for v in versions if v["IsDefaultVersion"]], ["v3"])
    c.refused("the default version cannot go", "DeleteConflict", 409,
              lambda: iam.delete_policy_version(PolicyArn=arn, VersionId="v3"))
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v5")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v3")
    c.same("another default", iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"], "v5")
    check_iam_role(c, iam, name, arn)
    local, count = pages(iam, "list_policies", "Policies", Scope="Local", PaginationConfig={"PageSize": 1})
    c.check("own policies in pages", arn in [p["Arn"] for p in local] and count >= len(local), (count, local))
    managed, _ = pages(iam, "list_policies", "Policies", Scope="AWS")
    c.check("AWS-managed policies exist", VPC_ACCESS in [p["Arn"] for p in managed], [p["Arn"] for p in managed][:9])
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)
    c.refused("a deleted policy", "NoSuchEntity", 404, lambda: iam.get_policy(PolicyArn=arn))


def check_iam_role(c, iam, name, arn):
    role = iam.create_role(RoleName=name, Path="/checks/", AssumeRolePolicyDocument=LAMBDA_TRUST,
                           Tags=[{"Key": "run", "Value": RUN}])["Role"]
    c.check("role", role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/checks/{name}" and role["RoleId"].startswith("AROA"), role)
    got = iam.get_role(RoleName=name)["Role"]
    c.check("GetRole has trust and tags",
            got["AssumeRolePolicyDocument"] == json.loads(LAMBDA_TRUST) and tags_of(got["Tags"]) == {"run": RUN}, got)
    c.refused("the same role again", "EntityAlreadyExists", 409,
              lambda: iam.create_role(RoleName=name, AssumeRolePolicyDocument=LAMBDA_TRUST))
    c.refused("a role that does not exist", "NoSuchEntity", 404, lambda: iam.get_role(RoleName=f"none-{RUN}"))
    c.refused("a trust policy that is none", "MalformedPolicyDocument", 400,
              lambda: iam.update_assume_role_policy(RoleName=name, PolicyDocument="{}"))
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    iam.attach_role_policy(RoleName=name, PolicyArn=VPC_ACCESS)
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    c.same("attaching twice is one attachment", sorted(p["PolicyArn"] for p in attached), sorted([arn, VPC_ACCESS]))
    c.same("AttachmentCount", iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"], 1)
    entities = iam.list_entities_for_policy(PolicyArn=arn)
    c.same("entities of the policy", [r["RoleName"] for r in entities["PolicyRoles"]], [name])
    c.refused("an attached policy cannot go", "DeleteConflict", 409, lambda: iam.delete_policy(PolicyArn=arn))
    c.refused("a role with policies cannot go", "DeleteConflict", 409, lambda: iam.delete_role(RoleName=name))
    c.refused("attaching what does not exist", "NoSuchEntity", 404,
              lambda: iam.attach_role_policy(RoleName=name, PolicyArn=arn + "x"))
    c.same("inline policies", iam.list_role_policies(RoleName=name)["PolicyNames"], [])
    c.same("instance profiles", iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"], [])
    profile = f"{name}-profile"
    made = iam.create_instance_profile(InstanceProfileName=profile)["InstanceProfile"]
    c.same("an instance profile is made", (made["Arn"].split(":", 5)[5], made["Roles"]), (f"instance-profile/{profile}", []))
    iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=name)
    c.refused("a profile holds one role", "LimitExceeded", 409,
              lambda: iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=name))
    found = iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]
    c.same("the role is in it", [(p["InstanceProfileName"], p["Roles"][0]["RoleName"]) for p in found], [(profile, name)])
    c.refused("a profile with a role stays", "DeleteConflict", 409,
              lambda: iam.delete_instance_profile(InstanceProfileName=profile))
    iam.remove_role_from_instance_profile(InstanceProfileName=profile, RoleName=name)
    iam.delete_instance_profile(InstanceProfileName=profile)
    c.refused("a profile that is gone", "NoSuchEntity", 404,
              lambda: iam.get_instance_profile(InstanceProfileName=profile))
    iam.tag_role(RoleName=name, Tags=[{"Key": "more", "Value": "1"}])
    c.same("tags both ways", tags_of(iam.get_role(RoleName=name)["Role"]["Tags"]), {"run": RUN, "more": "1"})
    for policy in [arn, VPC_ACCESS]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy)
    c.refused("detaching twice", "NoSuchEntity", 404, lambda: iam.detach_role_policy(RoleName=name, PolicyArn=arn))
    iam.delete_role(RoleName=name)
    c.refused("a deleted role", "NoSuchEntity", 404, lambda: iam.delete_role(RoleName=name))


# ---------------------------------------------------------------- RDS


def check_rds(c):
    rds = c.client("rds")
    name = f"checks-{RUN}"
    good = dict(
        DBInstanceIdentifier=name, DBInstanceClass="db.t3.micro", Engine="postgres", EngineVersion="17",
        MasterUsername="cruddurroot", MasterUserPassword="a-long-Password-1", AllocatedStorage=20, StorageType="gp3",
        DBName="cruddur", BackupRetentionPeriod=0, PubliclyAccessible=True, StorageEncrypted=True,
        AvailabilityZone=c.region + "a", EnablePerformanceInsights=True, PerformanceInsightsRetentionPeriod=7,
        DeletionProtection=True, Tags=[{"Key": "run", "Value": RUN}],
    )
    check_rds_offers(c, rds)
    for what, code, changes in [
        ("bad class", "InvalidParameterValue", {"DBInstanceClass": "db.t3.enormous"}),
        ("reserved user name", "InvalidParameterValue", {"MasterUsername": "admin"}),
        ("short password", "InvalidParameterValue", {"MasterUserPassword": "short"}),
        ("forbidden password", "InvalidParameterValue", {"MasterUserPassword": "with/slash@and\"quote"}),
        ("storage below 20", "InvalidParameterValue", {"AllocatedStorage": 10}),
        ("PI retention", "InvalidParameterValue", {"PerformanceInsightsRetentionPeriod": 8}),
        ("unknown engine version", "InvalidParameterCombination", {"EngineVersion": "14.6"}),
        ("gp3 IOPS below 400 GiB", "InvalidParameterCombination", {"Iops": 3000}),
    ]:
        c.refused(f"create: {what}", code, 400, lambda changes=changes: rds.create_db_instance(**{**good, **changes}))

    def look():
        return rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    c.refused("an instance that does not exist", "DBInstanceNotFound|DBInstanceNotFoundFault", 404, look)
    made = rds.create_db_instance(**good)["DBInstance"]
    c.check("create answers creating, without an endpoint",
            made["DBInstanceStatus"] == "creating" and "Endpoint" not in made, made)
    c.refused("create again", "DBInstanceAlreadyExists", 400, lambda: rds.create_db_instance(**good))
    c.refused("stop while creating", "InvalidDBInstanceState", 400,
              lambda: rds.stop_db_instance(DBInstanceIdentifier=name))
    # TLS, SCRAM and the database are behind the endpoint; that is for the tests of Postgres
    now = c.until("available in the end", look, lambda i: i["DBInstanceStatus"] == "available")
    c.check("endpoint", now["Endpoint"]["Address"] and now["Endpoint"]["Port"] == 5432, now.get("Endpoint"))
    c.same("tags", tags_of(now["TagList"]), {"run": RUN})
    c.check("Performance Insights", now["PerformanceInsightsEnabled"] and now["PerformanceInsightsRetentionPeriod"] == 7, now)
    c.check("a full version", now["EngineVersion"].startswith("17."), now["EngineVersion"])
    c.check("security groups with status", [g["Status"] for g in now["VpcSecurityGroups"]] == ["active"], now)
    group = now["DBSubnetGroup"]
    c.check("subnet group with VPC and zones", group["VpcId"] and len(group["Subnets"]) >= 2
            and all(s["SubnetAvailabilityZone"]["Name"] for s in group["Subnets"]), group)
    c.check("certificate authority", now["CACertificateIdentifier"].startswith("rds-ca-"), now)
    c.check("no restart time while running", "AutomaticRestartTime" not in now, now)
    c.check("encryption", now["StorageEncrypted"] and now["KmsKeyId"], now)
    check_rds_tags(c, rds, now["DBInstanceArn"])
    check_rds_modify(c, rds, name, look)
    check_rds_power(c, rds, name, look)
    check_rds_delete(c, rds, name, look)


def check_rds_offers(c, rds):
    def versions(**arguments):
        return rds.describe_db_engine_versions(Engine="postgres", **arguments)["DBEngineVersions"]

    c.same("14.6 is gone", versions(EngineVersion="14.6"), [])
    found = versions(EngineVersion="17")
    c.check("17 has versions", found and all(v["EngineVersion"].startswith("17.") for v in found), found)
    everything, count = pages(rds, "describe_db_engine_versions", "DBEngineVersions", Engine="postgres",
                              PaginationConfig={"PageSize": 20})
    c.check("versions in pages", len(everything) > 0 and (count > 1 or len(everything) <= 20), (count, len(everything)))
    newest = found[-1]["EngineVersion"]
    options = rds.describe_orderable_db_instance_options(
        Engine="postgres", EngineVersion=newest, DBInstanceClass="db.t3.micro", Vpc=True)["OrderableDBInstanceOptions"]
    gp3 = [o for o in options if o["StorageType"] == "gp3"]
    c.check("db.t3.micro can be ordered with gp3 in the zones",
            gp3 and c.region + "a" in [z["Name"] for z in gp3[0]["AvailabilityZones"]]
            and gp3[0]["SupportsStorageEncryption"], options)
    none = rds.describe_orderable_db_instance_options(Engine="postgres", EngineVersion=newest, DBInstanceClass="db.t3.enormous")
    c.same("an unknown class has no offers", none["OrderableDBInstanceOptions"], [])


def check_rds_tags(c, rds, arn):
    rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "more", "Value": "1"}, {"Key": "gone", "Value": "2"}])
    rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["gone"])
    found = rds.list_tags_for_resource(ResourceName=arn)["TagList"]
    c.same("tags both ways", tags_of(found), {"run": RUN, "more": "1"})


def check_rds_modify(c, rds, name, look):
    def modify(**arguments):
        return rds.modify_db_instance(DBInstanceIdentifier=name, **arguments)["DBInstance"]

    answer = modify(DBInstanceClass="db.t3.small")
    c.same("without ApplyImmediately it is pending", answer["PendingModifiedValues"].get("DBInstanceClass"), "db.t3.small")
    c.same("and nothing else changes", look()["DBInstanceClass"], "db.t3.micro")
    refused = "InvalidParameterCombination|InvalidParameterValue|InvalidDBInstanceState"
    c.refused("storage does not shrink", refused, 400,
              lambda: modify(AllocatedStorage=19, ApplyImmediately=True))
    answer = modify(BackupRetentionPeriod=1, ApplyImmediately=True)
    c.same("the status is available for a moment", answer["DBInstanceStatus"], "available")
    c.until("then modifying", look, lambda i: i["DBInstanceStatus"] == "modifying")
    now = c.until("and available again, with everything that was pending", look,
                  lambda i: i["DBInstanceStatus"] in ("available", "storage-optimization")
                  and i["DBInstanceClass"] == "db.t3.small" and i["BackupRetentionPeriod"] == 1
                  and not i["PendingModifiedValues"])
    c.check("protection stays", now["DeletionProtection"], now)
    modify(AllocatedStorage=30, ApplyImmediately=True)
    c.until("storage grows", look, lambda i: i["AllocatedStorage"] == 30)
    c.refused("no storage change while it is optimised", refused, 400,
              lambda: modify(AllocatedStorage=40, ApplyImmediately=True))
    c.until("available after growing", look, lambda i: i["DBInstanceStatus"] == "available")


def check_rds_power(c, rds, name, look):
    rds.modify_db_instance(DBInstanceIdentifier=name, DBInstanceClass="db.t3.micro")
    c.refused("start what runs", "InvalidDBInstanceState", 400, lambda: rds.start_db_instance(DBInstanceIdentifier=name))
    rds.reboot_db_instance(DBInstanceIdentifier=name)
    c.same("rebooting", look()["DBInstanceStatus"], "rebooting")
    c.until("available after a reboot", look, lambda i: i["DBInstanceStatus"] == "available")
    answer = rds.stop_db_instance(DBInstanceIdentifier=name)["DBInstance"]
    c.same("stopping", answer["DBInstanceStatus"], "stopping")
    now = c.until("stopped", look, lambda i: i["DBInstanceStatus"] == "stopped")
    ahead = now["AutomaticRestartTime"] - datetime.datetime.now(datetime.timezone.utc)
    c.check("AWS starts it after seven days, or their scaled length", datetime.timedelta(0) < ahead <= datetime.timedelta(days=7, minutes=5), ahead)
    c.same("a stop drops what was pending", now["PendingModifiedValues"], {})
    c.refused("stop what is stopped", "InvalidDBInstanceState", 400, lambda: rds.stop_db_instance(DBInstanceIdentifier=name))
    c.refused("a stopped instance cannot be modified", "InvalidDBInstanceState", 400,
              lambda: rds.modify_db_instance(DBInstanceIdentifier=name, BackupRetentionPeriod=2, ApplyImmediately=True))
    rds.start_db_instance(DBInstanceIdentifier=name)
    c.same("starting", look()["DBInstanceStatus"], "starting")
    now = c.until("available after a start", look, lambda i: i["DBInstanceStatus"] == "available")
    c.check("no restart time any more", "AutomaticRestartTime" not in now, now)


def check_rds_delete(c, rds, name, look):
    def delete(**arguments):
        return lambda: rds.delete_db_instance(DBInstanceIdentifier=name, **arguments)

    snapshot = f"{name}-final"
    c.refused("a protected instance", "InvalidParameterCombination", 400, delete(SkipFinalSnapshot=True))
    rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False)
    c.until("protection is off", look, lambda i: not i["DeletionProtection"] and i["DBInstanceStatus"] == "available")
    c.refused("neither skip nor snapshot", "InvalidParameterCombination", 400, delete())
    c.refused("both skip and snapshot", "InvalidParameterCombination", 400,
              delete(SkipFinalSnapshot=True, FinalDBSnapshotIdentifier=snapshot))
    answer = delete(FinalDBSnapshotIdentifier=snapshot)()["DBInstance"]
    c.same("deleting", answer["DBInstanceStatus"], "deleting")
    c.refused("delete again", "InvalidDBInstanceState", 400, delete(SkipFinalSnapshot=True))

    def gone():
        return rds.describe_db_instances(Filters=[{"Name": "db-instance-id", "Values": [name]}])["DBInstances"]

    c.until("gone", gone, lambda found: not found)
    c.refused("gone", "DBInstanceNotFound|DBInstanceNotFoundFault", 404, look)
    found = rds.describe_db_snapshots(DBSnapshotIdentifier=snapshot)["DBSnapshots"]
    listed = rds.describe_db_snapshots(DBInstanceIdentifier=name)["DBSnapshots"]
    c.check("it is listed by its instance, which is gone", snapshot in [s["DBSnapshotIdentifier"] for s in listed], listed)
    kept = rds.describe_db_instance_automated_backups(DBInstanceIdentifier=name)["DBInstanceAutomatedBackups"]
    c.same("automated backups go with the instance", kept, [])
    quotas = {q["AccountQuotaName"]: q for q in rds.describe_account_attributes()["AccountQuotas"]}
    quota = quotas["ManualSnapshots"]
    c.check("the quota of snapshots counts it", 1 <= quota["Used"] <= quota["Max"] == 100, quota)
    c.check("the snapshot exists", len(found) == 1 and found[0]["DBInstanceIdentifier"] == name, found)


# ---------------------------------------------------------------- Lambda

HANDLER = """
import os
def handler(event, context):
    print("called with", sorted(event))
    if event.get("fail") or event.get("userName", "").startswith("fail"):
        raise ValueError("as asked")
    if "triggerSource" in event:
        return event
    return {"got": event, "env": os.environ.get("GREETING")}
"""


def zipped(source=HANDLER, name="app.py"):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.external_attr = 0o644 << 16
        archive.writestr(info, source)
    return held.getvalue()


def sha(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def lambda_role(c, iam, name):
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]
    iam.attach_role_policy(RoleName=name, PolicyArn=VPC_ACCESS)
    return role["Arn"]


PROPAGATION = ("The role defined for the function cannot be assumed by Lambda",
               "The provided execution role does not have permissions")


def create_when_propagated(c, client, **arguments):
    """Creates a function; a fresh role may be refused for a while, in exactly Lambda's words."""
    end, refusals = time.monotonic() + c.patience, []
    while True:
        try:
            made = client.create_function(**arguments)
            break
        except ClientError as error:
            refusals.append((error.response["Error"]["Code"], error.response["Error"]["Message"]))
            if refusals[-1][0] != "InvalidParameterValueException" or time.monotonic() > end:
                raise
            time.sleep(0.2)
    c.check("a fresh role is refused only in the words of propagation",
            all(any(p in message for p in PROPAGATION) for _, message in refusals), refusals[-1:])
    return made


def active(client, name):
    return lambda: client.get_function(FunctionName=name)["Configuration"]


def ready(config):
    return config["State"] == "Active" and config.get("LastUpdateStatus") == "Successful"


def check_lambda(c):
    client, iam, ec2 = c.client("lambda"), c.client("iam"), c.client("ec2")
    name, code = f"checks-{RUN}", zipped()
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    subnets = [s["SubnetId"] for s in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]][:2]
    own_group = ec2.create_security_group(GroupName=f"lambda-{RUN}", Description="d", VpcId=vpc)["GroupId"]
    good = dict(
        FunctionName=name, Runtime="python3.13", Handler="app.handler", Code={"ZipFile": code},
        Role=f"arn:aws:iam::{ACCOUNT}:role/none-{RUN}", Timeout=5, MemorySize=256, Tags={"run": RUN},
        Environment={"Variables": {"GREETING": "hello"}}, VpcConfig={"SubnetIds": subnets, "SecurityGroupIds": [own_group]},
    )
    not_found = "ResourceNotFoundException"
    c.refused("a function that does not exist", not_found, 404, active(client, name))
    invalid = "InvalidParameterValueException"
    c.refused("a role that does not exist", invalid, 400, lambda: client.create_function(**good),
              "cannot be assumed by Lambda")
    good["Role"] = lambda_role(c, iam, name)
    for what, changes in [
        ("unknown subnet", {"VpcConfig": {"SubnetIds": ["subnet-" + "0" * 17], "SecurityGroupIds": [own_group]}}),
        ("unknown group", {"VpcConfig": {"SubnetIds": subnets, "SecurityGroupIds": ["sg-" + "0" * 17]}}),
        ("unknown layer", {"Layers": [f"arn:aws:lambda:{c.region}:{ACCOUNT}:layer:none-{RUN}:1"]}),
        ("no zip", {"Code": {"ZipFile": b"not a zip"}}),
        ("unknown runtime", {"Runtime": "python2.6"}),
        ("blocked runtime", {"Runtime": "python3.7"}),
    ]:
        c.refused(f"create: {what}", f"{invalid}|ResourceNotFoundException|ValidationException|AccessDeniedException",
                  400, lambda changes=changes: client.create_function(**{**good, **changes}))
    layer = check_layers(c, client)
    good["Layers"] = [layer]
    made = create_when_propagated(c, client, **good)
    c.check("create answers Pending", made["State"] == "Pending" and made["StateReasonCode"] == "Creating", made)
    c.same("CodeSha256", made["CodeSha256"], sha(code))
    c.same("the VPC is told", made["VpcConfig"]["VpcId"], vpc)
    c.check("revision", made["RevisionId"], made)
    conflict = "ResourceConflictException"
    c.refused("invoke while pending", conflict, 409, lambda: client.invoke(FunctionName=name, Payload=b"{}"))
    c.refused("create again", conflict, 409, lambda: client.create_function(**good))
    now = c.until("active in the end", active(client, name), ready)
    c.check("settings", now["Timeout"] == 5 and now["MemorySize"] == 256 and now["Handler"] == "app.handler"
            and now["Environment"]["Variables"] == {"GREETING": "hello"} and [l["Arn"] for l in now["Layers"]] == [layer], now)
    got = client.get_function(FunctionName=name)
    c.check("GetFunction has tags and a place of the code", got["Tags"] == {"run": RUN} and got["Code"]["Location"], got)
    check_lambda_updates(c, client, name)
    check_lambda_permissions(c, client, name)
    check_lambda_sources(c, client, iam, name)
    check_lambda_invoke(c, client, name)
    listed, count = pages(client, "list_functions", "Functions", PaginationConfig={"PageSize": 1})
    c.check("functions in pages", name in [f["FunctionName"] for f in listed] and count >= len(listed), (count, listed))
    arn = now["FunctionArn"]
    client.tag_resource(Resource=arn, Tags={"more": "1", "gone": "2"})
    client.untag_resource(Resource=arn, TagKeys=["gone"])
    c.same("tags both ways", client.list_tags(Resource=arn)["Tags"], {"run": RUN, "more": "1"})
    client.delete_function(FunctionName=name)
    c.refused("a deleted function", not_found, 404, active(client, name))
    left = ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [own_group]}])["NetworkInterfaces"]
    c.check("its interfaces linger", left and all(i["InterfaceType"] == "lambda" and f"AWS Lambda VPC ENI-{name}" in i["Description"] for i in left), left)
    if left:
        c.refused("and hold their group", "DependencyViolation", 400, lambda: ec2.delete_security_group(GroupId=own_group))
    iam.detach_role_policy(RoleName=name, PolicyArn=VPC_ACCESS)
    iam.delete_role(RoleName=name)


def check_layers(c, client):
    name, content = f"checks-{RUN}", zipped("ANSWER = 42\n", "python/checks_layer.py")
    first = client.publish_layer_version(LayerName=name, Content={"ZipFile": content}, CompatibleRuntimes=["python3.13"],
                                         CompatibleArchitectures=["x86_64"], Description="d")
    again = client.publish_layer_version(LayerName=name, Content={"ZipFile": content}, CompatibleRuntimes=["python3.13"])
    c.same("publishing is not idempotent", (first["Version"], again["Version"]), (1, 2))
    c.same("the layer's digest", first["Content"]["CodeSha256"], sha(content))
    c.same("by ARN", client.get_layer_version_by_arn(Arn=first["LayerVersionArn"])["CompatibleRuntimes"], ["python3.13"])
    c.same("by name", client.get_layer_version(LayerName=name, VersionNumber=1)["LayerVersionArn"], first["LayerVersionArn"])
    versions = client.list_layer_versions(LayerName=name)["LayerVersions"]
    c.same("newest first", [v["Version"] for v in versions], [2, 1])
    client.delete_layer_version(LayerName=name, VersionNumber=2)
    c.refused("a deleted version", "ResourceNotFoundException", 404, lambda: client.get_layer_version(LayerName=name, VersionNumber=2))
    layers, _ = pages(client, "list_layers", "Layers")
    c.check("in the list of layers", name in [l["LayerName"] for l in layers], layers)
    return first["LayerVersionArn"]


def check_lambda_updates(c, client, name):
    conflict = "ResourceConflictException"
    new = zipped(HANDLER + "\n# second\n")
    before = client.get_function(FunctionName=name)["Configuration"]
    dry = client.update_function_code(FunctionName=name, ZipFile=new, DryRun=True)
    c.same("a dry run leaves the code alone", client.get_function(FunctionName=name)["Configuration"]["CodeSha256"], before["CodeSha256"])
    c.check("a dry run answers with what would be", dry.get("CodeSha256") in (sha(new), before["CodeSha256"]), dry)
    c.refused("another revision", "PreconditionFailedException", 412,
              lambda: client.update_function_configuration(FunctionName=name, Timeout=6, RevisionId=str(uuid.uuid4())))
    answer = client.update_function_configuration(FunctionName=name, Timeout=6)
    c.same("an update is in progress", answer["LastUpdateStatus"], "InProgress")
    c.refused("another update meanwhile", conflict, 409, lambda: client.update_function_code(FunctionName=name, ZipFile=new))
    now = c.until("successful in the end", active(client, name), ready)
    c.check("what is omitted stays", now["Timeout"] == 6 and now["Environment"]["Variables"] == {"GREETING": "hello"}
            and now["MemorySize"] == 256, now)
    c.check("another revision afterwards", now["RevisionId"] != before["RevisionId"], now)
    client.update_function_code(FunctionName=name, ZipFile=new)
    now = c.until("code in the end", active(client, name), ready)
    c.same("new CodeSha256", now["CodeSha256"], sha(new))
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"OTHER": "x"}})
    now = c.until("environment in the end", active(client, name), ready)
    c.same("variables are replaced as a whole", now["Environment"]["Variables"], {"OTHER": "x"})
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"GREETING": "hello"}}, Layers=[])
    now = c.until("layers in the end", active(client, name), ready)
    c.check("an empty list detaches the layers", not now.get("Layers"), now)


def check_lambda_permissions(c, client, name):
    missing = "ResourceNotFoundException"
    c.refused("no policy yet", missing, 404, lambda: client.get_policy(FunctionName=name))
    grant = dict(FunctionName=name, StatementId="cognito", Action="lambda:InvokeFunction",
                 Principal="cognito-idp.amazonaws.com", SourceAccount=ACCOUNT,
                 SourceArn=f"arn:aws:cognito-idp:{c.region}:{ACCOUNT}:userpool/{c.region}_abc")
    statement = json.loads(client.add_permission(**grant)["Statement"])
    c.check("statement", statement["Sid"] == "cognito" and statement["Principal"] == {"Service": "cognito-idp.amazonaws.com"}, statement)
    c.refused("the same statement id", "ResourceConflictException", 409, lambda: client.add_permission(**grant),
              "already exists")
    policy = json.loads(client.get_policy(FunctionName=name)["Policy"])
    c.check("GetPolicy is plain JSON", policy["Statement"][0]["Condition"]["ArnLike"]["AWS:SourceArn"] == grant["SourceArn"], policy)
    c.refused("removing what is not there", missing, 404,
              lambda: client.remove_permission(FunctionName=name, StatementId="other"))
    client.remove_permission(FunctionName=name, StatementId="cognito")
    c.refused("no policy any more", missing, 404, lambda: client.get_policy(FunctionName=name))


def check_lambda_sources(c, client, iam, name):
    queue = f"arn:aws:sqs:{c.region}:{ACCOUNT}:queue-{RUN}"
    c.same("no aliases", client.list_aliases(FunctionName=name)["Aliases"], [])
    c.refused("aliases of no function", "ResourceNotFoundException", 404,
              lambda: client.list_aliases(FunctionName=f"none-{RUN}"))
    c.same("nothing calls it", client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"], [])
    make = lambda: client.create_event_source_mapping(EventSourceArn=queue, FunctionName=name)
    c.refused("a queue that the role may not read", "InvalidParameterValueException", 400, make, "ReceiveMessage on SQS")
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="queue", PolicyDocument=json.dumps(allow))

    def made():
        try:
            return make()
        except ClientError as error:
            return error.response

    source = c.until("a queue calls it once that has spread", made, lambda answer: "UUID" in answer)
    c.check("it is being made", source["State"] == "Creating" and source["BatchSize"] == 10, source)
    c.refused("the same again", "ResourceConflictException", 409, make)
    found = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    c.same("it is listed", [(m["UUID"], m["EventSourceArn"]) for m in found], [(source["UUID"], queue)])
    c.same("it goes", client.delete_event_source_mapping(UUID=source["UUID"])["State"], "Deleting")
    c.refused("it is gone", "ResourceNotFoundException", 404,
              lambda: client.delete_event_source_mapping(UUID=source["UUID"]))
    iam.delete_role_policy(RoleName=name, PolicyName="queue")


def check_lambda_invoke(c, client, name):
    answer = client.invoke(FunctionName=name, Payload=json.dumps({"a": 1}).encode(), LogType="Tail")
    payload = json.loads(answer["Payload"].read())
    c.check("the function really runs", answer["StatusCode"] == 200 and "FunctionError" not in answer
            and payload == {"got": {"a": 1}, "env": "hello"}, payload)
    log = base64.b64decode(answer.get("LogResult", "")).decode()
    c.check("its log", "called with ['a']" in log and "START RequestId" in log and "REPORT RequestId" in log, log)
    answer = client.invoke(FunctionName=name, Payload=b'{"fail": true}')
    payload = json.loads(answer["Payload"].read())
    c.check("an exception is a function error", answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled"
            and payload["errorType"] == "ValueError" and payload["errorMessage"] == "as asked", payload)
    answer = client.invoke(FunctionName=name, InvocationType="DryRun")
    c.same("a dry run", answer["StatusCode"], 204)
    c.refused("a payload that is no JSON", "InvalidRequestContentException", 400,
              lambda: client.invoke(FunctionName=name, Payload=b"nonsense"))
    logs, group = c.client("logs"), "/aws/lambda/" + name
    events, _ = pages(logs, "filter_log_events", "events", logGroupName=group)
    texts = [e["message"] for e in events]
    c.check("what it printed is in CloudWatch", texts[0].startswith("START RequestId: ") and "called with ['a']\n" in texts
            and any(t.startswith("REPORT RequestId: ") for t in texts), texts)
    c.check("its streams", all("/[$LATEST]" in e["logStreamName"] for e in events), events)
    made = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    c.check("the group keeps for ever", len(made) == 1 and "retentionInDays" not in made[0], made)


# ---------------------------------------------------------------- CloudWatch Logs


def check_logs(c):
    logs, group = c.client("logs"), f"/checks/{RUN}"
    arn = f"arn:aws:logs:{c.region}:{ACCOUNT}:log-group:{group}"
    logs.create_log_group(logGroupName=group, tags={"a": "b"})
    c.refused("the same group", "ResourceAlreadyExistsException", 400, lambda: logs.create_log_group(logGroupName=group))
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    shown = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    c.check("the group", len(shown) == 1 and shown[0]["arn"] == arn + ":*" and shown[0]["retentionInDays"] == 7, shown)
    c.refused("a retention that AWS does not have", "InvalidParameterException", 400,
              lambda: logs.put_retention_policy(logGroupName=group, retentionInDays=2))
    logs.tag_resource(resourceArn=arn, tags={"c": "d"})
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    c.same("its tags", logs.list_tags_for_resource(resourceArn=arn)["tags"], {"c": "d"})
    for stream in ("one", "two"):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)

    def put(stream, *messages):
        return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[
            {"timestamp": now + at, "message": message} for at, message in messages])

    put("one", (0, "a"), (2, "[ERROR] c"), (4, "e"))
    put("two", (1, "b"), (3, "Task timed out"))
    c.refused("a stream that is not there", "ResourceNotFoundException", 400, lambda: put("three", (0, "x")))
    c.refused("a batch out of order", "InvalidParameterException", 400, lambda: put("one", (1, "x"), (0, "y")))
    rejected = put("one", (3 * 3600 * 1000, "x")).get("rejectedLogEventsInfo")
    c.same("an event from the future", rejected, {"tooNewLogEventStartIndex": 0})

    def found(**arguments):
        events, _ = pages(logs, "filter_log_events", "events", logGroupName=group, **arguments)
        return [e["message"] for e in events]

    c.same("streams are interleaved", found(), ["a", "b", "[ERROR] c", "Task timed out", "e"])
    c.same("in pages", found(PaginationConfig={"PageSize": 2}), ["a", "b", "[ERROR] c", "Task timed out", "e"])
    c.same("both ends of the range", found(startTime=now + 1, endTime=now + 2), ["b", "[ERROR] c"])
    c.same("one stream", found(logStreamNames=["two"]), ["b", "Task timed out"])
    c.same("one word", found(filterPattern="ERROR"), ["[ERROR] c"])
    c.same("this or that", found(filterPattern='?ERROR ?"timed out"'), ["[ERROR] c", "Task timed out"])
    last = logs.get_log_events(logGroupName=group, logStreamName="one", limit=2)
    c.same("the end of a stream", [e["message"] for e in last["events"]], ["[ERROR] c", "e"])
    first = logs.get_log_events(logGroupName=group, logStreamName="one", nextToken=last["nextBackwardToken"])
    c.same("what was before", [e["message"] for e in first["events"]], ["a"])
    streams, _ = pages(logs, "describe_log_streams", "logStreams", logGroupName=group)
    c.same("the streams", [(s["logStreamName"], s["lastEventTimestamp"] - now) for s in streams], [("one", 4), ("two", 3)])
    logs.delete_log_group(logGroupName=group)
    c.refused("a group that is gone", "ResourceNotFoundException", 400, found)


# ---------------------------------------------------------------- Systems Manager


def check_ssm(c):
    ssm, name = c.client("ssm"), f"/checks/{RUN}/lock"

    def put(value, **more):
        return ssm.put_parameter(Name=name, Value=value, Type="String", **more)

    c.refused("a parameter that is not there", "ParameterNotFound", 400, lambda: ssm.get_parameter(Name=name))
    c.refused("and cannot be deleted", "ParameterNotFound", 400, lambda: ssm.delete_parameter(Name=name))
    c.same("a new one", put("one", Description="d", Tags=[{"Key": "a", "Value": "b"}])["Version"], 1)
    c.refused("it is not overwritten", "ParameterAlreadyExists", 400, lambda: put("two"))
    c.refused("tags and overwriting", "ValidationException", 400,
              lambda: put("two", Overwrite=True, Tags=[{"Key": "a", "Value": "b"}]))
    found = ssm.get_parameter(Name=name)["Parameter"]
    c.check("its value", (found["Value"], found["Type"], found["Version"], found["DataType"]) == ("one", "String", 1, "text")
            and found["ARN"] == f"arn:aws:ssm:{c.region}:{ACCOUNT}:parameter{name}"
            and isinstance(found["LastModifiedDate"], datetime.datetime), found)
    c.same("unless that is said", put("two", Overwrite=True)["Version"], 2)
    c.same("the new value", ssm.get_parameter(Name=name)["Parameter"]["Value"], "two")
    c.refused("another type", "HierarchyTypeMismatchException", 400,
              lambda: ssm.put_parameter(Name=name, Value="a,b", Type="StringList", Overwrite=True))
    c.refused("no type", "ValidationException", 400, lambda: ssm.put_parameter(Name=name + "-2", Value="x"))
    c.refused("a name with a blank", "ValidationException", 400,
              lambda: ssm.put_parameter(Name="/a b", Value="x", Type="String"))
    resource = {"ResourceType": "Parameter", "ResourceId": name}
    ssm.add_tags_to_resource(**resource, Tags=[{"Key": "c", "Value": "d"}])
    ssm.remove_tags_from_resource(**resource, TagKeys=["a"])
    c.same("its tags", tags_of(ssm.list_tags_for_resource(**resource)["TagList"]), {"c": "d"})
    c.refused("tags of nothing", "InvalidResourceId", 400,
              lambda: ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/no/such"))
    ssm.delete_parameter(Name=name)
    c.refused("one that is gone", "ParameterNotFound", 400, lambda: ssm.get_parameter(Name=name))


# ---------------------------------------------------------------- Cognito

DESCRIBE_ONLY = ("Id Name Arn Status CreationDate LastModifiedDate SchemaAttributes AliasAttributes UsernameAttributes "
                 "UsernameConfiguration EstimatedNumberOfUsers SmsConfigurationFailure EmailConfigurationFailure Domain "
                 "CustomDomain").split()


def sendable(pool):
    """What UpdateUserPool takes back of what DescribeUserPool gave."""
    back = {k: v for k, v in pool.items() if k not in DESCRIBE_ONLY}
    if back.get("Policies", {}).get("PasswordPolicy", {}).get("TemporaryPasswordValidityDays"):
        admin = dict(back.get("AdminCreateUserConfig", {}))
        admin.pop("UnusedAccountValidityDays", None)
        back["AdminCreateUserConfig"] = admin
    if "VerificationMessageTemplate" in back:
        for old in ("EmailVerificationMessage", "EmailVerificationSubject", "SmsVerificationMessage"):
            back.pop(old, None)
    return {"UserPoolId": pool["Id"], **back}


def comparable(pool):
    return {k: v for k, v in pool.items() if k not in ("LastModifiedDate", "EstimatedNumberOfUsers")}


def check_cognito(c):
    cognito, client, iam = c.client("cognito-idp"), c.client("lambda"), c.client("iam")
    pools, _ = pages(cognito, "list_user_pools", "UserPools", PaginationConfig={"PageSize": 1})
    c.check("a user pool is there from the start", pools, pools)
    c.refused("MaxResults is needed to be 1 to 60", "InvalidParameterException|ValidationException", 400,
              lambda: raising(c, "ListUserPools", {"MaxResults": 61}))
    c.refused("a pool that does not exist", "ResourceNotFoundException", 400,
              lambda: cognito.describe_user_pool(UserPoolId=f"{c.region}_NoSuchPool"))
    pool_id = pools[0]["Id"]

    def describe():
        return cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]

    first = describe()
    c.check("it has settings worth preserving",
            first["MfaConfiguration"] != "OFF" and first["UserPoolTags"] and first["Policies"]["PasswordPolicy"]
            and any(a["Name"].startswith("custom:") for a in first["SchemaAttributes"]) and first["LambdaConfig"], first)
    cognito.update_user_pool(**sendable(first))
    c.same("everything sent back changes nothing", comparable(describe()), comparable(first))
    role = f"trigger-{RUN}"
    role_arn = lambda_role(c, iam, role)
    # triggers that were taken away can be put back only while their functions exist
    lent = [arn.split(":function:")[1] for arn in first["LambdaConfig"].values()
            if isinstance(arn, str) and missing(client, arn)]
    for name in lent:
        create_when_propagated(c, client, FunctionName=name, Runtime="python3.13", Handler="app.handler",
                               Code={"ZipFile": zipped()}, Role=role_arn, Timeout=5)
    try:
        check_cognito_replaces(c, cognito, pool_id, describe, first)
    finally:
        cognito.update_user_pool(**sendable(first))
        for name in lent:
            client.delete_function(FunctionName=name)
    c.same("and can be put back", comparable(describe()), comparable(first))
    c.check("MFA settings can be read", "MfaConfiguration" in cognito.get_user_pool_mfa_config(UserPoolId=pool_id))
    arn = first["Arn"]
    cognito.tag_resource(ResourceArn=arn, Tags={"run": RUN})
    c.same("tags both ways", cognito.list_tags_for_resource(ResourceArn=arn)["Tags"].get("run"), RUN)
    cognito.untag_resource(ResourceArn=arn, TagKeys=["run"])
    c.check("tags go", "run" not in describe().get("UserPoolTags", {}), "")
    # a pool of its own for the users, so that the first one keeps its counts
    own = cognito.create_user_pool(PoolName=f"checks-{RUN}", AutoVerifiedAttributes=["email"])["UserPool"]["Id"]
    name = f"trigger-{RUN}"
    made = create_when_propagated(c, client, FunctionName=name, Runtime="python3.13", Handler="app.handler",
                                  Code={"ZipFile": zipped()}, Role=role_arn, Timeout=5)
    c.until("the trigger's function is active", active(client, name), ready)
    try:
        check_cognito_trigger(c, cognito, client, own, name, made["FunctionArn"])
    finally:
        cognito.delete_user_pool(UserPoolId=own)
        client.delete_function(FunctionName=name)
        iam.detach_role_policy(RoleName=role, PolicyArn=VPC_ACCESS)
        iam.delete_role(RoleName=role)


def missing(client, arn):
    """Tells whether a trigger's function does not exist."""
    try:
        client.get_function(FunctionName=arn)
    except ClientError as error:
        return error.response["Error"]["Code"] == "ResourceNotFoundException"
    return False


def raising(c, operation, body):
    """Sends a JSON call past boto3's own checks, and raises as boto3 would."""
    headers = {"X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    status, got, text = c.raw("cognito-idp", json.dumps(body), headers)
    if status >= 400:
        error = json.loads(text)
        raise ClientError({"Error": {"Code": error["__type"], "Message": error.get("message", "")},
                           "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": got.get("x-amzn-requestid")}}, operation)


def check_cognito_replaces(c, cognito, pool_id, describe, first):
    """`aws-facts §5.1`: what an update resets and what it keeps."""
    cognito.update_user_pool(UserPoolId=pool_id, UserPoolTier=first.get("UserPoolTier", "ESSENTIALS"))
    now = describe()
    c.check("an omitted LambdaConfig removes the triggers", not now.get("LambdaConfig"), now.get("LambdaConfig"))
    c.check("omitted AutoVerifiedAttributes go", not now.get("AutoVerifiedAttributes"), now.get("AutoVerifiedAttributes"))
    c.same("omitted MfaConfiguration stays", now["MfaConfiguration"], first["MfaConfiguration"])
    c.same("omitted Policies stay", now["Policies"], first["Policies"])
    c.same("schema and name stay", (now["Name"], now["SchemaAttributes"]), (first["Name"], first["SchemaAttributes"]))
    invalid = "InvalidParameterException"
    both = {"UserPoolId": pool_id, "AdminCreateUserConfig": {"UnusedAccountValidityDays": 7},
            "Policies": {"PasswordPolicy": {"MinimumLength": 8, "TemporaryPasswordValidityDays": 7}}}
    c.refused("both validities", invalid, 400, lambda: cognito.update_user_pool(**both),
              "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays")
    for what, arn in [("no function's ARN", f"arn:aws:s3:::bucket-{RUN}"),
                      ("an unknown function", f"arn:aws:lambda:{c.region}:{ACCOUNT}:function:none-{RUN}")]:
        c.refused(f"a trigger with {what}", invalid, 400,
                  lambda arn=arn: cognito.update_user_pool(UserPoolId=pool_id, LambdaConfig={"PostConfirmation": arn}))


def check_cognito_trigger(c, cognito, client, pool, function, arn):
    cognito.update_user_pool(UserPoolId=pool, AutoVerifiedAttributes=["email"], LambdaConfig={"PostConfirmation": arn})
    c.same("the trigger is set", cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["LambdaConfig"]["PostConfirmation"], arn)
    app = cognito.create_user_pool_client(UserPoolId=pool, ClientName="checks")["UserPoolClient"]["ClientId"]
    listed = cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=5)["UserPoolClients"]
    c.same("clients", [a["ClientId"] for a in listed], [app])
    public = c.client("cognito-idp", signed=False)

    def sign_up(user):
        return public.sign_up(ClientId=app, Username=user, Password="A-good-Pass1!",
                              UserAttributes=[{"Name": "email", "Value": f"{user}@example.com"}])

    made = sign_up(f"ok-{RUN}")
    c.check("signing up needs no credentials", not made["UserConfirmed"] and made["UserSub"], made)
    c.refused("the same user", "UsernameExistsException", 400, lambda: sign_up(f"ok-{RUN}"))
    c.refused("a wrong code", "CodeMismatchException", 400,
              lambda: public.confirm_sign_up(ClientId=app, Username=f"ok-{RUN}", ConfirmationCode="000000x"))

    def confirm(user):
        return lambda: cognito.admin_confirm_sign_up(UserPoolId=pool, Username=user)

    c.refused("Cognito may not invoke the function yet", "UnexpectedLambdaException|InvalidLambdaResponseException|AccessDeniedException",
              400, confirm(f"ok-{RUN}"))
    client.add_permission(FunctionName=function, StatementId="cognito", Action="lambda:InvokeFunction",
                          Principal="cognito-idp.amazonaws.com",
                          SourceArn=f"arn:aws:cognito-idp:{c.region}:{ACCOUNT}:userpool/{pool}", SourceAccount=ACCOUNT)
    sign_up(f"fine-{RUN}")
    confirm(f"fine-{RUN}")()
    user = cognito.admin_get_user(UserPoolId=pool, Username=f"fine-{RUN}")
    c.same("confirmed", user["UserStatus"], "CONFIRMED")
    c.refused("confirmed twice", "NotAuthorizedException", 400, confirm(f"fine-{RUN}"))
    sign_up(f"fail-{RUN}")
    c.refused("a trigger that raises", "UserLambdaValidationException", 400, confirm(f"fail-{RUN}"),
              "PostConfirmation failed with error as asked")
    c.refused("a password that is too weak", "InvalidPasswordException|InvalidParameterException", 400,
              lambda: public.sign_up(ClientId=app, Username=f"weak-{RUN}", Password="aaaaaa"))
    users, _ = pages(cognito, "list_users", "Users", UserPoolId=pool, PaginationConfig={"PageSize": 1})
    c.same("users in pages", len(users), 3)


# ---------------------------------------------------------------- the command line


def check_scheduler(c):
    scheduler, iam, rds = c.client("scheduler"), c.client("iam"), c.client("rds")
    group, role, name = f"sb-group-{RUN}", f"sb-stopper-{RUN}", f"sb-kept-{RUN}"
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    may = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "rds:StopDBInstance", "Resource": f"arn:aws:rds:{c.region}:{ACCOUNT}:db:{name}"}]}
    role_arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=role, PolicyName="stop", PolicyDocument=json.dumps(may))
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance", "RoleArn": role_arn,
              "Input": json.dumps({"DbInstanceIdentifier": name}), "RetryPolicy": {"MaximumRetryAttempts": 0}}
    hourly = {"Name": name, "GroupName": group, "ScheduleExpression": "rate(1 hour)",
              "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}

    arn = scheduler.create_schedule_group(Name=group, Tags=[{"Key": "a", "Value": "1"}])["ScheduleGroupArn"]
    c.same("the group's ARN", arn, f"arn:aws:scheduler:{c.region}:{ACCOUNT}:schedule-group/{group}")
    c.refused("the group twice", "ConflictException", 409, lambda: scheduler.create_schedule_group(Name=group))
    scheduler.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    scheduler.untag_resource(ResourceArn=arn, TagKeys=["a"])
    c.same("tags of a group", scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"], [{"Key": "b", "Value": "2"}])
    schedule_arn = f"arn:aws:scheduler:{c.region}:{ACCOUNT}:schedule/{group}/{name}"
    c.refused("schedules have no tags", "ValidationException", 400,
              lambda: scheduler.list_tags_for_resource(ResourceArn=schedule_arn))
    c.same("the group is active", scheduler.get_schedule_group(Name=group)["State"], "ACTIVE")
    c.refused("an unknown schedule", "ResourceNotFoundException", 404,
              lambda: scheduler.get_schedule(Name=name, GroupName=group), words="does not exist")

    # the role spreads; then it is made
    def create():
        try:
            return scheduler.create_schedule(**{**hourly, "State": "DISABLED", "Description": "d"})["ScheduleArn"]
        except ClientError as error:
            if "must allow AWS EventBridge Scheduler to assume the role" not in str(error):
                raise
            return None

    c.same("the schedule's ARN", c.until("the role is known", create, bool), schedule_arn)
    c.refused("the schedule twice", "ConflictException", 409, lambda: scheduler.create_schedule(**hourly))
    for what, other in [
        ("an expression that is none", {"ScheduleExpression": "hourly"}),
        ("a role that nobody may assume", {"Target": {**target, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/none"}}),
        ("RDS's own spelling", {"Target": {**target, "Input": json.dumps({"DBInstanceIdentifier": name})}}),
    ]:
        c.refused(what, "ValidationException", 400, lambda: scheduler.update_schedule(**{**hourly, **other}))
    now = scheduler.get_schedule(Name=name, GroupName=group)
    c.same("as it was made", (now["State"], now["Description"], now["ActionAfterCompletion"]), ("DISABLED", "d", "NONE"))
    c.check("its date", isinstance(now["CreationDate"], datetime.datetime), now["CreationDate"])
    listed = [s["Name"] for page in scheduler.get_paginator("list_schedules").paginate(GroupName=group)
              for s in page["Schedules"]]
    c.same("listed", listed, [name])
    groups = [g["Name"] for page in scheduler.get_paginator("list_schedule_groups").paginate()
              for g in page["ScheduleGroups"]]
    c.check("groups are listed", {"default", group} <= set(groups), groups)

    # it stops what runs
    rds.create_db_instance(DBInstanceIdentifier=name, DBInstanceClass="db.t3.micro", Engine="postgres",
                           AllocatedStorage=20, MasterUsername="keeper", MasterUserPassword="huEE33z2Qvl383", Port=5479)

    def status():
        return rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["DBInstanceStatus"]

    c.until("available", status, lambda s: s == "available")
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    once = {**hourly, "ScheduleExpression": f"at({at:%Y-%m-%dT%H:%M:%S})", "ActionAfterCompletion": "DELETE"}
    scheduler.update_schedule(**once)
    now = scheduler.get_schedule(Name=name, GroupName=group)
    c.check("what is not sent is reset", now["State"] == "ENABLED" and "Description" not in now, now)
    c.until("stopped by its schedule", status, lambda s: s == "stopped")
    c.refused("it is over, and gone", "ResourceNotFoundException", 404,
              lambda: scheduler.get_schedule(Name=name, GroupName=group))
    scheduler.delete_schedule_group(Name=group)
    c.refused("the default group stays", "ValidationException", 400,
              lambda: scheduler.delete_schedule_group(Name="default"))
    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)


def check_cli(c):
    if importlib.util.find_spec("awscli") is None:
        print("--    cli: awscli is not installed, left out", flush=True)
        return
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
                   "AWS_DEFAULT_REGION": c.region, "AWS_PAGER": "", "AWS_CONFIG_FILE": os.devnull,
                   "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_MAX_ATTEMPTS": "1"}

    def aws(*arguments):
        done = subprocess.run([sys.executable, "-m", "awscli", "--endpoint-url", c.endpoint, *arguments],
                              capture_output=True, text=True, env=environment, timeout=120)
        return done.returncode, done.stdout, done.stderr

    for arguments, key in [
        (("sts", "get-caller-identity"), "Account"),
        (("ec2", "describe-vpcs", "--filters", "Name=is-default,Values=true"), "Vpcs"),
        (("ec2", "describe-security-group-rules", "--max-items", "1"), "SecurityGroupRules"),
        (("rds", "describe-db-instances"), "DBInstances"),
        (("iam", "list-roles"), "Roles"),
        (("lambda", "list-functions"), "Functions"),
        (("scheduler", "list-schedule-groups"), "ScheduleGroups"),
        (("cognito-idp", "list-user-pools", "--max-results", "5"), "UserPools"),
    ]:
        code, out, err = aws(*arguments)
        c.check("aws " + " ".join(arguments[:2]), code == 0 and key in json.loads(out or "{}"), err or out)
    code, _, err = aws("ec2", "delete-security-group", "--group-id", "sg-" + "0" * 17)
    c.check("aws tells the error", code != 0 and "(InvalidGroup.NotFound)" in err, err)


SERVICES = {"server": check_server, "sts": check_sts, "ec2": check_ec2, "iam": check_iam, "lambda": check_lambda,
            "logs": check_logs, "ssm": check_ssm, "cognito": check_cognito, "rds": check_rds, "scheduler": check_scheduler,
            "cli": check_cli}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("endpoint")
    arguments.add_argument("--region", default="us-west-2")
    arguments.add_argument("--only", help="services, separated by commas: " + ",".join(SERVICES))
    arguments.add_argument("--patience", type=float, default=120, help="seconds to wait for a life cycle")
    given = arguments.parse_args()
    wanted = given.only.split(",") if given.only else list(SERVICES)
    unknown = [w for w in wanted if w not in SERVICES]
    if unknown:
        arguments.error(f"unknown: {', '.join(unknown)}; there are {', '.join(SERVICES)}")
    c = Checks(given.endpoint.rstrip("/"), given.region, given.patience)
    for service in wanted:
        c.service = service
        try:
            SERVICES[service](c)
        except Exception as error:  # one service that breaks off must not hide the others
            trace = error.__traceback__
            while trace.tb_next and trace.tb_next.tb_frame.f_code.co_filename == __file__:
                trace = trace.tb_next
            c.check(f"went through (line {trace.tb_lineno})", False, f"{type(error).__name__}: {error}")
    print(f"{c.passed} passed, {c.failed} failed")
    return 1 if c.failed else 0


if __name__ == "__main__":
    sys.exit(main())
