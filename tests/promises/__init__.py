"""Promises to users, each broken on purpose: the test named beside it must fail (`scripts/promises`).

One module for each kind of promise; each holds a list PROMISES.
"""
