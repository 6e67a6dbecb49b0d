"""Putting the jobs that a broker has lost back into the queue, from the store."""
