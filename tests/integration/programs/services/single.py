"""A program in Python that does one thing after the other, and hangs or works when asked to."""
import os, time
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/hang":
            time.sleep(1000)
        if self.path.startswith("/work"):
            time.sleep(0.2)
        data = str(os.getpid()).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


HTTPServer.request_queue_size = 100
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
