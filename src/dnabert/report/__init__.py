"""Results as one offline HTML page: what was done, how well it works, and what it was made from."""
