"""A language model as a second reader: asked only where somebody set one up, and trusted with no more than a label."""
