"""Takes and gives large bodies in pieces, by calls that block, and tells their digests."""
import hashlib, os, struct, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PIECE = 32_768
counts = {"sent": 0, "received": 0}
go = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/down":
            return self.down(parse_qs(url.query))
        if url.path == "/go":
            go.set()
        self.answer(str(counts.get(url.path[1:], "")))

    def down(self, query):
        size = int(query["size"][0])
        is_chunked = "chunked" in query
        counts["sent"] = 0
        self.send_response(200)
        if is_chunked:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("content-length", str(size))
        self.end_headers()
        for at in range(size // PIECE):
            piece = struct.pack("!Q", at) * (PIECE // 8)
            self.wfile.write(b"8000\r\n" + piece + b"\r\n" if is_chunked else piece)
            counts["sent"] += PIECE
        if is_chunked:
            self.wfile.write(b"0\r\n\r\n")

    def do_PUT(self):
        go.wait()
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece)
            counts["received"] += len(piece)
        go.clear()
        self.answer(digest.hexdigest())

    def pieces(self):
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            return self.rfile.readline()
        left = int(self.headers["content-length"])
        while left > 0:
            piece = self.rfile.read(min(PIECE, left))
            left -= len(piece)
            yield piece

    def answer(self, text):
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
