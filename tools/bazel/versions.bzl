"""Versions of what tools/setup puts into the cache folder. tools/setup reads these lines too: NAME = "VERSION"."""

BORINGSSL = "13.0.0+r24-2"
JOSE = "5.9.6"
MSGPACK = "4.1.3-1"

# Of tools/setup --interop: the clients and servers of others that tests/interop speaks with, and tests/vm's kernel.
GO = "1.26.6"
JS_SDKS = "@aws-sdk/client-s3@3.1169.0"
KERNEL = "cloud-amd64"
MINIO = "v0.0.0-20260212201848-7aac2a2c5b7c"
PYTHON_SDKS = "awscli==1.46.2 boto3==1.44.2 google-auth==2.62.2 azure-identity==1.27.0 hvac==2.4.0 requests==2.34.2"
VHOST_DEVICE_VSOCK = "0.3.0"
