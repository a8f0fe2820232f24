"""State and overlays, by examples and against a plain dict."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from streams.engine.state import Overlay, State, Table


class Count(msgspec.Struct, frozen=True, array_like=True):
    """A row."""

    value: int


COUNTS = Table(b"c", Count)
NAMES = Table(b"n", str)
INDEX = Table(b"i", int, derived=True)


def committed(state: State, overlay: Overlay) -> State:
    """What a take-over finds after the overlay was committed."""
    rows = {key: row for key, row in state_rows(state).items() if key not in overlay.logged()}
    rows.update({key: row for key, row in overlay.logged().items() if row is not None})
    return State(state.partition, state.partitions, rows)


def state_rows(state: State) -> dict[bytes, bytes]:
    """The state's logged rows as bytes."""
    copy = Overlay(state)
    for key, count in list(copy.rows(COUNTS)):
        copy.put(COUNTS, key, count)
    for key, name in list(copy.rows(NAMES)):
        copy.put(NAMES, key, name)
    return {key: row for key, row in copy.logged().items() if row is not None}


@pytest.fixture
def state() -> State:
    return State(partition=3, partitions=8)


def test_an_overlay_shows_its_changes_and_leaves_the_state_alone(state: State) -> None:
    overlay = Overlay(state)
    overlay.put(COUNTS, b"a", Count(1))
    assert overlay.get(COUNTS, b"a") == Count(1)
    assert Overlay(state).get(COUNTS, b"a") is None
    assert len(state) == 0


def test_a_merged_overlay_is_the_state(state: State) -> None:
    overlay = Overlay(state)
    overlay.put(COUNTS, b"a", Count(1))
    overlay.put(COUNTS, b"b", Count(2))
    state.merge(overlay)
    later = Overlay(state)
    later.delete(COUNTS, b"a")
    assert later.get(COUNTS, b"a") is None
    assert dict(later.rows(COUNTS)) == {b"b": Count(2)}
    state.merge(later)
    assert dict(Overlay(state).rows(COUNTS)) == {b"b": Count(2)}
    assert len(state) == 1


def test_a_nested_overlay_counts_only_when_it_is_absorbed(state: State) -> None:
    outer = Overlay(state)
    outer.put(COUNTS, b"a", Count(1))
    given_up = outer.nested()
    given_up.delete(COUNTS, b"a")
    given_up.put(COUNTS, b"b", Count(9))
    kept = outer.nested()
    kept.put(COUNTS, b"a", Count(2))
    assert kept.get(COUNTS, b"a") == Count(2)
    assert outer.get(COUNTS, b"a") == Count(1)
    outer.absorb(kept)
    assert dict(outer.rows(COUNTS)) == {b"a": Count(2)}


def test_tables_do_not_see_each_others_keys(state: State) -> None:
    overlay = Overlay(state)
    overlay.put(COUNTS, b"same", Count(1))
    overlay.put(NAMES, b"same", "name")
    overlay.put(INDEX, b"same", 7)
    state.merge(overlay)
    found = Overlay(state)
    assert (found.get(COUNTS, b"same"), found.get(NAMES, b"same"), found.get(INDEX, b"same")) == (Count(1), "name", 7)
    assert dict(found.rows(NAMES)) == {b"same": "name"}


def test_derived_rows_are_not_logged_and_not_counted(state: State) -> None:
    overlay = Overlay(state)
    overlay.put(INDEX, b"a", 1)
    overlay.put(INDEX, b"b", 2)
    assert overlay.logged() == {}
    state.merge(overlay)
    gone = Overlay(state)
    gone.delete(INDEX, b"a")
    assert dict(gone.rows(INDEX)) == {b"b": 2}
    state.merge(gone)
    assert (dict(Overlay(state).rows(INDEX)), len(state)) == ({b"b": 2}, 0)


