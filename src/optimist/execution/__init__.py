"""How work runs: serially, in threads, in crews of processes, as copies of a script. It is handed a callable and knows no study."""
