"""The soak: workers join, leave, die and hang while events flow through a real broker; then everything is counted.

`python -m tests.soak --help`. What the stages compute is judged by code and SQL of its own, never by the stages'.
"""
