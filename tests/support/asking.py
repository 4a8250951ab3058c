# The program `etl-actors` of `forks.py`, which puts two lines before this: it has a fork run the command, and ends as that does.
import json
import os
import signal
import socket
import sys

connection = socket.socket(socket.AF_UNIX)
connection.connect(PLACE)  # type: ignore[name-defined]  # noqa: F821  # one of the two lines
socket.send_fds(connection, [b"."], [0, 1, 2])
asked = {"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109  # pathlib takes its time
connection.sendall(json.dumps(asked).encode() + b"\n")
answers = connection.makefile()
fork = int(answers.readline())
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda got, _frame: os.kill(fork, got))
status = int(answers.readline())
sys.exit(status if status >= 0 else 128 - status)
