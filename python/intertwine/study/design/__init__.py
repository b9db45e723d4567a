"""What a study compares: its settings, the schedules of groups, the candidates, the data, how they are split and moved."""
