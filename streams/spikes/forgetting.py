"""Examples of texts that alerts are explained by: those of somebody who is erased are removed. Windows stay."""

from collections.abc import Sequence

import msgspec

from streams.engine.state import Overlay
from streams.privacy.forgetting import Subject
from streams.spikes.alerting import FIRING, SAMPLES


def forget_samples(key: bytes, subject: Subject, state: Overlay) -> Sequence[str]:
    """Remove the subject's texts from the examples of a window."""
    samples = state.peek(SAMPLES, key)
    if samples is None:
        return ()
    tenant = msgspec.msgpack.decode(key)[0]
    kept = tuple(each for each in samples if not subject.is_ticket(tenant, each.ticket_id))
    if len(kept) == len(samples):
        return ()
    state.put(SAMPLES, key, kept)
    return ["samples"] * (len(samples) - len(kept))


def forget_in_alert(key: bytes, subject: Subject, state: Overlay) -> Sequence[str]:
    """Name the subject's tickets no more in an alert that fires."""
    alert = state.peek(FIRING, key)
    if alert is None:
        return ()
    kept = tuple(each for each in alert.tickets if not subject.is_ticket(alert.tenant, each))
    if len(kept) == len(alert.tickets):
        return ()
    state.put(FIRING, key, msgspec.structs.replace(alert, tickets=kept))
    return ["examples"] * (len(alert.tickets) - len(kept))
