"""Wrong ways to commit a transaction, for mutants: each takes the right way apart.

`commit` is the log's own commit of one transaction.
"""

from collections.abc import Awaitable, Callable

from streams.engine.log import Transaction

Commit = Callable[[Transaction], Awaitable[None]]


async def outputs_first(commit: Commit, transaction: Transaction) -> None:
    """The outputs in a transaction of their own, before rows and position: a crash between the two doubles them."""
    if transaction.outputs:
        await commit(Transaction(transaction.outputs, {}, None))
    await commit(transaction._replace(outputs=()))


async def outputs_last(commit: Commit, transaction: Transaction) -> None:
    """Rows and position first: a crash between the two loses the outputs."""
    await commit(transaction._replace(outputs=()))
    if transaction.outputs:
        await commit(Transaction(transaction.outputs, {}, None))


async def position_apart(commit: Commit, transaction: Transaction) -> None:
    """The position after everything else, as offsets that are committed by themselves: a crash applies twice."""
    await commit(transaction._replace(position=None))
    if transaction.position is not None:
        await commit(Transaction((), {}, transaction.position))
