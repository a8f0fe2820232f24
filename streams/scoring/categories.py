"""The categories of preset E, which the sinks and reports know as the product's first ones."""

from streams.scoring.readers.analytics import CATEGORIES, category_of
from streams.scoring.readings import GENERAL

__all__ = ["CATEGORIES", "GENERAL", "category_of"]
