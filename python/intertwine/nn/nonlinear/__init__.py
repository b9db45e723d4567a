"""Non-linearities."""
