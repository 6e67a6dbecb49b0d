"""What no worker could do, for an operator: looked at, sent again, or thrown away."""
