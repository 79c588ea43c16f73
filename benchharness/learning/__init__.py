"""What learning workloads share: models, data, partitions, training. No engine imports it."""
