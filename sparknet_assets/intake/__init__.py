"""How files become documents: found, named, copied to `raw/`, and told apart there."""
