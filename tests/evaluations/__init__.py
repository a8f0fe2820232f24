"""How well what was learned tells what it did not learn from: `make evaluate`. Each module has `rows()`."""
