# Prints the datagrams that arrive, and takes connections so that it counts as healthy.
import socket
import threading

web = socket.create_server(("", 8080))


def accept():
    while True:
        web.accept()[0].close()


threading.Thread(target=accept, daemon=True).start()
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(("", 9999))
while True:
    print(datagrams.recv(2000).decode(), flush=True)
