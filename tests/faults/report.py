"""What a run of laps says at its end."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tests.faults.lap import Outcome, Recovery


def describe(outcome: Outcome) -> str:
    """A lap in one line, and what is wrong with it."""
    plan, verdict = outcome.plan, outcome.verdict
    line = (
        f"seed {plan.seed:<6} {'BAD' if outcome.wrong else 'ok '} {plan.events} events, {len(plan.injections)} faults, "
        f"{verdict.dead_letters} dead letters; worst pause {verdict.pause:.1f} s, caught up {outcome.caught_up:.1f} s "
        f"after the last fault"
    )
    return "\n".join([line, *(f"  {finding}" for finding in outcome.wrong)])


def table(outcomes: Sequence[Outcome]) -> str:
    """Faults by kind with what they cost at worst, and the sums."""
    lines = [f"{'fault':20} {'number':>6} {'paused':>9} {'caught up after':>16}"]
    for kind, recoveries in sorted(_by_kind(outcomes).items()):
        lines.append(_line(kind, recoveries))
    verdicts = [outcome.verdict for outcome in outcomes]
    stored = sum(bool(outcome.stored) for outcome in outcomes)
    lines += [
        _line("all", [each for outcome in outcomes for each in outcome.recoveries]),
        f"laps {len(outcomes)}  events {sum(outcome.plan.events for outcome in outcomes)}  "
        f"dead letters {sum(verdict.dead_letters for verdict in verdicts)}",
        f"lost {sum(verdict.lost for verdict in verdicts)}  doubled {sum(verdict.doubled for verdict in verdicts)}  "
        f"windows different {sum(verdict.windows for verdict in verdicts)}  laps stored differently {stored}  "
        f"processes that ended on their own {sum(len(outcome.ended_alone) for outcome in outcomes)}",
    ]
    return "\n".join(lines)


def _by_kind(outcomes: Iterable[Outcome]) -> dict[str, list[Recovery]]:
    found: dict[str, list[Recovery]] = defaultdict(list)
    for outcome in outcomes:
        for recovery in outcome.recoveries:
            found[recovery.kind].append(recovery)
    return found


def _line(what: str, recoveries: Sequence[Recovery]) -> str:
    pause = max((each.pause for each in recoveries), default=0.0)
    caught_up = max((each.caught_up for each in recoveries if each.caught_up is not None), default=0.0)
    return f"{what:20} {len(recoveries):6} {pause:7.1f} s {caught_up:14.1f} s"
