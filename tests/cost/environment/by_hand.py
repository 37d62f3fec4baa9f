#!/usr/bin/env python3
"""The environment of main.tf and usage.yml priced by hand, by AWS's rules: `python3 by_hand.py > by_hand.tsv`.

It reads nothing: every unit price, allowance and quantity is typed in, each with where it is from, so that it shares neither a table nor
a line of code with hydren. Exact decimals throughout; amounts are rounded to a hundredth of a cent when they are printed, and sums are
those of unrounded amounts, as on a bill. All of it is us-east-1 in a month of 730 hours (AWS Pricing Calculator).
"""

from decimal import Decimal as D

HOURS = D(730)  # of a month: AWS Pricing Calculator

# Where prices are from.
FARGATE_PAGE = "aws.amazon.com/fargate/pricing, examples 1 and 2 (a second x 3,600)"
PRICE_LIST = "AWS Price List bulk files of 2026-09-11 to 2026-10-07, us-east-1"
WAF_GUIDE = "AWS WAF cost guide, core scenario, 2026-07-22"
ROUTE53_PAGE = "data of aws.amazon.com/route53/pricing, 2025-09-09"
CLOUDFRONT_PAGE = "aws.amazon.com/cloudfront/pricing"
CLOUDWATCH_PAGE = "aws.amazon.com/cloudwatch/pricing"

rows = []


def row(item, quantity, unit, price, source, rule):
    """A line of the bill."""
    rows.append((item, D(quantity), unit, D(price), source, rule))


def beyond(quantity, free):
    """What is left of a quantity when an account's allowance is taken off."""
    return max(D(quantity) - D(free), D(0))


def tiers(item, quantity, unit, steps, source, rule):
    """A quantity that falls in price as the month goes on: one line for each tier that it reaches."""
    start, quantity = D(0), D(quantity)
    for end, price in steps:
        top = quantity if end is None else min(quantity, D(end))
        if top > start or (start == 0 and quantity == 0):
            row(item, top - start, unit, price, source, rule)
        start = D(end) if end is not None else start
        if quantity <= start:
            break


# ---------------------------------------------------------------- Route 53
row("hosted zone", 1, "zone-month", "0.50", ROUTE53_PAGE, "$0.50 for each of the first 25 zones")
row("queries of an alias", 25, "1,000,000 queries", "0", ROUTE53_PAGE, "alias records of AWS resources are free")
tiers("other queries", 3, "1,000,000 queries", [(1000, "0.40"), (None, "0.20")], ROUTE53_PAGE,
      "$0.40 a million up to a billion")
# The domain is an alias to CloudFront, so that its check is one of an AWS endpoint.
row("health check", beyond(1, 50), "check-month", "0.50", ROUTE53_PAGE, "50 basic checks of AWS endpoints are free")
row("health check features", 1, "feature-month", "1.00", ROUTE53_PAGE, "HTTPS is one feature; features are billed from the first")

# ---------------------------------------------------------------- CloudFront, viewers in the United States
tiers("data to viewers", beyond(1500, 1024), "GB",
      [(10240, "0.085"), (51200, "0.080"), (153600, "0.060"), (None, "0.040")], CLOUDFRONT_PAGE,
      "1 TB (1,024 GB) a month is free, whatever the edge; tiers begin behind it")
row("HTTPS requests", beyond(25_000_000, 10_000_000) / 10_000, "10,000 requests", "0.0100", CLOUDFRONT_PAGE,
    "10,000,000 requests a month are free, HTTP and HTTPS together")
row("uploads to the origin", 60, "GB", "0.020", CLOUDFRONT_PAGE, "what viewers send on to the origin; what comes from it is free")
row("invalidations", beyond(1200, 1000), "path", "0.005", CLOUDFRONT_PAGE, "1,000 paths a month are free")
row("additional metrics", beyond(8, 10), "metric-month", "0.30", CLOUDWATCH_PAGE,
    "8 of a distribution, as custom metrics; 10 custom metrics are free")

# ---------------------------------------------------------------- WAF
row("web ACL", 1, "web ACL-month", "5.00", WAF_GUIDE, "$5.00 each")
row("WAF rules", 3 + 1 + 1, "rule-month", "1.00", WAF_GUIDE, "a managed group counts as one rule, whatever is in it")
row("WAF requests", D(25_000_000) / 1_000_000, "1,000,000 requests", "0.60", WAF_GUIDE, "up to 1,500 WCU: 700 + 200 + 25 + 1 + 2 = 928")

# ---------------------------------------------------------------- load balancer
row("load balancer", HOURS, "hour", "0.0225", f"{PRICE_LIST}, SKU 37CUWUT8GSNQEPUV", "every hour that it stands")
lcu = {
    "new connections": D(10) / 25,  # of 25 a second
    "active connections": D(1200) / 3000,  # of 3,000 a minute
    "processed bytes": D(1200) / HOURS / 1,  # of 1 GB an hour to tasks
    "rule evaluations": D(20) / 1000,  # of 1,000 a second beyond ten free rules a request
}
row("capacity units", max(lcu.values()) * HOURS, "LCU-hour", "0.008", f"{PRICE_LIST}, SKU P2XGEJ8N3KU52WA8",
    f"the largest of four dimensions, here {max(lcu, key=lcu.get)}; in fractions")
row("load balancer addresses", 2 * HOURS, "address-hour", "0.005", f"{PRICE_LIST}, SKU 4GQUNXTFWVSGPUZK",
    "one public IPv4 address in each of two zones")

