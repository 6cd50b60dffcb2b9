"""OCI image layouts that a test writes by hand: a few programs of this host with the libraries that they need."""
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import tarfile

PROGRAMS = ["sh", "cat", "ls", "id", "env", "pwd", "touch", "sleep", "curl", "mkdir", "ln", "chmod"]


def files_of(programs):
    """The paths of programs and libraries, with a merged /usr."""
    found = set()
    for program in programs:
        path = f"/usr/bin/{program}"
        found.add(path)
        linked = subprocess.run(["ldd", path], text=True, capture_output=True, check=True).stdout
        for library in re.findall(r"(/\S+) \(0x", linked):
            found.add(os.path.join(os.path.realpath(os.path.dirname(library)), os.path.basename(library)))
    return sorted(found)


class Layout:
    """A layout of one tag, `latest`."""

    def __init__(self, folder):
        self.folder = folder
        self.layers = []
        (folder / "blobs" / "sha256").mkdir(parents=True)

    def blob(self, data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        self.path("sha256:" + digest).write_bytes(data)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}

    def path(self, digest):
        return self.folder / "blobs" / digest.replace(":", "/")

    def add_layer(self, entries):
        """`entries`: (name, bytes or None for a folder or ("->", target) for a link, mode, uid)."""
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, content, mode, uid in entries:
                info = tarfile.TarInfo(name)
                info.mode, info.uid, info.gid = mode, uid, uid
                if content is None:
                    info.type = tarfile.DIRTYPE
                elif isinstance(content, tuple):
                    info.type, info.linkname = tarfile.SYMTYPE, content[1]
                else:
                    info.size = len(content)
                archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
        packed = gzip.compress(plain.getvalue(), mtime=0, compresslevel=1)
        layer = self.blob(packed, "application/vnd.oci.image.layer.v1.tar+gzip")
        self.layers.append((layer, "sha256:" + hashlib.sha256(plain.getvalue()).hexdigest()))
        return layer["digest"]

    def add_programs(self):
        folders, entries = set(), []
        for path in files_of(PROGRAMS):
            parent = os.path.dirname(path)
            while parent not in ("/", "/usr") and parent not in folders:
                folders.add(parent)
                parent = os.path.dirname(parent)
            with open(path, "rb") as file:
                entries.append((path[1:], file.read(), 0o755, 0))
        tree = [("usr", None, 0o755, 0)] + [(folder[1:], None, 0o755, 0) for folder in sorted(folders)]
        links = [(name, ("->", "usr/" + name), 0o777, 0) for name in ("bin", "lib", "lib64")]
        return self.add_layer(tree + entries + links)

    def finish(self, **run):
        """Writes manifest and index; the manifest's digest. `run`: Entrypoint, Env, User, WorkingDir…"""
        config = {"architecture": "amd64", "os": "linux", "config": run,
                  "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in self.layers]}}
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": self.blob(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
                    "layers": [layer for layer, _ in self.layers]}
        row = self.blob(json.dumps(manifest).encode(), manifest["mediaType"])
        row["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [row]}))
        return row["digest"]
