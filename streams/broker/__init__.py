"""What people ask of the broker: topics as they must be, how far groups are behind, dead letters."""
