"""What the dashboards ask, and a month of a busy desk for them to ask it of."""
