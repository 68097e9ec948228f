"""The whole inn: command line, platform, checks and benchmarks."""
