#!/usr/bin/python3
"""A machine of somebody else's: QEMU's microvm with a kernel and a vsock of its own, whose first process is flyd's init. Its
socket is reached as Firecracker would reach it, by a hypervisor's program that nobody here wrote."""
import os
import pathlib
import subprocess
import sys

os.environ["FLYD_RUNTIME"] = "external"
sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import FleetCase, decode, wait_until  # noqa: E402
from tests.vm import microvm, run_in_vm  # noqa: E402

SAYS = "echo \"host $(busybox hostname)\"; echo \"token $(busybox cat /.fly/oidc_token)\"; exit 7"


def vsock_device():
    """The program, built by tools/setup --interop."""
    return next(run_in_vm.CACHE.glob("vhost-device-vsock-*/bin/vhost-device-vsock"))


class MicrovmTest(FleetCase):

    def run_vm(self, guest):
        """What the machine wrote to its console, from its start to its end."""
        folder = self.folder / "vm"
        folder.mkdir()
        (folder / "initrd").write_bytes(microvm.initrd("flyd/init/init"))
        (guest / "v.sock_1024").symlink_to("api.sock")
        device = subprocess.Popen([str(vsock_device()), "--vm", f"guest-cid=3,socket={folder}/device,uds-path={guest}/v.sock"])
        self.addCleanup(device.wait)
        self.addCleanup(device.kill)
        wait_until((folder / "device").exists, "the vsock device")
        return subprocess.run(
            ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-cpu", "max", "-m", "160M",
             "-machine", "microvm,accel=tcg,pit=on,pic=on,rtc=on,memory-backend=memory",
             "-object", "memory-backend-memfd,id=memory,size=160M,share=on",
             "-chardev", f"socket,id=device,path={folder}/device", "-device", "vhost-user-vsock-device,chardev=device",
             "-kernel", run_in_vm.kernel_image(), "-initrd", f"{folder}/initrd",
             "-append", microvm.KERNEL_COMMAND_LINE, "-serial", "stdio"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace", timeout=240, check=True).stdout

    def test_it_boots_with_its_identity_and_its_end_is_told(self):
        machine = self.ctl("machine", "run", "host", "-a", "acme-es256/web", "--name", "vm1", "--detach", "-e",
                           "AWS_ROLE_ARN=arn:aws:iam::1:role/r", "--", "/bin/sh", "-c", SAYS).strip()
        guest = pathlib.Path(self.fleet.state["run_dir"]) / "m" / machine / "guest"
        wait_until((guest / "api.sock").exists, "the machine's socket")
        lines = self.run_vm(guest).splitlines()
        self.assertIn("host vm1", lines)
        token = next(line for line in lines if line.startswith("token "))
        claims = dict(decode(token.split()[1])[1])
        self.assertEqual((claims["machine_id"], claims["aud"]), (machine, "sts.amazonaws.com"))
        now = self.machine(machine)
        self.assertEqual(now["state"], "STARTED")  # of the end of the machine only its monitor knows
        self.ctl("machine", "report", machine, now["boot"]["boot_id"], "exited")
        self.ctl("machine", "wait", machine, "--state", "stopped", "-t", "20")
        self.assertEqual(self.machine(machine)["boot"]["exit"]["exit_code"], 7)


if __name__ == "__main__":
    python_cases.main(MicrovmTest)
