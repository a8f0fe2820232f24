"""Where the events of a back-test come from: a file of them, or what ClickHouse keeps; and what is told of tickets."""
