"""Where databases differ; one file for each kind, loaded when it is used."""
