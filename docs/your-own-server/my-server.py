import math, socket, sys, threading

def serve(client):
    client.sendall(b"*")
    state, number = "outside", None
    while received := client.recv(65536):
        answer = bytearray()
        for byte in received:
            said = b""
            match state, chr(byte):
                case "outside", char: state = "opened" if char == "^" else "outside"
                case "number", "$": state, said = "outside", prime(number)
                case _, "$": state = "outside"
                case "opened", "P": state, number = "number", None
                case "opened" | "echo", _: state, said = "echo", bytes([(byte + 1) % 256])
                case "number", char if char not in "0123456789":
                    state, said = "skip", b"error: '%s' is not a digit\n" % shown(byte)
                case "number", digit:
                    number = (number or 0) * 10 + int(digit)
                    if number >= 2**64:
                        state, said = "skip", b"error: over 18446744073709551615\n"
            answer += said
        client.sendall(answer)
    client.close()

def prime(n):
    if n is None: return b"error: no digits\n"
    is_prime = n >= 2 and all(n % divisor for divisor in range(2, math.isqrt(n) + 1))
    return b"prime\n" if is_prime else b"composite\n"

def shown(byte):
    return (b"\\" if byte in b"'\"" else b"") + chr(byte).encode("unicode_escape")

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=[client], daemon=True).start()
