"""How the pipeline is run: by `make run` on one machine, or in containers."""
