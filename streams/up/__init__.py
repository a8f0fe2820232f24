"""Everything on one machine: which processes, how they are started, watched and stopped, and a Kafka of our own."""
