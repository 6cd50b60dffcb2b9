#!/usr/bin/python3
"""One variable, and unmodified AWS SDKs read an object: nothing of ours is on the other side.

MinIO verifies the token against issuerd in a real AssumeRoleWithWebIdentity; a policy on `sub` says which app may read.
"""
import os
import sys

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import wait_until  # noqa: E402
from tests.interop import minio  # noqa: E402
from tests.interop.interop_case import InteropCase  # noqa: E402

BUCKET, KEY, FORECAST = "weather", "forecast.txt", "cats and dogs, later rain"
MAY_READ = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [f"arn:aws:s3:::{BUCKET}/*"],
                   "Condition": {"StringLike": {"jwt:sub": "acme:web:*"}}}],
}


class AwsTest(InteropCase):
    PEERS = ("python-sdks", "js-sdks", "go-peers")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "minio").mkdir()
        cls.s3 = minio.Minio(cls.folder / "minio", f"{cls.fleet.issuer_base()}/acme", cls.folder / "pki" / "ca.pem",
                             "web-reads-weather")
        cls.addClassCleanup(cls.s3.stop)
        cls.s3.start()
        cls.s3.add_policy("web-reads-weather", MAY_READ)
        cls.s3.put(BUCKET, KEY, FORECAST)

    def sdks(self):
        """argv of each SDK's way to print the object."""
        return {
            "aws s3 cp": self.python(self.opt / "python-sdks/bin/aws", "s3", "cp", f"s3://{BUCKET}/{KEY}", "-"),
            "boto3": self.python(self.opt / "get_boto3.py", BUCKET, KEY),
            "JavaScript": ["/usr/bin/node", self.opt / "js-sdks/get_js.mjs", BUCKET, KEY],
            "Go": [self.opt / "go-peers/s3get", BUCKET, KEY],
        }

    def there(self):
        return {"AWS_ENDPOINT_URL": f"http://{self.s3.address}", "AWS_REGION": "us-east-1",
                # The Go SDK asks for its first credentials at the endpoint of this name alone.
                "AWS_ENDPOINT_URL_STS": f"http://{self.s3.address}"}

    def get(self, sdk, app):
        """The role's ARN is the only setting; the rest says where the stand-in for AWS is."""
        return self.run_in(app, *self.sdks()[sdk], environment={"AWS_ROLE_ARN": minio.ROLE_ARN, **self.there()})

    def check(self, sdk):
        web = self.get(sdk, "acme/web")
        self.assertEqual((web.returncode, web.stdout), (0, FORECAST), web.stderr)
        api = self.get(sdk, "acme/api")
        self.assertNotEqual(api.returncode, 0)
        self.assertNotIn(FORECAST, api.stdout)
        # Its token is good, and it has credentials: the policy on `sub` refuses it the object.
        self.assertRegex(api.stderr + api.stdout, "AccessDenied|Access Denied|Forbidden")

    def test_aws_s3_cp_reads_the_object_and_is_refused_it_in_another_app(self):
        self.check("aws s3 cp")

    def test_boto3_reads_the_object_and_is_refused_it_in_another_app(self):
        self.check("boto3")

    def test_the_javascript_sdk_reads_the_object_and_is_refused_it_in_another_app(self):
        self.check("JavaScript")

    def test_the_go_sdk_reads_the_object_and_is_refused_it_in_another_app(self):
        self.check("Go")

    def test_boto3_refreshes_its_credentials_with_the_renewed_token(self):
        environment = {"AWS_ROLE_ARN": minio.ROLE_ARN, **self.there()}
        flags = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
        machine = self.ctl("machine", "run", "host", "-a", "acme/web", "--detach", *flags, "--",
                           *self.python(self.opt / "refresh_boto3.py", BUCKET, KEY)).strip()
        reads = lambda: self.ctl("machine", "logs", machine).splitlines()  # noqa: E731
        wait_until(lambda: len(reads()) == 1, "the first read")
        self.ctl("machine", "suspend", machine)
        self.ctl("machine", "wait", machine, "--state", "suspended", "-t", "20")
        self.ctl("machine", "resume", machine)  # which renews every token
        wait_until(lambda: len(reads()) == 2, "a read with the renewed token")
        first, second = (read.split() for read in reads())
        self.assertNotEqual(first, second)
        for in_file, in_credentials in (first, second):
            self.assertEqual(in_file, in_credentials)

    def test_a_machine_of_another_organization_has_no_credentials(self):
        done = self.get("boto3", "other/web")
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, "AssumeRoleWithWebIdentity")

    def test_without_the_role_there_is_nothing_to_sign_with(self):
        done = self.run_in("acme/web", *self.sdks()["boto3"],
                           environment={"AWS_ENDPOINT_URL": f"http://{self.s3.address}", "AWS_REGION": "us-east-1",
                                        "AWS_EC2_METADATA_DISABLED": "true"})
        self.assertIn("NoCredentialsError", done.stderr)


if __name__ == "__main__":
    python_cases.main(AwsTest)
