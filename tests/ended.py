"""Whether a process that is not our child has ended."""

import os
import select

WAIT_MS = 30_000


def has_ended(handle: int) -> bool:
    """Wait for the end of the process of a handle that `os.pidfd_open` made; the handle is closed."""
    # Not select(), which takes no file above 1,023: other tests of this process may hold more.
    ending = select.poll()
    ending.register(handle, select.POLLIN)
    try:
        return bool(ending.poll(WAIT_MS))
    finally:
        os.close(handle)
