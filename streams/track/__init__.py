"""track: scored events into conversations; duplicates out; escalations decided; this partition's window totals kept."""

from streams.track.stage import TrackStage

__all__ = ["TrackStage"]
