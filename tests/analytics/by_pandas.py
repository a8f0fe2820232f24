"""Every figure of analytics again, from the rows that were put in, in the words of docs/analytics.md and by pandas."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from sinks.analytics.selection import Selection
from tests.analytics.history import History, Row

LOOK_BACK = timedelta(days=90)
UNHAPPY = ("very_negative", "negative")
OPEN = ("new", "open", "in_progress", "awaiting_customer")


def stored(history: History) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events and escalations, each once: of an event's copies the first of the highest epoch, of an escalation's
    revisions the last.
    """
    events = pd.DataFrame(history.events)
    events = events.sort_values(["model_epoch", "offset"], ascending=[False, True])
    events = events.drop_duplicates(["tenant", "ticket_id", "event_id"]).reset_index(drop=True)
    events["priority"] = events["priority"].fillna("medium")
    for name in ("subcategory", "product", "agent_id", "customer_id", "status", "author", "emotion"):
        events[name] = events[name].fillna("")
    events["satisfaction"] = events["satisfaction"].fillna(0).astype(int)
    events["label"] = events["points"].map(_label)
    customer = events["voice"] == "customer"
    events["is_text"] = customer & events["points"].notna()
    written = events["type"].isin(["created", "message", "escalation_requested"])
    events["is_message"] = customer & (written | events["points"].notna())
    spoken = events["type"].isin(["created", "message", "agent_reply"])
    events["is_reply"] = ~customer & ~events["author"].isin(["bot", "system"]) & spoken
    events["is_resolution"] = (events["type"] == "status_changed") & (events["status"] == "resolved")
    escalations = pd.DataFrame(history.escalations).sort_values("revision")
    escalations = escalations.drop_duplicates("escalation_id", keep="last").reset_index(drop=True)
    escalations["label"] = escalations["label"].fillna("unset")
    return events, escalations


