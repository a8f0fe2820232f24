"""Real complaints, replayed as live conversations."""
