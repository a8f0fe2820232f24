"""A person is removed from everywhere, or shown what there is: what `ticketpulse privacy` does."""
