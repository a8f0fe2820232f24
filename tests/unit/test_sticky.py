"""Which member of a group gets which partitions, when members come and go."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.sticky import NOTHING, Claim, StickyAssignor, deal

TOPIC = "tickets.scored.v1"
MEMBERS = [f"member-{number}" for number in range(6)]


class Cluster(ClusterMetadata):  # type: ignore[misc]
    """As much of a cluster as an assignor looks at."""

    def partitions_for_topic(self, topic: str) -> set[int]:
        """Six."""
        return set(range(6))


def claims(dealt: Mapping[str, Sequence[int]], number: int) -> dict[str, Claim]:
    return {member: Claim(number, tuple(partitions)) for member, partitions in dealt.items()}


def rebalance(members: Mapping[str, StickyAssignor | type[RoundRobinPartitionAssignor]], leader: str) -> dict[str, str]:
    """One rebalance as the group runs it, over the wire's bytes; whose each partition is."""
    told = {
        member: ConsumerProtocolMemberMetadata.decode(assignor.metadata([TOPIC]).encode())
        for member, assignor in members.items()
    }
    dealt = members[leader].assign(Cluster(), told)
    for member, assignment in dealt.items():
        members[member].on_assignment(ConsumerProtocolMemberAssignment.decode(assignment.encode()))
    return {f"{partition.partition}": member for member, given in dealt.items() for partition in given.partitions()}


@given(
    st.integers(1, 24),
    st.lists(st.sets(st.sampled_from(MEMBERS), min_size=1), min_size=2, max_size=6),
)
def test_every_partition_has_one_owner_and_no_member_two_more_than_another(
    partitions: int, groups: Sequence[set[str]]
) -> None:
    dealt: dict[str, list[int]] = {}
    for number, members in enumerate(groups):
        before = claims(dealt, number)
        dealt = deal(range(partitions), {member: before.get(member, NOTHING) for member in members})
        assert sorted(partition for given in dealt.values() for partition in given) == list(range(partitions))
        counts = sorted(map(len, dealt.values()))
        assert counts[-1] - counts[0] <= 1


@given(st.integers(1, 24), st.lists(st.integers(1, 6), min_size=2, max_size=6))
def test_no_more_partitions_change_hands_than_have_to(partitions: int, sizes: Sequence[int]) -> None:
    dealt = deal(range(partitions), dict.fromkeys(MEMBERS[: sizes[0]], NOTHING))
    for number, (smaller, size) in enumerate(pairwise(sizes)):
        before = dealt
        dealt = deal(range(partitions), {m: Claim(number, tuple(before.get(m, ()))) for m in MEMBERS[:size]})
        moved = sum(len(set(given) - set(before.get(member, ()))) for member, given in dealt.items())
        left = sum(len(before[member]) for member in MEMBERS[size:smaller])
        came = sum(len(dealt[member]) for member in MEMBERS[smaller:size])
        assert moved == left + came


def test_who_was_away_while_its_partitions_went_elsewhere_does_not_get_them_back() -> None:
    dealt = deal(range(4), {"away": Claim(3, (0, 1)), "here": Claim(4, (0, 1, 2, 3))})
    assert sorted(dealt["here"]) == [0, 1]
    assert sorted(dealt["away"]) == [2, 3]


def test_what_a_member_is_given_it_claims_in_the_next_rebalance() -> None:
    members = {name: StickyAssignor(TOPIC) for name in ("a", "b")}
    before = rebalance(members, "a")
    members["c"] = StickyAssignor(TOPIC)
    after = rebalance(members, "c")
    assert sum(before[partition] != after[partition] for partition in before) == 2
    del members["a"]
    last = rebalance(members, "b")
    assert {partition for partition in after if after[partition] != last[partition]} == {
        partition for partition in after if after[partition] == "a"
    }


def test_a_group_moves_from_round_robin_process_by_process() -> None:
    old = RoundRobinPartitionAssignor
    for leader in ("old", "new"):
        owners = rebalance({"old": old, "new": StickyAssignor(TOPIC)}, leader)
        assert sorted(owners) == [str(partition) for partition in range(6)]
        assert sorted(owners.values()) == ["new"] * 3 + ["old"] * 3
    members = {"old": old, "new": StickyAssignor(TOPIC)}
    before = rebalance(members, "old")
    assert {p for p, owner in before.items() if owner == "new"} == {
        p for p, owner in rebalance(members, "new").items() if owner == "new"
    }
