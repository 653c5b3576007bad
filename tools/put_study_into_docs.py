"""Copy the report of a study into docs/study, and its table into README.md and the page about it.

python tools/put_study_into_docs.py FOLDER    # what `bioplastic compare --out FOLDER` has left
"""

import json
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

from bioplastic.study._report_format import duration, energy_text

HERE = Path(__file__).resolve().parent.parent
DOCS = HERE / "docs"
PAGES = (HERE / "README.md", DOCS / "explanation" / "study.md")
BEGIN, END = "<!-- study: begin -->\n", "<!-- study: end -->\n"


def main() -> None:
    folder, kept = Path(sys.argv[1]), DOCS / "study"
    numbers = json.loads((folder / "results.json").read_text())
    shutil.rmtree(kept, ignore_errors=True)
    (kept / "figures").mkdir(parents=True)
    for name in ("report.md", "results.json", "results.csv", "tests.csv"):
        shutil.copy(folder / name, kept)
    for picture in folder.glob("figures/*.svg"):
        shutil.copy(picture, kept / "figures")
    keep_outcomes(folder / "outcomes", kept / "outcomes")
    for page in PAGES:
        before, begin, rest = page.read_text().partition(BEGIN)
        _, end, after = rest.partition(END)
        if not (begin and end):
            sys.exit(f"{page}: has no lines {BEGIN.strip()} and {END.strip()}")
        page.write_text(before + BEGIN + table(numbers) + END + after)


def keep_outcomes(folder: Path, kept: Path) -> None:
    """Pack the outcomes of each problem; the same ones make the same file.

    They hold every answer to every test word. Unpacked again, a study goes on from them.
    """
    kept.mkdir(parents=True)
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_bytes())["content"]
        files = [path]
        if content["exhibits"] is not None:
            files.append(folder / content["exhibits"]["file"])
        archive = kept / f"{content['outcome']['problem']}.zip"
        with zipfile.ZipFile(archive, "a") as packed:
            for file in files:
                # Without the time of the file.
                entry = zipfile.ZipInfo(file.name)
                packed.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)


def table(numbers: dict[str, Any]) -> str:
    """Methods by their accuracy on the first problem; references in italics."""
    first, *others = problems = numbers["problems"]
    names = [problem["name"] for problem in problems]
    head = [*names, f"energy to classify a word of {first['name']}", "to train", "time to train"]
    rows = [["method", *head], ["---"] * (len(head) + 1)]
    order = sorted(first["methods"].items(), key=lambda item: -item[1]["accuracy"])
    for name, method in order:
        mark = "" if method["plausible"] else "*"
        found = [method, *(problem["methods"].get(name) for problem in others)]
        rows.append(
            [
                f"{mark}{method['title']}{mark}",
                *("–" if one is None else accuracy(one) for one in found),
                energy_text(method["inference_J"]),
                energy_text(method["training_J"]),
                duration(method["seconds"]["fit"]),
            ]
        )
    return "\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows) + "\n"


def accuracy(method: dict[str, Any]) -> str:
    mean, low, high = (100 * method[key] for key in ("accuracy", "low", "high"))
    return f"{mean:.1f} % ({low:.0f}–{high:.0f})"


if __name__ == "__main__":
    main()
