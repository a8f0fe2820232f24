"""Models that learn from what people say of messages, and from what became of tickets."""
