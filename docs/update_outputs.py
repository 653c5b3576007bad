"""Write what expressions print into the documentation, so that nobody retypes equations.

    python docs/update_outputs.py [--check]

In a page, the block that follows the line

    <!-- output of: print(LIF().equations) -->

is replaced by what that statement prints; names are those of declarations. With --check
nothing is written, and the exit code is 1 where a page is out of date.
"""

import argparse
import contextlib
import io
import re
import sys
from pathlib import Path

from bioplastic import models
from bioplastic.models.summary import declared_names

FOLDER = Path(__file__).resolve().parent
BLOCK = re.compile(r"(<!-- output of: (?P<code>.+?) -->\n```\w*\n).*?(?=^```)", re.DOTALL | re.M)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    stale = []
    for page in sorted(FOLDER.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        fresh = BLOCK.sub(lambda found: found[1] + printed(found["code"]), text)
        if fresh != text:
            stale.append(page.relative_to(FOLDER))
            if not args.check:
                page.write_text(fresh, encoding="utf-8")
    if stale:
        print("out of date:" if args.check else "updated:", *stale)
    return 1 if stale and args.check else 0


def printed(code: str) -> str:
    """Return what a statement prints, without empty lines."""
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(code, declared_names() | vars(models))
    lines = output.getvalue().splitlines()
    return "".join(line.rstrip() + "\n" for line in lines if line.strip())


if __name__ == "__main__":
    sys.exit(main())
