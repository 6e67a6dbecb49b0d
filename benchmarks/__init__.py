"""How fast the parts and the whole are, and the pictures to measure it with."""
