#!/usr/bin/python3
"""Runs a command as root on a kernel of its own: Debian's, in QEMU, whose files are this host's under an overlay in memory.

    run_in_vm.py [--unit FILE] [--seconds N] COMMAND [ARGUMENT...]

There cgroup v2 has every controller, whatever the host's own kernel is started with. Emulated, so that it is the same
everywhere. With --unit systemd is process 1, and the command
runs when that unit has been started. Passes on what the command prints; the exit status is the command's, 70 where the machine ends without it.
"""
import argparse
import glob
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

CACHE = pathlib.Path(os.environ.get("FLYD_CACHE", pathlib.Path("~/.cache/flyd").expanduser()))
MODULES = ("virtio_pci", "virtiofs", "overlay", "vsock_loopback")
ENDED = "vm: the command has ended with "

INIT = """#!/bin/busybox sh
busybox mount -t proc proc /proc
busybox mount -t devtmpfs devtmpfs /dev
for module in MODULES; do busybox insmod /modules/$module.ko; done
busybox mount -t tmpfs tmpfs /memory
busybox mkdir /memory/upper /memory/work
busybox mount -t virtiofs root /host
busybox mount -t overlay overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work /root
busybox mount -t proc proc /root/proc
busybox mount -t sysfs sysfs /root/sys
busybox mount -t devtmpfs devtmpfs /root/dev
busybox mkdir -p /root/dev/pts /root/dev/shm
busybox mount -t devpts devpts /root/dev/pts
busybox mount -t tmpfs tmpfs /root/dev/shm
busybox mount -t cgroup2 cgroup2 /root/sys/fs/cgroup
echo "+cpu +memory +pids" > /root/sys/fs/cgroup/cgroup.subtree_control  # as a service manager does
busybox ifconfig lo 127.0.0.1 up
busybox hostname vm
busybox cp /begin /command /bin/busybox /root
exec busybox switch_root /root /busybox sh /begin
"""

# On the root that process 1 has: a process that is in a chroot may make no user namespace.
COMMAND = """exec > /dev/ttyS0 2>&1
(cd FOLDER && ENVIRONMENT exec ARGUMENTS)
echo "ENDED$?"
/busybox reboot -f
"""

SYSTEMD = """cp FILE /etc/systemd/system/
mv /command /the-command
cat > /etc/systemd/system/command.service <<TEXT
[Unit]
DefaultDependencies=no
Requires=UNIT
After=UNIT
[Service]
Type=oneshot
ExecStart=/busybox sh /the-command
TEXT
exec /lib/systemd/systemd --unit=command.service --show-status=no
"""


def cpio(entries):
    """The newc archive of (name, mode, bytes)."""
    archive = bytearray()
    for inode, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        archive += b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        archive += bytes(-len(archive) % 4) + data
        archive += bytes(-len(archive) % 4)
    return bytes(archive)


def kernel_folder():
    """Debian's kernel, as tools/setup --interop unpacked it."""
    return pathlib.Path(glob.glob(f"{CACHE}/kernel-*/STAMP")[0]).parent


def kernel_image():
    return glob.glob(f"{kernel_folder()}/boot/vmlinuz-*")[0]


def module_order(wanted):
    """(name, file) of the modules and of what they depend on, each after what it needs."""
    tree = kernel_folder() / "lib/modules"
    files = {pathlib.Path(path).stem.replace("-", "_"): path for path in glob.glob(f"{tree}/**/*.ko", recursive=True)}
    order = []

    def add(name):
        if name in order or name not in files:
            return  # or it is built in
        found = re.search(rb"\0depends=([^\0]*)\0", pathlib.Path(files[name]).read_bytes())
        for needed in (found.group(1).decode().split(",") if found else []):
            add(needed.replace("-", "_"))
        order.append(name)

    for name in wanted:
        add(name)
    return [(name, files[name]) for name in order]


def module_files(modules):
    return [(f"modules/{name}.ko", 0o100644, pathlib.Path(path).read_bytes()) for name, path in modules]


def initramfs(command, unit):
    modules = module_order(MODULES)
    init = INIT.replace("MODULES", " ".join(name for name, _ in modules)).replace("ENDED", ENDED)
    entries = [(name, 0o40755, b"") for name in ("bin", "proc", "modules", "memory", "host", "root", "dev")]
    entries += [("bin/busybox", 0o100755, pathlib.Path("/bin/busybox").read_bytes()), ("init", 0o100755, init.encode()),
                ("command", 0o100644, command.encode()), ("begin", 0o100644, begin_of(unit).encode())]
    return cpio(entries + module_files(modules))


def script_of(command):
    kept = ("PATH", "HOME", "CONTROL_GROUP", "TEST_SRCDIR", "RUNFILES_DIR", "TEST_WORKSPACE", "FLYD_CACHE")
    values = [f"{name}={shlex.quote(os.environ[name])}" for name in kept if name in os.environ]
    script = COMMAND.replace("ENDED", ENDED).replace("FOLDER", shlex.quote(os.getcwd()))
    return script.replace("ENVIRONMENT", " ".join(values)).replace("ARGUMENTS", " ".join(map(shlex.quote, command)))


def begin_of(unit):
    if unit is None:
        return "exec /busybox sh /command\n"
    return SYSTEMD.replace("FILE", shlex.quote(str(unit.absolute()))).replace("UNIT", unit.name)


def qemu(folder):
    return ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine",
            "q35,accel=tcg", "-cpu", "max", "-smp", "2",
            "-m", "1G", "-object", "memory-backend-memfd,id=memory,size=1G,share=on", "-numa", "node,memdev=memory",
            "-chardev", f"socket,id=files,path={folder}/files", "-device", "vhost-user-fs-pci,chardev=files,tag=root",
            "-kernel", kernel_image(), "-initrd", f"{folder}/initrd",
            "-append", "console=ttyS0 quiet panic=-1 reboot=t", "-serial", "stdio"]


def pass_on(console):
    """What the machine prints; the command's exit status."""
    for line in console:
        if line.startswith(ENDED):
            return int(line[len(ENDED):])
        print(line.rstrip("\r\n"), flush=True)
    return 70


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--unit", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=240)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vm") as folder:
        pathlib.Path(folder, "initrd").write_bytes(initramfs(script_of(options.command), options.unit))
        # It ends with QEMU, whose connection is its only one.
        files = subprocess.Popen(["/usr/lib/qemu/virtiofsd", f"--socket-path={folder}/files", "-o", "source=/", "-o",
                                  "sandbox=chroot", "-o", "cache=auto"], stderr=subprocess.DEVNULL)
        while not os.path.exists(f"{folder}/files"):
            if files.poll() is not None:
                sys.exit("virtiofsd: ended, want it to listen")
        machine = subprocess.Popen(["/usr/bin/timeout", str(options.seconds), *qemu(folder)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace")
        status = pass_on(machine.stdout)
        machine.wait()
        files.wait()
    sys.exit(status)


if __name__ == "__main__":
    main()
