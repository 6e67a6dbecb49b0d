"""The worker: takes resize commands from the queue, makes the renditions, stores them, says so."""
