"""A MinIO server that trusts one organization of the fleet, and what its operator does with it."""
import base64
import hashlib
import json
import os
import pathlib
import secrets
import socket
import subprocess
import urllib.request

from tests.e2e.fleet_case import wait_until
from tests.interop import peers

AUDIENCE = "sts.amazonaws.com"
# MinIO names a role after the client id that its tokens are for.
ROLE_ARN = "arn:minio:iam:::role/" + base64.urlsafe_b64encode(hashlib.sha1(AUDIENCE.encode()).digest()).decode().rstrip("=")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Minio:
    def __init__(self, folder, issuer, ca_file, role_policy):
        self.folder = pathlib.Path(folder)
        self.address = f"127.0.0.1:{_free_port()}"
        authorities = self.folder / "certs" / "CAs"
        authorities.mkdir(parents=True)
        (authorities / "fleet.pem").write_bytes(pathlib.Path(ca_file).read_bytes())
        self.root = {"MINIO_ROOT_USER": "operator", "MINIO_ROOT_PASSWORD": secrets.token_hex(16)}
        self.settings = {
            **self.root,
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
            "MINIO_IDENTITY_OPENID_CONFIG_URL": f"{issuer}/.well-known/openid-configuration",
            "MINIO_IDENTITY_OPENID_CLIENT_ID": AUDIENCE,
            # Without a secret MinIO takes tokens that are signed with an empty one.
            "MINIO_IDENTITY_OPENID_CLIENT_SECRET": secrets.token_hex(16),
            "MINIO_IDENTITY_OPENID_ROLE_POLICY": role_policy,
        }
        self.log = self.folder / "minio.log"
        self.process = None

    def start(self):
        command = [peers.folder("minio") / "minio", "server", self.folder / "data", "--address", self.address, "--certs-dir",
                   self.folder / "certs", "--quiet"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, env={**os.environ, **self.settings, "HOME": str(self.folder)},
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self._is_ready, f"MinIO ready ({self.log})", seconds=60)

    def _is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"MinIO ended with {self.process.returncode}: {self.log.read_text()[-2000:]}")
        try:
            return urllib.request.urlopen(f"http://{self.address}/minio/health/ready", timeout=2).status == 200
        except OSError:
            return False

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=20)

    def add_policy(self, name, policy):
        subprocess.run([peers.folder("go-peers") / "policy", self.address, name], input=json.dumps(policy).encode(),
                       env={**os.environ, **self.root}, check=True)

    def put(self, bucket, key, text):
        """As the operator, through boto3."""
        program = ("import boto3, sys; s3 = boto3.client('s3'); s3.create_bucket(Bucket=sys.argv[1]); "
                   "s3.put_object(Bucket=sys.argv[1], Key=sys.argv[2], Body=sys.argv[3].encode())")
        environment = {**os.environ, "PYTHONPATH": str(peers.folder("python-sdks")), "AWS_ENDPOINT_URL": f"http://{self.address}",
                       "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": self.root["MINIO_ROOT_USER"],
                       "AWS_SECRET_ACCESS_KEY": self.root["MINIO_ROOT_PASSWORD"]}
        subprocess.run(["/usr/bin/python3", "-c", program, bucket, key, text], env=environment, check=True)
