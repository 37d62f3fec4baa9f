"""A database in a region of its own, and what RDS says of it afterwards.

    database_moto.py URL make NAME     makes instance NAME
    database_moto.py URL read          prints every instance and snapshot of the region
"""

import json
import sys

from client import Aws

REGION = "us-west-2"


def make(aws, name):
    ec2, rds = aws.client("ec2", REGION), aws.client("rds", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")
        for n, zone in enumerate("ab")
    ]
    rds.create_db_subnet_group(
        DBSubnetGroupName=name,
        DBSubnetGroupDescription=name,
        SubnetIds=[made["Subnet"]["SubnetId"] for made in subnets],
    )
    rds.create_db_parameter_group(
        DBParameterGroupName=name, DBParameterGroupFamily="postgres16", Description=name
    )
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        Engine="postgres",
        EngineVersion="16.4",
        DBInstanceClass="db.t4g.medium",
        AllocatedStorage=50,
        StorageType="gp3",
        MasterUsername="app",
        MasterUserPassword="not-a-real-password",
        DBSubnetGroupName=name,
        VpcSecurityGroupIds=[group],
        DBParameterGroupName=name,
        Port=5433,
        BackupRetentionPeriod=7,
        DeletionProtection=True,
        Tags=[{"Key": "team", "Value": "shop"}],
    )
    return read(aws)


def read(aws):
    rds = aws.client("rds", REGION)
    return {
        "instances": rds.describe_db_instances()["DBInstances"],
        "snapshots": rds.describe_db_snapshots()["DBSnapshots"],
    }


if __name__ == "__main__":
    url, task, *names = sys.argv[1:]
    print(json.dumps({"make": make, "read": read}[task](Aws(url), *names), default=str))
