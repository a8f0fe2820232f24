"""What the stored events say of a span: figures, series, lists. docs/analytics.md defines every word."""
