"""What ``benchharness meters check`` finds out about a meter, beyond what its driver says."""
