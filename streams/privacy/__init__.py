"""Personal data in texts: found, replaced by placeholders, put back. Pure; its time grows with the text's length."""

from streams.privacy.found import KINDS, Found, Kind
from streams.privacy.redaction import Redacted, Redactor, redact, restore
from streams.privacy.search import find

__all__ = ["KINDS", "Found", "Kind", "Redacted", "Redactor", "find", "redact", "restore"]
