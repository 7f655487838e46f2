import math, socket, sys, threading

def serve(client):
    client.sendall(b"*")
    state, number = "outside", None
    while received := client.recv(65536):
        answer = bytearray()
        for byte in received:
            if state == "outside":
                state = "opened" if byte == ord("^") else "outside"
            elif byte == ord("$"):
                answer += prime(number) if state == "number" else b""
                state = "outside"
            elif state == "opened" and byte == ord("P"):
                state, number = "number", None
            elif state in ("opened", "echo"):
                state = "echo"
                answer.append((byte + 1) % 256)
            elif state == "number" and byte not in b"0123456789":
                state = "skip"
                answer += b"error: '%s' is not a digit\n" % shown(byte)
            elif state == "number":
                number = (number or 0) * 10 + int(chr(byte))
                if number >= 2**64:
                    state = "skip"
                    answer += b"error: over 18446744073709551615\n"
        client.sendall(answer)
    client.close()

def prime(n):
    if n is None:
        return b"error: no digits\n"
    if n >= 2 and all(n % divisor for divisor in range(2, math.isqrt(n) + 1)):
        return b"prime\n"
    return b"composite\n"

def shown(byte):
    return (b"\\" if byte in b"'\"" else b"") + chr(byte).encode("unicode_escape")

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=[client], daemon=True).start()