def test_what_is_logged_is_what_a_take_over_reads(state: State) -> None:
    overlay = Overlay(state)
    overlay.put(COUNTS, b"a", Count(1))
    overlay.put(NAMES, b"", "empty key")
    overlay.delete(NAMES, b"never")
    logged = overlay.logged()
    assert set(logged) == {b"ca", b"n", b"nnever"}
    assert logged[b"nnever"] is None
    recovered = Overlay(committed(state, overlay))
    assert recovered.get(COUNTS, b"a") == Count(1)
    assert recovered.get(NAMES, b"") == "empty key"


def test_recovered_rows_are_decoded_once() -> None:
    state = State(0, 1, {b"ca": msgspec.msgpack.encode(Count(5))})
    first = Overlay(state).get(COUNTS, b"a")
    assert first == Count(5)
    assert Overlay(state).get(COUNTS, b"a") is first


def test_a_row_that_was_not_used_of_late_takes_no_more_memory_than_its_bytes() -> None:
    state = State(0, 1, turn=3)
    overlay = Overlay(state)
    used, unused = Count(1000), Count(2000)
    overlay.put(COUNTS, b"used", used)
    overlay.put(COUNTS, b"unused", unused)
    state.merge(overlay)
    for _ in range(9):
        assert Overlay(state).get(COUNTS, b"used") is used
        state.merge(Overlay(state))
    again = Overlay(state).get(COUNTS, b"unused")
    assert again == unused
    assert again is not unused


def test_a_row_that_was_deleted_while_it_was_decoded_does_not_come_back() -> None:
    state = State(0, 1, turn=1)
    overlay = Overlay(state)
    overlay.put(COUNTS, b"a", Count(1))
    state.merge(overlay)
    gone = Overlay(state)
    gone.delete(COUNTS, b"a")
    state.merge(gone)
    assert Overlay(state).get(COUNTS, b"a") is None
    assert Overlay(state).peek(COUNTS, b"a") is None


def test_a_row_that_cannot_be_decoded_is_not_taken_for_missing() -> None:
    state = State(0, 1, {b"ca": b"\xc1"})
    with pytest.raises(msgspec.DecodeError):
        Overlay(state).get(COUNTS, b"a")


def test_a_sweep_goes_round_the_table_and_passes_over_what_is_gone(state: State) -> None:
    overlay = Overlay(state)
    for number in range(10):
        overlay.put(COUNTS, b"%d" % number, Count(number))
    overlay.put(NAMES, b"other", "table")
    state.merge(overlay)
    first = Overlay(state).sweep_keys(COUNTS, 4)
    gone = Overlay(state)
    missing = next(key for key in (b"%d" % number for number in range(10)) if key not in first)
    gone.delete(COUNTS, missing)
    state.merge(gone)
    rest = Overlay(state).sweep_keys(COUNTS, 6)
    assert set(first) | set(rest) | {missing} == {b"%d" % number for number in range(10)}
    assert not set(first) & set(rest)
    assert len(Overlay(state).sweep_keys(COUNTS, 100)) == 9


def test_a_sweep_shows_rows_as_they_are_now(state: State) -> None:
    overlay = Overlay(state)
    for key in (b"a", b"b", b"c"):
        overlay.put(COUNTS, key, Count(1))
    state.merge(overlay)
    later = Overlay(state)
    later.put(COUNTS, b"a", Count(2))
    later.delete(COUNTS, b"b")
    assert dict(later.sweep(COUNTS, 9)) == {b"a": Count(2), b"c": Count(1)}


def test_an_overlay_knows_whose_state_it_is(state: State) -> None:
    overlay = Overlay(state).nested()
    assert (overlay.partition, overlay.partitions) == (3, 8)


@pytest.mark.parametrize("tag", [b"", b"ab", b"\0"])
def test_a_tag_is_one_byte_and_not_the_position_rows(tag: bytes) -> None:
    with pytest.raises(ValueError, match="one byte"):
        Table(tag, Count)


KEYS = st.sampled_from([b"", b"a", b"b", b"aa"])


