"""Questions about a prompt's graph, answered before anything runs."""
