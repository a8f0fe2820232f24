"""Topics, from streams/topics.py."""

from deploy.docs.generate.asyncapi import CONTENTS, document, is_changelog
from deploy.docs.generate.markdown import code, page, table
from streams.topics import ALL, STORED, Topic

INTRO = """
    What `ticketpulse topics apply` makes. Partitions and replication are `TICKETPULSE_PARTITIONS` and
    `TICKETPULSE_REPLICATION`. [asyncapi.json](asyncapi.json) has every message with its fields, as AsyncAPI 3.
"""
_CHANGELOGS = """
## State

Each stage keeps its state and its position in a topic of its own, which is compacted. It is nobody else's to read:
"""
_DAY_MS = 86_400_000


def topics_page() -> str:
    """What is on them and for how long; then the fields of each message."""
    told = [topic for topic in ALL if not is_changelog(topic)]
    header = ["topic", "holds", "key", "messages", "days", "table"]
    states = "\n".join(f"- {code(topic.name)}" for topic in ALL if is_changelog(topic))
    return page("Topics", INTRO, table(header, map(_row, told)), _CHANGELOGS.strip(), states, *_messages())


def _row(topic: Topic) -> list[str]:
    content = CONTENTS[topic.name]
    messages = ", ".join(f"[{struct.__name__}](#{struct.__name__.lower()})" for struct in content.structs)
    days = int(topic.settings["retention.ms"]) // _DAY_MS
    return [code(topic.name), content.what, content.key, messages, str(days), code(STORED.get(topic.name, ""))]


def _messages() -> list[str]:
    components = document()["components"]
    parts = []
    for name, message in components["messages"].items():
        schema = components["schemas"].get(name)
        if schema is None:
            continue
        names = schema.get("properties") or {str(at): each for at, each in enumerate(schema.get("prefixItems", []))}
        required = schema.get("required", [])
        rows = [[code(field), code(_kind(each)), "yes" if field in required else ""] for field, each in names.items()]
        parts.append(f"### {name}\n\n{message['summary']}\n\n{table(['field', 'kind', 'required'], rows)}")
    return ["## Messages", *parts]


def _kind(schema: dict[str, object]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    either = schema.get("anyOf")
    if isinstance(either, list):
        return " or ".join(_kind(each) for each in either)
    if isinstance(schema.get("enum"), list):
        return " | ".join(map(str, schema["enum"]))  # type: ignore[call-overload]
    items = schema.get("items")
    if isinstance(items, dict):
        return f"array of {_kind(items)}"
    return str(schema.get("format") or schema.get("type") or schema.get("const") or "any")
