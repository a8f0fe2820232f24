"""What a rate of events needs: partitions, workers, brokers, shards and money, on paper and by simulated queues."""
