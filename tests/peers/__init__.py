"""The same job on stock Faust, Quix Streams, Bytewax, a plain aiokafka loop and ticketpulse: `make bench-peers`."""
