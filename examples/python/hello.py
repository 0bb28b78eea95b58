"""A service in Python that speaks the protocol of the mesh itself: docs/PROTOCOL.md.

Control plane: one JSON document a line, over TCP, to its agent. Data plane: frames, over TCP, on
its plug. The agent puts all that it must know into the environment (SMMP_START)."""

import asyncio, base64, hashlib, hmac, json, os, ssl, struct, tempfile

start = json.loads(os.environ.pop("SMMP_START"))
HELLO, WELCOME, REQUEST, RESPONSE, DATA, PING, PONG, GO_AWAY, CLOSE = 1, 2, 3, 4, 5, 9, 10, 11, 12
sessions: set[asyncio.StreamWriter] = set()


def frame(kind: int, payload: bytes = b"", exchange: int = 0, end: bool = False) -> bytes:
    return struct.pack(">IBBI", len(payload), kind, end, exchange) + payload


def is_sent_by_the_manager(hello: bytes) -> bool:
    """Whether the ticket of who dials is signed with the key that the manager shares with us."""
    source, plug, dest = struct.unpack(">QIQ", hello[5:25])
    run, at_ms, signature = hello[25:].decode().split(".")
    said = f"smmp ticket {run} {at_ms} {source} {plug} {dest}".encode()
    made = hmac.digest(start["ticketKey"].encode(), said, hashlib.sha256)
    shown = base64.urlsafe_b64decode(signature + "==")
    return dest == start["serviceID"] and hmac.compare_digest(made, shown)


def answer(exchange: int, head: bytes) -> bytes:
    method, url, *_headers = head.decode().split("\0")
    body = f"Hello from Python {method} {url}\n".encode()
    response = "\0".join(["200", "content-type", "text/plain"]).encode()
    return frame(RESPONSE, response, exchange) + frame(DATA, body, exchange, end=True)


async def serve_session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    sessions.add(writer)
    try:
        while True:
            length, kind, _end, exchange = struct.unpack(">IBBI", await reader.readexactly(10))
            payload = await reader.readexactly(length)
            if kind == HELLO and is_sent_by_the_manager(payload):
                writer.write(frame(WELCOME, b"SMMP\x02"))
            elif kind == HELLO or kind == CLOSE:
                break
            elif kind == REQUEST:
                writer.write(answer(exchange, payload))
            elif kind in (PING, GO_AWAY):
                writer.write(frame(PONG if kind == PING else GO_AWAY))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, ValueError, struct.error):
        pass  # The other end has gone, or is none of ours.
    sessions.discard(writer)
    writer.close()


async def main() -> None:
    context = None
    if "sessionKey" in start:  # Sessions are TLS, and Python reads certificates from files.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile("w") as file:
            print(start["sessionCertificate"], start["sessionKey"], sep="\n", file=file, flush=True)
            context.load_cert_chain(file.name)
    await asyncio.start_server(serve_session, start["network"], start["plug"], ssl=context)
    reader, agent = await asyncio.open_connection(start["agentNetwork"], start["agentPort"])
    def say(kind: str, **fields: object) -> None:
        message = {"type": kind, "status": 200, "serviceID": start["serviceID"], **fields}
        agent.write(json.dumps(message).encode() + b"\n")

    say("startServiceResponse", messageID=start["messageID"], token=start["token"])
    async for line in reader:
        message = json.loads(line)
        if message["type"] == "serviceHealthRequest":
            say("serviceHealthResponse", messageID=message["messageID"], load={"inFlight": 0})
        elif message["type"] == "softShutdownRequest":
            for session in sessions:
                session.write(frame(GO_AWAY))
            say("softShutdownResponse", messageID=message["messageID"])
            return await agent.drain()


asyncio.run(main())
