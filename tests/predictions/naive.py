"""Facts and evaluation again, row by row with pandas, from what was put in, with none of the program's code."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from tests.predictions.made_history import MadeHistory

DAY = 86_400_000
HOUR = 3_600_000
ENDED = (4, 5)
SIGNALS = ("repeat_contact", "leaving", "legal_threat", "wants_human")


class Naive:
    """What was put in, as frames."""

    def __init__(self, made: MadeHistory) -> None:
        self.events = pd.DataFrame(made.events).sort_values(["known", "place"], kind="stable")
        self.escalations = pd.DataFrame(made.escalations)
        self._contacts = {
            customer: sorted(known for (each, _), known in made.contacts.items() if each == customer)
            for customer, _ in made.contacts
        }
        self._raised = {customer: list(of["known"]) for customer, of in self.escalations.groupby("customer")}
        self._own = {ticket: list(of["known"]) for ticket, of in self.escalations.groupby("ticket")}
        self._of = {ticket: of.to_dict("records") for ticket, of in self.events.groupby("ticket", sort=False)}

    def facts(self, ticket: str, moment: int) -> dict[str, Any]:
        """By name; None where the ticket is not open."""
        seen = [each for each in self._of[ticket] if each["known"] <= moment]
        told = [(each["status"], each) for each in seen if each["status"] >= 0]
        begins = [now for (before, _), (status, now) in pairwise(told) if before in ENDED and status not in ENDED]
        opened = min(begins[-1]["at"], begins[-1]["known"]) if begins else min(seen[0]["at"], seen[0]["known"])
        since = begins[-1]["known"] if begins else -1
        said = [each for each in seen if each["customer_voice"] and each["kind"] in (0, 1)]
        texts = [each for each in seen if each["customer_voice"] and each["scored"]]
        replies = [place for place, each in enumerate(seen) if each["human"]]
        after = seen[replies[-1] + 1 :] if replies else seen
        waits = [each["known"] for each in after if each["customer_voice"] and each["kind"] in (0, 1)]
        customer = next(each["customer"] for each in seen if not each["customer"].endswith("/"))
        contacted = next(each["known"] for each in seen if not each["customer"].endswith("/"))
        mine = [known for known in self._contacts[customer] if known < contacted]
        raised = [known for known in self._raised.get(customer, ()) if known <= moment]
        own = [known for known in self._own.get(ticket, ()) if known <= moment]
        last = said[-1]
        hour = (moment % DAY) / DAY * 2 * math.pi
        ratings = [each["rating"] for each in seen if each["rating"]]
        return {
            "is_open": not told or told[-1][0] not in ENDED,
            "is_escalated": bool(own) and max(own) > since,
            "opened": opened,
            "polarity": texts[-1]["polarity"] / 10_000,
            "worst_polarity": min(0, *(each["polarity"] for each in texts)) / 10_000,
            "score": texts[-1]["score"] / 100,
            "lowest_score": min(each["score"] for each in texts) / 100,
            "score_trend": (texts[-1]["score"] - texts[0]["score"]) / 100,
            "negative_messages": math.log1p(sum(each["score"] < 400 for each in texts)),
            "messages": math.log1p(len(said)),
            "replies": math.log1p(len(replies)),
            "waiting_hours": math.log1p((moment - waits[0]) / HOUR) if waits else 0.0,
            "age_hours": math.log1p((moment - opened) / HOUR),
            "reopened": math.log1p(len(begins)),
            "urgent_text": float(last["urgency"] >= 2),
            "urgent_ticket": float(seen[-1]["priority"] >= 2),
            "upset": float(last["upset"]),
            "upset_before": math.log1p(sum(each["upset"] for each in said) - last["upset"]),
            **{name: float(last["signals"] >> bit & 1) for bit, name in enumerate(SIGNALS)},
            "questions": math.log1p(last["questions"]),
            "earlier_tickets": math.log1p(len(mine)),
            "many_tickets": float(len(mine) > 5),
            "earlier_escalations": math.log1p(len(raised) - len(own)),
            "escalated_before": math.log1p(len(own)),
            "rated_low": float(any(each <= 2 for each in ratings)),
            "hour_sine": math.sin(hour),
            "hour_cosine": math.cos(hour),
            "weekend": float(pd.Timestamp(moment, unit="ms").day_of_week >= 5),
            "channel": [each["channel"] for each in seen if each["customer_voice"]][-1],
            "category": last["category"],
        }

    def moments(self) -> pd.DataFrame:
        """Tickets that are open and not escalated, at each message and a day after, with their facts."""
        said = self.events[self.events["customer_voice"] & self.events["kind"].isin([0, 1])]
        end = int(self.events["known"].max())
        rows = []
        for ticket, known in zip(said["ticket"], said["known"], strict=True):
            for moment in (known, known + DAY):
                if moment <= end:
                    facts = self.facts(ticket, moment)
                    if facts["is_open"] and not facts["is_escalated"]:
                        happened = any(moment < each <= moment + 3 * DAY for each in self._own.get(ticket, ()))
                        rows.append({"ticket": ticket, "moment": moment, "happened": happened, **facts})
        return pd.DataFrame(rows).sort_values(["moment", "ticket"], kind="stable")


def walk(moments: pd.DataFrame, cuts: Sequence[int], end: int, names: Sequence[str]) -> pd.DataFrame:
    """Learn from what could be told at each cut, foretell up to the next. The moments with `chance` and `share`."""
    told = []
    for cut, following in pairwise(cuts):
        known = moments[moments["moment"] + 3 * DAY <= cut]
        test = moments[(moments["moment"] > cut) & (moments["moment"] <= following)]
        test = test[test["moment"] + 3 * DAY <= end]
        escalated = known.groupby("happened")["ticket"].nunique()
        if len(test) and min(escalated.get(True, 0), escalated.get(False, 0)) >= 100:
            told.append(test.assign(chance=_chances(known, test, names), share=known["happened"].mean()))
    return pd.concat(told)


def _chances(known: pd.DataFrame, test: pd.DataFrame, names: Sequence[str]) -> Any:
    columns = [pd.get_dummies(pd.concat([known, test])[name].astype(str)) for name in ("channel", "category")]
    table = pd.concat([pd.concat([known, test])[list(names)], *columns], axis=1).to_numpy(float)
    rows, asked = table[: len(known)], table[len(known) :]
    outcome = known["happened"].to_numpy()
    newest = known["moment"].to_numpy() >= np.quantile(known["moment"], 0.75)
    before = _fit(rows[~newest], outcome[~newest])
    odds = before(rows[newest])
    platt = LogisticRegression(C=1e6, max_iter=1000).fit(odds[:, None], outcome[newest])
    slope, shift = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    return 1 / (1 + np.exp(-(slope * _fit(rows, outcome)(asked) + shift)))


def _fit(rows: Any, outcome: Any) -> Any:
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale[scale == 0] = 1
    model = LogisticRegression(C=1.0, max_iter=2000, tol=1e-8).fit((rows - mean) / scale, outcome)
    return lambda asked: model.decision_function((asked - mean) / scale)
