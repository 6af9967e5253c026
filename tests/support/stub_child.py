"""A child that speaks to the parent as the real ones do, and nothing else."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

from bridge.cli.handover import Handover
from bridge.cli.lifeline import ALIVE, READY, SIGNALS, take_orders, tell


def answer(sock: socket.socket) -> None:
    while True:
        connection, _ = sock.accept()
        with connection:
            connection.recv(4096)
            body = str(os.getpid()).encode()
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body)


def main() -> None:
    orders, fds = take_orders()
    if not orders:
        sys.exit(0)
    handover = Handover.decode(orders, fds)
    notes: Path = handover.data / f"{handover.role}.pids"
    with notes.open("a") as file:
        file.write(f"{os.getpid()}\n")
    if handover.role == "bridge":
        assert handover.socket_fd is not None
        sock = socket.socket(fileno=handover.socket_fd)
        threading.Thread(target=answer, args=(sock,), daemon=True).start()
    tell(READY)
    if (handover.data / "hang").exists():
        time.sleep(600)
    while not signal.sigtimedwait(SIGNALS, 0.2):
        tell(ALIVE)
    (handover.data / f"{handover.role}.stopped").touch()


if __name__ == "__main__":
    main()
