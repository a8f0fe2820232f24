"""Insight reports: what the numbers of a span say, with what they rest on, as HTML, Markdown, PDF and JSON."""
