"""The command line as a process that has everything imported, and forks for each command: 150 starts take long.

python -m tests.docs.forked SOCKET
"""

import json
import os
import socket
import sys
import threading
from typing import Any

# Not the engine of ClickHouse: it has threads, which do not survive a fork.
import streams.cli
import streams.policies
import streams.stages
from deploy.docs.generate.commands import root

# What runs until Ctrl-C. It is not started for each page: its arguments and settings are read, and the files they name.
UNTIL_STOPPED = {("up",), ("worker",), ("serve",), ("sink",), ("source",), ("enrich",), ("predict", "run")}
# What asks a broker; the stack of these tests is one process without Kafka.
WITH_A_BROKER = {("status",), ("dlq",), ("topics", "apply"), ("topics", "ls"), ("produce",)}


def serve(path: str) -> None:
    """Until the process is killed."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.bind(path)
        door.listen(16)
        print("listening", flush=True)
        while True:
            there, _ = door.accept()
            _, files, *_ = socket.recv_fds(there, 1, 3)
            with there.makefile("rb") as told:
                argv, folder, environment = json.loads(b"[" + told.readline())
            child = os.fork()
            if child == 0:
                _be(argv, folder, environment, files)
            for file in files:
                os.close(file)
            threading.Thread(target=_answer, args=(there, child), daemon=True).start()


def _answer(there: socket.socket, child: int) -> None:
    _, status = os.waitpid(child, 0)
    there.sendall(str(os.waitstatus_to_exitcode(status) & 255).encode())
    there.close()


def _be(argv: list[str], folder: str, environment: dict[str, str], files: list[int]) -> None:
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["ticketpulse", *argv]
    code: Any = 0
    try:
        if _is_one_of(argv, WITH_A_BROKER):
            _parse(argv)
        elif _is_one_of(argv, UNTIL_STOPPED) and "--once" not in argv:
            _parse(argv)
            _read_settings()
        else:
            streams.cli.main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        code = 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)


def _is_one_of(argv: list[str], commands: set[tuple[str, ...]]) -> bool:
    return any(tuple(argv[: len(command)]) == command for command in commands)


def _parse(argv: list[str]) -> None:
    command: Any = root()
    context = command.make_context("ticketpulse", list(argv))
    while hasattr(command, "commands"):
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, rest, parent=context)


def _read_settings() -> None:
    """As `ticketpulse up` reads them before it starts anything."""
    from streams.commands.settings import given_settings  # noqa: PLC0415

    settings = given_settings()
    for source in (streams.policies.policy_source, streams.policies.notify_source, streams.policies.library_source):
        source(settings).read()


if __name__ == "__main__":
    serve(sys.argv[1])
