"""A small HTTP server for the stand-ins: routes to functions, JSON or form in, JSON out."""
import http.server
import json
import os
import ssl
import urllib.parse


class Answer(Exception):
    """Ends a request early with a status and a body."""

    def __init__(self, status, body):
        super().__init__(status)
        self.status = status
        self.body = body


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    routes = ()  # (method, path prefix, function(path, fields, headers))

    def _serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        form = "x-www-form-urlencoded" in (self.headers.get("Content-Type") or "")
        fields = dict(urllib.parse.parse_qsl(body)) if form else json.loads(body or "{}")
        path = urllib.parse.urlsplit(self.path).path
        try:
            for method, prefix, function in self.routes:
                if method == self.command and path.startswith(prefix):
                    return self._send(200, function(path, fields, self.headers))
            raise Answer(404, {"error": f"{self.command} {path}: no such route"})
        except Answer as early:
            return self._send(early.status, early.body)

    do_GET = do_POST = do_PUT = _serve

    def _send(self, status, body):
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_):
        """Requests hold tokens: they are not logged."""


def serve(routes, port_file, certificate=None):
    """Serves for ever on loopback, on a port that the kernel chose. `certificate`: (file, key file) of an https server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"routes": tuple(routes)}))
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    partial = port_file + ".new"
    with open(partial, "w", encoding="ascii") as file:
        file.write(str(server.server_address[1]))
    os.rename(partial, port_file)
    server.serve_forever()
