#!/usr/bin/env python3
"""A server of the frames protocol to begin with: a thread for each client. What can it not do yet?

    cargo xtask check --cmd 'python3 scripts/my_server.py {port}'
"""

import math
import socketserver
import sys


def advance(state, n, byte):
    """What a byte leads to: the next state, the number so far, and what is answered."""
    if state == "outside":
        return "opened" if byte == ord("^") else state, None, b""
    if byte == ord("$"):
        return "outside", None, number(n) if state == "number" else b""
    if state == "opened" and byte == ord("P"):
        return "number", None, b""
    if state in ("opened", "echo"):
        return "echo", None, bytes([(byte + 1) % 256])
    if state == "number" and byte not in b"0123456789":
        shown = repr(bytes([byte]))[2:-1] if byte not in b"'\"" else "\\" + chr(byte)
        return "skip", None, f"error: '{shown}' is not a digit\n".encode()
    if state == "number" and (n or 0) * 10 + byte - ord("0") >= 2**64:
        return "skip", None, b"error: over 18446744073709551615\n"
    return state, (n or 0) * 10 + byte - ord("0") if state == "number" else None, b""


def number(n):
    if n is None:
        return b"error: no digits\n"
    if n > 2 and n % 2 == 0 or any(n % d == 0 for d in range(3, math.isqrt(n) + 1, 2)):
        return b"composite\n"
    return b"prime\n" if n >= 2 else b"composite\n"


class Conversation(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"*")
        state, n = "outside", None
        while received := self.request.recv(4096):
            for byte in received:
                state, n, answer = advance(state, n, byte)
                if answer:
                    self.request.sendall(answer)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request, client):
        print(f"{client}: {sys.exc_info()[1]}", file=sys.stderr)


Server(("127.0.0.1", int(sys.argv[1])), Conversation).serve_forever()
