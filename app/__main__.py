"""`python -m app`: the `wangge` command, with one clear line for an old Python."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this file must run on old ones to say so
    sys.exit("错误：需要 Python 3.11 或更高版本，当前为 " + sys.version.split()[0])

# Server processes that are spawned afresh import this file under another name.
if __name__ == "__main__":
    from app.cli import main

    main()
