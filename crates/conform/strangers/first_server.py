#!/usr/bin/env python3
"""A first server of the frames protocol, with the mistakes that are usual in one. Find them with

    cargo xtask check --cmd 'python3 crates/conform/strangers/first_server.py {port}'

* One `recv` is taken for one message: half a request is answered as if it were whole, or forgotten.
* Bytes are decoded as text: what is no UTF-8 ends the conversation.
* A number is whatever `int` takes: also `1_000`, ` 7`, `-7` and `٣`, of any size.
* Clients are served one after the other, so one that is silent keeps all others waiting.
* An exception ends the server and not only the conversation: a reset is enough.
* Nothing is done about SIGTERM.
"""

import re
import socket
import sys


def answer(frame):
    if not frame.startswith("P"):
        return "".join(chr(ord(c) + 1) for c in frame)
    try:
        n = int(frame[1:])
    except ValueError:
        return "error: no digits\n"
    if n < 2:
        return "composite\n"
    d = 2
    while d * d <= n:
        if n % d == 0:
            return "composite\n"
        d += 1
    return "prime\n"


server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, address = server.accept()
    client.send(b"*")
    while True:
        received = client.recv(1024)
        if not received:
            break
        for frame in re.findall(r"\^(.*?)\$", received.decode()):
            client.send(answer(frame).encode())
    client.close()
