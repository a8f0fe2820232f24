"""Who is told of what, when, and what came of it: plans notifications, which `sinks/notify/` sends."""

from streams.notify.stage import NotifyStage

__all__ = ["NotifyStage"]
