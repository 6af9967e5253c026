"""Events become attendance, queueing and ratings."""
