"""A fleet whose machines can run the SDKs of others, with the organizations acme (apps web and api) and other (app web)."""
import os
import pathlib
import shutil
import tempfile

from tests.e2e.fleet_case import ROOT, FleetCase
from tests.interop import peers

WORKLOADS = ROOT / "tests/interop/workloads"


def _link_or_copy(source, target):
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copy2(source, target)


class InteropCase(FleetCase):
    """A machine of the image `host` sees /usr, /etc and /opt of the host: what it runs is put under /opt while the test runs.

    Subclasses name the folders of `peers` in PEERS.
    """

    HTTPS = True
    PEERS = ()

    @classmethod
    def setUpClass(cls):
        folders = {name: peers.folder(name) for name in cls.PEERS}
        super().setUpClass()
        for app in ("acme/web", "acme/api", "other/web"):
            organization = app.split("/")[0]
            if app.endswith("/web"):
                cls.ctl("org", "create", organization)
            cls.ctl("app", "create", app)
        cls.opt = pathlib.Path(tempfile.mkdtemp(prefix="flyd-interop-", dir="/opt"))
        cls.addClassCleanup(shutil.rmtree, cls.opt, ignore_errors=True)
        cls.opt.chmod(0o755)
        for name, folder in folders.items():
            shutil.copytree(folder, cls.opt / name, copy_function=_link_or_copy)
        for workload in WORKLOADS.iterdir():
            # Beside node_modules, where Node looks for them.
            target = cls.opt / "js-sdks" if workload.suffix == ".mjs" else cls.opt
            if target.exists():
                shutil.copy(workload, target / workload.name)

    def python(self, *command):
        """argv of a Python program with the SDKs of PyPI."""
        return ["env", f"PYTHONPATH={self.opt}/python-sdks", "/usr/bin/python3", *map(str, command)]

    def run_in(self, app, *command, environment=None, options=()):
        """A machine of `app` that runs `command` to its end: what `flydctl machine run` gave."""
        settings = [f"{name}={value}" for name, value in (environment or {}).items()]
        flags = [word for setting in settings for word in ("-e", setting)]
        return self.run_ctl("machine", "run", "host", "-a", app, *flags, *options, "--", *map(str, command))
