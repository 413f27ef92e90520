"""What has been tried, in columns."""
