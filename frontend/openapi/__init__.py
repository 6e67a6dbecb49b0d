"""The description of the HTTP interface: one YAML file for each group of paths, joined into one document."""
