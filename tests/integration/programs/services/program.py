"""A program in Python that knows nothing of the mesh."""
import json, os, signal, sys, urllib.error, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = os.environ.get("HTTP_VERSION", "HTTP/1.0")

    def answer(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length).decode()
        if self.path == "/exit":
            os._exit(7)
        if self.path.startswith("/call/"):
            return self.call("http://" + self.path[len("/call/"):])
        report = {"path": self.path, "method": self.command, "body": body, "pid": os.getpid(),
                  "env": sorted(os.environ), "secret": os.environ.get("DB_PASSWORD"),
                  "host": self.headers.get("host")}
        data = json.dumps(report).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("set-cookie", "a=1")
        self.send_header("set-cookie", "b=2")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def call(self, url):
        try:
            with urllib.request.urlopen(url) as response:
                status, data = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, data = error.code, error.read()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_HEAD = do_PUT = answer

    def log_message(self, *_):
        pass


def terminate(*_):
    print("python heard SIGTERM", flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, terminate)
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
print("python listens", flush=True)
server.serve_forever()
