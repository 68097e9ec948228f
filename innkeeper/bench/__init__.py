"""Measures against baselines run in the same minute; results are ratios first, figures second."""
