"""Two policies tried on the same history: what each would have escalated, what differs, and who was right. Pure."""