class StateMachine(RuleBasedStateMachine):
    """State, overlay and a nested overlay against dicts; crashes and take-overs at any time."""

    def __init__(self) -> None:
        super().__init__()
        # Of two: what was used in the turn before is often what is used now.
        self.state = State(0, 1, turn=2)
        self.layers = [Overlay(self.state)]
        self.models: list[dict[bytes, int]] = [{}, {}]

    @rule(key=KEYS, value=st.integers(0, 1 << 40))
    def put(self, key: bytes, value: int) -> None:
        """Change the top layer."""
        self.layers[-1].put(COUNTS, key, Count(value))
        self.models[-1][key] = value

    @rule(key=KEYS)
    def delete(self, key: bytes) -> None:
        """Delete in the top layer."""
        self.layers[-1].delete(COUNTS, key)
        self.models[-1].pop(key, None)

    @precondition(lambda self: len(self.layers) < 3)
    @rule()
    def nest(self) -> None:
        """Try something."""
        self.layers.append(self.layers[-1].nested())
        self.models.append(dict(self.models[-1]))

    @precondition(lambda self: len(self.layers) > 1)
    @rule()
    def absorb(self) -> None:
        """Keep what was tried."""
        nested = self.layers.pop()
        self.layers[-1].absorb(nested)
        changed = self.models.pop()
        self.models[-1] = changed

    @precondition(lambda self: len(self.layers) > 1)
    @rule()
    def abandon(self) -> None:
        """Forget what was tried."""
        self.layers.pop()
        self.models.pop()

    @precondition(lambda self: len(self.layers) == 1)
    @rule(recover=st.booleans())
    def commit(self, recover: bool) -> None:
        """Commit, and perhaps take over afterwards."""
        overlay = self.layers[0]
        if recover:
            self.state = committed(self.state, overlay)
        else:
            self.state.merge(overlay)
        self.models[0] = dict(self.models[1])
        self.layers = [Overlay(self.state)]

    @rule()
    def crash(self) -> None:
        """What was not committed is gone."""
        self.layers = [Overlay(self.state)]
        self.models = [self.models[0], dict(self.models[0])]

    @invariant()
    def shows_the_model(self) -> None:
        """Every layer reads like its dict, by key and as a whole."""
        for layer, model in zip(self.layers, self.models[1:], strict=True):
            assert {key: row.value for key, row in layer.rows(COUNTS)} == model
            for key in (b"", b"a", b"b", b"aa"):
                row = layer.get(COUNTS, key)
                assert (row.value if row else None) == model.get(key)
        assert len(self.state) == len(self.models[0])


TestStateMachine = StateMachine.TestCase
TestStateMachine.settings = settings(max_examples=60, stateful_step_count=30)


@given(st.dictionaries(st.binary(max_size=4), st.integers(0, 1 << 50)))
def test_any_rows_survive_the_changelog(rows: dict[bytes, int]) -> None:
    overlay = Overlay(State(0, 1))
    for key, value in rows.items():
        overlay.put(COUNTS, key, Count(value))
    recovered = Overlay(committed(State(0, 1), overlay))
    assert {key: row.value for key, row in recovered.rows(COUNTS)} == rows


def test_all_rows_may_be_looked_at_a_part_at_a_time() -> None:
    written = Overlay(State(0, 1))
    for name in (b"a", b"b", b"c"):
        written.put(COUNTS, name, Count(1))
    state = State(0, 1, {key: row for key, row in written.logged().items() if row is not None})
    overlay = Overlay(state)
    overlay.put(COUNTS, b"d", Count(2))
    overlay.delete(COUNTS, b"a")
    nested = overlay.nested()
    nested.put(COUNTS, b"b", Count(3))
    keys = nested.keys(COUNTS)
    assert {key: nested.peek(COUNTS, key[1:]) for key in keys} == {
        b"ca": None,
        b"cb": Count(3),
        b"cc": Count(1),
        b"cd": Count(2),
    }
    assert nested.peek(COUNTS, b"never") is None
