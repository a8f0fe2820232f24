"""What the product is made of, that is not ours: which versions, under which licences, with which known holes."""
