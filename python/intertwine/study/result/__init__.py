"""What a study has come to: the order of the candidates, tables, pictures, words, the report, and the winner's code."""

from intertwine.study.result.answer import Answer, Standing
from intertwine.study.result.figures import PICTURES, plot_angles, plot_cost, plot_schedules, plot_sizes
from intertwine.study.result.presented import Presented
from intertwine.study.result.ranking import standings
from intertwine.study.result.report import write_report
from intertwine.study.result.table import mean_rows, write_csv, write_parquet
from intertwine.study.result.winner_code import Network, python_code, r_code
from intertwine.study.result.words import summary_lines

__all__ = [
    "PICTURES",
    "Answer",
    "Network",
    "Presented",
    "Standing",
    "mean_rows",
    "plot_angles",
    "plot_cost",
    "plot_schedules",
    "plot_sizes",
    "python_code",
    "r_code",
    "standings",
    "summary_lines",
    "write_csv",
    "write_parquet",
    "write_report",
]
