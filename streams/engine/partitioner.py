"""Which partition a key belongs to, the same for every log and every producer of ours."""

from zlib import crc32


def partition_of(key: bytes | None, value: bytes | None, partitions: int) -> int:
    """CRC-32 of the key, as librdkafka's `consistent` partitioner; of the value for a record without a key.

    Producers outside may use any key and any client: the score stage keys its output anew, from the payload.
    """
    return crc32(key if key is not None else value or b"") % partitions
