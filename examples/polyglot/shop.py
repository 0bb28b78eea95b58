"""A service in Python: it asks another service of the mesh what things cost."""
import json, os, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            return self.answer("well\n")
        with urllib.request.urlopen("http://prices.mesh/apple") as response:
            price = json.load(response)["price"]
        self.answer(f"An apple is {price}.\n")

    def answer(self, text):
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Shop).serve_forever()
