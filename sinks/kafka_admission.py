"""Why a cluster does not let us in, in words: what its clients tell only in their logs, and try again for ever."""

import asyncio
import ssl
from typing import Final

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from sinks.kafka_cluster import Brokers, Cluster, client_arguments

_ANSWER_SECONDS: Final = 5.0
# A broker that wants a certificate of ours says so only behind the handshake of TLS 1.3.
_ALERT_SECONDS: Final = 1.0


class NotLetIn(Exception):
    """The cluster is there and does not let us in. The message says why and what to do; to try again is of no use."""


async def why_not_let_in(brokers: Brokers) -> NotLetIn | None:
    """What the first broker that is there has against us; None where none is there, or nothing is wrong."""
    if isinstance(brokers, str):
        return None
    for address in brokers.brokers.split(","):
        host, _, port = address.strip().rpartition(":")
        if not port.isdigit():
            continue
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await _ask(brokers, host.strip("[]"), int(port))
        except (OSError, KafkaError):
            # Away, or of another mind in a moment.
            continue
    return None


async def _ask(cluster: Cluster, host: str, port: int) -> NotLetIn | None:
    arguments = client_arguments(cluster)
    arguments.pop("bootstrap_servers")
    place = f"Kafka at {host}:{port}"
    try:
        if cluster.tls is not None:
            await _shake_hands(host, port, arguments["ssl_context"])
        connection = await create_conn(host, port, request_timeout_ms=int(_ANSWER_SECONDS * 1000), **arguments)
    except ssl.SSLCertVerificationError as error:
        return NotLetIn(
            f"{place} shows a certificate that is not trusted: {error.verify_message.rstrip('.')}. "
            f"TICKETPULSE_KAFKA_CA names the certificates that sign the brokers'{_and_their_names(error)}"
        )
    except ssl.SSLError as error:
        return NotLetIn(f"{place} and we do not agree on TLS: {_reason(error)}. {_TLS_REMEDY}")
    except (SaslAuthenticationFailed, AuthenticationFailedError):
        user = cluster.login.user if cluster.login else ""
        return NotLetIn(
            f"{place} does not take the password of the user {user}, or has no such user for "
            f"{cluster.login.mechanism if cluster.login else ''}: look at TICKETPULSE_KAFKA_USER, "
            "TICKETPULSE_KAFKA_PASSWORD and TICKETPULSE_KAFKA_MECHANISM"
        )
    except UnsupportedSaslMechanismError:
        mechanism = cluster.login.mechanism if cluster.login else ""
        return NotLetIn(f"{place} does not take TICKETPULSE_KAFKA_MECHANISM={mechanism}: set one that it does")
    except IllegalSaslStateError:
        return NotLetIn(f"{place} asks for no user there: TICKETPULSE_KAFKA_SECURITY says otherwise")
    connection.close()
    return None


async def _shake_hands(host: str, port: int, context: ssl.SSLContext) -> None:
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        async with asyncio.timeout(_ALERT_SECONDS):
            await reader.read(1)
    except TimeoutError:
        # It waits for us to speak: nothing is wrong.
        return
    finally:
        writer.close()


_TLS_REMEDY = (
    "TICKETPULSE_KAFKA_SECURITY has to be what that port's listener speaks, and TICKETPULSE_KAFKA_CERTIFICATE one that "
    "it trusts, where it asks for one"
)


def _and_their_names(error: ssl.SSLCertVerificationError) -> str:
    # X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH.
    if error.verify_code not in (62, 64):
        return ""
    return ", and KAFKA_BROKERS has to name the brokers as their certificates do"


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()
