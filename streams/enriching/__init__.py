"""Messages that the local reading is not sure of, read again by a language model. Outside of the stages."""
