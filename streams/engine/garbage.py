"""Python's cyclic garbage collector, in processes that hold much and throw away in bulk."""

import gc


def collect_garbage_seldom() -> None:
    """Let the collector look seldom: call it once, when what the process needs is loaded.

    State rows and fetched records are many live objects and hardly any cycles. With Python's defaults the collector
    looks at all of them again and again, which takes up to half of a worker's or a sink's time.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
