"""Real complaints for demonstrations, published by the US Consumer Financial Protection Bureau: see NOTICE."""
