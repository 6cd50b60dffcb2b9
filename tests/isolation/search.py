"""Runs as the workload and looks for a secret wherever a process of the machine can look.

argv[1] is the secret reversed, so that it stands in no command line. Prints one line for each place that holds it, one
for each part of process 1 that could be opened, and last how much was searched.
"""
import ctypes
import os
import socket
import stat
import sys

NEEDLE = sys.argv[1][::-1].encode()
PROOF = NEEDLE.rstrip(b"=")[-32:]
MINE = {str(os.getpid())}
searched = 0


def look(place, data):
    global searched
    searched += 1
    if NEEDLE in data or PROOF in data:
        print("FOUND", place, flush=True)


def read(path, limit=64 << 20):
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
    try:
        fd = os.open(path, flags)
    except OSError:
        return None
    try:
        data = b""
        if stat.S_ISFIFO(os.fstat(fd).st_mode):
            return data  # the output of this very search, which must not be taken out of the pipe
        while len(data) < limit:
            piece = os.read(fd, 1 << 20)
            if not piece:
                break
            data += piece
        return data
    except OSError:
        return b""
    finally:
        os.close(fd)


def memory(pid):
    maps = read(f"/proc/{pid}/maps")
    if not maps:
        return None
    try:
        fd = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    except OSError:
        return None
    data = b""
    for line in maps.decode().splitlines():
        begin, end = (int(x, 16) for x in line.split()[0].split("-"))
        if "r" not in line.split()[1] or end - begin > 64 << 20:
            continue
        try:
            data += os.pread(fd, end - begin, begin)
        except (OSError, OverflowError):
            pass
    os.close(fd)
    return data


def processes():
    for pid in [p for p in os.listdir("/proc") if p.isdigit() and p not in MINE]:
        for root, dirs, files in os.walk(f"/proc/{pid}"):
            for name in files:
                if name != "mem" and name != "kmsg":
                    data = read(os.path.join(root, name), 1 << 20)
                    if data:
                        look(os.path.join(root, name), data)
        data = memory(pid)
        if data:
            look(f"/proc/{pid}/mem", data)


def process_one():
    libc = ctypes.CDLL(None, use_errno=True)
    for name in ["environ", "mem", "maps", "auxv", "stack", "syscall", "io"]:
        if read(f"/proc/1/{name}"):
            print("OPEN /proc/1/" + name, flush=True)
    for name in ["cwd", "root", "exe", "ns/mnt", "ns/user"]:
        try:
            os.readlink(f"/proc/1/{name}")
            print("OPEN /proc/1/" + name, flush=True)
        except OSError:
            pass
    for name in ["fd", "map_files", "root", "cwd"]:
        try:
            os.listdir(f"/proc/1/{name}")
            print("OPEN /proc/1/" + name, flush=True)
        except OSError:
            pass
    if libc.ptrace(16, 1, 0, 0) == 0:  # PTRACE_ATTACH
        print("TRACED 1", flush=True)
    pidfd = libc.syscall(434, 1, 0)  # pidfd_open
    for number in range(64):
        if libc.syscall(438, pidfd, number, 0) >= 0:  # pidfd_getfd
            print("STOLEN descriptor", number, flush=True)
    buffer = ctypes.create_string_buffer(4096)

    class Part(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    local = Part(ctypes.addressof(buffer), 4096)
    remote = Part(0x400000, 4096)
    if libc.process_vm_readv(1, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) > 0:
        print("READ memory of 1", flush=True)
    for flag, name in [(0x20000, "mnt"), (0x10000000, "user")]:
        if libc.setns(pidfd, flag) == 0:
            print("ENTERED", name, "of 1", flush=True)
    if libc.mount(b"none", b"/mnt", b"tmpfs", 0, None) == 0:
        print("MOUNTED", flush=True)


def files():
    for top in ["/.fly", "/tmp", "/run", "/var", "/root", "/home", "/dev/shm", "/mnt", "/sys"]:
        for root, dirs, names in os.walk(top):
            for name in names:
                path = os.path.join(root, name)
                look(path + " (name)", path.encode())
                if stat.S_ISREG(os.lstat(path).st_mode):
                    look(path, read(path) or b"")


def own():
    for name, value in os.environb.items():
        look("environment " + name.decode(), value)
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink("/proc/self/fd/" + name)
        except OSError:
            continue
        look("descriptor " + name, target.encode())
        if int(name) > 2 and not target.startswith("/proc/"):
            print("INHERITED", name, target, flush=True)


def api():
    requests = []
    for method in ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"]:
        for target in ["/v1/echo/body", "/v1/echo/json", "/v1/echo/percent", "/v1/echo/header", "/v1/echo/status", "/boot",
                       "/boot/events", "/v1/tokens/attenuate", "/v1/tokens/attenuate?x", "*", "http://flyd/v1/echo/body",
                       "/v1/../boot", "/"]:
            requests.append(f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    requests.append(b"GET /v1/echo/body HTTP/1.0\r\n\r\n")
    requests.append(b"POST /v1/echo/body HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    requests.append(b"POST /v1/echo/body HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /boot HTTP/1.1\r\n\r\n")
    requests.append(b"garbage\r\n\r\n")
    for request in requests:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        connection.connect("/.fly/api")
        connection.sendall(request)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except OSError:
            pass
        connection.close()
        look("answer to " + repr(request[:60]), answer)


own()
process_one()
processes()
files()
api()
print("searched", searched, "places", flush=True)
