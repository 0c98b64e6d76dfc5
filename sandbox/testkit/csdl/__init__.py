"""Graph's own schema, and the check of every answer of the Graph sandbox against it.

`graph-v1.0-mail.csdl` is Microsoft's v1.0 metadata cut down to mail (MIT licence, in the file); `graph-v1.0-more.csdl`
adds what other answers of the sandbox need. `schema` reads them, `values` checks a value against a type, `answers` a
whole answer against its request, `watch` shows it every answer of a process, and `session` ends a test run with it.
`site` makes every Python process of the run watch, and `specimens` is a mailbox that shows every member there is.
"""
