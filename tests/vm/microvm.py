"""The initial file system of a virtual machine whose first process is flyd's init."""
import pathlib

from tests.vm import run_in_vm

# An emulated clock that waits for a busy host cannot be measured: the kernel is told.
KERNEL_COMMAND_LINE = "console=ttyS0 quiet panic=-1 reboot=t no_timer_check tsc_early_khz=2500000 lpj=5000000"

# A kernel of Debian's has its drivers in modules, which must be there before init speaks.
BEGIN = """#!/bin/busybox sh
busybox mount -t devtmpfs devtmpfs /dev
for module in MODULES; do busybox insmod /modules/$module.ko; done
exec /flyd-init guest vsock:2:1024
"""


def initrd(init):
    """The bytes of an initrd; `init` is the program's path."""
    modules = run_in_vm.module_order(("virtio_mmio", "vmw_vsock_virtio_transport"))
    begin = BEGIN.replace("MODULES", " ".join(name for name, _ in modules))
    entries = [(name, 0o40755, b"") for name in ("bin", "dev", "modules", ".fly")]
    entries += [("bin/busybox", 0o100755, pathlib.Path("/bin/busybox").read_bytes()), ("bin/sh", 0o120777, b"busybox"),
                ("init", 0o100755, begin.encode()), ("flyd-init", 0o100755, pathlib.Path(init).read_bytes())]
    return run_in_vm.cpio(entries + run_in_vm.module_files(modules))
