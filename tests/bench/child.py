"""A measured process: `python -m module` with one JSON argument, which answers in lines of JSON and is killed at the
end.
"""

import asyncio
import os
import sys
import tempfile
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

Answer = TypeVar("Answer")

ANSWER_SECONDS = 240.0


class Child:
    """Runs while its context lasts, and ends by SIGKILL."""

    def __init__(self, module: str, argument: Any) -> None:
        self._module = module
        self._argument = msgspec.json.encode(argument).decode()
        self._process: asyncio.subprocess.Process | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the child has ended

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            self._argument,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
            limit=1 << 26,
        )
        return self

    async def answer(self, kind: type[Answer], seconds: float = ANSWER_SECONDS) -> Answer:
        """The next line that is a JSON list: Faust prints a banner of its own. Raises RuntimeError with the process's
        last words when there is none in time.
        """
        assert self._process
        assert self._process.stdout
        try:
            async with asyncio.timeout(seconds):
                while line := await self._process.stdout.readline():
                    if line.startswith(b"["):
                        return msgspec.json.decode(line, type=kind)
        except TimeoutError:
            pass
        raise RuntimeError(f"{self._module} gave no answer:\n{self._last_words()}")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._errors.close()

    def _last_words(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")[-2000:]
