"""WebSockets by hand, written and read by calls that block: who does not read stops who writes."""
import base64, hashlib, os, struct, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PIECE = 65_536
counts = {"sent": 0, "received": 0, "closed": ""}
go = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        name = url.path.strip("/")
        if self.headers.get("upgrade") is not None:
            if name == "refuse":
                return self.answer(403, "no")
            return self.open(name, query)
        if name == "go":
            go.set()
        self.answer(200, str(counts.get(name, "")))

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def open(self, name, query):
        key = self.headers["sec-websocket-key"] + GUID
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send_response(101)
        for header in (("connection", "Upgrade"), ("upgrade", "websocket"),
                       ("sec-websocket-accept", accept)):
            self.send_header(*header)
        self.end_headers()
        self.close_connection = True
        getattr(self, name)(query)

    def flood(self, query):
        for at in range(int(query["pieces"])):
            self.send(2, struct.pack("!Q", at) + bytes(PIECE - 8))
            counts["sent"] += PIECE
        self.send(8, struct.pack("!H", 4002) + b"flooded")

    def slow(self, _query):
        go.wait()
        self.echo({"quiet": "1"})

    def echo(self, query):
        while True:
            kind, data = self.receive()
            if kind == 8:
                counts["closed"] = f"{struct.unpack('!H', data[:2])[0]} {data[2:].decode()}"
                return self.send(8, data)
            counts["received"] += len(data)
            if "quiet" not in query:
                self.send(kind, data)

    def close(self, query):
        self.send(8, struct.pack("!H", int(query["code"])) + query["reason"].encode())
        self.receive()

    def crash(self, _query):
        self.receive()
        os._exit(3)

    def send(self, kind, data):
        size = len(data)
        head = bytes([0x80 | kind])
        if size < 126:
            head += bytes([size])
        elif size < 65_536:
            head += bytes([126]) + struct.pack("!H", size)
        else:
            head += bytes([127]) + struct.pack("!Q", size)
        self.wfile.write(head + data)

    def receive(self):
        kind, size = self.rfile.read(2)
        size &= 0x7F
        if size >= 126:
            size = int.from_bytes(self.rfile.read(2 if size == 126 else 8), "big")
        mask = self.rfile.read(4)
        data = self.rfile.read(size)
        repeated = (mask * (size // 4 + 1))[:size]
        plain = int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")
        return kind & 0x0F, plain.to_bytes(size, "big")

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
