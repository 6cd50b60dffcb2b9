#!/usr/bin/python3
"""Machines of OCI images: the program that runs is the one that the token's digest names, in a root of its own."""
import os
import sys

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import ASK, FleetCase, decode  # noqa: E402
from tests.e2e.host_layout import Layout  # noqa: E402


class ImageTest(FleetCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.layout = Layout(cls.folder / "web")
        cls.programs = cls.layout.add_programs()
        cls.layout.add_layer([("etc", None, 0o755, 0), ("srv", None, 0o755, 1000),
                              ("etc/passwd", b"root:x:0:0::/root:/bin/sh\nweb:x:1000:1000::/srv:/bin/sh\n", 0o644, 0),
                              ("srv/own", b"web's\n", 0o600, 1000), ("srv/roots", b"root's\n", 0o600, 0)])
        cls.digest = cls.layout.finish(Entrypoint=["/bin/sh", "-c"], Cmd=["id; pwd; echo $GREETING; cat own"],
                                       Env=["GREETING=hello", "PATH=/usr/bin"], User="web", WorkingDir="/srv")

    def run_image(self, *command, image=None, options=()):
        words = ["machine", "run", str(image or self.layout.folder), "-a", "acme-rs256/web", *options]
        return self.run_ctl(*words, *(["--", *command] if command else []))

    def said(self, *command, **more):
        done = self.run_image(*command, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_the_image_says_what_runs_where_the_machine_does_not(self):
        self.assertEqual(self.said(), "uid=1000(web) gid=1000 groups=1000\n/srv\nhello\nweb's\n")

    def test_what_the_machine_says_wins(self):
        said = self.said("/bin/sh", "-c", "id -u; echo $GREETING; cat /srv/roots", options=["-u", "root", "-e", "GREETING=bye"])
        self.assertEqual(said, "0\nbye\nroot's\n")

    def test_the_token_names_the_digest_of_what_runs(self):
        claims = dict(decode(self.said(*ASK, "{}"))[1])
        self.assertEqual((claims["image"], claims["image_digest"]), (str(self.layout.folder), self.digest))

    def test_it_sees_a_root_of_its_own_that_nobody_else_sees(self):
        seen = self.said("/bin/ls", "-A", "/").split()
        self.assertEqual(seen, sorted([".fly", "bin", "dev", "etc", "lib", "lib64", "proc", "srv", "sys", "tmp", "usr"]))
        write = ["/bin/sh", "-c", "touch /usr/bin/new /etc/passwd && ls /usr/bin/new; chmod 0 /srv/own"]
        root = ["-u", "root"]
        self.assertEqual(self.said(*write, options=root), "/usr/bin/new\n")
        again = self.run_image("/bin/ls", "/usr/bin/new", options=root)
        self.assertNotEqual(again.returncode, 0, "one machine's writes are seen by the next")
        self.assertEqual(self.said("/bin/cat", "/srv/own"), "web's\n")

    def test_one_byte_altered_anywhere_is_refused_before_anything_runs(self):
        for name in ("layer", "config", "manifest"):
            with self.subTest(name):
                copy = Layout(self.folder / f"altered-{name}")
                layer = copy.add_layer([("hello", name.encode(), 0o755, 0)])
                digest = copy.finish(Entrypoint=["/hello"])
                manifest = copy.path(digest).read_text()
                altered = {"layer": copy.path(layer), "manifest": copy.path(digest),
                           "config": copy.path(manifest.split('"digest": "')[1].split('"')[0])}[name]
                data = bytearray(altered.read_bytes())
                data[len(data) // 2] ^= 1
                altered.write_bytes(data)
                done = self.run_image(image=copy.folder, options=["--detach"])
                machine = done.stdout.strip()
                self.ctl("machine", "wait", machine, "--state", "failed", "-t", "20")
                events = self.ctl("machine", "events", machine)
                self.assertIn(digest, events)
                self.assertIn(name, events)
                self.assertFalse(os.path.exists(f"{self.fleet.state['run_dir']}/m/{machine}/b"), "something was begun")

    def test_an_image_whose_folders_are_links_leads_nowhere(self):
        layout = Layout(self.folder / "links")
        layout.add_programs()
        layout.add_layer([(name, ("->", "tmp"), 0o777, 0) for name in ("proc", "dev", ".fly", "sys")]
                         + [("tmp", None, 0o777, 0), ("etc", ("->", "tmp"), 0o777, 0)])
        layout.finish(Env=["PATH=/usr/bin"])
        said = self.said("/bin/sh", "-c", "ls -d /proc/self /dev/null /.fly/api; ls -A /tmp", image=layout.folder)
        self.assertEqual(said, "/.fly/api\n/dev/null\n/proc/self\nhosts\nresolv.conf\n")

    def test_an_image_without_a_program_needs_one(self):
        layout = Layout(self.folder / "bare")
        layout.add_layer([("hello", b"hello", 0o644, 0)])
        layout.finish()
        done = self.run_image(image=layout.folder)
        self.assertEqual(done.returncode, 125)
        self.assertIn("command: none in the configuration and none in the image, want a program", done.stderr)
        host = self.run_image(image="host")
        self.assertIn("config.command: empty, want a program: the image host has none of its own", host.stderr)


if __name__ == "__main__":
    python_cases.main(ImageTest)
