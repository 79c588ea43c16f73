"""What programs of a trial say to one another over TCP: frames of tensors, connections, TLS."""
