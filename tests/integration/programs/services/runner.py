"""Answers with what clients of many kinds read of another service, each in its own way."""
import http.client, json, os, subprocess, sys
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

URL = "http://echo.mesh/who?id=a"
URLLIB = f"import urllib.request as u; print(u.urlopen('{URL}').read().decode(), end='')"
DENO = f"console.log(await (await fetch('{URL}')).text())"


def by_hand():
    """For a library that knows no proxies: the whole URL is the path, asked of the proxy."""
    proxy = urlsplit(os.environ["HTTP_PROXY"])
    account = f"{proxy.username}:{unquote(proxy.password)}".encode()
    connection = http.client.HTTPConnection(proxy.hostname, proxy.port)
    headers = {"proxy-authorization": "Basic " + b64encode(account).decode()}
    connection.request("GET", URL, headers=headers)
    return connection.getresponse().read().decode()


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


CLIENTS = {
    "curl": lambda: run("curl", "-s", URL),
    "tunnel": lambda: run("curl", "-s", "-p", URL),
    "urllib": lambda: run(sys.executable, "-c", URLLIB),
    "deno": lambda: run(os.environ["DENO"], "eval", DENO),
    "hand": by_hand,
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        data = json.dumps({name: client() for name, client in CLIENTS.items()}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
