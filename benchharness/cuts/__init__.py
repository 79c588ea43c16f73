"""Where to cut a network between device and server: what each cut costs, and the best one. Pure."""
