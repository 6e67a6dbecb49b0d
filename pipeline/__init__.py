"""What the frontend and the workers agree on: messages, topology, storage, settings."""

__version__ = "0.1.0"
