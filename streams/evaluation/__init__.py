"""How well a scorer tells what people told: labelled texts in, figures, a table or a page out."""
