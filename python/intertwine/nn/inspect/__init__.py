"""Tools that look at whole models: checks of equivariance, plans, summaries, export."""
