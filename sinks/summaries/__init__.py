"""Where a conversation stands, for whoever asks: in the words of a language model, or picked from the messages."""
