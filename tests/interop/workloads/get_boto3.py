"""Prints one object: what a user of boto3 would write.  get_boto3.py BUCKET KEY"""
import sys

import boto3

sys.stdout.write(boto3.client("s3").get_object(Bucket=sys.argv[1], Key=sys.argv[2])["Body"].read().decode())
