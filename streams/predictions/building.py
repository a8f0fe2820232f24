"""Columns of rows, in whatever order they come, as a history. Pure."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.predictions.history import Contacts, Escalations, Events, History, Whole

Columns = Mapping[str, Any]
_NONE: Final = -1


class Rows(NamedTuple):
    """Tables as columns (arrays of pyarrow, or lists). `events` have the fields of `Events`, but tickets and customers
    are texts that begin with the tenant and "/", categories are texts, and `place` orders events of one moment. `texts`
    have `ticket` and `text`; `escalations` and `contacts` have `known`, `customer` and, the former, `ticket`.
    """

    events: Columns
    texts: Columns
    escalations: Columns
    contacts: Columns


class _Codes:
    """Texts as numbers, in the order in which they come; -1 for "" and, once `closed`, for those that are new."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def of(self, column: Any, closed: bool = False) -> Whole:
        encoded = _array(column).dictionary_encode()
        found = [self._place(name, closed) for name in encoded.dictionary.to_pylist()]
        return np.asarray(np.array([*found, _NONE])[encoded.indices.to_numpy(zero_copy_only=False)])

    def _place(self, name: str | bytes, closed: bool) -> int:
        text = name.decode(errors="replace") if isinstance(name, bytes) else name
        # What follows the tenant is empty where nobody is named.
        if not text or (text.endswith("/") and text.count("/") == 1):
            return _NONE
        return self.places.get(text, _NONE) if closed else self.places.setdefault(text, len(self.places))


def history_of(rows: Rows) -> History:
    """The history that rows are of."""
    tickets, customers, categories = _Codes(), _Codes(), _Codes()
    ticket = tickets.of(rows.events["ticket"])
    known = _whole(rows.events["known"])
    order = np.lexsort((_whole(rows.events["place"]), known, ticket))
    columns: dict[str, NDArray[Any]] = {
        "ticket": ticket,
        "known": known,
        "at": np.minimum(_whole(rows.events["at"]), known),
        "category": categories.of(rows.events["category"]),
        "customer": customers.of(rows.events["customer"]),
    }
    for name in Events._fields:
        if name not in columns:
            columns[name] = _whole(rows.events[name])
    for name in ("customer_voice", "human", "scored", "upset"):
        columns[name] = columns[name] != 0
    # An agent's words have a category too; what the ticket is about is the customer's to say.
    columns["category"] = np.where(columns["customer_voice"], columns["category"], _NONE)
    names = [tuple(each.split("/", 1)) for each in tickets.places]
    return History(
        tickets=[(each[0], each[1]) for each in names],
        texts=_texts(rows.texts, tickets, len(names)),
        categories=tuple(categories.places),
        events=Events(**{name: columns[name][order] for name in Events._fields}),
        escalations=_escalations(rows.escalations, tickets, customers),
        contacts=_contacts(rows.contacts, customers),
        end=int(known.max(initial=0)),
    )


def _texts(columns: Columns, tickets: _Codes, count: int) -> list[str]:
    found = [""] * count
    for place, text in zip(
        tickets.of(columns["ticket"], closed=True), _array(columns["text"]).to_pylist(), strict=True
    ):
        if place >= 0:
            found[place] = text.decode(errors="replace") if isinstance(text, bytes) else text
    return found


def _escalations(columns: Columns, tickets: _Codes, customers: _Codes) -> Escalations:
    ticket, known = tickets.of(columns["ticket"], closed=True), _whole(columns["known"])
    order = np.lexsort((known, ticket))
    return Escalations(ticket[order], known[order], customers.of(columns["customer"], closed=True)[order])


def _contacts(columns: Columns, customers: _Codes) -> Contacts:
    customer, known = customers.of(columns["customer"], closed=True), _whole(columns["known"])
    order = np.lexsort((known, customer))
    order = order[customer[order] >= 0]
    return Contacts(customer[order], known[order])


def _whole(column: Any) -> Whole:
    return np.asarray(_array(column).to_numpy(zero_copy_only=False), np.int64)


def _array(column: Any) -> Any:
    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks()
    return column if isinstance(column, pa.Array) else pa.array(column)
