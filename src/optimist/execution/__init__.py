"""How work runs: serially and in threads. It is handed a callable and knows no study."""
