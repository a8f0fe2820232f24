"""What becomes of the tickets of an experiment, and what may be concluded of it at any moment."""
