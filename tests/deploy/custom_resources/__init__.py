"""Schemas of the custom resources that the chart can make, out of the packages that define them."""
