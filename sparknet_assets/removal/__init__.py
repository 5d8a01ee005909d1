"""Documents removed from every store, with a receipt for each."""
