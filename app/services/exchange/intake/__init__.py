"""What third parties send in: tickets by their own reference, one or many at a time, and additions."""
