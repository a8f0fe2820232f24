"""Parity: the scorers of this product against the stock libraries, text by text. `python -m tests.parity --help`."""
