"""A challenger and the champion held against each other: by each other, and by what people said.

`rows` reads what was stored of both, `figures` makes figures of it (pure), `cost` times both, `words` tells them.
"""
