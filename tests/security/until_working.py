"""`ticketpulse worker …` as the commands of a page start it: until it works, then ended in order.

python -m tests.security.until_working WORD…
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.soak.waiting import until
from tests.soak.workers import ProductProcess

_SECONDS: Final = 180.0


async def main(argv: list[str]) -> None:
    """Return once it has taken its partitions over and has ended; raises WorkerDied where it ends by itself."""
    with tempfile.TemporaryDirectory() as folder:
        process = ProductProcess("worker", ["-m", "streams.cli", *argv], {}, Path(folder))
        try:
            await until(lambda: works(process), "the worker has partitions", _SECONDS, check=process.alive)
            await process.leave()
        finally:
            process.discard()
    print(*argv, "worked", flush=True)


async def works(process: ProductProcess) -> bool:
    """Whether it has partitions. Before it has metrics it does not."""
    try:
        return process.metric("helpdesk_takeovers_total") > 0
    except OSError:
        return False


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
