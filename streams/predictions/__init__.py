"""What becomes of open conversations, as far as what was known before tells: risk, times, breaches, ratings."""
