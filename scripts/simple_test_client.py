#!/usr/bin/env python3
"""Three clients at once, against any of the servers. Which answer comes first?

LongPrime asks whether 2^61 - 1 is prime, which takes the server seconds (--prime N: whether N is).
Echo and SmallPrime come after it and ask for something short. Each answer is printed as it arrives:
a server that waits elsewhere while it computes prints Echo and SmallPrime first.

    cargo run -p step-04-threadpool               (in another terminal)
    python3 scripts/simple_test_client.py [HOST [PORT]]

With --silent N, so many clients come first, say nothing, and leave after three seconds: a server
that needs a worker for everyone who waits answers nobody until then.
"""

import argparse
import selectors
import socket
import sys
import time

GREETING = b"*"

# How long the silent clients stay.
SILENCE = 3.0


class Client:
    """One connection with one question."""

    def __init__(self, name, question, address, timeout):
        self.name = name
        self.received = b""
        # An echo is as long as what is between ^ and $; an answer to a number is a line.
        self.echo_length = None if question.startswith(b"^P") else len(question) - len(b"^$")
        self.socket = socket.create_connection(address, timeout)
        self.socket.sendall(question)

    def read(self):
        """Takes what has arrived. True when there is nothing more to wait for."""
        received = self.socket.recv(4096)
        self.received += received
        return not received or self.is_answered()

    def answer(self):
        """The answer so far, without the greeting."""
        return self.received.removeprefix(GREETING)

    def is_answered(self):
        """Whether the answer is complete."""
        if self.echo_length is None:
            return self.answer().endswith(b"\n")
        return len(self.answer()) >= self.echo_length


def leave(connection):
    """Closes it in good order: with a greeting still unread, the server would see a reset."""
    connection.setblocking(False)
    try:
        connection.recv(len(GREETING))
    except BlockingIOError:
        pass  # nobody has greeted it yet
    connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("host", nargs="?", default="127.0.0.1")
    parser.add_argument("port", nargs="?", type=int, default=7878)
    parser.add_argument("--timeout", type=float, default=60, help="seconds of silence to bear")
    parser.add_argument("--prime", type=int, default=2**61 - 1, metavar="N",
                        help="what LongPrime asks about (%(default)s)")
    parser.add_argument("--silent", type=int, default=0, metavar="N",
                        help="so many clients come first, and say nothing for three seconds")
    arguments = parser.parse_args()
    address = (arguments.host, arguments.port)
    silent = [socket.create_connection(address) for _ in range(arguments.silent)]
    leave_at = time.monotonic() + SILENCE

    waiting = selectors.DefaultSelector()
    questions = [
        ("LongPrime", b"^P%d$" % arguments.prime),
        ("Echo", b"^echo$"),
        ("SmallPrime", b"^P7$"),
    ]
    for name, question in questions:
        client = Client(name, question, address, arguments.timeout)
        waiting.register(client.socket, selectors.EVENT_READ, client)

    unanswered = 0
    while waiting.get_map():
        patience = arguments.timeout
        if silent:
            patience = max(0, leave_at - time.monotonic())
        ready = waiting.select(patience)
        if silent and time.monotonic() >= leave_at:
            print(f"({len(silent)} silent, and now they leave)", flush=True)
            while silent:
                leave(silent.pop())
        elif not ready:
            names = ", ".join(key.data.name for key in waiting.get_map().values())
            sys.exit(f"error: {names}: no answer in {arguments.timeout:g} s")
        for key, _ in ready:
            client = key.data
            if not client.read():
                continue
            waiting.unregister(client.socket)
            client.socket.close()  # some servers take the next client only now
            answer = client.answer().decode("ascii", "replace").strip()
            if not client.is_answered():
                unanswered += 1
                answer += "(the server closed the connection)"
            print(f"{client.name}: {answer}", flush=True)
    for connection in silent:
        leave(connection)
    return 1 if unanswered else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        sys.exit(f"error: {error} (is a step running? pass its host and port)")
