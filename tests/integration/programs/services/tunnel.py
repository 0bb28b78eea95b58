"""A program whose GET /HOST:PORT connects there by CONNECT, says "echo", and answers what came."""

import base64
import http.server
import os
import socket
import urllib.parse

PROXY = urllib.parse.urlsplit(os.environ["HTTP_PROXY"])


def connect(place):
    """Opens a tunnel; returns its socket, or what the proxy answered instead."""
    tunnel = socket.create_connection((PROXY.hostname, PROXY.port))
    secret = base64.b64encode(f"{PROXY.username}:{PROXY.password}".encode()).decode()
    head = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nProxy-Authorization: Basic {secret}\r\n"
    tunnel.sendall(f"{head}\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += tunnel.recv(1)
    status = answer.split(b" ", 1)[1]
    return (tunnel, None) if status.startswith(b"200") else (tunnel, status)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        tunnel, refusal = connect(self.path[1:])
        body = refusal or b""
        if refusal is None:
            tunnel.sendall(b"echo\n")
            tunnel.shutdown(socket.SHUT_WR)
            while piece := tunnel.recv(65536):
                body += piece
        tunnel.close()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
