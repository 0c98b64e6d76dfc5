"""What users would pick instead: each contender is a script of its own, run with .venv-bench and the path of a job.

A job is a JSON object: the sandbox's ready line, the mailboxes, and what to do. The last line of standard output is a
JSON object with what the script wants to say of its run.
"""
