"""Workbooks as offices send and want them: opened with suspicion, read as text, written without surprises.

Knows rows and cells and no domain word. `guard` looks at a file's outside, `reader` reads it in a process
of its own (`child`) that may not outgrow its memory or its time, `writer` makes workbooks and templates.
"""