def _label(points: Any) -> str:
    if pd.isna(points):
        return "unset"
    return ["very_negative", "negative", "neutral", "positive", "very_positive"][min(int(points) // 200, 4)]


class Desk:
    """One selection of the history."""

    def __init__(self, events: pd.DataFrame, escalations: pd.DataFrame, selection: Selection) -> None:
        self.selection = selection
        of_tenant = events[events["tenant"] == selection.tenant]
        at = of_tenant["occurred_at"]
        self.lived = of_tenant[(at < selection.until) & (at >= selection.since - LOOK_BACK)]
        inside = of_tenant[(at >= selection.since) & (at < selection.until)]
        raised = escalations[escalations["tenant"] == selection.tenant]
        at = raised["occurred_at"]
        raised = raised[(at >= selection.since) & (at < selection.until)]
        matching = inside[inside["is_message"] & self._matches(inside, inside["priority"])]
        matching_raised = raised[self._matches(raised, raised["priority_before"])]
        tickets = set(inside["ticket_id"]) | set(raised["ticket_id"])
        if selection.channels or selection.categories or selection.priorities or selection.labels:
            tickets = set(matching["ticket_id"]) | set(matching_raised["ticket_id"])
        if selection.agents:
            tickets &= set(inside[inside["agent_id"].isin(selection.agents)]["ticket_id"])
        self.tickets = tickets
        self.events = inside[inside["ticket_id"].isin(tickets)]
        self.messages = matching[matching["ticket_id"].isin(tickets)]
        self.texts = self.messages[self.messages["is_text"]]
        self.escalations = matching_raised[matching_raised["ticket_id"].isin(tickets)]
        self.raised_in_tickets = raised[raised["ticket_id"].isin(tickets)]

    def _matches(self, rows: pd.DataFrame, priority: pd.Series) -> pd.Series:
        selection = self.selection
        kept = pd.Series(True, index=rows.index)
        for wanted, values in (
            (selection.channels, rows["channel"]),
            (selection.categories, rows["category"]),
            (selection.priorities, priority),
            (selection.labels, rows["label"]),
        ):
            if wanted:
                kept &= values.isin(wanted)
        return kept

    def figures(self) -> Row:
        tickets = len(self.tickets)
        resolved = self.resolved()
        responses, resolutions = self.responses(), [each for _, each in self.resolutions()]
        rated = self.events[self.events["satisfaction"] > 0]["satisfaction"]
        escalated = self.escalations["ticket_id"].nunique()
        return {
            "events": len(self.events),
            "tickets": tickets,
            **self.felt(self.texts),
            "very_negative": int((self.texts["label"] == "very_negative").sum()),
            "negative": int((self.texts["label"] == "negative").sum()),
            "escalations": len(self.escalations),
            "escalated_tickets": escalated,
            "escalation_rate": share(escalated, tickets),
            "resolved": len(resolved),
            "resolution_rate": share(len(resolved), tickets),
            "first_responses": len(responses),
            **quantiles("first_response", responses.values()),
            **quantiles("resolution", resolutions),
            "ratings": len(rated),
            "satisfaction_avg": mean(rated),
        }

    @staticmethod
    def felt(texts: pd.DataFrame) -> Row:
        unhappy = int(texts["label"].isin(UNHAPPY).sum())
        return {
            "messages": len(texts),
            "negative_share": share(unhappy, len(texts)),
            "score_avg": share(texts["points"].sum() / 100, len(texts)),
        }

    def resolved(self) -> set[str]:
        return set(self.events[self.events["is_resolution"]]["ticket_id"])

    def opened(self) -> dict[str, datetime]:
        return dict(self.lived.groupby("ticket_id")["occurred_at"].min())

    def responses(self) -> dict[str, float]:
        """Seconds to the first reply, of the tickets that were first answered in the span."""
        opened = self.opened()
        found = {}
        for ticket, replies in self.lived[self.lived["is_reply"]].groupby("ticket_id"):
            first = replies["occurred_at"].min()
            began = opened[str(ticket)]
            if ticket in self.tickets and first >= self.selection.since and first > began:
                found[str(ticket)] = (first - began) / timedelta(seconds=1)
        return found

    def resolutions(self) -> list[tuple[str, float]]:
        """Tickets and seconds to each of their resolutions."""
        opened = self.opened()
        ends = self.events[self.events["is_resolution"]]
        return [
            (ticket, (at - opened[ticket]) / timedelta(seconds=1))
            for ticket, at in zip(ends["ticket_id"], ends["occurred_at"], strict=True)
        ]

    def point(self, start: datetime, end: datetime) -> Row:
        """What happened between two moments in the tickets of the selection."""
        texts, escalations, events = (
            rows[(rows["occurred_at"] >= start) & (rows["occurred_at"] < end)]
            for rows in (self.texts, self.escalations, self.events)
        )
        raised = self.raised_in_tickets
        raised = raised[(raised["occurred_at"] >= start) & (raised["occurred_at"] < end)]
        tickets = set(events["ticket_id"]) | set(raised["ticket_id"])
        escalated = escalations["ticket_id"].nunique()
        return {
            "tickets": len(tickets),
            "events": len(events),
            **self.felt(texts),
            "escalations": len(escalations),
            "escalated_tickets": escalated,
            "escalation_rate": share(escalated, len(tickets)),
            "resolved": events[events["is_resolution"]]["ticket_id"].nunique(),
        }

    def emotions(self) -> dict[str, list[float]]:
        """Strengths by emotion."""
        found: dict[str, list[float]] = {}
        for emotions, emotion in zip(self.texts["emotions"], self.texts["emotion"], strict=True):
            for name, strength in (emotions or ({emotion: 1.0} if emotion else {})).items():
                found.setdefault(name, []).append(strength)
        return found

    def cells(self, *axes: str) -> dict[tuple[str, ...], Row]:
        """By the values of one or two dimensions."""
        own = set(axes) <= {"channel", "category", "priority"}
        escalations = self.escalations.assign(priority=self.escalations["priority_before"])
        keys = {tuple(row) for row in self.messages[list(axes)].itertuples(index=False)}
        if own:
            keys |= {tuple(row) for row in escalations[list(axes)].itertuples(index=False)}
        found = {}
        for key in keys:
            messages, raised = self.messages, escalations
            for axis, value in zip(axes, key, strict=True):
                messages = messages[messages[axis] == value]
                raised = raised[raised[axis] == value] if own else raised
            tickets = set(messages["ticket_id"]) | (set(raised["ticket_id"]) if own else set())
            escalated = len(tickets & set(raised["ticket_id"]))
            found[key] = {
                "tickets": len(tickets),
                **self.felt(messages[messages["is_text"]]),
                "escalated_tickets": escalated,
                "escalation_rate": share(escalated, len(tickets)),
            }
        return found

    def owners(self, by: str) -> dict[str, set[str]]:
        """The tickets of each value of a dimension."""
        escalations = self.escalations.assign(priority=self.escalations["priority_before"])
        if by == "agent":
            parts = self.events[self.events["agent_id"] != ""]
            if self.selection.agents:
                parts = parts[parts["agent_id"].isin(self.selection.agents)]
            return {str(agent): set(rows["ticket_id"]) for agent, rows in parts.groupby("agent_id")}
        sources = [self.messages] if by in ("subcategory", "product") else [self.messages, escalations]
        found: dict[str, set[str]] = {}
        for rows in sources:
            for value, of_value in rows.groupby(by):
                if by != "label" or value != "unset":
                    found.setdefault(str(value), set()).update(of_value["ticket_id"])
        return found

    def outcomes(self, tickets: set[str]) -> Row:
        """What became of some of the tickets."""
        responses = [each for ticket, each in self.responses().items() if ticket in tickets]
        resolutions = [each for ticket, each in self.resolutions() if ticket in tickets]
        resolved = self.resolved() & tickets
        written = self.lived[self.lived["is_message"]].groupby("ticket_id").size()
        at_once = [ticket for ticket in resolved if written.get(ticket, 0) <= 2]
        rated = self.events[self.events["ticket_id"].isin(tickets) & (self.events["satisfaction"] > 0)]["satisfaction"]
        return {
            "tickets": len(tickets),
            "resolved": len(resolved),
            "resolution_rate": share(len(resolved), len(tickets)),
            "first_responses": len(responses),
            **quantiles("first_response", responses),
            **quantiles("resolution", resolutions),
            "first_response_avg": mean(responses),
            "resolution_avg": mean(resolutions),
            "first_contact_rate": share(len(at_once), len(resolved)),
            "ratings": len(rated),
            "satisfaction_avg": mean(rated),
        }

    def statuses(self) -> dict[str, str]:
        """What was said last of each ticket; new where nothing was."""
        said = self.events[self.events["status"] != ""].sort_values(["occurred_at", "offset"])
        last = said.groupby("ticket_id")["status"].last()
        return {ticket: last.get(ticket, "new") for ticket in self.tickets}

    def lowest(self) -> dict[str, int]:
        """The lowest score of each ticket's texts, in hundredths."""
        return {str(ticket): int(points) for ticket, points in self.texts.groupby("ticket_id")["points"].min().items()}

    def phrases(self) -> Iterator[tuple[str, pd.DataFrame]]:
        for phrase in {phrase for phrases in self.texts["key_phrases"] for phrase in phrases}:
            yield phrase, self.texts[self.texts["key_phrases"].map(lambda each, phrase=phrase: phrase in each)]

    def before_escalation(self) -> list[int]:
        """How many messages each escalated ticket's customer had written when it was first escalated in the span."""
        first = self.escalations.groupby("ticket_id")["occurred_at"].min()
        written = self.lived[self.lived["is_message"]]
        return [
            int(((written["ticket_id"] == ticket) & (written["occurred_at"] <= at)).sum())
            for ticket, at in first.items()
            if (self.lived["ticket_id"] == ticket).any()
        ]


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def mean(values: Any) -> float | None:
    series = pd.Series(list(values), dtype=float)
    return None if series.empty else float(series.mean())


def quantiles(name: str, values: Any) -> Row:
    series = pd.Series(list(values), dtype=float)
    return {
        f"{name}_{told}": None if series.empty else float(series.quantile(q))
        for told, q in (("p50", 0.5), ("p95", 0.95))
    }