# ---------------------------------------------------------------- ECS on Fargate
ARM_VCPU, ARM_GB = D("0.0000089944") * 3600, D("0.0000009889") * 3600
row("frontend · vCPU", D("0.25") * HOURS, "vCPU-hour", ARM_VCPU, FARGATE_PAGE, "ARM, 1 task of 0.25 vCPU")
row("frontend · memory", 1 * HOURS, "GB-hour", ARM_GB, FARGATE_PAGE, "ARM, 1 task of 1 GB; 20 GB of storage come with it")
row("backend · vCPU", 2 * D("0.5") * HOURS, "vCPU-hour", "0.04048", f"{PRICE_LIST}, SKU 8CESGAFWKAJ98PME", "x86, 2 tasks of 0.5 vCPU")
row("backend · memory", 2 * 2 * HOURS, "GB-hour", "0.004445", f"{PRICE_LIST}, SKU PBZNQUSEXZUC34C9", "x86, 2 tasks of 2 GB")

# ---------------------------------------------------------------- RDS
row("database · instance", HOURS, "instance-hour", "0.129", "Price List API, us-east-1, db.t4g.medium Multi-AZ, 2026-10-01",
    "Multi-AZ has a price of its own: it is not twice 0.065")
row("database · storage", 50, "GB-month", "0.23", f"{PRICE_LIST}, SKU J7S7KD4WFDNQWKNX", "Multi-AZ gp3 is twice 0.115; 3,000 IOPS come with it")
row("backups", beyond(60, 50), "GB-month", "0.095", f"{PRICE_LIST}, SKU 6W8ECRFVDATCER7J",
    "backups up to the size of all databases are free, here 50 GB")

# ---------------------------------------------------------------- images and secrets
row("image storage", 2 + 3, "GB-month", "0.10", f"{PRICE_LIST}, SKU KJC988R4J65BDMTQ", "private repositories; an old account has no free 500 MB")
row("secrets", 3, "secret-month", "0.40", f"{PRICE_LIST}, SKU BJ3PQ9BYGU6P632F", "each secret")
row("secret calls", D(20_000 + 10_000 + 10_000) / 10_000, "10,000 calls", "0.05", f"{PRICE_LIST}, SKU 4MDZ5VNEJPMUTG9B", "$0.05 for 10,000")

# ---------------------------------------------------------------- logs
# "First 5GB per month of log data ingested is free", "First 5GB-mo per month of logs storage is free": two allowances, in the words of
# an AWS billing statement of 2021-11 (github.com/hylang/hy/files/7528529/billing.pdf).
row("logs written", beyond(4 + 16 + 2, 5), "GB", "0.50", f"{PRICE_LIST}, SKU 96K55R2PV3ZZZ3AM", "5 GB written a month are free")
tiers("flow logs", 12, "GB", [(10240, "0.50"), (30720, "0.25"), (51200, "0.10"), (None, "0.05")], f"{PRICE_LIST}, SKU GHRXAWYBWDN7X39F",
      "vended logs have tiers of their own and nothing free")
row("logs kept", beyond(D("1.2") + 5 + D("0.8") + 2, 5), "GB-month", "0.03", f"{PRICE_LIST}, SKU JRHJQ2UMPUB5K73A",
    "5 GB-months kept are free")

# ---------------------------------------------------------------- alarms and dashboard
row("alarms", beyond(11 * 1 + 1 * 2 + 2, 10), "alarm metric-month", "0.10", CLOUDWATCH_PAGE,
    "11 of one metric, one of two by metric math, two of target tracking; 10 metrics are free")
row("dashboard", beyond(1, 3), "dashboard-month", "3.00", CLOUDWATCH_PAGE, "3 dashboards are free")

# ---------------------------------------------------------------- network
row("NAT gateway", HOURS, "hour", "0.045", f"{PRICE_LIST}, SKU M2YSHUBETB3JX4M4", "every hour that it stands")
row("NAT data", 160, "GB", "0.045", f"{PRICE_LIST}, SKU 59S5R83GFPUAGVR5", "what passes, either way")
row("NAT address", HOURS, "address-hour", "0.005", f"{PRICE_LIST}, SKU 4GQUNXTFWVSGPUZK", "its one public IPv4 address")
row("interface endpoints", 4 * 2 * HOURS, "endpoint-zone-hour", "0.01", f"{PRICE_LIST}, SKU EN2N5TATXE673A3B", "4 endpoints in 2 zones")
tiers("endpoint data", 10 + 30 + 100 + 20, "GB", [(1048576, "0.01"), (5242880, "0.006"), (None, "0.004")], f"{PRICE_LIST}, SKU DQYYEZBCWSW5XS2R",
      "all endpoints of the region together")
tiers("data to the internet", beyond(120, 100), "GB", [(10240, "0.09"), (51200, "0.085"), (153600, "0.07")], f"{PRICE_LIST}, SKU HQEH3ZWJVT46JHRG",
      "100 GB a month are free over all services and regions; tiers begin behind them")
row("data between zones", 2 * 40, "GB", "0.01", f"{PRICE_LIST}, SKU PNUBVW4CPC8XA46W",
    "charged going out and coming in; replication to the standby is free")


def plain(value, places):
    """A figure without zeros that say nothing."""
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


print("item", "quantity", "unit", "unit price", "month", "source", "rule", sep="\t")
for item, quantity, unit, price, source, rule in rows:
    print(item, plain(quantity, 6), unit, plain(price, 8), f"{quantity * price:.4f}", source, rule, sep="\t")
print("total", "", "", "", f"{sum(quantity * price for _, quantity, _, price, _, _ in rows):.4f}", "", "", sep="\t")
