"""The web server: takes uploads, publishes commands, pushes what becomes of them to browsers."""
