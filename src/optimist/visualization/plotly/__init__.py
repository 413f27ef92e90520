"""Figures in plotly: interactive, with a text for each trial under the pointer."""
