"""An alarm for operations, made and read with boto3.

    alarm_ministack.py URL NAME          makes it, with its actions enabled
    alarm_ministack.py URL NAME read     prints `enabled` and `actions` as they are now
"""

import json
import sys

from client import Aws


def main(url, name, read=None):
    cloudwatch = Aws(url).home("cloudwatch")
    if not read:
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/ECS",
            MetricName="CPUUtilization",
            Statistic="Average",
            Period=60,
            EvaluationPeriods=3,
            Threshold=90,
            ComparisonOperator="GreaterThanThreshold",
            ActionsEnabled=True,
            AlarmActions=["arn:aws:sns:eu-west-1:000000000000:on-call"],
        )
    alarm = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    print(json.dumps({"enabled": alarm["ActionsEnabled"], "actions": alarm["AlarmActions"]}))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
