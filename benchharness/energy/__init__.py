"""Window estimators, idle subtraction and uncertainty. Pure."""
