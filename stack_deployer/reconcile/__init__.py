"""Reconciling: from what is wanted to what is, step by step, told as it goes."""
