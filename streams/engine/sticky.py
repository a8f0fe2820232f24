"""Which member of the group gets which partitions: as evenly as can be, and otherwise whoever had them keeps them.

A partition that stays where it is goes on with its state and its producer; one that moves is taken over, which costs
a fencing and the reading of its changelog. Round robin over the members' random ids moves about all of them whenever
somebody joins or leaves.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

_VERSION = 0


class Claim(NamedTuple):
    """What a member had of the topic, and in which deal it got that: the newest deal counts."""

    deal: int
    partitions: tuple[int, ...]


NOTHING = Claim(0, ())
_encode = msgspec.json.encode
_decode_claim = msgspec.json.Decoder(Claim).decode
_decode_deal = msgspec.json.Decoder(int).decode


def deal(partitions: Iterable[int], claims: Mapping[str, Claim]) -> dict[str, list[int]]:
    """Partitions for each member; their numbers differ by one at most, and as few as possible change hands.

    Where two members claim the same partition, the one with the newer claim had it last.
    """
    free = set(partitions)
    kept: dict[str, list[int]] = {member: [] for member in claims}
    for member, claim in sorted(claims.items(), key=lambda one: (-one[1].deal, one[0])):
        for partition in claim.partitions:
            if partition in free:
                free.remove(partition)
                kept[member].append(partition)
    least, with_one_more = divmod(len(free) + sum(map(len, kept.values())), len(kept))
    # Whoever has most may keep one more than others.
    for member in sorted(kept, key=lambda one: (-len(kept[one]), one)):
        share = least + (with_one_more > 0)
        with_one_more -= 1
        free.update(kept[member][share:])
        del kept[member][share:]
    for partition in sorted(free):
        min(kept.values(), key=len).append(partition)
    return kept


class StickyAssignor(AbstractPartitionAssignor):  # type: ignore[misc]
    """For a group whose members all read the same topic. Each consumer needs one of its own.

    It goes by the name of round robin, whose members it understands and who understand it: they claim nothing. So a
    group can be moved from the one to the other process by process. The library's own sticky assignor keeps what a
    member has in the class, so it allows one consumer in a process; and a consumer that offers two strategies joins
    twice (aiokafka 0.14).
    """

    name = "roundrobin"

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._claim = NOTHING

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Called of the group's leader."""
        claims = {
            member: _decode_claim(metadata.user_data) if metadata.user_data else NOTHING
            for member, metadata in members.items()
        }
        dealt = deal(cluster.partitions_for_topic(self._topic) or (), claims)
        number = _encode(1 + max(claim.deal for claim in claims.values()))
        return {
            member: ConsumerProtocolMemberAssignment(_VERSION, [(self._topic, partitions)], number)
            for member, partitions in dealt.items()
        }

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """What this member tells the leader when it joins."""
        return ConsumerProtocolMemberMetadata(_VERSION, list(topics), _encode(self._claim))

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """This is what it has now. A leader that only knows round robin numbers nothing."""
        number = _decode_deal(assignment.user_data) if assignment.user_data else 0
        self._claim = Claim(number, tuple(partition.partition for partition in assignment.partitions()))
