"""A registry on loopback that serves one OCI layout under every name, byte for byte what its files hold.

Usage: registry.py LAYOUT. Prints its port, then one line for each request.
"""
import http.server
import json
import pathlib
import sys

LAYOUT = pathlib.Path(sys.argv[1])


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        print(self.command, self.path, flush=True)
        kind, _, digest = self.path.rpartition("/")
        blob = LAYOUT / "blobs" / "sha256" / digest.removeprefix("sha256:")
        if self.path == "/v2/":
            self.answer(200, "application/json", b"{}")
        elif not digest.startswith("sha256:") or not blob.exists():
            self.answer(404, "application/json", json.dumps({"errors": [{"code": "NOT_FOUND"}]}).encode())
        elif kind.endswith("/manifests"):
            self.answer(200, "application/vnd.oci.image.manifest.v1+json", blob.read_bytes())
        else:
            self.answer(200, "application/octet-stream", blob.read_bytes())

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
print(server.server_port, flush=True)
server.serve_forever()
