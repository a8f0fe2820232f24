"""Sets of numbers against Python's own."""

from hypothesis import given
from hypothesis import strategies as st

from streams.visited import Visited, from_about, near, with_number

numbers = st.lists(st.one_of(st.integers(0, 400), st.integers(0, 2**40)), max_size=60)


def visited(members: list[int]) -> Visited:
    found: Visited = ()
    for number in members:
        found = with_number(found, number)
    return found


@given(numbers, st.integers(0, 500))
def test_the_nearest_members_are_found(members: list[int], number: int) -> None:
    assert near(visited(members), number) == (
        max((each for each in members if each <= number), default=None),
        min((each for each in members if each >= number), default=None),
    )


@given(numbers)
def test_the_order_of_numbers_does_not_matter(members: list[int]) -> None:
    assert visited(members) == visited(sorted(members, reverse=True)) == visited(members * 2)


@given(numbers, st.integers(0, 500), st.integers(0, 500))
def test_what_is_dropped_is_lower_and_all_but_one_part_of_it(members: list[int], number: int, asked: int) -> None:
    kept = from_about(visited(members), number)
    assert len(kept) <= len({each // 64 for each in members if each >= number}) + 1
    if asked >= number:
        # Of what is not lower, nothing is missed.
        assert near(kept, asked)[1] == near(visited(members), asked)[1]


def test_neighbours_share_a_row() -> None:
    assert len(visited(list(range(64, 128)))) == 1
